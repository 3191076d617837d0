"""A worker that sleeps through its lease and wakes up; a machine whose power goes. Both in the middle of a provisioning."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction

from clusters.models import AuditHead
from clusters.states import JobStatus
from provisioning.intents import ProvisionCluster
from provisioning.models import Job
from tests.faults.invariants import journal
from tests.faults.live import MOVING, LivePanel, begun, fresh, until
from tests.launcher.checkout import ROOT
from tests.scenarios.stage import draft_pair

pytestmark = pytest.mark.services


def provisioning(panel: LivePanel, slug: str) -> Job:
    job = panel.plan("cluster.provision", ProvisionCluster(draft_pair(slug).slug))
    assert panel.approve(job)[0] == 200
    return job


def carried_out(panel: LivePanel, job: Job) -> None:
    until(lambda: fresh(job).status not in MOVING, 120, f"job {job.pk} ends")
    assert job.status == JobStatus.SUCCEEDED, f"{job.status}: {job.problem} {job.hint}\n{panel.logs()}"
    assert panel.sound(job.cluster) == []


@contextmanager
def another_worker(panel: LivePanel) -> Iterator[None]:
    with (panel.var / "log" / "another.log").open("wb") as log:
        argv = (sys.executable, "-m", "storagepanel.launcher.parts", "jobs")
        worker = subprocess.Popen(argv, cwd=ROOT, env=panel.installation.env, stdout=log, stderr=log)
        try:
            yield
        finally:
            worker.kill()
            worker.wait(10)


def stopped_between_transactions(pid: int) -> None:
    """Stop the worker where it does not hold the whole database, which SQLite would give to nobody else."""
    for _ in range(50):
        os.kill(pid, signal.SIGSTOP)
        try:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout=300")
            with transaction.atomic():
                AuditHead.objects.filter(pk=0).update(sequence=0)
            return
        except OperationalError:
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError("it never let go of the database")


def test_a_worker_that_slept_finds_its_claim_taken(panel: LivePanel) -> None:
    job = provisioning(panel, "sleeping-worker")
    until(lambda: begun(job) >= 5, 60, "the job begins")
    sleeper = panel.pid("jobs")
    stopped_between_transactions(sleeper)
    try:
        with another_worker(panel):
            carried_out(panel, job)
            assert job.claim > 1
            did = journal(job.cluster)
            os.kill(sleeper, signal.SIGCONT)
            time.sleep(3)
            assert journal(job.cluster) == did, "it did nothing when it woke up"
    finally:
        os.kill(sleeper, signal.SIGCONT)
    assert (fresh(job).status, panel.pid("jobs")) == (JobStatus.SUCCEEDED, sleeper)
    assert panel.sound(job.cluster) == []


def processes(var: Path) -> list[int]:
    """Everything that was started for this var directory, the launcher and supervisor included."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environ, command = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        mine = f"PANEL_VAR={var}".encode() in environ.split(b"\0") or f"{var}/".encode() in command
        if mine and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def test_the_power_goes_and_comes_back(panel: LivePanel) -> None:
    dice = random.Random(45)
    job = provisioning(panel, "power-cut")
    keys = {path.name: path.read_bytes() for path in (panel.var / "keys").iterdir()}
    for point in (dice.randint(4, 15), dice.randint(20, 30)):
        until(lambda: begun(job) >= point, 90, f"step {point} begins")  # noqa: B023 - called at once
        connection.close()
        for pid in processes(panel.var):
            with contextlib.suppress(ProcessLookupError):  # it ended with its parent
                os.kill(pid, signal.SIGKILL)
        until(lambda: not processes(panel.var), 10, "everything is gone")
        panel.installation.up()
        panel.whole()
    carried_out(panel, job)
    assert job.claim > 1
    assert {path.name: path.read_bytes() for path in (panel.var / "keys").iterdir()} == keys
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone() == ("ok",)
