"""Setting up a pair, and taking it out of the panel."""

from __future__ import annotations

from clusters import apart, inventory
from clusters.models import Cluster, Node
from clusters.states import AccessLevel, Inventory
from provisioning.actions.action import Action
from provisioning.facts import Asked
from provisioning.intents import ForgetCluster, ProvisionCluster
from provisioning.models import SealedSecret
from provisioning.plans import forget, provision
from provisioning.plans.parts import owning
from provisioning.plans.parts.words import provision_title
from provisioning.snapshot import Incomplete, desired_of


def _cluster_name(intent: ProvisionCluster | ForgetCluster) -> str:
    return intent.cluster


def _set_up_or_mend(cluster: Cluster, intent: ProvisionCluster) -> str:
    return provision_title(intent.cluster, in_service=cluster.inventory == Inventory.PRESENT)


def _refuses_provision(cluster: Cluster, intent: ProvisionCluster) -> str:
    if cluster.inventory not in (Inventory.DRAFT, Inventory.CREATING, Inventory.PRESENT):
        return f"{cluster} is {cluster.inventory}."
    if cluster.inventory == Inventory.PRESENT and (why := apart.why_not_now(cluster)):
        return why  # mending would connect the copies again
    for node in cluster.nodes.filter(kind=Node.Kind.MEMBER):
        if not node.host_key and not cluster.simulated:
            return f"The host key of {node} has not been confirmed yet."
    try:
        desired_of(cluster)
    except Incomplete as missing:
        return str(missing)
    return ""


def _refuses_nothing(cluster: Cluster, intent: ForgetCluster) -> str:
    return ""


def _forget(cluster: Cluster, intent: ForgetCluster) -> None:
    SealedSecret.objects.filter(cluster=cluster).delete()
    inventory.forget(cluster)


ROWS = (
    Action(
        name="cluster.provision",
        title="Set up",
        intent=ProvisionCluster,
        planner=provision.plan,
        level=AccessLevel.ADMIN,
        object=_cluster_name,
        refuses=_refuses_provision,
        begin=lambda cluster, _: inventory.begin_cluster(cluster),
        settle=lambda cluster, _: inventory.finish_cluster(cluster),
        give_back=lambda cluster, *_: inventory.give_back_cluster(cluster),
        named=_set_up_or_mend,
        asks=lambda intent, desired: Asked(accounts=owning.all_names(desired)),
    ),
    Action(
        name="cluster.forget",
        title="Forget",
        intent=ForgetCluster,
        planner=forget.plan,
        level=AccessLevel.ADMIN,
        object=_cluster_name,
        refuses=_refuses_nothing,
        begin=lambda *_: None,
        settle=_forget,
        give_back=lambda *_: None,
        in_panel=True,
    ),
)
