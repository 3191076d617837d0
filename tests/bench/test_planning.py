"""Planning an unchanged pair again: its round trips, and the panel's own time. Prints figures; asserts nothing on seconds.

pytest tests/bench/test_planning.py -m bench -s

The pair is simulated. What its nodes answered is kept and given again at once, so that only the panel's time is measured.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from django.http import HttpRequest

from clusters.models import Cluster
from clusters.states import JobStatus
from provisioning import jobs, worker
from provisioning.intents import ProvisionCluster
from provisioning.models import Job
from provisioning.steps import Command
from provisioning.transport.choose import world_for
from provisioning.transport.world import NodeAddress, Result
from tests.whole.test_simulated_pair import (  # noqa: F401 - its fixtures
    _no_broker,
    ada_asks,
    carry_out,
    draft,
    enrol,
    take_interfaces,
    worker_key,
)

pytestmark = pytest.mark.bench

RUNS = 11


class Remembering:
    """Reads each node once and counts how often it is asked; a plan that wants more than to read fails here."""

    def __init__(self, cluster: Cluster) -> None:
        self.world = world_for(cluster)
        self.time = self.world.time  # type: ignore[attr-defined]
        self.trips: Counter[str] = Counter()
        self.kept: dict[tuple[str, tuple[Command, ...]], list[Result]] = {}

    def read(self, node: NodeAddress, commands: Sequence[Command]) -> list[Result]:
        self.trips[node.name] += 1
        asked = (node.name, tuple(commands))
        if asked not in self.kept:
            self.kept[asked] = self.world.read(node, commands)
        return self.kept[asked]


def test_planning(
    draft: Cluster,  # noqa: F811
    ada_asks: HttpRequest,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    enrol(draft)
    take_interfaces(draft)
    carry_out(ada_asks, draft, "cluster.provision", ProvisionCluster("web-files"))
    draft.refresh_from_db()
    nodes = Remembering(draft)
    monkeypatch.setattr(worker, "world_for", lambda cluster: nodes)
    plan(draft, ada_asks)
    times, cpu = [], []
    for _ in range(RUNS):
        nodes.trips.clear()
        began, idle = time.perf_counter(), time.process_time()
        job = plan(draft, ada_asks)
        times.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - idle) * 1000)
        assert [step["title"] for step in job.plan["steps"] if not step["unchanged"]] == []
        assert set(nodes.trips) == {"alice", "bob"}
        assert max(nodes.trips.values()) <= 2
    commands = max(len(asked) for _, asked in nodes.kept)
    with capsys.disabled():
        print(f"\nround trips    {max(nodes.trips.values())} a node, {commands} commands in it")
        print(f"steps          0 to run, {len(job.plan['steps'])} seen to be done already")
        print(f"panel's time   {statistics.median(times):.0f} ms p50, {max(times):.0f} ms worst of {RUNS}")
        print(f"of it CPU      {statistics.median(cpu):.0f} ms p50, from the door to the stored plan")


def plan(cluster: Cluster, request: Any) -> Job:
    job = jobs.draft(request, "cluster.provision", cluster, ProvisionCluster(cluster.slug))
    worker.propose(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.PROPOSED, job.problem
    return job
