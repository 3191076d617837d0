"""What a person read of a plan still holds right before it runs, or nothing is run; who came meanwhile is kept in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from clusters import log
from clusters.findings import warning
from clusters.states import Danger, JobStatus
from provisioning import worker
from provisioning.models import Job
from provisioning.steps import FeltClient, Impact
from tests.running.conftest import Pair, approved, fresh
from tests.running.test_run import ALL, last_audit

FULL = warning("pool.fills", "The thin pool has used 71 %.", node="alice")
ONE = Impact("1 client: 10.0.0.9", "about 15 s", clients=(FeltClient("10.0.0.9", "4.2", 1, 0),))
TWO = replace(ONE, interrupted="2 clients", clients=(*ONE.clients, FeltClient("10.0.0.10", "4.2", 3, 1)))
NOBODY = Impact("nobody: no client is connected", "about 15 s")


def run_as(
    draft: Callable[[], Job], pair: Pair, *, danger: Danger, read: Impact, found: Impact, then: Danger | None = None
) -> Job:
    pair.danger, pair.impact = danger, read
    job = draft()
    worker.propose(job.pk)
    job.refresh_from_db()
    approved(job)
    pair.danger, pair.impact = then or danger, found
    worker.run(job.pk)
    return fresh(job)


def test_a_new_warning_is_stale(queued: Job, pair: Pair) -> None:
    pair.findings = (FULL,)
    worker.run(queued.pk)
    job = fresh(queued)
    assert job.status == JobStatus.STALE and pair.world.executed == []
    assert (
        job.problem
        == "Since the plan was made there is something to know: The thin pool has used 71 %. Nothing was run."
    )


def test_a_warning_that_was_read_may_change_its_figure(draft: Callable[[], Job], pair: Pair) -> None:
    pair.findings = (FULL,)
    job = draft()
    worker.propose(job.pk)
    job.refresh_from_db()
    approved(job)
    pair.findings = (replace(FULL, text="The thin pool has used 72 %."),)
    worker.run(job.pk)
    assert fresh(job).status == JobStatus.SUCCEEDED
    assert not last_audit().after


def test_a_second_warning_of_a_kind_is_stale(draft: Callable[[], Job], pair: Pair) -> None:
    pair.findings = (FULL,)
    job = draft()
    worker.propose(job.pk)
    job.refresh_from_db()
    approved(job)
    pair.findings = (FULL, replace(FULL, node="bob"))
    worker.run(job.pk)
    assert fresh(job).status == JobStatus.STALE and pair.world.executed == []


def test_more_danger_is_stale(draft: Callable[[], Job], pair: Pair) -> None:
    job = run_as(draft, pair, danger=Danger.NONE, read=Impact(), found=ONE, then=Danger.INTERRUPTS)
    assert job.status == JobStatus.STALE and pair.world.executed == []
    assert job.problem == "It would do more harm than the plan said: 1 client: 10.0.0.9. Nothing was run."


def test_the_first_client_is_stale(draft: Callable[[], Job], pair: Pair) -> None:
    job = run_as(draft, pair, danger=Danger.INTERRUPTS, read=NOBODY, found=TWO)
    assert job.status == JobStatus.STALE and pair.world.executed == []
    assert "now somebody would: 10.0.0.9 and 10.0.0.10. Nothing was run." in job.problem


def test_another_client_is_kept_with_the_outcome(draft: Callable[[], Job], pair: Pair) -> None:
    job = run_as(draft, pair, danger=Danger.INTERRUPTS, read=ONE, found=TWO)
    assert job.status == JobStatus.SUCCEEDED and pair.world.executed == ALL
    seen = log.opened(last_audit())
    assert seen.felt and [one["address"] for one in seen.felt["clients"]] == ["10.0.0.9", "10.0.0.10"]
    assert seen.diff == []


def test_the_same_clients_are_not_kept_twice(draft: Callable[[], Job], pair: Pair) -> None:
    job = run_as(draft, pair, danger=Danger.INTERRUPTS, read=TWO, found=ONE)
    assert job.status == JobStatus.SUCCEEDED and not last_audit().after
