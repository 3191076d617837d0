"""Letting an approved plan in: the cluster's lock, the inventory rows and the audit entry, in one transaction.

The lock is a job in a locking status; a partial unique constraint allows one per cluster. Nothing here waits for a lock.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from clusters import inventory
from clusters.models import AuditEntry, Cluster
from clusters.states import LOCKING, JobStatus
from provisioning import actions, in_panel
from provisioning.actions import ACTIONS, Action
from provisioning.affected import felt_by
from provisioning.models import Job
from provisioning.refusal import Refused
from provisioning.register import may, record, ring_on_commit
from provisioning.steps import Kind, Plan

Outcome = AuditEntry.Outcome


def admit(request: HttpRequest, action: Action, job: Job, plan: Plan, reason: str) -> None:
    """Take the lock and everything that goes with it. Runs inside the transaction; the cluster's row puts rivals in line."""
    cluster = line_up(job)
    if Job.objects.filter(pk=job.pk, approved_by=request.user.get_username(), approved_at__isnull=False).exists():
        return  # the other half of a double click came first
    may(request, action, cluster)
    intent = actions.intent_of(job)
    _supersede(request, action, job)
    _queue(request, job, plan, reason)
    if why := action.refuses(cluster, intent):
        raise Refused(why, "Plan again.")
    try:
        action.begin(cluster, intent)
    except inventory.Taken as taken:
        raise Refused(str(taken), "Plan again.") from None
    # Drafts, too: what is read for them now is not what will be there, and a node takes no job that is older than the last it saw.
    lapsing = Job.objects.filter(cluster=cluster, status__in=[JobStatus.PROPOSED, JobStatus.DRAFTING])
    lapsing.exclude(pk=job.pk).update(
        status=JobStatus.EXPIRED,
        ended_at=timezone.now(),
        problem=f"Job {job.pk} was approved and changes {cluster}.",
        hint="Plan again when it has ended.",
    )
    record(
        request, action, job, Outcome.REQUESTED, plan.title or job.title,
        reason=reason, commands=commands_of(plan), after=job.intent | felt_by(plan),
    )  # fmt: skip
    if action.in_panel:
        record(request, action, job, Outcome.SUCCEEDED, f"{job.title} succeeded.", reason=reason)
        in_panel.run(job, intent)  # after the entry, which names the pair as people knew it
    else:
        ring_on_commit("jobs.run", job)


def line_up(job: Job) -> Cluster:
    """Let rivals for the same pair pass one after the other; every function of the door takes this row first."""
    job.cluster = Cluster.objects.select_for_update(no_key=True).get(pk=job.cluster_id)
    return job.cluster


def _queue(request: HttpRequest, job: Job, plan: Plan, reason: str) -> None:
    """Move proposed → queued by conditional UPDATE; the partial unique constraint is the cluster's lock."""
    proposed = Job.objects.filter(pk=job.pk, status=JobStatus.PROPOSED)
    try:
        with transaction.atomic():
            won = proposed.update(
                status=JobStatus.QUEUED,
                approved=[step.digest() for step in plan.todo()],
                reason=reason,
                approved_by=request.user.get_username(),
                approved_at=timezone.now(),
            )
    except IntegrityError:
        held = holder(job.cluster)
        raise (held_by(held) if held else Refused(f"Another job took {job.cluster} first.", "Try again.")) from None
    if not won:
        raise not_waiting(Job.objects.select_related("cluster").get(pk=job.pk))


def _supersede(request: HttpRequest, action: Action, job: Job) -> None:
    """Take over from jobs of the same intent that stopped half way; an interrupted one lets go of the lock here."""
    stopped = Q(status__in=[JobStatus.INTERRUPTED, JobStatus.FAILED], dealt_with_by="")
    for old in Job.objects.filter(stopped, cluster=job.cluster):
        if not may_supersede(action, job.intent, old):
            continue
        was = old.status
        Job.objects.filter(stopped, pk=old.pk).update(
            status=JobStatus.FAILED, dealt_with_by=request.user.get_username(), ended_at=old.ended_at or timezone.now()
        )
        record(
            request,
            ACTIONS[old.action],
            old,
            Outcome.DONE,
            f"Job {job.pk} takes over from job {old.pk}, which was {was}.",
        )


def may_supersede(action: Action, stored: object, old: Job) -> bool:
    if old.status not in (JobStatus.INTERRUPTED, JobStatus.FAILED):
        return False
    return action.name == "cluster.forget" or (old.action == action.name and old.intent == stored)


def holder(cluster: Cluster) -> Job | None:
    """Give the job that holds the cluster's lock."""
    return Job.objects.filter(cluster=cluster, status__in=LOCKING).first()


def not_waiting(job: Job) -> Refused:
    held = holder(job.cluster)
    if held and held.pk != job.pk:
        return held_by(held)
    if job.status == JobStatus.DRAFTING:
        return Refused(f"Job {job.pk} has no plan yet.", "Wait until the nodes have been read.")
    by = f" {job.approved_by} approved it at {job.approved_at:%H:%M} UTC." if job.approved_at else ""
    return Refused(f"Job {job.pk} is {job.status}.{by}", job.hint or ("Your approval was not needed." if by else ""))


def held_by(job: Job) -> Refused:
    since = job.started_at or job.approved_at
    what = f"“{job.title}” (job {job.pk})"
    if job.status == JobStatus.INTERRUPTED:
        return Refused(
            f"{what} of {job.approved_by} was interrupted and still holds {job.cluster}.",
            "Plan it again, or say that it has been dealt with.",
        )
    verb = "runs" if job.status == JobStatus.RUNNING else "is about to run"
    when = f" since {since:%H:%M:%S} UTC" if since else ""
    return Refused(
        f"{what} of {job.approved_by} {verb} on {job.cluster}{when}.", "Wait until it has ended, then plan again."
    )


def commands_of(plan: Plan) -> list[dict[str, object]]:
    """List what the plan would change, as it would be typed; secrets are dots."""
    return [
        {"node": step.node, "command": command, "exit": None}
        for step in plan.todo()
        if step.kind in (Kind.WRITES, Kind.DESTROYS)
        for command in (
            *(str(command) for command in step.commands),
            *(f"put {file.path} {file.mode} {file.owner}" for file in step.files),
            *((str(step.load),) if step.load else ()),
        )
    ]
