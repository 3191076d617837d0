"""The doorbell is rung again for what waits too long; two sweeps at once ring once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clusters.states import JobStatus
from provisioning import sealed, sweeper
from provisioning.models import Inquiry, Job, SealedSecret
from tests.running.conftest import Pair, fresh
from tests.services import in_threads


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr(sweeper, "ring", lambda *args: heard.append(args) or True)
    return heard


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def test_a_queued_job_that_nobody_took(queued: Job, heard: list[tuple[object, ...]]) -> None:
    sweeper.sweep()
    assert heard == []
    Job.objects.filter(pk=queued.pk).update(approved_at=ago(16), sent_at=ago(16))
    sweeper.sweep()
    sweeper.sweep()
    assert heard == [("jobs.run", queued.pk)], "again after ten seconds at the earliest"
    Job.objects.filter(pk=queued.pk).update(sent_at=ago(11))
    sweeper.sweep()
    assert len(heard) == 2


def test_a_job_that_was_never_sent(queued: Job, heard: list[tuple[object, ...]]) -> None:
    Job.objects.filter(pk=queued.pk).update(approved_at=ago(16), sent_at=None)
    in_threads(lambda _: sweeper.sweep(), range(8), threads=8)
    assert heard == [("jobs.run", queued.pk)]


@pytest.mark.parametrize(("lease", "rings"), [(-1, 1), (10, 0)])
def test_a_running_job(queued: Job, heard: list[tuple[object, ...]], lease: int, rings: int) -> None:
    Job.objects.filter(pk=queued.pk).update(status=JobStatus.RUNNING, lease_until=ago(-lease), sent_at=ago(60))
    sweeper.sweep()
    assert heard == [("jobs.run", queued.pk)] * rings


def test_a_draft_without_a_plan(draft: Callable[[], Job], heard: list[tuple[object, ...]]) -> None:
    job = draft()
    sweeper.sweep()
    Job.objects.filter(pk=job.pk).update(created_at=ago(31), lease_until=ago(-20), sent_at=None)
    sweeper.sweep()
    assert heard == [], "somebody is at it"
    Job.objects.filter(pk=job.pk).update(lease_until=ago(1))
    sweeper.sweep()
    assert heard == [("jobs.propose", job.pk)]


def test_a_question_that_nobody_took(queued: Job, heard: list[tuple[object, ...]]) -> None:
    inquiry = Inquiry.objects.create(cluster=queued.cluster, kind=Inquiry.Kind.PREFLIGHT, asked_by="ada")
    sweeper.sweep()
    Inquiry.objects.filter(pk=inquiry.pk).update(asked_at=ago(16))
    sweeper.sweep()
    assert heard == [("jobs.inquire", inquiry.pk)]


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.CANCELLED, JobStatus.INTERRUPTED, JobStatus.FAILED])
def test_what_has_ended_is_left_alone(queued: Job, heard: list[tuple[object, ...]], status: JobStatus) -> None:
    Job.objects.filter(pk=queued.pk).update(status=status, approved_at=ago(999), lease_until=ago(999), sent_at=None)
    sweeper.sweep()
    assert heard == []


def test_old_proposals_lapse(
    draft: Callable[[], Job], pair: Pair, heard: list[tuple[object, ...]], settings: Any
) -> None:
    job = draft()
    old = ago(settings.PLAN_VALID_MINUTES * 60 + 1)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.PROPOSED, planned_at=old)
    sweeper.sweep()
    assert fresh(job).status == JobStatus.EXPIRED


def test_secrets_past_their_time_are_deleted(queued: Job, heard: list[tuple[object, ...]]) -> None:
    for name, seconds in (("old", 1), ("new", -60)):
        SealedSecret.objects.create(scope="panel", name=name, box=b"x", expires_at=ago(seconds))
    SealedSecret.objects.create(scope="panel", name=sealed.PANEL_SSH_KEY, box=b"x")
    sweeper.sweep()
    kept = SealedSecret.objects.filter(scope="panel").values_list("name", flat=True)
    assert sorted(kept) == ["new", sealed.PANEL_SSH_KEY]
