"""What can be done to an export."""

from __future__ import annotations

from clusters import inventory
from clusters.models import Cluster
from clusters.states import AccessLevel, Inventory
from provisioning.actions.action import Action, not_running, taken
from provisioning.intents import PublishExport
from provisioning.plans import export


def _refuses_export(cluster: Cluster, intent: PublishExport) -> str:
    wanted = intent.export
    if why := not_running(cluster):
        return why
    if not cluster.volumes.filter(name=wanted.volume, inventory=Inventory.PRESENT).exists():
        return f"{cluster} has no volume {wanted.volume}."
    if other := cluster.exports.exclude(path=wanted.path).filter(fsid=wanted.fsid).first():
        return f"fsid {wanted.fsid} belongs to {other} already."
    row = cluster.exports.filter(path=wanted.path).first()
    if row and row.fsid != wanted.fsid:
        return f"{wanted.path} has fsid {row.fsid}, which never changes."
    return taken(row, f"{wanted.path} is exported already.")


def _begin_export(cluster: Cluster, intent: PublishExport) -> None:
    wanted = intent.export
    inventory.begin_export(
        cluster,
        volume=wanted.volume,
        path=wanted.path,
        fsid=wanted.fsid,
        clients=[(client.client, client.options) for client in wanted.clients],
        owner=wanted.owner,
        mode=wanted.mode,
    )


ROWS = (
    Action(
        name="export.publish",
        title="Export",
        intent=PublishExport,
        planner=export.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.export.path,
        refuses=_refuses_export,
        begin=_begin_export,
        settle=lambda cluster, intent: inventory.finish_export(cluster, intent.export.path),
        give_back=lambda cluster, intent, partly: inventory.give_back_export(
            cluster, intent.export.path, partly_made=partly
        ),
    ),
)
