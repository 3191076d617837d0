"""Approved rows become jobs, one after the other on each pair, through the same door as everybody, in the name of who approved them.

A row whose plan holds a blocker, or would interrupt or destroy anything, is not run: that is nothing to approve unseen. One whose plan warns of
what did not stand at the row waits for a person. After a row that
stopped half way the rest of that pair's rows are left alone. Rows of other pairs go on. A batch that somebody stops begins nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Min
from django.http import HttpRequest

from clusters import allocation, audit, waits
from clusters.findings import blockers, warned
from clusters.models import AuditEntry, Cluster
from clusters.states import Danger, JobStatus
from provisioning import codec, jobs
from provisioning.actions import ACTIONS
from provisioning.intents import PublishExport
from provisioning.models import Batch, BatchRow, Job
from provisioning.planned import INTERRUPTS, was_read
from provisioning.steps import Plan

log = logging.getLogger(__name__)
Status = BatchRow.Status


def approve(batch: Batch, cluster: Cluster, rows: Sequence[BatchRow], who: str) -> None:
    """Keep a pair's rows, once: those with an intent will run, those with a problem are kept with it."""
    with transaction.atomic():
        Cluster.objects.select_for_update(no_key=True).get(pk=cluster.pk)
        if BatchRow.objects.filter(batch=batch, cluster=cluster).exists():
            return
        for row in rows:
            row.batch, row.cluster, row.approved_by = batch, cluster, who
            row.status = Status.WAITING if row.intent else Status.NOT_RUN
        BatchRow.objects.bulk_create(rows)


@transaction.atomic
def stop(request: HttpRequest, batch: Batch) -> int:
    """Let nothing of the batch begin any more; what runs on a node ends. Returns how many rows are not done by it."""
    who = request.user.get_username()
    goes_on = batch.rows.filter(status__in=(Status.WAITING, Status.RUNNING), stopped_by="")
    keys = list(goes_on.values_list("pk", flat=True))
    stopped = BatchRow.objects.filter(pk__in=keys)
    why = f"Not tried: {who} stopped the batch before its turn."
    stopped.filter(status=Status.WAITING).update(status=Status.LEFT, stopped_by=who, problem=why)
    stopped.filter(status=Status.RUNNING).update(stopped_by=who)
    told: dict[Cluster, tuple[list[int], list[int]]] = {}
    for row in stopped.filter(stopped_by=who).select_related("cluster"):
        told.setdefault(row.cluster, ([], []))[row.status != Status.LEFT].append(row.number)
    for cluster in sorted(told, key=lambda cluster: cluster.slug):
        _tell_stop(request, batch, cluster, *told[cluster])
    return sum(len(left) for left, _ in told.values())


def _tell_stop(request: HttpRequest, batch: Batch, cluster: Cluster, left: list[int], begun: list[int]) -> None:
    text = f"Batch {batch.pk} of {batch.kind} stopped: {len(left)} of its rows on {cluster} were not tried"
    audit.record(
        request=request, action="batch.stop", text=text, outcome=AuditEntry.Outcome.DONE, cluster=cluster, object=f"batch {batch.pk}",
        after={"lines_not_tried": left, "lines_under_way": begun},
    )  # fmt: skip


def tick() -> None:
    """Carry on every batch by one move on each pair. Safe to run twice at once: the door makes one job of one key."""
    for row in BatchRow.objects.filter(status=Status.RUNNING).select_related("job__cluster", "cluster", "batch"):
        _follow(row)
    busy = BatchRow.objects.filter(status=Status.RUNNING).values("cluster")
    firsts = (
        BatchRow.objects.filter(status=Status.WAITING)
        .exclude(cluster__in=busy)
        .order_by()
        .values("cluster")
        .annotate(first=Min("pk"))
    )
    for row in BatchRow.objects.filter(pk__in=[each["first"] for each in firsts]).select_related("cluster", "batch"):
        if not waits.holder(row.cluster):
            _start(row)


def _start(row: BatchRow) -> None:
    if not BatchRow.objects.filter(pk=row.pk, status=Status.WAITING).exists():
        return  # stopped since it was looked up
    action = ACTIONS[row.batch.action]
    intent: Any = codec.load(action.intent, row.intent or {})
    if isinstance(intent, PublishExport):  # the number is given when it is its turn
        intent = replace(intent, export=replace(intent.export, fsid=allocation.fsid(row.cluster)))
    try:
        job = jobs.draft(_request(row), action.name, row.cluster, intent, key=f"batch-{row.batch_id}-{row.number}")
    except (jobs.Refused, PermissionDenied) as refused:
        _end(row, Status.NOT_RUN, str(refused))
        return
    if not BatchRow.objects.filter(pk=row.pk, status=Status.WAITING).update(status=Status.RUNNING, job=job):
        jobs.cancel(_request(row), job)


def _follow(row: BatchRow) -> None:
    job = row.job
    if job is None:
        _end(row, Status.FAILED, "Its job is gone.")
    elif row.stopped_by and job.status in (JobStatus.DRAFTING, JobStatus.PROPOSED):
        jobs.cancel(_request(row), job)
        _end(row, Status.LEFT, f"Planned, and not run: {row.stopped_by} stopped the batch.")
    elif job.status == JobStatus.PROPOSED:
        _let_run(row, job)
    elif job.status == JobStatus.SUCCEEDED:
        _end(row, Status.DONE, "")
    elif job.status in (
        JobStatus.FAILED,
        JobStatus.INTERRUPTED,
        JobStatus.CANCELLED,
        JobStatus.STALE,
        JobStatus.EXPIRED,
    ):
        _end(row, Status.FAILED if _ran(job) else Status.NOT_RUN, job.problem or f"Job {job.pk} was {job.status}.")
        if job.approved_at is not None:
            rest = BatchRow.objects.filter(batch=row.batch, cluster=row.cluster, status=Status.WAITING)
            rest.update(status=Status.LEFT, problem=f"Not tried: job {job.pk} of line {row.number} was {job.status}.")


def _ran(job: Job) -> bool:
    """Whether anything of it may have run: one that nobody approved, or that was called off or grown stale before it began, did not."""
    return job.approved_at is not None and job.status in (JobStatus.FAILED, JobStatus.INTERRUPTED)


def _let_run(row: BatchRow, job: Job) -> None:
    plan = codec.load(Plan, job.plan or {})
    stops = blockers(plan.findings)
    if stops or plan.danger is not Danger.NONE:
        jobs.cancel(_request(row), job)
        why = stops[0].text if stops else INTERRUPTS
        _end(row, Status.NOT_RUN, why)
    elif unseen := [finding for finding in warned(plan.findings) if not was_read(finding, row.shown)]:
        why = f"Its plan says what was not known when it was approved: {unseen[0].text} Read the plan, and run it or cancel it."
        BatchRow.objects.filter(pk=row.pk, status=Status.RUNNING).exclude(problem=why).update(problem=why)
    elif not waits.holder(row.cluster, but=job.pk):
        try:
            with transaction.atomic():
                if not _goes_on(row):
                    return  # stopped this moment: the next move calls its job off
                jobs.approve(_request(row), job, reason=f"line {row.number} of batch {row.batch_id}")
        except (jobs.Refused, PermissionDenied) as refused:
            _end(row, Status.NOT_RUN, str(refused))


def _goes_on(row: BatchRow) -> bool:
    """Whether nobody has stopped it; holds whoever stops it back until this has been settled."""
    return BatchRow.objects.filter(pk=row.pk, status=Status.RUNNING, stopped_by="").update(status=Status.RUNNING) == 1


def _end(row: BatchRow, status: str, problem: str) -> None:
    if problem:
        log.info("%s: line %s of batch %s: %s", row.cluster.slug, row.number, row.batch_id, problem)
    BatchRow.objects.filter(pk=row.pk, status__in=(Status.WAITING, Status.RUNNING)).update(
        status=status, problem=problem
    )


def _request(row: BatchRow) -> HttpRequest:
    """What the door asks of a person: who approved the rows, with what they may do now. Nobody of that name may do nothing."""
    request: Any = HttpRequest()
    request.method = "POST"
    people = get_user_model()
    request.user = people.objects.filter(username=row.approved_by).first() or people(
        username=row.approved_by, is_active=False
    )
    request.request_id = f"batch-{row.batch_id}"
    answer: HttpRequest = request
    return answer
