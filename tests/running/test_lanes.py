"""Both nodes work at the same time where neither needs the other; a lane that breaks off lets the other finish its step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.contrib.auth import get_user_model

from clusters.states import JobStatus
from provisioning import jobs, worker
from provisioning.lanes import lanes
from provisioning.models import Job, JobStep
from provisioning.steps import Kind, Stage, Step, cmd
from provisioning.transport.world import Result, UnitKey
from tests.jobs.conftest import request_of
from tests.running.conftest import Pair, fresh, steps_of


def step(node: str, stage: Stage, program: str) -> Step:
    return Step(node, f"Run {program}", Kind.WRITES, stage, commands=(cmd(program),))


INSTALL = (
    step("alice", Stage.PACKAGES, "fetch-a"), step("alice", Stage.PACKAGES, "set-up-a"),
    step("bob", Stage.PACKAGES, "fetch-b"), step("bob", Stage.PACKAGES, "set-up-b"),
)  # fmt: skip


def approved(draft: Callable[[], Job]) -> Job:
    job = draft()
    worker.propose(job.pk)
    job.refresh_from_db()
    return jobs.approve(request_of(get_user_model().objects.get(username="olga")), job)


def test_only_stages_without_ties_get_lanes() -> None:
    plan = [*INSTALL, step("bob", Stage.LIVE, "x"), step("alice", Stage.LIVE, "y"), step("bob", Stage.START, "z")]
    found = [[[number for number, _ in lane] for lane in group] for group in lanes(list(enumerate(plan, 1)))]
    assert found == [[[1, 2], [3, 4]], [[5, 6]], [[7]]]


def test_both_nodes_work_at_the_same_time(pair: Pair, draft: Callable[[], Job]) -> None:
    pair.world.side_by_side = True
    together = threading.Barrier(2, timeout=10)
    pair.world.before_run = lambda unit: together.wait() if unit.step in (5, 7) else None
    pair.extra = INSTALL
    job = approved(draft)
    worker.run(job.pk)
    assert (fresh(job).status, steps_of(job)) == (JobStatus.SUCCEEDED, ["done"] * 8)
    ran = pair.world.executed[3:]
    assert [line for line in ran if "alice" in line] == ["alice$ fetch-a", "alice$ set-up-a"]
    assert [line for line in ran if "bob" in line] == ["bob$ fetch-b", "bob$ set-up-b"]


def test_a_lane_that_breaks_off_lets_the_other_finish_its_step(pair: Pair, draft: Callable[[], Job]) -> None:
    pair.world.side_by_side = True
    pair.extra = INSTALL

    def before(unit: UnitKey) -> None:
        if unit.step != 7:
            return
        for _ in range(200):  # bob's first step ends only after alice's lane broke off
            if JobStep.objects.filter(number=5, status=JobStep.Status.FAILED).exists():
                time.sleep(2)  # until its lane has said so, on a busy machine too
                return
            time.sleep(0.05)

    pair.world.before_run = before
    pair.world.answers["fetch-a"].append(Result(1, "", "no space"))
    job = approved(draft)
    worker.run(job.pk)
    assert fresh(job).status == JobStatus.FAILED
    assert "no space" in fresh(job).problem
    assert "bob$ fetch-b" in pair.world.executed
    assert "bob$ set-up-b" not in pair.world.executed
