"""What can be done to a volume."""

from __future__ import annotations

from clusters import inventory
from clusters.models import Cluster, Volume
from clusters.states import AccessLevel, Inventory
from provisioning.actions.action import Action, not_running, taken
from provisioning.desired import DesiredCluster
from provisioning.facts import Asked
from provisioning.intents import CreateVolume, DeleteVolume, EditVolume, GrowVolume
from provisioning.plans import volume, volume_delete, volume_edit, volume_grow
from provisioning.plans.parts import owning


def _refuses_volume(cluster: Cluster, intent: CreateVolume) -> str:
    wanted = intent.volume
    if why := not_running(cluster):
        return why
    others = cluster.volumes.exclude(name=wanted.name)
    if other := others.filter(mount_point=wanted.mount_point).first():
        return f"{wanted.mount_point} is the mount point of {other} already."
    return taken(cluster.volumes.filter(name=wanted.name).first(), f"{cluster} has a volume {wanted.name} already.")


def _begin_volume(cluster: Cluster, intent: CreateVolume) -> None:
    wanted = intent.volume
    inventory.begin_volume(
        cluster,
        name=wanted.name,
        size=wanted.size,
        fstype=wanted.fstype,
        mount_point=wanted.mount_point,
        mount_options=wanted.mount_options,
        owner=wanted.owner,
        mode=wanted.mode,
        pool=wanted.pool,
    )


def _row(cluster: Cluster, name: str) -> Volume | None:
    return cluster.volumes.filter(name=name, inventory=Inventory.PRESENT).first()


def _refuses_grow(cluster: Cluster, intent: GrowVolume) -> str:
    if why := not_running(cluster):
        return why
    row = _row(cluster, intent.name)
    if row is None:
        return f"{cluster} has no volume {intent.name}."
    if intent.size < row.size:
        return f"{row} cannot shrink: {volume_grow.WHY_NOT[row.fstype]}"
    return ""


def _refuses_edit(cluster: Cluster, intent: EditVolume) -> str:
    if why := not_running(cluster):
        return why
    if _row(cluster, intent.name) is None:
        return f"{cluster} has no volume {intent.name}."
    others = cluster.volumes.exclude(name=intent.name)
    if others.filter(name=intent.volume.name).exists():
        return f"{cluster} has a volume {intent.volume.name} already."
    if other := others.filter(mount_point=intent.volume.mount_point).first():
        return f"{intent.volume.mount_point} is the mount point of {other} already."
    row = _row(cluster, intent.name)
    if row and (intent.volume.name, intent.volume.mount_point) != (row.name, row.mount_point):
        return _holds_state(cluster, intent.name)
    return ""


def _holds_state(cluster: Cluster, name: str) -> str:
    """A volume that keeps what NFS clients hold stays where it is: without it they lose their locks at the next failover."""
    if cluster.nfs_state_volume != name:
        return ""
    return f"{name} keeps what NFS clients hold. Choose another place for that first: Set up the NFS server."


def _settle_edit(cluster: Cluster, intent: EditVolume) -> None:
    now = intent.volume
    inventory.edit_volume(
        cluster, intent.name, new_name=now.name, mount_point=now.mount_point, mount_options=now.mount_options
    )


def _asks_places(intent: EditVolume, desired: DesiredCluster) -> Asked:
    """Ask what lies in the directory it moves to, and below the one it leaves."""
    was = desired.volume(intent.name)
    if was is None or was.mount_point == intent.volume.mount_point:
        return Asked()
    return Asked((was.mount_point, intent.volume.mount_point))


def _refuses_delete(cluster: Cluster, intent: DeleteVolume) -> str:
    if why := not_running(cluster):
        return why
    row = cluster.volumes.filter(name=intent.volume.name, inventory__in=(Inventory.PRESENT, Inventory.REMOVING)).first()
    if row is None:
        return f"{cluster} has no volume {intent.volume.name}."
    if exports := list(row.exports.exclude(inventory=Inventory.DRAFT).values_list("path", flat=True)):
        return f"{row} is exported: {', '.join(exports)}. Withdraw that first."
    return _holds_state(cluster, row.name)


def asks_size(name: str, desired: DesiredCluster) -> Asked:
    """Ask how large a volume's file system is."""
    found = desired.volume(name)
    if found is None:
        return Asked()
    return Asked(fstype=found.fstype, device=f"/dev/{desired.resource.vg}/{name}", mount_point=found.mount_point)


ROWS = (
    Action(
        name="volume.create",
        title="Create volume",
        intent=CreateVolume,
        planner=volume.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.volume.name,
        refuses=_refuses_volume,
        begin=_begin_volume,
        settle=lambda cluster, intent: inventory.finish_volume(cluster, intent.volume.name),
        give_back=lambda cluster, intent, partly: inventory.give_back_volume(
            cluster, intent.volume.name, partly_made=partly
        ),
        asks=lambda intent, desired: Asked((intent.volume.mount_point,), accounts=owning.names(intent.volume.owner)),
    ),
    Action(
        name="volume.grow",
        title="Grow",
        intent=GrowVolume,
        planner=volume_grow.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.name,
        alone=True,
        refuses=_refuses_grow,
        begin=lambda *_: None,
        settle=lambda cluster, intent: inventory.grow_volume(cluster, intent.name, intent.size),
        give_back=lambda *_: None,
        left="plan again to finish it",
        asks=lambda intent, desired: asks_size(intent.name, desired),
    ),
    Action(
        name="volume.edit",
        title="Change volume",
        intent=EditVolume,
        planner=volume_edit.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.name,
        refuses=_refuses_edit,
        begin=lambda *_: None,
        settle=_settle_edit,
        give_back=lambda *_: None,
        left="plan again to finish it",
        asks=_asks_places,
        unsettles=lambda intent, desired: tuple(v.mount_point for v in desired.volumes if v.name == intent.name),
    ),
    Action(
        name="volume.delete",
        title="Delete volume",
        intent=DeleteVolume,
        planner=volume_delete.plan,
        level=AccessLevel.ADMIN,
        object=lambda intent: intent.volume.name,
        refuses=_refuses_delete,
        begin=lambda cluster, intent: inventory.begin_removing_volume(cluster, intent.volume.name),
        settle=lambda cluster, intent: inventory.remove_volume(cluster, intent.volume.name),
        give_back=lambda cluster, intent, partly: inventory.keep_volume(
            cluster, intent.volume.name, partly_removed=partly
        ),
        left="it stays half removed: plan the deletion again",
        asks=lambda intent, desired: Asked((intent.volume.mount_point,)),
    ),
)
