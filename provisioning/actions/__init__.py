"""Everything a person may do to a cluster: one row each. HTML forms, and whatever comes later, all go through this table.

A row says who may ask, which planner answers, and how the inventory follows the job: `begin` when it is approved, `settle` when
it succeeded, `give_back` when it is given up.
"""

from __future__ import annotations

from collections.abc import Mapping

from clusters.states import JobStatus
from provisioning import codec
from provisioning.actions import care, cluster, export, manager, nfs, quota, resource, snapshot, volume
from provisioning.actions.action import Action
from provisioning.intents import Intent
from provisioning.models import Job, JobStep
from provisioning.steps import Kind

__all__ = ["ACTIONS", "Action"]

ACTIONS: Mapping[str, Action] = {
    row.name: row
    for row in (
        *cluster.ROWS,
        *resource.ROWS,
        *volume.ROWS,
        *export.ROWS,
        *snapshot.ROWS,
        *nfs.ROWS,
        *manager.ROWS,
        *care.ROWS,
        *quota.ROWS,
    )
}


def intent_of(job: Job) -> Intent:
    intent: Intent = codec.load(ACTIONS[job.action].intent, job.intent)
    return intent


def settle(job: Job) -> None:
    """Bring the inventory to what a job that succeeded made. The worker calls it in the transaction that ends the job."""
    action, intent = ACTIONS[job.action], intent_of(job)
    action.settle(job.cluster, intent)
    action.learns(job, intent)


def give_back(job: Job) -> str:
    """Take back what the inventory gained when the job was approved, and say what is left on the nodes."""
    action, intent = ACTIONS[job.action], intent_of(job)
    if job.approved_at is None:  # its rows, if there are any, belong to another job
        return "It had not been approved."
    ran = steps_that_ran(job)
    action.give_back(job.cluster, intent, any(action.binds(step) for step in ran))
    if not ran:
        return "Nothing had run on the nodes."
    nodes = " and ".join(sorted({step.node_name for step in ran}))
    count, made = ("1 step", "it made") if len(ran) == 1 else (f"{len(ran)} steps", "they made")
    left = action.left or f"{action.object(intent)} is a draft again"
    return f"{count} had begun on {nodes}; what {made} is still there, and {left}."


def give_back_untouched(job: Job) -> None:
    """Take the rows back of a job that ended before anything ran that binds: nobody has to deal with them. The worker calls it."""
    if not any(ACTIONS[job.action].binds(step) for step in steps_that_ran(job)):
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
