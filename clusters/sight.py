"""A pair as it was last seen, node by node. Pure; made from rows by `pair` and from readings by the monitor, judged by `health`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clusters.findings import Finding
from clusters.pool_health import PoolView
from clusters.snapshot_health import SnapshotView
from clusters.states import ReplicationState

LISTED = 3  # names in a sentence; more are counted


def first_of(names: Sequence[str]) -> str:
    """List a few names and count the rest, so that a sentence stays one."""
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as last seen. Strings are "" and numbers None when they were not seen. Ages and etas are seconds, sizes bytes."""

    name: str
    reachable: bool | None = None  # None: never asked
    age: float | None = None  # since the last answer
    error: str = ""
    host_key_changed: bool = False
    boot_id: str = ""
    clock_offset: float | None = None
    role: str = ""
    disk: str = ""
    connection: str = ""
    replication: str = ""
    percent: float | None = None
    left: int | None = None
    speed: int | None = None
    eta: int | None = None
    still_for: float | None = None  # since the resync last moved
    holds_ip: bool | None = None
    nfsd: int | None = None
    mounted: tuple[str, ...] | None = None
    exported: tuple[str, ...] | None = None
    manager_running: bool | None = None
    manager_says: str = ""
    links: tuple[tuple[str, str, str], ...] = ()
    marks: tuple[str, ...] = ()
    pools: tuple[PoolView, ...] = ()  # thin pools of the volume group on DRBD; told by the node that has it active
    thin_tools: bool | None = None
    files: tuple[tuple[str, str], ...] = ()  # path, digest
    standing: tuple[Finding, ...] | None = (
        None  # what the last whole reading found wrong with how the node is set up; None: never read
    )

    @property
    def seen(self) -> bool:
        return self.reachable is True

    @property
    def fresh(self) -> bool:
        """Whether this is what the node just answered, not what is remembered of it."""
        return self.age == 0

    @property
    def resyncing(self) -> bool:
        return self.replication in {state.value for state in ReplicationState if state.resyncing}


@dataclass(frozen=True, slots=True)
class PairView:
    nodes: tuple[NodeView, NodeView]
    mount_points: tuple[str, ...] = ()  # of volumes that are in service
    exports: tuple[str, ...] = ()  # paths in service
    fill: tuple[tuple[str, float], ...] = ()  # volume, percent used
    inodes: tuple[tuple[str, float], ...] = ()  # volume, percent of its inodes used
    snapshots: tuple[SnapshotView, ...] = ()
    damaged: tuple[str, ...] = ()  # volumes whose file system was found damaged by its last check
    being_made: bool = False  # the set-up job has not ended
    simulated: bool = False
    dangers: tuple[tuple[str, float], ...] = ()  # seen over both nodes earlier: code, seconds since it was last seen
    changing: bool = False  # a job is at work: the nodes' files may differ for a moment

    def lacking(self, node: NodeView) -> tuple[str, ...] | None:
        """Tell what of the service group is missing on a node: () when it serves everything, None when too little was seen to say.

        What is remembered may say that it serves, never that something is missing: what is missing may have been made since.
        """
        if not node.seen or node.holds_ip is None or node.nfsd is None or node.mounted is None or node.exported is None:
            return None
        missing = [] if node.holds_ip else ["the service IP is not there"]
        missing += [] if node.nfsd else ["the NFS server does not run"]
        if away := [point for point in self.mount_points if point not in node.mounted]:
            missing.append("not mounted: " + first_of(away))
        if away := [path for path in self.exports if path not in node.exported]:
            missing.append("not exported: " + first_of(away))
        return None if missing and not node.fresh else tuple(missing)

    @property
    def at_one_moment(self) -> bool:
        """Whether both nodes answered the same sweep. In a failover the node that is gone is remembered for a sweep as it was before: it and
        the one that took over were never Primary, or held the address, at the same time."""
        a, b = self.nodes
        return a.age is not None and a.age == b.age

    def active(self) -> NodeView | None:
        """The one node that was seen to serve everything."""
        serving = [node for node in self.nodes if self.lacking(node) == ()]
        return serving[0] if len(serving) == 1 else None

    def other(self, node: NodeView) -> NodeView:
        return self.nodes[1] if node.name == self.nodes[0].name else self.nodes[0]
