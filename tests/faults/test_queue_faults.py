"""The queue is only a doorbell: it may restart, forget everything, hang, say things twice or say nonsense."""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import threading
import time
import uuid
from typing import Any

import pytest
import redis

from clusters.models import Cluster
from clusters.states import JobStatus
from provisioning import doorbell, jobs
from provisioning.desired import DesiredVolume
from provisioning.intents import CreateVolume, ProvisionCluster
from provisioning.models import Job
from tests.faults.invariants import journal
from tests.faults.live import MOVING, Browser, LivePanel, begun, fresh, until
from tests.scenarios.stage import GIB, draft_pair, request_of

pytestmark = pytest.mark.services


def provisioning(panel: LivePanel, slug: str) -> Job:
    """A provisioning that has been approved and has begun."""
    job = panel.plan("cluster.provision", ProvisionCluster(draft_pair(slug).slug))
    assert panel.approve(job)[0] == 200
    until(lambda: begun(job) >= 3, 60, "the job begins")
    return job


def carried_out(panel: LivePanel, job: Job) -> None:
    until(lambda: fresh(job).status not in MOVING, 120, f"job {job.pk} ends")
    assert job.status == JobStatus.SUCCEEDED, f"{job.status}: {job.problem} {job.hint}\n{panel.logs()}"
    assert panel.sound(job.cluster) == []


def volume(name: str) -> CreateVolume:
    return CreateVolume("web-files", DesiredVolume(name, GIB, "ext4", f"/srv/{name}"))


def test_redis_restarts_forgets_and_hangs_in_the_middle_of_a_job(panel: LivePanel) -> None:
    job = provisioning(panel, "redis-faults")
    browser = Browser(panel.installation.address, "ada")
    redis.Redis(unix_socket_path=str(panel.redis)).flushall()
    panel.restart("redis")

    hung = panel.kill("redis", signal.SIGSTOP)
    try:
        waited = []
        for path in ("/", f"/jobs/{job.pk}/", "/healthz/", "/"):
            began = time.monotonic()
            assert browser.get(path)[0] == 200
            waited.append(time.monotonic() - began)
        began = time.monotonic()
        pair = Cluster.objects.get(slug="web-files")
        drafted = jobs.draft(request_of(panel.ada), "volume.create", pair, volume("hung"))
        waited.append(time.monotonic() - began)
        time.sleep(15 - min(15, sum(waited)))
    finally:
        os.kill(hung, signal.SIGCONT)
    print("while Redis hung:", [round(seconds, 2) for seconds in waited])
    assert max(waited) < 4.5

    carried_out(panel, job)
    assert job.claim == 1, "the worker went on by itself"
    until(lambda: fresh(drafted).status == JobStatus.PROPOSED, 60, "what was asked for meanwhile is planned")


def test_a_message_that_comes_ten_times(panel: LivePanel) -> None:
    job = provisioning(panel, "ten-times")
    threads = [threading.Thread(target=doorbell.ring, args=("jobs.run", job.pk)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    carried_out(panel, job)
    did = len(journal(job.cluster))
    for _ in range(10):
        assert doorbell.ring("jobs.run", job.pk)
    client = redis.Redis(unix_socket_path=str(panel.redis))
    until(lambda: client.llen("jobs") == 0, 20, "all are taken")
    time.sleep(1)
    assert (fresh(job).status, job.claim, len(journal(job.cluster))) == (JobStatus.SUCCEEDED, 1, did)
    assert panel.sound(job.cluster) == []


def message(body: bytes, content_type: str, task: str = "jobs.run") -> bytes:
    """What Celery puts in a list of Redis."""
    headers = {"lang": "py", "task": task, "id": str(uuid.uuid4()), "argsrepr": "()", "kwargsrepr": "{}"}
    properties = {
        "correlation_id": headers["id"], "delivery_mode": 2, "delivery_tag": str(uuid.uuid4()), "priority": 0,
        "delivery_info": {"exchange": "", "routing_key": "jobs"}, "body_encoding": "base64",
    }  # fmt: skip
    return json.dumps({
        "body": base64.b64encode(body).decode(), "content-encoding": "binary", "content-type": content_type,
        "headers": headers, "properties": properties,
    }).encode()  # fmt: skip


class Canary:
    """Unpickled, it makes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def test_poisoned_messages_leave_the_worker_alive(panel: LivePanel, tmp_path: Any) -> None:
    canary = tmp_path / "canary"
    client = redis.Redis(unix_socket_path=str(panel.redis))
    worker = panel.pid("jobs")
    args = json.dumps([[1], {}, {}]).encode()
    for poison in (
        b"{not json",
        b"[1, 2]",
        b'{"body": 7}',
        message(b"{not json", "application/json"),
        message(pickle.dumps(Canary(str(canary))), "application/x-python-serialize"),
        message(args, "application/json", task="jobs.no_such_task"),
        message(json.dumps([["no number"], {}, {}]).encode(), "application/json"),
        message(json.dumps([[1, 2, 3], {}, {}]).encode(), "application/json"),
    ):
        client.lpush("jobs", poison)
    until(lambda: client.llen("jobs") == 0, 20, "all are taken")
    job = panel.plan("volume.create", volume("after_poison"))
    assert job.status == JobStatus.PROPOSED
    assert not canary.exists()
    assert panel.pid("jobs") == worker, panel.logs()


def test_every_page_that_asks_for_work_works_without_a_queue(panel: LivePanel) -> None:
    """The queue is gone when a plan is approved: the page answers, and the job runs when it is back."""
    job = panel.plan("volume.create", volume("no_queue"))
    browser = Browser(panel.installation.address, "ada")
    hung = panel.kill("redis", signal.SIGSTOP)
    try:
        began = time.monotonic()
        status, _ = panel.approve_as(browser, job)
        took = time.monotonic() - began
        assert (status, fresh(job).status) == (200, JobStatus.QUEUED)
    finally:
        os.kill(hung, signal.SIGCONT)
    assert took < 9, "two pages: the answer to the form and the job's"
    carried_out(panel, job)
