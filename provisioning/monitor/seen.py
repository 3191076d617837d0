"""One reading of a node as the `NodeView` that is judged and compared. Pure."""

from __future__ import annotations

from dataclasses import replace

from clusters.health import NodeView
from provisioning.checks.standing import standing
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render import paths
from provisioning.render.lvm import in_group

NOT_PRINTED = ""


def view_of(observed: NodeObserved, desired: DesiredCluster) -> NodeView:
    """Take from a full or light reading what the monitor watches. What was not seen stays unknown."""
    view = NodeView(
        name=observed.node,
        reachable=True,
        age=0.0,
        boot_id=observed.boot_id or NOT_PRINTED,
        clock_offset=observed.node_clock - observed.read_at if observed.node_clock is not None else None,
        holds_ip=observed.holds(desired.service_ip),
        nfsd=observed.nfsd_threads,
        mounted=_mounted(observed, desired),
        exported=None if observed.exports is None else tuple(sorted({export.path for export in observed.exports})),
        manager_running=observed.heartbeat.running if observed.heartbeat else None,
        manager_says=observed.heartbeat.resources if observed.heartbeat else NOT_PRINTED,
        links=observed.heartbeat.links if observed.heartbeat else (),
        marks=observed.marks or (),
        files=tuple(sorted((f.path, f.sha256) for f in observed.files if f.sha256 and f.path in alike(desired))),
        standing=standing(desired, observed),
        error="; ".join(f"{fact}: {why}" for fact, why in observed.unreadable)[:300],
    )
    return _with_replica(view, observed, desired)


def _with_replica(view: NodeView, observed: NodeObserved, desired: DesiredCluster) -> NodeView:
    replica = observed.replica(desired.resource.name)
    if replica is None:
        return view
    progress = replica.progress
    return replace(
        view,
        role=replica.role or NOT_PRINTED,
        disk=replica.disk or NOT_PRINTED,
        connection=replica.connection or NOT_PRINTED,
        replication=replica.replication or NOT_PRINTED,
        percent=min(max(progress.percent, 0.0), 100.0) if progress else None,
        left=progress.left if progress else None,
        speed=progress.speed if progress else None,
        eta=progress.eta if progress else None,
    )


def _mounted(observed: NodeObserved, desired: DesiredCluster) -> tuple[str, ...] | None:
    """Mount points of the cluster's volumes that are mounted from the cluster's own volume group.

    The kernel goes on showing the name a volume was mounted by when it is renamed since, so the group counts and not the name.
    """
    if observed.mounts is None:
        return None
    points = {volume.mount_point for volume in desired.volumes}
    return tuple(
        sorted(m.target for m in observed.mounts if m.target in points and in_group(desired.resource.vg, m.source))
    )


def alike(desired: DesiredCluster) -> tuple[str, ...]:
    """The files that must be the same on both nodes (HAZARDS 20); only their digests are asked for."""
    return (
        paths.resource_file(desired.resource.name), paths.EXPORTS, paths.FOREIGN_EXPORTS, paths.NFS_CONF, paths.IDMAPD,
        paths.NFSD, paths.NFSDCLD, paths.HA_CF, paths.AUTHKEYS, paths.HARESOURCES,
    )  # fmt: skip
