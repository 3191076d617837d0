"""The pair as the database knows it, as the pure `PairView` that `health` judges and pages draw."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from clusters.findings import Finding, Severity
from clusters.health import NodeView, PairView
from clusters.models import Cluster, Node, NodeState, Replica, SnapshotSchedule, SnapshotState, Volume
from clusters.pool_health import PoolView
from clusters.snapshot_health import SnapshotView
from clusters.states import Inventory

IN_SERVICE = (Inventory.PRESENT,)


def known(cluster: Cluster, now: datetime) -> PairView | None:
    """Build the view from rows; None while the cluster has not got both members.

    Prefetch `nodes__state`, `nodes__replica`, `volumes__usage` and `exports` when many are built.
    """
    members = sorted(
        (node for node in cluster.nodes.all() if node.kind == Node.Kind.MEMBER), key=lambda node: node.position
    )
    if len(members) != 2:
        return None
    volumes = [volume for volume in cluster.volumes.all() if volume.inventory in IN_SERVICE]
    usages = [(volume.name, volume.usage) for volume in volumes if hasattr(volume, "usage")]
    return PairView(
        nodes=(node_view(members[0], now), node_view(members[1], now)),
        mount_points=tuple(volume.mount_point for volume in volumes),
        exports=tuple(export.path for export in cluster.exports.all() if export.inventory in IN_SERVICE),
        fill=tuple((name, 100 * usage.used / usage.size) for name, usage in usages if usage.size),
        inodes=tuple((name, 100 * (usage.inodes_used or 0) / usage.inodes) for name, usage in usages if usage.inodes),
        snapshots=_snapshots(volumes),
        damaged=tuple(volume.name for volume in volumes if volume.damaged_at),
        being_made=cluster.inventory == Inventory.CREATING,
        simulated=cluster.simulated,
    )


def _snapshots(volumes: list[Volume]) -> tuple[SnapshotView, ...]:
    found = []
    for volume in volumes:
        schedule: SnapshotSchedule | None = getattr(volume, "snapshot_schedule", None)
        if schedule is not None and schedule.enabled and schedule.said:
            found.append(SnapshotView(volume.name, "", said=schedule.said))
        for snapshot in volume.snapshots.all():
            seen: SnapshotState | None = getattr(snapshot, "state", None)
            if seen is not None and snapshot.inventory in IN_SERVICE:
                view = SnapshotView(volume.name, snapshot.name, seen.percent, seen.valid, seen.there)
                found.append(view)
    return tuple(found)


def node_view(node: Node, now: datetime) -> NodeView:
    """One node's rows as a view; ages are counted to `now`."""
    state: NodeState | None = getattr(node, "state", None)
    if state is None:
        return NodeView(node.name)
    replica: Replica | None = getattr(node, "replica", None)
    view = NodeView(
        name=node.name,
        reachable=state.reachable,
        age=(now - state.read_at).total_seconds() if state.read_at else None,
        error=state.error,
        host_key_changed=state.host_key_changed,
        boot_id=state.boot_id,
        clock_offset=state.clock_offset,
        holds_ip=state.holds_ip,
        nfsd=state.nfsd_threads,
        mounted=None if state.mounted is None else tuple(state.mounted),
        exported=None if state.exported is None else tuple(state.exported),
        manager_running=state.manager_running,
        manager_says=state.manager_says,
        links=tuple((str(name), str(link), str(status)) for name, link, status in state.links),
        marks=tuple(state.marks),
        pools=tuple(PoolView(**row) for row in state.pools or ()),
        thin_tools=state.thin_tools,
        files=tuple(sorted(state.file_digests.items())),
        standing=None if state.standing is None else tuple(_finding(row) for row in state.standing),
    )
    return with_replica(view, replica, now) if replica else view


def _finding(row: dict[str, Any]) -> Finding:
    return Finding(row["code"], Severity(row["severity"]), row["text"], row["hint"], "", row["node"], row["hazard"])


def with_replica(view: NodeView, replica: Replica, now: datetime) -> NodeView:
    return replace(
        view,
        role=replica.role,
        disk=replica.disk,
        connection=replica.connection,
        replication=replica.replication,
        percent=replica.percent,
        left=replica.sync_left,
        speed=replica.speed,
        eta=replica.eta,
        still_for=(now - replica.moved_at).total_seconds()
        if replica.moved_at and replica.percent is not None
        else None,
    )
