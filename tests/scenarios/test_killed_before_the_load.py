"""A worker that dies when a step's files are written and not yet loaded: the next one loads them, and the job goes on."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.states import JobStatus
from provisioning.render.paths import WHOLE_MESSAGES
from provisioning.simulator.world import SimulatedWorld
from tests.scenarios.stage import Stage, WorkerKilled
from tests.scenarios.test_scenarios import stage

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["stage"]


def test_what_was_written_is_loaded_by_the_next_worker(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    put = SimulatedWorld.put

    def put_and_die(world: SimulatedWorld, node: Any, path: str, *given: Any, **named: Any) -> str | None:
        kept = put(world, node, path, *given, **named)
        if path == WHOLE_MESSAGES:
            monkeypatch.setattr(SimulatedWorld, "put", put)
            raise WorkerKilled
        return kept

    monkeypatch.setattr(SimulatedWorld, "put", put_and_die)
    stage.do_provision()
    assert SimulatedWorld.put is put, "nobody died"
    stage.clock.at += 17
    stage.do_lapse()
    assert stage.job
    stage.job.refresh_from_db()
    assert stage.job.status == JobStatus.SUCCEEDED, stage.job.problem
    loads = stage.job.steps.filter(commands__command=WHOLE_MESSAGES, commands__kind="run")
    assert sorted(loads.values_list("node_name", flat=True)) == ["alice", "bob"]
