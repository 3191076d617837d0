"""What snapshots make of a cluster's health. Pure. A full one is lost, and the volume is not harmed: nobody is in danger by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusters.findings import Finding, Severity

FILLS = 70  # percent of its room from which a snapshot is told
FULL_SOON = 90  # percent from which somebody should settle it


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """One snapshot as last seen, or what its volume's schedule said when it took none."""

    volume: str
    name: str
    percent: float | None = None
    valid: bool = True
    there: bool = True
    said: str = ""  # why the schedule of the volume took none

    @property
    def label(self) -> str:
        return f"{self.volume}@{self.name}"


@dataclass(frozen=True, slots=True)
class SnapshotReason:
    finding: Finding
    sentence: str
    counts: bool  # colours the cluster


def reasons(views: Sequence[SnapshotView]) -> Iterator[SnapshotReason]:
    for view in views:
        if view.said:
            text = f"No snapshot of {view.volume} by schedule: {view.said}"
            yield _warns("snapshot.schedule", text, "Look at the volume's page.", text)
        elif not view.there:
            text = f"The snapshot {view.label} is not there any more."
            yield _warns(
                "snapshot.missing", text, "Somebody removed it. Delete it on its page to take it off the list.", text
            )
        elif not view.valid:
            text = f"The snapshot {view.label} ran full: what it held is lost."
            yield _warns(
                "snapshot.full",
                text,
                "The volume is not harmed. Delete the snapshot, and reserve more for the next.",
                text,
            )
        elif view.percent is not None and view.percent >= FULL_SOON:
            text = f"The snapshot {view.label} is {view.percent:.0f} % full. At 100 % it is lost."
            yield _warns("snapshot.nearly-full", text, "Restore from it now, or delete it.", text)
        elif view.percent is not None and view.percent >= FILLS:
            text = f"The snapshot {view.label} is {view.percent:.0f} % full."
            yield _warns("snapshot.fills", text, "At 100 % it is lost.", text, counts=False)


def _warns(code: str, text: str, hint: str, sentence: str, *, counts: bool = True) -> SnapshotReason:
    return SnapshotReason(Finding(code, Severity.WARNING, text, hint), sentence, counts)
