"""The NFS server is stopped for a while: whatever ends a job then, it is not left so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from clusters.findings import blocker
from clusters.states import JobStatus
from provisioning import jobs, worker
from provisioning.models import Job
from provisioning.plans.parts.pausing import NFS, paused
from provisioning.steps import Kind, Stage, Step, cmd
from provisioning.transport.world import UnitKey, Unreachable
from tests.jobs.conftest import request_of
from tests.running.conftest import Pair, fresh
from tests.running.test_back_on_both import carried

__all__ = ["carried"]
BACK = cmd("bring", "it", "back")


def step(title: str, *argv: str) -> Step:
    return Step("bob", title, Kind.WRITES, Stage.TIDY, commands=(cmd(*argv),), if_it_fails=BACK)


STOP, CHECK = step("Stop it", "systemctl", "stop", NFS), step("Check it", "e2fsck")
START, LAST = step("Start it", "systemctl", "start", NFS), step("Tell it", "tell")
STEPS = (STOP, CHECK, START, LAST)


@pytest.mark.parametrize(
    ("done", "is_paused"), [(0, False), (1, True), (2, True), (3, False), (4, False)], ids=["0", "1", "2", "3", "4"]
)
def test_from_stop_to_start(done: int, is_paused: bool) -> None:
    assert paused(STEPS[:done], STEPS[done:]) is is_paused


def test_another_service_is_none_of_its_business() -> None:
    assert not paused([step("Stop", "systemctl", "stop", "heartbeat.service")], [START])
    assert not paused([STOP], [LAST])


def test_a_job_is_called_off_only_when_the_server_runs_again(carried: Callable[..., Job], pair: Pair) -> None:
    def call_off(unit: UnitKey) -> None:
        if unit.step == 5:  # the stop: four steps of the fixture's own come before it, one of them waits
            Job.objects.update(cancel_requested=True)

    pair.world.after_run = call_off
    job = carried(*STEPS)
    assert job.status == JobStatus.CANCELLED
    ran = [line for line in pair.world.executed if line.startswith("bob$")]
    assert ran[-3:] == [f"bob$ systemctl stop {NFS}", "bob$ e2fsck", f"bob$ systemctl start {NFS}"]


@pytest.mark.parametrize("why", ["silent", "blocked", "other"])
def test_a_job_that_lost_its_worker_there_and_cannot_go_on_starts_it_again(
    draft: Callable[[], Job], pair: Pair, why: str
) -> None:
    def die(unit: UnitKey) -> None:
        if unit.step == 6:
            raise KeyboardInterrupt

    pair.extra = STEPS
    job = draft()
    worker.propose(job.pk)
    jobs.approve(request_of(get_user_model().objects.get(username="olga")), fresh(job))
    pair.world.after_run = die
    with pytest.raises(KeyboardInterrupt):
        worker.run(job.pk)
    pair.world.after_run = lambda unit: None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    pair.extra = (CHECK, START, LAST)
    if why == "silent":
        pair.away = Unreachable("alice", "no answer")
    if why == "blocked":
        pair.findings = (blocker("volume.gone", "There is no volume.", hint="Look."),)
    if why == "other":
        pair.extra = (step("Something else", "else"),)
    worker.run(job.pk)
    assert pair.world.executed[-1] == f"bob$ {BACK}"
    assert "The NFS server was started again, if the service is still there." in fresh(job).problem
