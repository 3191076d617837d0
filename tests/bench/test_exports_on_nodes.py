"""Adding an export to the running pair, on the lab's real nodes: from the approval to its being served and seen from outside.

The panel's own time is what is left when the nodes' answers are taken off: the reading before it starts (one round trip to each; what planning
costs beside it is in `test_planning_on_nodes.py`), and commands and looks as they were timed one by one.
"""

from __future__ import annotations

import json
import os
import statistics

import pytest

from tests.lab import clients, machines
from tests.lab.conftest import bare_snapshot, in_service_kept, its_panel, lab_network, on_call, pair  # noqa: F401 - its fixtures
from tests.lab.panel import Panel
from tests.lab.places import MACHINES, SERVICE_IP
from tests.lab.setting_up import approve
from tests.lab.walk import Walk

pytestmark = [pytest.mark.lab, pytest.mark.bench]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
LAST = """
import json
from provisioning.models import Job
job = Job.objects.filter(status="succeeded").latest("pk")
steps = list(job.steps.exclude(started_at=None).order_by("started_at"))
lines = [line.seconds or 0 for step in steps for line in step.commands.all()]
print(json.dumps({"all": (job.ended_at - job.approved_at).total_seconds(), "nodes": sum(lines), "lines": len(lines),
    "again": (steps[0].started_at - job.started_at).total_seconds()}))
"""


@pytest.mark.usefixtures("pair")
def test_an_export_is_served_soon_after_its_approval(request: pytest.FixtureRequest) -> None:
    walk: Walk = request.getfixturevalue("on_call")
    panel: Panel = request.getfixturevalue("its_panel")
    own: list[float] = []
    clients.mount()
    for number in range(ROUNDS):
        machines.run("alpha", f"mkdir -p /srv/homes/dir{number}")
        walk.go("/c/lab-files/exports/new/")
        walk.fill(volume="homes", directory=f"dir{number}", c0__client=MACHINES["client"].lan)
        walk.send("c0__client", to="/jobs/")
        approve(walk, f"export {number}", 180)
        told = json.loads(panel.manage("shell", "-c", LAST).splitlines()[-1])
        own.append(told["all"] - told["nodes"] - told["again"])
        print(
            f"approved to served {told['all']:.1f} s: both nodes read again and planned {told['again']:.1f} s,"
            f" {told['lines']} commands and looks {told['nodes']:.1f} s, own {own[-1]:.1f} s",
            flush=True,
        )
        machines.run(
            "client",
            f"mkdir -p /mnt/d && mount -t nfs4 {SERVICE_IP}:/srv/homes/dir{number} /mnt/d && umount /mnt/d",
            timeout=60,
        )
    print(f"own time, median of {ROUNDS}: {statistics.median(own):.1f} s")
