"""A worker that dies at any moment of a provisioning: before a command, after it, between effect and row. Twenty times in one job."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from clusters.states import JobStatus
from provisioning import doorbell, jobs, worker
from provisioning.intents import ProvisionCluster
from provisioning.models import Job
from provisioning.simulator import world
from tests import factories
from tests.faults import invariants
from tests.scenarios.stage import JumpingTime, WorkerKilled, draft_pair, request_of

KILLS = 20
SEEDS = range(3)


@contextmanager
def dies_at(point: int, after: bool) -> Iterator[None]:
    """Let the worker die at its `point`th word with the database: before it is said, or after it was heard."""
    said = 0

    def say(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal said
        said += 1
        if said == point and not after:
            raise WorkerKilled
        answer = execute(sql, params, many, context)
        if said == point:
            raise WorkerKilled
        return answer

    try:
        with connection.execute_wrapper(say):
            yield
    finally:
        connection.close()  # as the end of a process does: what was not committed is gone


def approved_job(ada: Any) -> Job:
    cluster = draft_pair()
    job = jobs.draft(request_of(ada), "cluster.provision", cluster, ProvisionCluster(cluster.slug))
    worker.propose(job.pk)
    job.refresh_from_db()
    return jobs.approve(request_of(ada), job, reason="fault", typed_name=cluster.slug, password=factories.PASSWORD)


@pytest.fixture(autouse=True)
def _surroundings(transactional_db: None, worker_keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "clock", JumpingTime())
    monkeypatch.setattr(doorbell, "ring", lambda *_: True)


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_deaths_in_one_provisioning(ada: Any, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    job = approved_job(ada)
    world.clock.at = datetime.now(UTC).timestamp()  # type: ignore[attr-defined]  # audit entries have real times
    deaths = 0
    while Job.objects.get(pk=job.pk).status in (JobStatus.QUEUED, JobStatus.RUNNING):
        Job.objects.filter(pk=job.pk).update(lease_until=datetime(2000, 1, 1, tzinfo=UTC))
        if deaths == KILLS:
            worker.run(job.pk)
            continue
        try:
            with dies_at(dice.randint(3, 90), after=dice.random() < 0.5):
                worker.run(job.pk)
        except WorkerKilled:
            deaths += 1

    job.refresh_from_db()
    assert job.status == JobStatus.SUCCEEDED, f"after {deaths} deaths: {job.problem} {job.hint}"
    assert deaths == KILLS and job.claim <= KILLS + 1
    assert invariants.broken(job.cluster) == []
    again = jobs.draft(request_of(ada), "cluster.provision", job.cluster, ProvisionCluster(job.cluster.slug))
    worker.propose(again.pk)
    again.refresh_from_db()
    assert [step["title"] for step in again.plan["steps"] if not step["unchanged"]] == []
