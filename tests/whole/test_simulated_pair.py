"""From a draft to a mounted export on a simulated pair: the door, the worker, the planners and the simulator together."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest

from clusters.models import Backing, Cluster, Node, Resource
from clusters.states import AccessLevel, Inventory, JobStatus
from provisioning import doorbell, enrolment, jobs, preflight, sealed, worker
from provisioning.desired import DesiredExport, DesiredVolume, ExportClient
from provisioning.intents import CreateVolume, Intent, ProvisionCluster, PublishExport
from provisioning.models import Inquiry, Job
from provisioning.simulator import world
from tests import factories
from tests.enrolment.conftest import ask, worker_key  # noqa: F401 - a fixture
from tests.jobs.conftest import request_of

GIB = 1024**3


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", lambda *args: True)
    monkeypatch.setattr(world, "COMMAND_SECONDS", 0.0)


@pytest.fixture
def ada_asks(transactional_db: None) -> HttpRequest:
    return request_of(factories.make_user("ada", AccessLevel.ADMIN))


@pytest.fixture
def draft(transactional_db: None, worker_key: None) -> Cluster:  # noqa: F811
    """Two bare simulated machines as the draft's form leaves them."""
    sealed.make_panel_key()
    cluster = Cluster.objects.create(
        slug="web-files", simulated=True, service_ip="10.10.0.50", first_source="alice", created_by="ada"
    )
    for number, name in enumerate(("alice", "bob"), start=1):
        node = Node.objects.create(
            cluster=cluster, name=name, position=number - 1, ssh_host=f"10.10.1.{10 + number}",
            replication_address=f"10.10.8.{number}", service_address=f"10.10.0.{10 + number}",
        )  # fmt: skip
        Backing.objects.create(
            node=node, disk="/dev/vdb", disk_serial=f"S-{name}-1", disk_size=100 * GIB, vg="vg_local", lv="r0",
            size=80 * GIB,
        )  # fmt: skip
    Resource.objects.create(cluster=cluster)
    factories.make_volume(cluster, "web_files", inventory=Inventory.DRAFT)
    return cluster


def enrol(cluster: Cluster) -> None:
    for node in cluster.nodes.all():
        answer(ask(cluster, Inquiry.Kind.HOST_KEY, node.name))
        node.refresh_from_db()
        node.host_key = node.offered_host_key
        node.save()
        answer(ask(cluster, Inquiry.Kind.INSTALL_KEY, node.name))


def answer(inquiry: Inquiry) -> Inquiry:
    enrolment.inquire(inquiry.pk)
    inquiry.refresh_from_db()
    assert inquiry.status == Inquiry.Status.DONE, f"{inquiry.problem} {inquiry.hint}"
    return inquiry


def take_interfaces(cluster: Cluster) -> None:
    """What the form fills in from the preflight."""
    found = preflight.load(answer(ask(cluster, Inquiry.Kind.PREFLIGHT)).result)
    assert found
    for node in cluster.nodes.all():
        seen = found.node(node.name)
        assert seen and seen.interfaces
        named = {a.split("/")[0]: i.name for i in seen.interfaces for a in i.addresses}
        node.replication_interface = named[node.replication_address]
        node.service_interface = named[node.service_address]
        node.save()


def carry_out(request: HttpRequest, cluster: Cluster, action: str, intent: Intent) -> Job:
    job = jobs.draft(request, action, cluster, intent)
    worker.propose(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.PROPOSED, job.problem
    jobs.approve(request, job, reason="wanted", typed_name=job.plan["typed_name"], password=factories.PASSWORD)
    worker.run(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.SUCCEEDED, f"{job.problem} {[(s.title, s.status, s.note) for s in job.steps.all()]}"
    return job


def test_provision_then_volume_then_export(draft: Cluster, ada_asks: Any) -> None:
    enrol(draft)
    take_interfaces(draft)
    carry_out(ada_asks, draft, "cluster.provision", ProvisionCluster("web-files"))
    draft.refresh_from_db()
    assert draft.inventory == Inventory.PRESENT

    volume = DesiredVolume("shop", 5 * GIB, "xfs", "/srv/shop")
    carry_out(ada_asks, draft, "volume.create", CreateVolume("web-files", volume))
    export = DesiredExport("/srv/shop", 7, (ExportClient("10.10.0.0/24"),), "shop")
    job = carry_out(ada_asks, draft, "export.publish", PublishExport("web-files", export))
    assert draft.exports.get(path="/srv/shop").inventory == Inventory.PRESENT

    again = jobs.draft(ada_asks, "cluster.provision", draft, ProvisionCluster("web-files"))
    worker.propose(again.pk)
    again.refresh_from_db()
    assert [step["title"] for step in again.plan["steps"] if not step["unchanged"]] == []
    assert job.claim == 1
