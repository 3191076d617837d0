"""Setting a pair up through the panel, against the same commands in one shell script over SSH: on the lab's real nodes, in turns.

BENCH_ROUNDS=5 ./panel test --lab tests/bench/test_provisioning.py
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import statistics
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from provisioning import codec
from provisioning.steps import Plan
from tests.lab import by_hand, in_service, machines, network
from tests.lab.conftest import bare_snapshot, in_service_kept, lab_network  # noqa: F401 - its fixtures
from tests.lab.panel import Panel, panel_up
from tests.lab.places import EVERY, SNAPSHOT
from tests.lab.setting_up import ADMIN_PASSWORD, USERS, give_approval, sign_in
from tests.lab.walk import Walk, walking

pytestmark = [pytest.mark.lab, pytest.mark.bench]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
DRAFT_AGAIN = """
from clusters.models import Cluster
from clusters import inventory
cluster = Cluster.objects.get()
cluster.inventory = "draft"
cluster.save()
cluster.volumes.update(inventory="draft")
cluster.exports.update(inventory="draft")
"""
LAST_PLAN = """
import base64, json
from provisioning.models import Job
from provisioning.unseal import open_secret
from provisioning import codec
from provisioning.steps import Plan
job = Job.objects.get(action="cluster.provision", status="succeeded", pk=max(Job.objects.values_list("pk", flat=True)))
plan = codec.load(Plan, job.plan)
names = {name for step in plan.steps for file in step.files for name in file.content.secret_names}
secrets = {name: base64.b64encode(open_secret(name, cluster=job.cluster)).decode() for name in names}
seconds = (job.ended_at - job.started_at).total_seconds()
print(json.dumps({"plan": job.plan, "secrets": secrets, "seconds": seconds}))
"""


@pytest.mark.usefixtures("in_service_kept")
def test_the_panel_takes_hardly_longer_than_a_script(tmp_path: Path) -> None:
    ratios: list[float] = []
    for number in range(ROUNDS):
        with panel_up(tmp_path / f"var{number}", in_service.ARCHIVE) as panel:
            panel.manage("shell", "-c", DRAFT_AGAIN)
            bare_pair()
            let_in(panel)
            with walking(panel.address, tmp_path / f"pictures{number}") as walk:
                set_up_again(walk)
            wait_for_the_job(panel)
            told = json.loads(panel.manage("shell", "-c", LAST_PLAN).splitlines()[-1])
        secrets = {name: base64.b64decode(value) for name, value in told["secrets"].items()}
        path = tmp_path / f"script{number}.sh"
        path.write_text(by_hand.script(codec.load(Plan, told["plan"]), secrets))
        bare_pair()
        began = time.monotonic()
        subprocess.run(["sh", str(path)], check=True, timeout=1800)
        by_script = time.monotonic() - began
        ratios.append(told["seconds"] / by_script)
        print(f"panel {told['seconds']:.1f} s, script {by_script:.1f} s, ratio {ratios[-1]:.2f}", flush=True)
        machines.until("the script's pair serves", lambda: in_service.serves("alpha"), 60, 2)
    print(f"median ratio of {ROUNDS}: {statistics.median(ratios):.2f}")
    machines.cut_power(*EVERY)


def bare_pair() -> None:
    machines.load(SNAPSHOT, EVERY)
    network.observe()


def let_in(panel: Panel) -> None:
    """The panel's key, as it was before the snapshot of the pair in service."""
    line = panel.manage("panel_keys").splitlines()[-1]
    for name, user in USERS.items():
        home = "/root" if user == "root" else f"/home/{user}"
        machines.run(name, f"install -d -m 700 -o {user} {home}/.ssh && echo '{line}' >>{home}/.ssh/authorized_keys")


def set_up_again(walk: Walk) -> None:
    sign_in(walk)
    walk.go("/c/lab-files/draft/preflight/")
    walk.press(walk.page.locator("main form.formend"))
    walk.until("both nodes read", "Disks of beta", 120, instead_of="could not be read")
    walk.go("/c/lab-files/draft/plan/")
    walk.press(walk.page.locator("main form.ceremony"), to="/jobs/")
    give_approval(walk, "set-up", reason="bench", typed_name="lab-files", password=ADMIN_PASSWORD)


def wait_for_the_job(panel: Panel) -> None:
    """By then the browser is closed: a person's is on another machine, here it would take from the nodes' two cores."""
    with closing(sqlite3.connect(f"file:{panel.var}/panel.sqlite3?mode=ro", uri=True)) as database:
        status = "SELECT status FROM provisioning_job ORDER BY id DESC LIMIT 1"
        ended = ("succeeded", "failed", "interrupted", "stale", "cancelled")
        machines.until("the job has ended", lambda: database.execute(status).fetchone()[0] in ended, 1800, 1)
