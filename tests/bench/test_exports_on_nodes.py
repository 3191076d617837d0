"""Adding an export to the running pair, on the lab's real nodes: from the approval to its being served and seen from outside.

The panel's own time is what is left when the nodes' answers are taken off: the reading before it starts (one round trip to each; what planning
costs beside it is in `test_planning_on_nodes.py`), and commands and looks as they were timed one by one.
"""

from __future__ import annotations

import json
import os
import statistics

import pytest

from provisioning.render.paths import EXPORTS
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


FILL = """
import json
from clusters.models import Export, ExportClient, Volume
from provisioning.render import nfs
from provisioning.snapshot import desired_of
volume = Volume.objects.get(name="homes")
first = max(Export.objects.values_list("fsid", flat=True)) + 1
have = volume.cluster.exports.count()
rows = Export.objects.bulk_create(
    Export(cluster=volume.cluster, volume=volume, path=f"{volume.mount_point}/{n:04}", fsid=first + n, inventory="present") for n in range(%d - have))
options = ExportClient.objects.filter(export__fsid__lt=first).first().options
ExportClient.objects.bulk_create(ExportClient(export=row, client="192.168.77.0/24", options=options) for row in rows)
print(json.dumps({"file": str(nfs.exports(desired_of(volume.cluster)).content), "paths": [row.path for row in rows]}))
"""


def one_more(walk: Walk, panel: Panel, number: int) -> float:
    """Publish one and mount it; the panel's own seconds between the approval and its being served."""
    machines.run("alpha", f"mkdir -p /srv/homes/dir{number}")
    walk.go("/c/lab-files/exports/new/")
    walk.fill(volume="homes", directory=f"dir{number}", c0__client=MACHINES["client"].lan)
    walk.send("c0__client", to="/jobs/")
    approve(walk, f"export {number}", 300)
    told = json.loads(panel.manage("shell", "-c", LAST).splitlines()[-1])
    own: float = told["all"] - told["nodes"] - told["again"]
    print(
        f"approved to served {told['all']:.1f} s: both nodes read again and planned {told['again']:.1f} s,"
        f" {told['lines']} commands and looks {told['nodes']:.1f} s, own {own:.1f} s",
        flush=True,
    )
    machines.run(
        "client",
        f"mkdir -p /mnt/d && mount -t nfs4 {SERVICE_IP}:/srv/homes/dir{number} /mnt/d && umount /mnt/d",
        timeout=60,
    )
    return own


def fill(panel: Panel, count: int) -> None:
    """Rows, files and running table of a pair that serves so many."""
    told = json.loads(panel.manage("shell", "-c", FILL % count).splitlines()[-1])
    machines.run("alpha", "xargs mkdir -p <<'END'\n" + "\n".join(told["paths"]) + "\nEND", timeout=120)
    for name in ("beta", "alpha"):
        machines.run(name, f"cat >{EXPORTS} <<'END'\n{told['file'].rstrip()}\nEND", timeout=60)
    machines.run("alpha", "exportfs -r", timeout=120)


@pytest.mark.usefixtures("pair")
def test_an_export_is_served_soon_after_its_approval(request: pytest.FixtureRequest) -> None:
    walk: Walk = request.getfixturevalue("on_call")
    panel: Panel = request.getfixturevalue("its_panel")
    clients.mount()
    own = [one_more(walk, panel, number) for number in range(ROUNDS)]
    print(f"own time, median of {ROUNDS}: {statistics.median(own):.1f} s")
    fill(panel, 999)
    own = [one_more(walk, panel, number) for number in range(ROUNDS, 2 * ROUNDS)]
    print(f"the same with 1,000 exports: {statistics.median(own):.1f} s")
    walk.go("/c/lab-files/")
    walk.until("nothing is wrong", "Redundant. A failover now would work", 180)
    walk.picture("a-thousand-exports")
