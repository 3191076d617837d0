"""The two sides a planner compares: what a cluster is meant to be (from the inventory) and what its nodes are (from one reading)."""

from __future__ import annotations

from clusters.models import Backing as BackingRow
from clusters.models import Cluster, Export, Node, Resource, Snapshot, Volume
from clusters.models import ExportClient as ExportClientRow
from clusters.states import Inventory
from provisioning.desired import (
    Backing,
    BackingKind,
    DesiredCluster,
    DesiredExport,
    DesiredNode,
    DesiredResource,
    DesiredSnapshot,
    DesiredVolume,
    ExportClient,
    HeartbeatSettings,
    NfsSettings,
)  # fmt: skip
from provisioning.models import SealedSecret
from provisioning.sealed import fence_key, scope_of

EXISTING = (Inventory.PRESENT, Inventory.REMOVING)  # of exports: one that is being withdrawn may still be served


class Incomplete(ValueError):
    """The inventory does not describe a whole pair yet; the text says what is missing."""


def desired_of(cluster: Cluster) -> DesiredCluster:
    """Map the inventory to what planners read.

    On a pair that runs, only what is present counts: what a job is about to make is in its intent, before and after approval
    alike. Rows come in the order they were made, so that adding one never moves the others.
    """
    nodes = list(cluster.nodes.filter(kind=Node.Kind.MEMBER).select_related("backing").order_by("position", "pk"))
    if len(nodes) != 2:
        raise Incomplete(f"{cluster} has {len(nodes)} of its two nodes.")
    keys = dict(SealedSecret.objects.filter(scope=scope_of(cluster, None)).values_list("name", "public"))
    resource = Resource.objects.filter(cluster=cluster).first()
    if resource is None or not cluster.service_ip:
        raise Incomplete(f"{cluster} has no {'DRBD resource' if resource is None else 'service IP'} yet.")
    left, right = (_node(node, keys.get(fence_key(node.name), "")) for node in nodes)
    whole = cluster.inventory in (Inventory.DRAFT, Inventory.CREATING)
    return DesiredCluster(
        name=cluster.slug,
        nodes=(left, right),
        resource=_resource(resource),
        service_ip=cluster.service_ip,
        service_prefix=cluster.service_prefix,
        first_source=cluster.first_source or left.name,
        volumes=tuple(_volume(volume) for volume in cluster.volumes.order_by("pk") if whole or _exists(volume)),
        exports=_exports(cluster, whole),
        manager=cluster.manager,
        heartbeat=heartbeat_of(cluster),
        nfs=nfs_of(cluster),
        snapshots=_snapshots(cluster),
        touched=cluster.touched_at is not None,
        in_service=cluster.inventory == Inventory.PRESENT,
    )


def heartbeat_of(cluster: Cluster) -> HeartbeatSettings:
    return HeartbeatSettings(cluster.keepalive, cluster.warntime, cluster.deadtime, cluster.initdead, cluster.udpport)


def nfs_of(cluster: Cluster) -> NfsSettings:
    return NfsSettings(
        threads=cluster.nfs_threads,
        grace_time=cluster.nfs_grace,
        lease_time=cluster.nfs_lease,
        versions=tuple(version for version in cluster.nfs_versions.split(",") if version),
        domain=cluster.nfs_domain,
        mountd_port=cluster.nfs_mountd_port,
        statd_port=cluster.nfs_statd_port,
        lockd_port=cluster.nfs_lockd_port,
        state_volume=cluster.nfs_state_volume,
    )


def _exists(volume: Volume) -> bool:
    """A volume that goes is in the intent of its job, as one that comes is; nobody else counts on it any more."""
    return volume.inventory == Inventory.PRESENT


def _node(node: Node, fence_public: str) -> DesiredNode:
    backing = getattr(node, "backing", None)
    if backing is None:
        raise Incomplete(f"{node} has no backing device yet.")
    return DesiredNode(
        name=node.name,
        replication_address=node.replication_address or "",
        service_address=node.service_address or "",
        service_interface=node.service_interface,
        replication_interface=node.replication_interface,
        backing=backing_of(backing),
        host_key=node.host_key,
        fence_key=fence_public,
    )


def backing_of(row: BackingRow) -> Backing:
    return Backing(
        kind=BackingKind(row.kind),
        disk=row.disk,
        disk_serial=row.disk_serial,
        disk_size=row.disk_size,
        vg=row.vg,
        lv=row.lv,
        size=row.size,
        link=row.disk_link,
    )


def _resource(resource: Resource) -> DesiredResource:
    return DesiredResource(
        name=resource.name,
        minor=resource.minor,
        port=resource.port,
        vg=resource.vg,
        verify_alg=resource.verify_alg,
        resync_rate=resource.resync_rate,
        wfc_timeout=resource.wfc_timeout,
        degr_wfc_timeout=resource.degr_wfc_timeout,
        outdated_wfc_timeout=resource.outdated_wfc_timeout,
    )


def _volume(volume: Volume) -> DesiredVolume:
    options = tuple(option for option in volume.mount_options.split(",") if option)
    return DesiredVolume(
        volume.name, volume.size, volume.fstype, volume.mount_point, options, volume.owner, volume.mode, volume.pool
    )


def _exports(cluster: Cluster, whole: bool) -> tuple[DesiredExport, ...]:
    """Map rows without making objects of them: a pair may have a thousand."""
    clients: dict[int, list[ExportClient]] = {}
    made: dict[tuple[str, str], ExportClient] = {}  # most exports have the same clients
    rows = ExportClientRow.objects.filter(export__cluster=cluster).order_by("position", "pk")
    for export, client, options in rows.values_list("export_id", "client", "options"):
        if (client, options) not in made:
            made[client, options] = ExportClient(client, tuple(option for option in options.split(",") if option))
        clients.setdefault(export, []).append(made[client, options])
    exports = cluster.exports.order_by("pk")
    if not whole:
        exports = exports.filter(inventory__in=EXISTING)
    return tuple(
        DesiredExport(path, fsid, tuple(clients.get(pk, ())), volume, owner, mode)
        for pk, path, fsid, volume, owner, mode in exports.values_list(
            "pk", "path", "fsid", "volume__name", "owner", "mode"
        )
    )


def export_of(export: Export) -> DesiredExport:
    clients = tuple(
        ExportClient(client.client, tuple(option for option in client.options.split(",") if option))
        for client in export.clients.all()
    )
    return DesiredExport(export.path, export.fsid, clients, export.volume.name, export.owner, export.mode)


def _snapshots(cluster: Cluster) -> tuple[DesiredSnapshot, ...]:
    rows = Snapshot.objects.filter(volume__cluster=cluster).select_related("volume").order_by("pk")
    return tuple(_snapshot(row) for row in rows if row.inventory in (Inventory.PRESENT, Inventory.REMOVING))


def _snapshot(row: Snapshot) -> DesiredSnapshot:
    return DesiredSnapshot(
        row.volume.name, row.name, row.lv, row.size, row.fsid, tuple(row.clients.split()), row.as_root,
        scheduled=row.schedule_id is not None, removing=row.inventory == Inventory.REMOVING, sec=row.sec,
    )  # fmt: skip
