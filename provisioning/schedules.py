"""What comes by schedule, through the same door as everybody: drafted, planned and run as the user “schedule”.

Nobody approves a run: whoever set the schedule approved every one of them, and the audit log says who that was. A run that cannot be made
now (a job has the lock, a person reads a plan) waits; one that must not be made says why on the volume's page and tries at its next time.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils import timezone

from clusters import waits
from clusters.findings import blockers
from clusters.states import JobStatus
from provisioning import actions, codec, jobs
from provisioning.models import Job
from provisioning.scheduled import KINDS, WHO, Kind, Schedule, no_longer_kept, zone
from provisioning.steps import Plan

log = logging.getLogger(__name__)
__all__ = ["no_longer_kept", "tick", "zone"]
AGAIN = timedelta(minutes=20)  # how long a run that lost its turn, or could not read a node, is tried again
TRIES = 3  # in that time
PAUSE = timedelta(minutes=1)  # before a node that could not be read is read again


def tick() -> None:
    """Start what is due, let planned runs run, and deal with those that ended badly. Safe to run twice at once."""
    for job in Job.objects.filter(action__in=KINDS, created_by=WHO, dealt_with_by="").select_related("cluster"):
        if job.status == JobStatus.PROPOSED:
            _let_run(job)
        elif job.status in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.STALE, JobStatus.EXPIRED):
            _deal_with(job)
    now = timezone.now()
    for action, kind in KINDS.items():
        for schedule in kind.due(now):
            if not waits.holder(schedule.volume.cluster):
                _start(action, kind, schedule, now)


def _start(action: str, kind: Kind, schedule: Schedule, now: datetime) -> None:
    due = schedule.next_run
    intent = kind.taken(schedule, now)
    if due is None or intent is None:
        return
    try:
        jobs.draft(_request(), action, schedule.volume.cluster, intent, key=kind.key(schedule, due))
    except jobs.Refused as refused:
        _say(kind, schedule, str(refused))


def _let_run(job: Job) -> None:
    """Approve a planned run, unless it holds a reason not to or somebody else has the pair."""
    kind, schedule = KINDS[job.action], _schedule(job)
    stops = blockers(codec.load(Plan, job.plan or {}).findings)
    if schedule is None or not schedule.enabled or stops:
        jobs.cancel(_request(), job)
        _dealt(job)
        if schedule is not None and stops:
            _say(kind, schedule, stops[0].text)
        return
    if jobs.holder(job.cluster) is not None:
        return  # after it; a plan that grew too old meanwhile is made again
    try:
        jobs.approve(_request(), job, reason=f"schedule set by {schedule.set_by or 'nobody known'}")
    except jobs.Refused as refused:
        log.info("%s: %s: %s", job.cluster.slug, job.title, refused)


def _deal_with(job: Job) -> None:
    kind, schedule = KINDS[job.action], _schedule(job)
    if schedule is not None and _may_try_again(job, schedule):
        if waits.holder(job.cluster) or _just_failed(job):
            return
        try:
            jobs.plan_again(_request(), job)
        except jobs.Refused as refused:
            _say(kind, schedule, str(refused))
    elif schedule is not None:
        _say(kind, schedule, job.problem or f"Job {job.pk} was {job.status}.")
    if job.status == JobStatus.EXPIRED:
        _dealt(job)
    else:
        jobs.acknowledge(_request(), job, reason="a run of a schedule; why it failed stands on the volume's page")


def _may_try_again(job: Job, schedule: Schedule) -> bool:
    """It lost its turn, or a node did not answer when it was planned: nothing ran. The next time may be a week away."""
    unplanned = job.status == JobStatus.FAILED and job.planned_at is None
    now = timezone.now()
    if job.status not in (JobStatus.STALE, JobStatus.EXPIRED) and not unplanned or now - job.created_at >= AGAIN:
        return False
    lately = Job.objects.filter(cluster=job.cluster, action=job.action, created_by=WHO, created_at__gt=now - AGAIN)
    return sum(_schedule(each) == schedule for each in lately.select_related("cluster")) < TRIES


def _just_failed(job: Job) -> bool:
    return job.status == JobStatus.FAILED and bool(job.ended_at and timezone.now() - job.ended_at < PAUSE)


def _schedule(job: Job) -> Schedule | None:
    return KINDS[job.action].of(actions.intent_of(job), job.cluster)


def _dealt(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(dealt_with_by=WHO)


def _say(kind: Kind, schedule: Schedule, why: str) -> None:
    log.warning("%s: no %s of %s: %s", schedule.volume.cluster.slug, kind.what, schedule.volume, why)
    kind.said(schedule, why)


def _request() -> HttpRequest:
    """What the door asks of a person: a user of nobody's, who may do this one thing and is never stored."""
    request: Any = HttpRequest()
    request.method = "POST"
    request.user = get_user_model()(username=WHO, is_superuser=True)
    request.request_id = WHO
    answer: HttpRequest = request
    return answer
