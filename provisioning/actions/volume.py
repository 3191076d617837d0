"""What can be done to a volume."""

from __future__ import annotations

from clusters import inventory
from clusters.models import Cluster
from clusters.states import AccessLevel
from provisioning.actions.action import Action, not_running, taken
from provisioning.intents import CreateVolume
from provisioning.plans import volume


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
    )


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
    ),
)
