"""The snapshots of a volume as pages show them, with what the monitor last saw of each. A few queries, however many there are."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from clusters.models import Snapshot, SnapshotSchedule, SnapshotState, Volume
from clusters.snapshot_health import FILLS, FULL_SOON
from clusters.states import Inventory
from clusters.waits import Holder, of_schedule

SHOWN = (Inventory.CREATING, Inventory.PRESENT, Inventory.REMOVING)
ROOT = "/srv/.snapshots"


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    snapshot: Snapshot
    state: SnapshotState | None
    fresh: bool  # the node that has the volume was read lately

    @property
    def percent(self) -> float | None:
        return self.state.percent if self.state else None

    @property
    def kind(self) -> str:
        """The state's shape: ok, warn, idle while it is opened, or unknown when it was not read, or not since then."""
        if self.state and self.state.there and not self.lost and (kind := self._opening[0]):
            return kind
        if self.state and self.state.there and self.thin:
            return "ok"
        if self.state is None or self.percent is None:
            return "warn" if self.state and not self.state.there else "unknown"
        return "warn" if self.lost or self.percent >= FILLS else "ok"

    @property
    def thin(self) -> bool:
        return bool(self.snapshot.volume.pool)

    @property
    def lost(self) -> bool:
        return bool(self.state and not self.state.valid)

    @property
    def word(self) -> str:
        """What is to be said of it before anything else."""
        row, state = self.snapshot, self.state
        if row.inventory != Inventory.PRESENT:
            return "being taken" if row.inventory == Inventory.CREATING else "on its way out"
        if state is None:
            return "not read yet"
        if not state.there:
            return "not there any more"
        if self.lost:
            return "ran full, lost"
        if word := self._opening[1]:
            return word
        if self.percent is not None and self.percent >= FULL_SOON:
            return "nearly full"
        filling = self.percent is not None and self.percent >= FILLS
        return ("opened" if self.opened else "whole") + (", filling" if filling else "")

    @property
    def opened(self) -> bool:
        return self.snapshot.fsid is not None

    @property
    def closed(self) -> bool:
        """Whether it was opened to the end, and a reading after that did not see it mounted."""
        at = self.snapshot.opened_at
        return self._unseen and at is not None and self.state is not None and self.state.read_at > at

    @property
    def broken_off(self) -> bool:
        """Whether no job has opened it to the end: one is about to, or stopped half way."""
        return self._unseen and self.snapshot.opened_at is None

    @property
    def unread(self) -> bool:
        """Whether it was opened to the end, and nothing was read since."""
        at = self.snapshot.opened_at
        return self.opened and at is not None and (self.state is None or (self._unseen and not self.closed))

    @property
    def _unseen(self) -> bool:
        return self.opened and self.state is not None and self.state.there and not self.state.mounted

    @property
    def _opening(self) -> tuple[str, str]:
        """Shape and words for one that counts as opened and was not seen mounted."""
        if not self._unseen:
            return "", ""
        if self.broken_off:
            return "idle", "not opened to the end"
        return ("warn", "closed by a failover") if self.closed else ("unknown", "opened, not read since")

    @property
    def path(self) -> str:
        return f"{ROOT}/{self.snapshot.volume.name}/{self.snapshot.name}"

    @property
    def clients(self) -> list[str]:
        return self.snapshot.clients.split()


@dataclass(frozen=True, slots=True)
class SnapshotPane:
    rows: list[SnapshotRow]
    schedule: SnapshotSchedule | None
    waits: Holder | None = None  # what a run that is due waits for

    @property
    def reserved(self) -> int:
        return sum(row.snapshot.size for row in self.rows)

    @property
    def keeps(self) -> str:
        """How many the schedule keeps, in words."""
        if self.schedule is None:
            return ""
        counts = [("hourly", self.schedule.hourly), ("daily", self.schedule.daily), ("weekly", self.schedule.weekly)]
        return ", ".join(f"{count} {word}" for word, count in counts if count)


def pane(volume: Volume, *, fresh: bool) -> SnapshotPane:
    rows = Snapshot.objects.filter(volume=volume, inventory__in=SHOWN)
    found = [
        SnapshotRow(row, getattr(row, "state", None), fresh)
        for row in rows.select_related("state", "schedule", "volume__cluster")
    ]
    schedule = SnapshotSchedule.objects.filter(volume=volume).select_related("volume__cluster").first()
    return SnapshotPane(found, schedule, of_schedule(schedule, "snapshot.keep", timezone.now()))
