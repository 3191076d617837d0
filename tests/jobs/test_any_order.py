"""Whatever people and workers do in whatever order: one lock, honest inventory rows, every approval in a log that verifies."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from django.db.models import Count

from clusters import audit
from clusters.models import AuditEntry, Cluster, Volume
from clusters.states import LOCKING, Inventory, JobStatus
from provisioning import actions, jobs
from provisioning.models import Job, JobStep
from tests.jobs.conftest import end, propose, request_of, volume_intent

pytestmark = pytest.mark.django_db

WAITING = (JobStatus.DRAFTING, JobStatus.PROPOSED)
STOPPED = (JobStatus.FAILED, JobStatus.INTERRUPTED, JobStatus.STALE, JobStatus.CANCELLED)


def sensible(job: Job | None) -> tuple[str, ...]:
    """What is likely to be tried next; the door must hold whatever it is."""
    if job is None or job.status == JobStatus.SUCCEEDED:
        return ("go", "draft")
    if job.status in WAITING:
        return ("propose", "approve", "approve", "cancel", "draft")
    if job.status in LOCKING - {JobStatus.INTERRUPTED}:
        return ("step", "step", "fail", "interrupt", "succeed", "cancel", "stale", "go", "approve")
    return ("retry", "retry", "acknowledge", "again", "go", "cancel", "draft")


def move(verb: str, person: Any, cluster: Cluster, job: Job | None, name: str) -> None:
    if verb in ("draft", "go") or job is None:
        made = jobs.draft(request_of(person), "volume.create", cluster, volume_intent(name))
        if verb == "go":
            jobs.approve(request_of(person), propose(made))
        return
    held = job.status in (JobStatus.QUEUED, JobStatus.RUNNING)
    match verb:
        case "propose" if job.status == JobStatus.DRAFTING:
            propose(job)
        case "approve":
            jobs.approve(request_of(person), job)
        case "cancel":
            jobs.cancel(request_of(person), job)
        case "acknowledge":
            jobs.acknowledge(request_of(person), job)
        case "again":
            jobs.plan_again(request_of(person), job)
        case "retry":
            again = jobs.plan_again(request_of(person), job)
            jobs.approve(request_of(person), propose(again) if again.status == JobStatus.DRAFTING else again)
        case "step" if held:
            Job.objects.filter(pk=job.pk).update(status=JobStatus.RUNNING)
            number = job.steps.count() + 1
            JobStep.objects.create(
                job=job, number=number, node_name="alice", title="x", kind="writes", digest="0", status="done"
            )
        case "succeed" if held:
            actions.settle(end(job, JobStatus.SUCCEEDED))
        case "fail" | "interrupt" if held:
            end(job, JobStatus.FAILED if verb == "fail" else JobStatus.INTERRUPTED)
        case "stale" if held and not job.steps.exists():
            actions.give_back_untouched(end(job, JobStatus.STALE))


def check() -> None:
    assert Job.objects.filter(status__in=LOCKING).count() <= 1
    approved = Job.objects.filter(approved_at__isnull=False)
    for volume in Volume.objects.filter(name__in=["shop", "mail"]):
        owners = [job for job in approved if job.intent["volume"]["name"] == volume.name]
        if volume.inventory == Inventory.CREATING:
            assert any(job.status in LOCKING or (job.status in STOPPED and not job.dealt_with_by) for job in owners)
        if volume.inventory == Inventory.PRESENT:
            assert any(job.status == JobStatus.SUCCEEDED for job in owners)
    touched = {
        job.intent["volume"]["name"] for job in approved.filter(steps__isnull=False).exclude(status=JobStatus.SUCCEEDED)
    }
    assert touched <= set(Volume.objects.values_list("name", flat=True)), "what is on a node has a row"
    requested = AuditEntry.objects.filter(outcome="requested").values("job").annotate(times=Count("pk"))
    assert {(row["job"], row["times"]) for row in requested} == {(job.pk, 1) for job in approved}


@pytest.mark.parametrize("seed", range(20))
def test_it_holds_in_any_order(ada: Any, olga: Any, web_files: Cluster, seed: int) -> None:
    chance = Random(seed)
    for _ in range(25):
        rows = list(Job.objects.all()[:3])
        job = chance.choice([*rows[:1], *rows]) if rows else None
        try:
            move(
                chance.choice(sensible(job)),
                chance.choice((ada, olga)),
                web_files,
                job,
                chance.choice(("shop", "shop", "mail")),
            )
        except jobs.Refused as refused:
            assert refused.message
        check()
    assert audit.verify() == []
