"""The door: whatever a person wants done to a cluster comes through here. Nothing in it talks to a node.

Each function checks the access level, changes rows and writes the audit entry in one transaction, and rings for a worker when
that is committed. A refusal raises `Refused` with a sentence for the page, and is in the audit log too.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.utils import timezone

from clusters import access, inventory, refused
from clusters.models import AuditEntry, Cluster, Node
from clusters.states import AccessLevel, JobStatus
from provisioning import actions, ceremony, codec, in_panel, sealed
from provisioning.actions import ACTIONS, Action
from provisioning.admission import admit, held_by, holder, line_up, may_supersede, not_waiting
from provisioning.intents import Intent
from provisioning.models import Job
from provisioning.refusal import Denied, Refused
from provisioning.register import asked_of, may, record, refusals_recorded, ring_on_commit
from provisioning.steps import Plan

__all__ = [
    "Denied",
    "Refused",
    "acknowledge",
    "approve",
    "cancel",
    "draft",
    "expire",
    "get_job",
    "holder",
    "plan_again",
]

Outcome = AuditEntry.Outcome
KEY = 64  # characters
WAITING = (JobStatus.DRAFTING, JobStatus.PROPOSED)
PLANNABLE = (
    JobStatus.PROPOSED, JobStatus.FAILED, JobStatus.INTERRUPTED, JobStatus.STALE, JobStatus.EXPIRED, JobStatus.CANCELLED,
)  # fmt: skip


def get_job(request: HttpRequest, pk: int, at_least: AccessLevel = AccessLevel.VIEWER) -> Job:
    """Load a job of a cluster the person may see, forgotten ones included: 404 to a stranger, 403 below the level."""
    job = Job.objects.select_related("cluster").filter(pk=pk).first()
    if job is None:
        raise Http404("No such job.")
    if access.level(request.user, job.cluster) is AccessLevel.NONE:
        refused.attempt(request, access.STRANGER, cluster=job.cluster, action=job.action, job=job.pk)
        raise Http404("No such job.")
    if access.level(request.user, job.cluster) < at_least:
        raise Denied(f"This needs access level {at_least.name.lower()}.")
    return job


def draft(request: HttpRequest, action: str, cluster: Cluster, intent: Intent, key: str | None = None) -> Job:
    """Ask for a plan. The same key sent again, a double click or the back button, is the same job."""
    with refusals_recorded(request, action, cluster):
        # No page gives a key that a column would not take: it tells nothing.
        known = key if key and len(key) <= KEY and "\0" not in key else uuid.uuid4().hex
        return _draft(request, ACTIONS[action], cluster, intent, known)


def approve(request: HttpRequest, job: Job, reason: str = "", typed_name: str = "", password: str = "") -> Job:
    """Let a proposed plan run, once.

    1. Check the person, the plan's age and what its danger demands.
    2. In one transaction: access again, take the lock, move the inventory, write the audit entry.
    3. Ring for a worker when that is committed. What needs no node is done in the transaction itself.
    """
    job = Job.objects.select_related("cluster").get(pk=job.pk)
    with asked_of(request, job, reason) as action:
        if job.approved_at and job.approved_by == request.user.get_username():
            return job
        _expire_if_old(job)
        if job.plan is None or job.status != JobStatus.PROPOSED:
            raise not_waiting(job)
        plan = codec.load(Plan, job.plan)
        ceremony.check(request, plan, reason=reason, typed_name=typed_name, password=password)
        with transaction.atomic():
            admit(request, action, job, plan, reason.strip())
    job.refresh_from_db(from_queryset=Job.objects.defer("plan"))  # which is long, and stays as it was
    return job


def cancel(request: HttpRequest, job: Job) -> Job:
    """Call a job off: at once before it runs, after the running step when it does."""
    with asked_of(request, job) as action, transaction.atomic():
        line_up(job)
        text = _call_off(request, job)
        record(request, action, job, Outcome.CANCELLED, text)
    job.refresh_from_db()
    return job


def acknowledge(request: HttpRequest, job: Job, reason: str = "") -> Job:
    """Say that a job which did not succeed has been dealt with: it lets go of the cluster and of what it was about to make."""
    with asked_of(request, job, reason) as action, transaction.atomic():
        line_up(job)
        dealt = Job.objects.filter(
            pk=job.pk, status__in=[JobStatus.FAILED, JobStatus.INTERRUPTED, JobStatus.STALE, JobStatus.CANCELLED]
        )
        if dealt.filter(dealt_with_by="").update(dealt_with_by=request.user.get_username()):
            dealt.filter(status=JobStatus.INTERRUPTED).update(status=JobStatus.FAILED, ended_at=timezone.now())
            left = actions.give_back(job)
            record(request, action, job, Outcome.DONE, f"Dealt with job {job.pk}. {left}", reason=reason.strip())
        elif not dealt.exists():
            raise Refused(f"Job {job.pk} is {job.status}: there is nothing to deal with.")
    job.refresh_from_db()
    return job


def plan_again(request: HttpRequest, job: Job) -> Job:
    """Ask for a fresh plan of the same intent; what is done already will be left out of it. Asked twice, it is one job."""
    with asked_of(request, job) as action:
        if job.status not in PLANNABLE:
            raise Refused(f"Job {job.pk} is {job.status}; it cannot be planned again.")
        waiting = Job.objects.filter(cluster=job.cluster, action=job.action, status__in=WAITING, pk__gt=job.pk)
        if again := next((other for other in waiting if other.intent == job.intent), None):
            return again
        again = _draft(request, action, job.cluster, actions.intent_of(job), uuid.uuid4().hex)
        _replace([job.pk], again)
        return again


def expire() -> int:
    """Let proposals lapse that are too old to be approved; the sweeper calls it."""
    return Job.objects.filter(_too_old()).update(
        status=JobStatus.EXPIRED, ended_at=timezone.now(), problem=_EXPIRED, hint="Plan again."
    )


def _draft(request: HttpRequest, action: Action, cluster: Cluster, intent: Intent, key: str) -> Job:
    may(request, action, cluster)
    if not isinstance(intent, action.intent) or intent.cluster != cluster.slug:
        raise TypeError(f"{action.name} on {cluster} does not take {intent!r}")
    who = request.user.get_username()
    mine = Job.objects.filter(idempotency_key=key, created_by=who, cluster=cluster, action=action.name)
    if again := mine.first():
        return again
    stored = codec.dump(intent)
    _refuse_what_cannot_be(action, cluster, intent, stored)
    try:
        with transaction.atomic():
            if action.name == "cluster.provision":
                sealed.make_cluster_secrets(
                    cluster, cluster.nodes.filter(kind=Node.Kind.MEMBER).values_list("name", flat=True)
                )
            job = Job.objects.create(
                cluster=cluster,
                action=action.name,
                title=action.heading(cluster, intent),
                intent=stored,
                idempotency_key=key,
                created_by=who,
            )
            mine_open = Job.objects.filter(cluster=cluster, action=action.name, created_by=who, status__in=WAITING)
            _replace([old.pk for old in mine_open.exclude(pk=job.pk) if actions.same_object(job, old)], job)
            if action.in_panel:
                in_panel.propose(job)
            else:
                ring_on_commit("jobs.propose", job)
    except IntegrityError:
        if again := mine.first():
            return again
        raise Refused("This form was sent before.", "Open it again.") from None
    return job


def _replace(olds: list[int], job: Job) -> None:
    """Close proposals that `job` stands for now: of two that are open the wrong one would be approved some day."""
    Job.objects.filter(pk__in=olds, status__in=WAITING).update(
        status=JobStatus.EXPIRED, ended_at=timezone.now(), problem=f"Replaced by job {job.pk}.", hint=""
    )


def _refuse_what_cannot_be(action: Action, cluster: Cluster, intent: Intent, stored: dict[str, object]) -> None:
    held = holder(cluster)
    if held and not may_supersede(action, stored, held):
        raise held_by(held)
    if why := action.refuses(cluster, intent):
        raise Refused(why)
    unfinished = [name for name in inventory.half_made(cluster) if name != action.object(intent)]
    if unfinished and action.name not in ("cluster.forget", "cluster.provision"):
        raise Refused(
            f"A job on {cluster} stopped before {unfinished[0]} was finished.",
            "Plan that job again, or say that it has been dealt with.",
        )


def _call_off(request: HttpRequest, job: Job) -> str:
    now, who = timezone.now(), request.user.get_username()
    one = Job.objects.filter(pk=job.pk)
    if one.filter(status__in=WAITING).update(status=JobStatus.CANCELLED, ended_at=now, called_off_by=who):
        return f"Called off job {job.pk} before it was approved."
    if one.filter(status=JobStatus.QUEUED).update(
        status=JobStatus.CANCELLED, ended_at=now, dealt_with_by=who, called_off_by=who
    ):
        return f"Called off job {job.pk} before it began. {actions.give_back(job)}"
    if one.filter(status=JobStatus.RUNNING).update(cancel_requested=True, called_off_by=who):
        return f"Asked job {job.pk} to stop after the step that runs."
    raise Refused(f"Job {job.pk} is {one.get().status}; it cannot be called off any more.")


def _expire_if_old(job: Job) -> None:
    if Job.objects.filter(_too_old(), pk=job.pk).update(
        status=JobStatus.EXPIRED, ended_at=timezone.now(), problem=_EXPIRED, hint="Plan again."
    ):
        raise Refused(_EXPIRED, "Plan again: the nodes are read anew.")


_EXPIRED = f"This plan is older than {settings.PLAN_VALID_MINUTES} minutes."


def _too_old() -> Q:
    limit = timezone.now() - timedelta(minutes=settings.PLAN_VALID_MINUTES)
    return Q(status=JobStatus.PROPOSED, planned_at__lt=limit)
