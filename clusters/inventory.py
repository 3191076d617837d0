"""The only writer of inventory rows outside the draft forms. Jobs move rows through their life; nothing here asks or touches a node.

draft → creating (approved) → present (done). A job that was given up before anything ran takes its rows back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from clusters.models import Backing, Cluster, Export, ExportClient, Snapshot, SnapshotSchedule, Volume
from clusters.states import Inventory

Row = TypeVar("Row", Volume, Export)
_OPEN = (Inventory.DRAFT, Inventory.CREATING)


class Taken(Exception):
    """Another row has the name, path or number already."""


def begin_cluster(cluster: Cluster) -> None:
    """A set-up was approved. A pair that is present stays present: then the job only mends it."""
    if cluster.inventory in _OPEN:
        _move(cluster, Inventory.CREATING)


def touch_cluster(cluster: Cluster) -> None:
    """A step that changes a node is about to run: from now on nobody may say that nothing was sent to them."""
    if cluster.touched_at is None:
        cluster.touched_at = timezone.now()
        cluster.save(update_fields=["touched_at"])


def finish_cluster(cluster: Cluster) -> None:
    if cluster.inventory in _OPEN:
        _move(cluster, Inventory.PRESENT)


def give_back_cluster(cluster: Cluster) -> None:
    if cluster.inventory in _OPEN:
        _move(cluster, Inventory.DRAFT)


def forget(cluster: Cluster) -> None:
    """Take the pair out of the panel and free its name. Jobs, history and the audit log keep pointing at the row."""
    suffix = f"-forgotten-{cluster.pk}"
    cluster.slug = f"{cluster.slug[: 40 - len(suffix)]}{suffix}"
    cluster.inventory = Inventory.FORGOTTEN
    cluster.forgotten_at = timezone.now()
    cluster.save(update_fields=["slug", "inventory", "forgotten_at"])
    cluster.volumes.update(inventory=Inventory.FORGOTTEN)
    cluster.exports.update(inventory=Inventory.FORGOTTEN)
    Snapshot.objects.filter(volume__cluster=cluster).update(inventory=Inventory.FORGOTTEN)
    SnapshotSchedule.objects.filter(volume__cluster=cluster).update(enabled=False)


def begin_volume(
    cluster: Cluster,
    *,
    name: str,
    size: int,
    fstype: str,
    mount_point: str,
    mount_options: Iterable[str],
    owner: str = "",
    mode: str = "",
    pool: str = "",
) -> Volume:
    """Write the row of a volume that is about to be made; one that was begun before is taken up again."""
    values = {
        "inventory": Inventory.CREATING,
        "size": size,
        "fstype": fstype,
        "mount_point": mount_point,
        "mount_options": ",".join(mount_options),
        "owner": owner,
        "mode": mode,
        "pool": pool,
    }
    try:
        with transaction.atomic():
            volume, made = Volume.objects.get_or_create(cluster=cluster, name=name, defaults=values)
            if not made and not _open(Volume.objects.filter(pk=volume.pk)).update(**values):
                raise Taken(f"{cluster} has a volume {name} already.")
    except IntegrityError:
        raise Taken(f"{mount_point} is the mount point of another volume of {cluster}.") from None
    return volume


def begin_export(
    cluster: Cluster,
    *,
    volume: str,
    path: str,
    fsid: int,
    clients: Iterable[tuple[str, Iterable[str]]],
    owner: str = "",
    mode: str = "",
) -> Export:
    """Write the rows of an export that is about to be published; one that was begun before is taken up again."""
    home = Volume.objects.filter(cluster=cluster, name=volume).first()
    if home is None:
        raise Taken(f"{cluster} has no volume {volume}.")
    values = {"volume": home, "inventory": Inventory.CREATING, "owner": owner, "mode": mode}
    try:
        with transaction.atomic():
            export, made = Export.objects.get_or_create(cluster=cluster, path=path, defaults={**values, "fsid": fsid})
            if not made:
                if export.fsid != fsid or not _open(Export.objects.filter(pk=export.pk)).update(**values):
                    raise Taken(f"{cluster} has an export of {path} already.")
                export.clients.all().delete()
            _add_clients(export, clients)
    except IntegrityError:
        raise Taken(f"fsid {fsid} or a client of {path} is taken already.") from None
    return export


def change_export(cluster: Cluster, path: str, clients: Iterable[tuple[str, Iterable[str]]]) -> None:
    """Write the clients that an export has now."""
    for export in cluster.exports.filter(path=path):
        export.changed_at = timezone.now()
        export.save(update_fields=["changed_at"])
        export.clients.all().delete()
        _add_clients(export, clients)


def begin_withdrawal(cluster: Cluster, path: str) -> None:
    if not cluster.exports.filter(path=path, inventory__in=(Inventory.PRESENT, Inventory.REMOVING)).update(
        inventory=Inventory.REMOVING
    ):
        raise Taken(f"{cluster} does not export {path}.")


def finish_withdrawal(cluster: Cluster, path: str) -> None:
    """The row goes; its fsid is remembered, since clients may hold handles with it."""
    rows = cluster.exports.filter(path=path, inventory=Inventory.REMOVING)
    highest = rows.aggregate(highest=Max("fsid"))["highest"] or 0
    Cluster.objects.filter(pk=cluster.pk, highest_fsid__lt=highest).update(highest_fsid=highest)
    rows.delete()


def give_back_withdrawal(cluster: Cluster, path: str, *, partly_made: bool) -> None:
    """Nothing ran: it is served as before. Otherwise nobody knows who serves it, and it stays on its way out."""
    if not partly_made:
        cluster.exports.filter(path=path, inventory=Inventory.REMOVING).update(inventory=Inventory.PRESENT)


def finish_volume(cluster: Cluster, name: str) -> None:
    _open(cluster.volumes.filter(name=name)).update(inventory=Inventory.PRESENT)


def finish_export(cluster: Cluster, path: str) -> None:
    _open(cluster.exports.filter(path=path)).update(inventory=Inventory.PRESENT, changed_at=timezone.now())


def grow_volume(cluster: Cluster, name: str, size: int) -> None:
    """Write the new size; a volume never gets smaller."""
    _present(cluster.volumes.filter(name=name, size__lt=size)).update(size=size)


def resize_volume(cluster: Cluster, name: str, size: int) -> None:
    """Write the size a volume has got back with its content: rolled back, a thin one has the size of its snapshot."""
    _present(cluster.volumes.filter(name=name)).update(size=size)


def edit_volume(cluster: Cluster, name: str, *, new_name: str, mount_point: str, mount_options: Iterable[str]) -> None:
    """Write what a volume has become; exports below its mount point move with it."""
    volume = _present(cluster.volumes.filter(name=name)).first()
    if volume is None:
        return
    old = volume.mount_point
    volume.name, volume.mount_point, volume.mount_options = new_name, mount_point, ",".join(mount_options)
    volume.save(update_fields=["name", "mount_point", "mount_options"])
    for export in volume.exports.all():
        if export.path == old or export.path.startswith(f"{old}/"):
            export.path, export.changed_at = mount_point + export.path.removeprefix(old), timezone.now()
            export.save(update_fields=["path", "changed_at"])


def begin_removing_volume(cluster: Cluster, name: str) -> None:
    if not cluster.volumes.filter(name=name, inventory__in=(Inventory.PRESENT, Inventory.REMOVING)).update(
        inventory=Inventory.REMOVING
    ):
        raise Taken(f"{cluster} has no volume {name} in service.")


def remove_volume(cluster: Cluster, name: str) -> None:
    """The volume is gone from the nodes: its row goes, with exports that were never made."""
    gone = cluster.volumes.filter(name=name, inventory=Inventory.REMOVING)
    Export.objects.filter(volume__in=gone, inventory=Inventory.DRAFT).delete()
    gone.delete()


def keep_volume(cluster: Cluster, name: str, *, partly_removed: bool) -> None:
    """Nothing had run: the volume is in service as before. Something had: it stays what it is, half removed."""
    if not partly_removed:
        cluster.volumes.filter(name=name, inventory=Inventory.REMOVING).update(inventory=Inventory.PRESENT)


def grow_backing(cluster: Cluster, size: int) -> None:
    Backing.objects.filter(node__cluster=cluster, kind=Backing.Kind.LV, size__lt=size).update(size=size)


def give_back_volume(cluster: Cluster, name: str, *, partly_made: bool) -> None:
    _give_back(cluster.volumes.filter(name=name), partly_made=partly_made)


def give_back_export(cluster: Cluster, path: str, *, partly_made: bool) -> None:
    _give_back(cluster.exports.filter(path=path), partly_made=partly_made)


def nfs_settings(cluster: Cluster, **values: object) -> None:
    """Write the NFS server's settings as a job has made them."""
    Cluster.objects.filter(pk=cluster.pk).update(**values)


def manager_times(cluster: Cluster, **values: int) -> None:
    """Write the manager's times as a job has set them."""
    Cluster.objects.filter(pk=cluster.pk).update(**values)


def half_made(cluster: Cluster) -> list[str]:
    """Name the volumes, exports and snapshots a job began to make or to remove and did not finish."""
    creating = {"inventory__in": (Inventory.CREATING, Inventory.REMOVING)}
    snapshots = Snapshot.objects.filter(volume__cluster=cluster, **creating).select_related("volume")
    return [
        *cluster.volumes.filter(**creating).values_list("name", flat=True),
        *cluster.exports.filter(**creating).values_list("path", flat=True),
        *(str(snapshot) for snapshot in snapshots),
    ]


def next_fsid(cluster: Cluster) -> int:
    """Give the number for a new export: never one that an export of this pair has or had."""
    return (cluster.exports.aggregate(highest=Max("fsid"))["highest"] or 0) + 1


def _add_clients(export: Export, clients: Iterable[tuple[str, Iterable[str]]]) -> None:
    ExportClient.objects.bulk_create(
        ExportClient(export=export, position=position, client=client, options=",".join(options))
        for position, (client, options) in enumerate(clients)
    )


def _move(cluster: Cluster, state: Inventory) -> None:
    """Move a pair that is being set up, with the first volumes and exports it is set up with."""
    cluster.inventory = state
    cluster.save(update_fields=["inventory"])
    _open(cluster.volumes.all()).update(inventory=state)
    made = {"changed_at": timezone.now()} if state == Inventory.PRESENT else {}
    _open(cluster.exports.all()).update(inventory=state, **made)


def _open(rows: QuerySet[Row]) -> QuerySet[Row]:
    return rows.filter(inventory__in=_OPEN)


def _present(rows: QuerySet[Row]) -> QuerySet[Row]:
    return rows.filter(inventory=Inventory.PRESENT)


def _give_back(rows: QuerySet[Row], *, partly_made: bool) -> None:
    """Nothing was made: the row goes. Something was: it stays as a draft, so that its name is kept and it can be planned again."""
    if partly_made:
        _open(rows).update(inventory=Inventory.DRAFT)
    else:
        _open(rows).delete()
