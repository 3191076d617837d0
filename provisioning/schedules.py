"""Snapshots by schedule, through the same door as everybody: drafted, planned and run as the user “schedule”.

Nobody approves a run: whoever set the schedule approved every one of them, and the audit log says who that was. A run that cannot be made
now (a job has the lock, a person reads a plan) waits; one that must not be made says why on the volume's page and tries at its next time.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from clusters import snapshots
from clusters.findings import blockers
from clusters.models import Cluster, Snapshot, SnapshotSchedule
from clusters.retention import Keeps, kept, next_run
from clusters.states import ENDED, Inventory, JobStatus
from provisioning import actions, codec, jobs
from provisioning.desired import DesiredSnapshot
from provisioning.intents import KeepSnapshots
from provisioning.models import Job
from provisioning.steps import Plan

log = logging.getLogger(__name__)
WHO = "schedule"
ACTION = "snapshot.keep"
READING = timedelta(minutes=5)  # a plan that somebody asked for so long ago is not taken away by a run
AGAIN = timedelta(minutes=20)  # how long a run that lost its turn is tried again


def tick() -> None:
    """Start what is due, let planned runs run, and deal with those that ended badly. Safe to run twice at once."""
    for job in Job.objects.filter(action=ACTION, created_by=WHO, dealt_with_by="").select_related("cluster"):
        if job.status == JobStatus.PROPOSED:
            _let_run(job)
        elif job.status in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.STALE, JobStatus.EXPIRED):
            _deal_with(job)
    now = timezone.now()
    due = SnapshotSchedule.objects.filter(enabled=True, next_run__lte=now, volume__inventory=Inventory.PRESENT)
    for schedule in due.filter(volume__cluster__inventory=Inventory.PRESENT).select_related("volume__cluster"):
        if not _busy(schedule.volume.cluster):
            _start(schedule, now)


def zone() -> ZoneInfo:
    return ZoneInfo(settings.DISPLAY_TIME_ZONE)


def keeps(schedule: SnapshotSchedule) -> Keeps:
    return Keeps(schedule.hourly, schedule.daily, schedule.weekly)


def no_longer_kept(schedule: SnapshotSchedule, now: datetime) -> tuple[str, ...]:
    """Name the snapshots this schedule made that it lets go once there is one of now. One that somebody opened stays."""
    rows = list(Snapshot.objects.filter(schedule=schedule, inventory=Inventory.PRESENT))
    stay = kept([now, *(row.created_at for row in rows)], keeps(schedule), zone())
    return tuple(row.name for row in rows if row.created_at not in stay and row.fsid is None)


def _start(schedule: SnapshotSchedule, now: datetime) -> None:
    due = schedule.next_run
    if due is None or not snapshots.due_at(schedule, next_run(now, keeps(schedule), zone())):
        return
    volume = schedule.volume
    name = f"auto-{now:%Y%m%d-%H%M}"
    take = DesiredSnapshot(volume.name, name, f"{volume.name}-{name}", schedule.size, scheduled=True)
    intent = KeepSnapshots(volume.cluster.slug, take, no_longer_kept(schedule, now), schedule.pk)
    try:
        jobs.draft(_request(), ACTION, volume.cluster, intent, key=f"{WHO}-{schedule.pk}-{due.isoformat()}")
    except jobs.Refused as refused:
        _say(schedule, str(refused))


def _let_run(job: Job) -> None:
    """Approve a planned run, unless it holds a reason not to or somebody else has the pair."""
    schedule = _schedule(job)
    stops = blockers(codec.load(Plan, job.plan or {}).findings)
    if schedule is None or not schedule.enabled or stops:
        jobs.cancel(_request(), job)
        _dealt(job)
        if schedule is not None and stops:
            _say(schedule, stops[0].text)
        return
    if jobs.holder(job.cluster) is not None:
        return  # after it; a plan that grew too old meanwhile is made again
    try:
        jobs.approve(_request(), job, reason=f"schedule set by {schedule.set_by or 'nobody known'}")
    except jobs.Refused as refused:
        log.info("%s: %s: %s", job.cluster.slug, job.title, refused)


def _deal_with(job: Job) -> None:
    schedule = _schedule(job)
    lost_its_turn = job.status in (JobStatus.STALE, JobStatus.EXPIRED)
    if schedule is not None and lost_its_turn and timezone.now() - job.created_at < AGAIN:
        if _busy(job.cluster):
            return
        try:
            jobs.plan_again(_request(), job)
        except jobs.Refused as refused:
            _say(schedule, str(refused))
    elif schedule is not None:
        _say(schedule, job.problem or f"Job {job.pk} was {job.status}.")
    if job.status == JobStatus.EXPIRED:
        _dealt(job)
    else:
        jobs.acknowledge(_request(), job, reason="a run of a schedule; why it failed stands on the volume's page")


def _busy(cluster: Cluster) -> bool:
    """A job has the lock, or a person has asked for a plan lately and may be reading it: approving another would take it away."""
    if jobs.holder(cluster) is not None:
        return True
    lately = Job.objects.filter(cluster=cluster, created_at__gte=timezone.now() - READING).exclude(status__in=ENDED)
    return lately.filter(Q(status=JobStatus.PROPOSED) | Q(status=JobStatus.DRAFTING)).exists()


def _schedule(job: Job) -> SnapshotSchedule | None:
    intent = actions.intent_of(job)
    pk = intent.schedule if isinstance(intent, KeepSnapshots) else 0
    return SnapshotSchedule.objects.filter(pk=pk, volume__cluster=job.cluster).first()


def _dealt(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(dealt_with_by=WHO)


def _say(schedule: SnapshotSchedule, why: str) -> None:
    log.warning("%s: no snapshot of %s: %s", schedule.volume.cluster.slug, schedule.volume, why)
    snapshots.said(schedule, why)


def _request() -> HttpRequest:
    """What the door asks of a person: a user of nobody's, who may do this one thing and is never stored."""
    request: Any = HttpRequest()
    request.method = "POST"
    request.user = get_user_model()(username=WHO, is_superuser=True)
    request.request_id = WHO
    answer: HttpRequest = request
    return answer
