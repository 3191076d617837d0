"""Everything a person may do to a cluster: one row each. HTML forms, and whatever comes later, all go through this table.

A row says who may ask, which planner answers, and how the inventory follows the job: `begin` when it is approved, `settle` when
it succeeded, `give_back` when it is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clusters import inventory
from clusters.models import Cluster, Node
from clusters.states import AccessLevel, Inventory, JobStatus
from provisioning import codec
from provisioning.intents import CreateVolume, ForgetCluster, Intent, ProvisionCluster, PublishExport
from provisioning.models import Job, JobStep, SealedSecret
from provisioning.plans import export, forget, provision, volume
from provisioning.snapshot import Incomplete, desired_of
from provisioning.steps import Kind, Plan

Planner = Callable[..., Plan]  # plan(intent, desired, observed, backend)


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    title: str  # a verb with its kind of object; the object follows: "Create volume" web_files
    intent: type[Any]
    planner: Planner
    level: AccessLevel
    object: Callable[[Any], str]
    refuses: Callable[[Cluster, Any], str]  # a sentence why not, or ""
    begin: Callable[[Cluster, Any], None]
    settle: Callable[[Cluster, Any], None]
    give_back: Callable[[Cluster, Any, bool], None]
    in_panel: bool = False  # touches no node: planned and done by the door itself, so that it works without a worker


def intent_of(job: Job) -> Intent:
    intent: Intent = codec.load(ACTIONS[job.action].intent, job.intent)
    return intent


def settle(job: Job) -> None:
    """Bring the inventory to what a job that succeeded made. The worker calls it in the transaction that ends the job."""
    ACTIONS[job.action].settle(job.cluster, intent_of(job))


def give_back(job: Job) -> str:
    """Take back what the inventory gained when the job was approved, and say what is left on the nodes."""
    action, intent = ACTIONS[job.action], intent_of(job)
    if job.approved_at is None:  # its rows, if there are any, belong to another job
        return "It had not been approved."
    ran = steps_that_ran(job)
    action.give_back(job.cluster, intent, bool(ran))
    if not ran:
        return "Nothing had run on the nodes."
    nodes = " and ".join(sorted({step.node_name for step in ran}))
    count = "1 step" if len(ran) == 1 else f"{len(ran)} steps"
    return f"{count} had run on {nodes}; what they made is still there, and {action.object(intent)} is a draft again."


def give_back_untouched(job: Job) -> None:
    """Take the rows back of a job that ended before anything ran: nobody has to deal with them. The worker calls it."""
    if not steps_that_ran(job):
        give_back(job)


def steps_that_ran(job: Job) -> list[JobStep]:
    """List the steps that changed a node, or may have, of this job and of those it took over from: an end not seen counts."""
    changing = JobStep.objects.filter(job__in=_tries(job), kind__in=[Kind.WRITES, Kind.DESTROYS])
    untouched = [JobStep.Status.WAITING, JobStep.Status.UNCHANGED, JobStep.Status.SKIPPED]
    return list(changing.exclude(status__in=untouched))


def same_object(job: Job, other: Job) -> bool:
    """Whether both jobs do the same to the same thing; how exactly (a size, an option) may differ."""
    action = ACTIONS[job.action]
    return other.action == job.action and action.object(intent_of(other)) == action.object(intent_of(job))


def _tries(job: Job) -> list[Job]:
    """List the approved jobs up to this one that tried the same since it last succeeded."""
    tries: list[Job] = []
    for other in Job.objects.filter(
        cluster=job.cluster_id, action=job.action, approved_at__isnull=False, pk__lte=job.pk
    ):
        if same_object(job, other):  # newest first
            if other.status == JobStatus.SUCCEEDED:
                break
            tries.append(other)
    return tries


def _cluster_name(intent: ProvisionCluster | ForgetCluster) -> str:
    return intent.cluster


def _refuses_provision(cluster: Cluster, intent: ProvisionCluster) -> str:
    if cluster.inventory not in (Inventory.DRAFT, Inventory.CREATING, Inventory.PRESENT):
        return f"{cluster} is {cluster.inventory}."
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


def _not_running(cluster: Cluster) -> str:
    return "" if cluster.inventory == Inventory.PRESENT else f"{cluster} is not set up yet."


def _refuses_volume(cluster: Cluster, intent: CreateVolume) -> str:
    wanted = intent.volume
    if why := _not_running(cluster):
        return why
    others = cluster.volumes.exclude(name=wanted.name)
    if taken := others.filter(mount_point=wanted.mount_point).first():
        return f"{wanted.mount_point} is the mount point of {taken} already."
    return _refuses_name(
        cluster.volumes.filter(name=wanted.name).first(), f"{cluster} has a volume {wanted.name} already."
    )


def _refuses_export(cluster: Cluster, intent: PublishExport) -> str:
    wanted = intent.export
    if why := _not_running(cluster):
        return why
    if not cluster.volumes.filter(name=wanted.volume, inventory=Inventory.PRESENT).exists():
        return f"{cluster} has no volume {wanted.volume}."
    if taken := cluster.exports.exclude(path=wanted.path).filter(fsid=wanted.fsid).first():
        return f"fsid {wanted.fsid} belongs to {taken} already."
    row = cluster.exports.filter(path=wanted.path).first()
    if row and row.fsid != wanted.fsid:
        return f"{wanted.path} has fsid {row.fsid}, which never changes."
    return _refuses_name(row, f"{wanted.path} is exported already.")


def _refuses_name(row: Any, sentence: str) -> str:
    return sentence if row and row.inventory not in (Inventory.DRAFT, Inventory.CREATING) else ""


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


def _begin_export(cluster: Cluster, intent: PublishExport) -> None:
    wanted = intent.export
    inventory.begin_export(
        cluster,
        volume=wanted.volume,
        path=wanted.path,
        fsid=wanted.fsid,
        clients=[(client.client, client.options) for client in wanted.clients],
    )


def _forget(cluster: Cluster, intent: ForgetCluster) -> None:
    SealedSecret.objects.filter(cluster=cluster).delete()
    inventory.forget(cluster)


ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
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
}
