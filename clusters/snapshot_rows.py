"""The snapshots of a volume as pages show them, with what the monitor last saw of each. Two queries, however many there are."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.models import Snapshot, SnapshotSchedule, SnapshotState, Volume
from clusters.snapshot_health import FILLS, FULL_SOON
from clusters.states import Inventory

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
        """The state's shape: ok, warn, or unknown when it was never read."""
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
        if self.opened and not state.mounted:
            return "closed by a failover"
        if self.percent is not None and self.percent >= FULL_SOON:
            return "nearly full"
        filling = self.percent is not None and self.percent >= FILLS
        return ("opened" if self.opened else "whole") + (", filling" if filling else "")

    @property
    def opened(self) -> bool:
        return self.snapshot.fsid is not None

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
    return SnapshotPane(found, SnapshotSchedule.objects.filter(volume=volume).first())
