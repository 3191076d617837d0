"""The product's main road, through the pages alone: two bare simulated servers become a pair with a volume, an export, and one more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, Export, Node, Volume
from provisioning import worker
from provisioning.models import Inquiry, Job
from provisioning.monitor import sweep
from provisioning.monitor.record import record
from provisioning.render.paths import EXPORTS
from provisioning.simulator import store, world
from provisioning.snapshot import desired_of
from tests import factories
from tests.scenarios.stage import JumpingTime

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> JumpingTime:
    clock = JumpingTime()
    monkeypatch.setattr(world, "clock", clock)
    monkeypatch.setattr(sweep.time, "time", clock.now)
    return clock


def answer() -> None:
    """What a worker does when it is rung for."""
    for inquiry in Inquiry.objects.filter(status="queued").order_by("pk"):
        worker.inquire(inquiry.pk)


def run(client: Client, response: Any, **ceremony: str) -> Job:
    """Let the worker plan, read the page, approve, let the worker run."""
    job = Job.objects.order_by("pk").last()
    assert job and response["Location"] == f"/jobs/{job.pk}/"
    worker.propose(job.pk)
    page = client.get(f"/jobs/{job.pk}/")
    assert page.context["view"], job.problem
    assert not page.context["view"].blockers
    approved = client.post(f"/jobs/{job.pk}/approve/", ceremony)
    assert approved.status_code == 302, approved.content.decode()
    worker.run(job.pk)
    job.refresh_from_db()
    assert job.status == "succeeded", f"{job.problem} {job.hint}"
    assert "succeeded" in client.get(f"/jobs/{job.pk}/").content.decode()
    return job


def describe(client: Client) -> None:
    client.post("/new/", {"slug": "shop-files"})
    cluster = Cluster.objects.get()
    Cluster.objects.update(simulated=True)
    nodes = {"a-name": "alice", "a-ssh_host": "10.10.1.11", "b-name": "bob", "b-ssh_host": "10.10.1.12"}
    both = {f"{prefix}-{name}": value for prefix in "ab" for name, value in (("ssh_port", "22"), ("ssh_user", "root"))}
    assert client.post("/c/shop-files/draft/nodes/", nodes | both).status_code == 302
    answer()
    for node in Node.objects.all():
        client.post(f"/c/shop-files/nodes/{node.pk}/pin/", {"key": node.offered_host_key})
    answer()
    assert Node.objects.filter(key_installed=True).count() == 2
    client.post("/c/shop-files/draft/preflight/")
    answer()
    storage = client.get("/c/shop-files/draft/storage/").context["form"]
    typed = {name: storage[name].value() for name in storage.fields}
    assert client.post("/c/shop-files/draft/storage/", typed | {"size": "80", "unit": "GiB"}).status_code == 302
    service = client.get("/c/shop-files/draft/service/").context["form"]
    typed = {name: service[name].value() for name in service.fields}
    saved = client.post("/c/shop-files/draft/service/", typed | {"service_ip": "10.10.0.50", "keep_locks": "on"})
    assert saved.status_code == 302, saved.content.decode()
    volume = {"name": "shop", "size": "10", "unit": "GiB", "fstype": "xfs"}
    assert client.post("/c/shop-files/draft/volumes/?add=volume", volume).status_code == 302
    assert client.post("/c/shop-files/draft/volumes/?add=export", export_of("shop")).status_code == 302
    client.post("/c/shop-files/draft/preflight/")
    answer()
    assert client.get("/c/shop-files/draft/plan/").context["missing"] == []
    assert sorted(cluster.volumes.values_list("name", "inventory")) == [("nfs_state", "draft"), ("shop", "draft")]


def look(cluster: Cluster, clock: JumpingTime) -> None:
    """What the monitor does, in this thread."""
    desired = desired_of(cluster)
    answers = {node.name: sweep.read_node(cluster, node, desired) for node in cluster.nodes.order_by("position")}
    record(cluster, desired, answers, datetime.fromtimestamp(clock.at, UTC))


def export_of(volume: str) -> dict[str, str]:
    return {
        "volume": volume,
        "clients": "1",
        "c0-client": "10.10.0.0/24",
        "c0-access": "rw",
        "c0-squash": "root_squash",
        "c0-sync": "on",
    }


def test_it_works(ada_client: Client, clock: JumpingTime):
    describe(ada_client)
    typed = {"reason": "first set-up", "typed_name": "shop-files", "password": factories.PASSWORD}
    run(ada_client, ada_client.post("/c/shop-files/draft/plan/"), **typed)
    cluster = Cluster.objects.get()
    assert {cluster.inventory, *cluster.volumes.values_list("inventory", flat=True)} == {"present"}
    clock.at += 30
    look(cluster, clock)
    assert ada_client.get("/c/shop-files/volumes/new/").context["space"]["size"] > 79 * 2**30
    volume = {"name": "media", "size": "5", "unit": "GiB", "fstype": "ext4", "mount_options": "noatime"}
    run(ada_client, ada_client.post("/c/shop-files/volumes/new/", volume))
    run(ada_client, ada_client.post("/c/shop-files/exports/new/", export_of("media")))
    assert sorted(Volume.objects.values_list("name", flat=True)) == ["media", "nfs_state", "shop"]
    assert sorted(Export.objects.values_list("path", "fsid")) == [("/srv/media", 2), ("/srv/shop", 1)]
    with store.opened(cluster.pk) as pair:
        files = [
            file.text for machine in pair.machines.values() for path, file in machine.files.items() if path == EXPORTS
        ]
    assert len(files) == 2 and all("/srv/media 10.10.0.0/24(" in text and "fsid=2" in text for text in files)
