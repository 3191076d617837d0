"""A node with its rows, and the resync as it is told: what pages show of what the monitor wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from clusters.health import STALLED_AFTER
from clusters.models import Backing, Node, NodeState, Replica
from clusters.states import DiskState, ReplicationState

STALE_AFTER = 30  # seconds without an answer after which a value is shown as old
COPY = {
    DiskState.UP_TO_DATE: "ok",
    DiskState.DISKLESS: "danger",
    DiskState.FAILED: "danger",
    DiskState.DETACHING: "danger",
}
DISKS = frozenset(DiskState)
SOURCE_SIDE = {"SyncSource", "PausedSyncS", "StartingSyncS", "WFBitMapS"}


@dataclass(frozen=True, slots=True)
class Resync:
    """A running resync as the page tells it."""

    percent: float
    source: str
    target: str
    left: int | None
    total: int | None
    speed: int | None
    eta: int | None
    still_for: float | None
    started_at: datetime | None
    read_at: datetime | None
    fresh: bool
    verify: bool = False

    @property
    def stalled(self) -> bool:
        return self.still_for is not None and self.still_for >= STALLED_AFTER

    @property
    def done(self) -> int | None:
        return self.total - self.left if self.total is not None and self.left is not None else None


@dataclass(frozen=True)
class Seen:
    """A node with its rows; each may be missing."""

    node: Node
    state: NodeState | None
    replica: Replica | None
    backing: Backing | None
    now: datetime
    blind: bool = False  # nobody judged the pair lately: nothing about it is fresh

    @cached_property
    def fresh(self) -> bool:
        return not self.blind and bool(
            self.state and self.state.reachable and self.age is not None and self.age <= STALE_AFTER
        )

    @cached_property
    def age(self) -> float | None:
        if self.state is None or self.state.read_at is None:
            return None
        return max(0.0, (self.now - self.state.read_at).total_seconds())

    @cached_property
    def copy(self) -> str:
        disk = self.replica.disk if self.replica else ""
        if not disk or disk == DiskState.DUNKNOWN:
            return "unknown"
        return COPY.get(DiskState(disk), "risk") if disk in DISKS else "unknown"


def seen(nodes: Sequence[Node], now: datetime, *, blind: bool = False, lean: bool = False) -> list[Seen]:
    """Nodes with what is known of each; select_related("state", "replica", "backing") first. `lean` leaves the backing out."""
    return [
        Seen(
            node,
            getattr(node, "state", None),
            getattr(node, "replica", None),
            None if lean else getattr(node, "backing", None),
            now,
            blind,
        )
        for node in nodes
    ]


def resync_of(nodes: Sequence[Seen]) -> Resync | None:
    """The resync or verify as told by the node that was read last; of equals the source."""
    told = [(one, one.replica) for one in nodes if one.replica and one.replica.percent is not None and one.state]
    if not told or len(nodes) != 2:
        return None
    best, row = min(
        told, key=lambda pair: (pair[0].age if pair[0].age is not None else 1e9, pair[1].replication not in SOURCE_SIDE)
    )
    other = nodes[1] if best is nodes[0] else nodes[0]
    source, target = (best, other) if row.replication in SOURCE_SIDE else (other, best)
    verify = row.replication in set(ReplicationState) and ReplicationState(row.replication).verifying
    still = (best.now - row.moved_at).total_seconds() if row.moved_at else None
    return Resync(
        percent=min(100.0, row.percent or 0.0), source=source.node.name, target=target.node.name, left=row.sync_left,
        total=row.sync_total or row.size, speed=row.speed, eta=row.eta, still_for=still if best.fresh else None,
        started_at=row.sync_started_at, read_at=row.read_at, fresh=best.fresh, verify=verify,
    )  # fmt: skip
