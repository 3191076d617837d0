"""kill -9 of every part of a running panel at random points of a provisioning: no job and no entry lost, no step done twice.

Four times each, so that it ends within minutes; PANEL_KILLS_OF_EACH=20 is for a run by hand.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from clusters.states import JobStatus
from provisioning.intents import ProvisionCluster
from tests.faults.live import MOVING, PARTS, LivePanel, Resumes, begun, fresh, spread
from tests.scenarios.stage import draft_pair

pytestmark = pytest.mark.services
KILLS_OF_EACH = int(os.environ.get("PANEL_KILLS_OF_EACH", "4"))


def test_many_kills_in_one_provisioning(panel: LivePanel) -> None:
    dice = random.Random(2)
    cluster = draft_pair("killed-parts")
    job = panel.plan("cluster.provision", ProvisionCluster(cluster.slug))
    assert job.plan
    steps = sum(1 for step in job.plan["steps"] if not step["unchanged"])
    victims = dice.sample(PARTS * KILLS_OF_EACH, k=len(PARTS) * KILLS_OF_EACH)
    points = spread(dice, len(victims), steps)
    assert panel.approve(job)[0] == 200
    resumes = Resumes(job)

    deadline = time.monotonic() + 60 * KILLS_OF_EACH
    while fresh(job).status in MOVING and time.monotonic() < deadline:
        resumes.look()
        if victims and begun(job) >= points[0]:
            time.sleep(dice.uniform(0, 0.3))
            (resumes.lost if victims[0] == "jobs" else resumes.later)()
            panel.kill(victims.pop(0))
            points.pop(0)
        time.sleep(0.05)

    print(f"kills {len(panel.killed)}, resumed {[round(t, 1) for t in resumes.times]} s, claims {job.claim}")
    assert job.status == JobStatus.SUCCEEDED, f"{job.status}: {job.problem} {job.hint}\n{panel.logs()}"
    assert len(panel.killed) >= 20 and job.claim > 1  # of more, a quick job does not wait for all
    panel.whole()
    assert panel.sound(cluster) == []
    again = panel.plan("cluster.provision", ProvisionCluster(cluster.slug))
    assert [step["title"] for step in again.plan["steps"] if not step["unchanged"]] == []  # type: ignore[index]
    assert max(resumes.times) < 90  # 17 s on a quiet machine
