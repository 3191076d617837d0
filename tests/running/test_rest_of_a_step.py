"""A worker lost inside a step of several commands: only the rest runs, as a unit of its own, and the audit log tells both halves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from clusters.models import AuditEntry
from clusters.states import JobStatus
from provisioning import jobs, worker
from provisioning.models import Job
from provisioning.steps import Kind, Stage, Step, cmd
from provisioning.transport.world import Result, UnitKey
from tests.jobs.conftest import request_of
from tests.running.conftest import Pair, fresh

GROW, TELL = cmd("lvextend", "r0"), cmd("drbdadm", "resize", "r0")


def growing(*commands: object) -> tuple[Step, ...]:
    return (Step("bob", "Grow it", Kind.WRITES, Stage.TIDY, commands=commands),)  # type: ignore[arg-type]


@pytest.fixture
def half_done(draft: Callable[[], Job], pair: Pair) -> Job:
    """The first command of step 5 ran, the second failed, and the worker died before it could say so."""

    def die(unit: UnitKey) -> None:
        if unit.step == 5:
            raise KeyboardInterrupt

    pair.extra = growing(GROW, TELL)
    job = draft()
    worker.propose(job.pk)
    jobs.approve(request_of(get_user_model().objects.get(username="olga")), fresh(job))
    pair.world.answers[str(TELL)] = [Result(5, "", "busy\n"), Result(0, "")]
    pair.world.after_run = die
    with pytest.raises(KeyboardInterrupt):
        worker.run(job.pk)
    pair.world.after_run = lambda unit: None
    pair.extra = growing(TELL)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    return job


def test_the_rest_runs_and_is_not_taken_for_what_ran_before(half_done: Job, pair: Pair) -> None:
    worker.run(half_done.pk)
    assert fresh(half_done).status == JobStatus.SUCCEEDED
    assert pair.world.executed[-3:] == [f"bob$ {GROW}", f"bob$ {TELL}", f"bob$ {TELL}"]
    assert [row.exit for row in half_done.steps.get(number=5).commands.filter(command=str(TELL))] == [0]


def test_the_end_tells_what_both_workers_ran(half_done: Job) -> None:
    worker.run(half_done.pk)
    entry = AuditEntry.objects.get(job=half_done.pk, outcome=AuditEntry.Outcome.SUCCEEDED)
    assert [row["command"] for row in entry.commands if row["node"] == "bob"] == ["mkdir", str(GROW), str(TELL)]


def test_it_waits_for_the_unit_of_an_earlier_rest(half_done: Job, pair: Pair) -> None:
    pair.world.asked.clear()
    worker.run(half_done.pk)
    [waited] = [line for line in pair.world.asked if "still at" in line]
    assert waited == f"bob still at {half_done.pk}.5, {half_done.pk}.20005?"
