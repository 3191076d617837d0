"""What can be done to an export."""

from __future__ import annotations

from clusters import inventory
from clusters.models import Cluster
from clusters.states import AccessLevel, Inventory
from provisioning.actions.action import Action, not_running, taken
from provisioning.checks import kerberos
from provisioning.desired import DesiredCluster, DesiredExport
from provisioning.facts import Asked
from provisioning.intents import EditExport, PublishExport, WithdrawExport
from provisioning.plans import export, export_edit, export_withdraw
from provisioning.plans.parts import owning


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
        clients=_clients(wanted),
        owner=wanted.owner,
        mode=wanted.mode,
    )


def _refuses_edit(cluster: Cluster, intent: EditExport) -> str:
    return not_running(cluster) or _not_there(cluster, intent.export.path, intent.export.fsid, Inventory.PRESENT)


def _refuses_withdrawal(cluster: Cluster, intent: WithdrawExport) -> str:
    return not_running(cluster) or _not_there(cluster, intent.path, intent.fsid, Inventory.PRESENT, Inventory.REMOVING)


def _not_there(cluster: Cluster, path: str, fsid: int, *states: Inventory) -> str:
    row = cluster.exports.filter(path=path).first()
    if row is None:
        return f"{cluster} does not export {path}."
    if row.fsid != fsid:
        return f"{path} has fsid {row.fsid}, which never changes."
    if row.inventory == Inventory.REMOVING and row.inventory not in states:
        return f"{path} is being withdrawn."
    return "" if row.inventory in states else f"{path} is not in service: it is {row.inventory}."


def _asks(intent: PublishExport | EditExport, desired: DesiredCluster) -> Asked:
    options = (client.options for client in intent.export.clients)
    return Asked(kerberos=kerberos.asked(options), accounts=owning.names(intent.export.owner))


def _clients(export: DesiredExport) -> list[tuple[str, tuple[str, ...]]]:
    return [(client.client, client.options) for client in export.clients]


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
        asks=_asks,
    ),
    Action(
        name="export.edit",
        title="Change the export",
        intent=EditExport,
        planner=export_edit.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.export.path,
        refuses=_refuses_edit,
        begin=lambda *_: None,
        settle=lambda cluster, intent: inventory.change_export(cluster, intent.export.path, _clients(intent.export)),
        give_back=lambda *_: None,
        asks=_asks,
        left="a node may serve it as it was or as it was to be: plan again, or compare the pair with its set-up",
        unsettles=lambda intent, desired: (intent.export.path,),
    ),
    Action(
        name="export.withdraw",
        title="Withdraw the export",
        intent=WithdrawExport,
        planner=export_withdraw.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.path,
        refuses=_refuses_withdrawal,
        begin=lambda cluster, intent: inventory.begin_withdrawal(cluster, intent.path),
        settle=lambda cluster, intent: inventory.finish_withdrawal(cluster, intent.path),
        give_back=lambda cluster, intent, partly: inventory.give_back_withdrawal(
            cluster, intent.path, partly_made=partly
        ),
        left="it is still on its way out: withdraw it again to finish",
        unsettles=lambda intent, desired: (intent.path,),
    ),
)
