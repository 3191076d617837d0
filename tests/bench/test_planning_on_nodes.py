"""Planning a pair in service again, on the lab's real nodes: round trips, and the panel's own time beside what the nodes take to answer."""

from __future__ import annotations

import json

import pytest

from tests.lab.conftest import bare_snapshot, in_service_kept, its_panel, lab_network, pair  # noqa: F401 - its fixtures
from tests.lab.panel import Panel

pytestmark = [pytest.mark.lab, pytest.mark.bench]
FIVE_TIMES = """
import json
from time import perf_counter
from clusters.models import Cluster
from provisioning.ha import BACKENDS
from provisioning.intents import ProvisionCluster
from provisioning.observing import observe
from provisioning.plans import provision
from provisioning.snapshot import desired_of
from provisioning.transport.choose import world_for
cluster, rows = Cluster.objects.get(), []
world = world_for(cluster)
read, reads = world.read, []
world.read = lambda node, commands: reads.append(node.name) or read(node, commands)
for _ in range(6):
    reads.clear()
    began = perf_counter()
    desired = desired_of(cluster)
    described = perf_counter()
    observed = observe(world, cluster, desired)
    answered = perf_counter()
    plan = provision.plan(ProvisionCluster(cluster.slug), desired, observed, BACKENDS[cluster.manager])
    done = perf_counter()
    todo = [step.title for step in plan.todo()]
    rows.append({"own": described - began + done - answered, "nodes": answered - described, "reads": sorted(reads), "todo": todo})
print(json.dumps(rows))
"""


@pytest.mark.usefixtures("pair")
def test_planning_again_is_one_round_trip_and_little_time(request: pytest.FixtureRequest) -> None:
    panel: Panel = request.getfixturevalue("its_panel")
    first, *rows = json.loads(panel.manage("shell", "-c", FIVE_TIMES).splitlines()[-1])
    for row in rows:
        print(
            f"panel {row['own'] * 1000:.0f} ms, nodes {row['nodes']:.1f} s, reads {row['reads']}, to do {row['todo']}",
            flush=True,
        )
    assert all(row["reads"] == ["alpha", "beta"] for row in (first, *rows))
    assert all(row["todo"] == [] for row in rows)
