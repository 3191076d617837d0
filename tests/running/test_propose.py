"""A draft becomes a proposal, once, and only from what the nodes said now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clusters.states import JobStatus
from provisioning import codec, worker
from provisioning.models import Job
from provisioning.observed import NodeObserved
from provisioning.steps import Plan
from provisioning.transport.world import LoginRefused
from tests.running.conftest import Pair, fresh


def test_a_draft_is_planned_from_one_reading(draft: Callable[[], Job], pair: Pair) -> None:
    job = draft()
    worker.propose(job.pk)
    job = fresh(job)
    assert job.status == JobStatus.PROPOSED and job.planned_at and job.lease_until is None
    assert codec.load(Plan, job.plan).fingerprint() == job.fingerprint
    assert pair.readings == 1 and pair.world.executed == []


def test_a_second_message_does_nothing(draft: Callable[[], Job], pair: Pair) -> None:
    job = draft()
    for _ in range(3):
        worker.propose(job.pk)
    assert pair.readings == 1


def test_a_node_that_cannot_be_read(draft: Callable[[], Job], pair: Pair) -> None:
    pair.away = LoginRefused("bob", "it refused the login of user root")
    job = draft()
    worker.propose(job.pk)
    job = fresh(job)
    assert (job.status, job.problem) == (JobStatus.FAILED, "bob: it refused the login of user root")
    assert "public key" in job.hint


def test_a_draft_that_was_called_off_meanwhile_stays_so(
    draft: Callable[[], Job], pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = draft()

    def call_off(*_: object) -> dict[str, NodeObserved]:
        Job.objects.filter(pk=job.pk).update(status=JobStatus.CANCELLED)
        return pair.observe()

    monkeypatch.setattr(worker, "observe_each", call_off)
    worker.propose(job.pk)
    assert fresh(job).status == JobStatus.CANCELLED


def test_an_error_of_the_panel_ends_the_draft(draft: Callable[[], Job], pair: Pair) -> None:
    job = draft()
    worker.propose_failed(job.pk, ZeroDivisionError("division by zero"))
    job = fresh(job)
    assert job.status == JobStatus.FAILED and "division by zero" in job.problem


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.SUCCEEDED, JobStatus.PROPOSED])
def test_a_message_for_a_job_that_is_past_it(draft: Callable[[], Job], pair: Pair, status: JobStatus) -> None:
    job = draft()
    Job.objects.filter(pk=job.pk).update(status=status)
    worker.propose(job.pk)
    assert fresh(job).status == status and pair.readings == 0
