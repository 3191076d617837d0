"""Volumes and then exports from CSV, on simulated machines: sent, approved once, and run to their end without anybody."""

from __future__ import annotations

from typing import Any

from django.test import Client

from clusters.models import Cluster
from clusters.states import Inventory, JobStatus
from provisioning import batches, worker
from provisioning.intents import ProvisionCluster
from provisioning.models import Batch, Job
from provisioning.monitor import sweep
from tests.enrolment.conftest import worker_key  # noqa: F401 - a fixture
from tests.whole.test_simulated_pair import _no_broker, ada_asks, carry_out, draft, enrol, take_interfaces  # noqa: F401 - fixtures


def carry_on(moves: int) -> None:
    """What beat and the jobs worker do meanwhile."""
    for _ in range(moves):
        batches.tick()
        for job in Job.objects.filter(status__in=(JobStatus.DRAFTING, JobStatus.QUEUED)):
            (worker.propose if job.status == JobStatus.DRAFTING else worker.run)(job.pk)


def add(client: Client, kind: str, text: str) -> list[tuple[int, str, str]]:
    assert client.post(f"/{kind}/import/", {"text": text}).status_code == 302
    batch = Batch.objects.latest("pk")
    for asked in batch.inquiries.all():
        worker.inquire(asked.pk)
    [group] = client.get(batch.get_absolute_url()).context["shown"].groups
    for line in group.lines:
        assert (
            line.plan is None
            or f"Line {line.number}" in client.get(f"/batches/{batch.pk}/lines/{line.number}/").content.decode()
        )
    approved = {"cluster": "web-files", "shown": group.shown, "plans": group.planned.key}
    assert client.post(f"/batches/{batch.pk}/approve/", approved).status_code == 302
    carry_on(8)
    assert client.get(batch.get_absolute_url()).status_code == 200
    return list(batch.rows.values_list("number", "status", "problem"))


def test_volumes_and_exports_from_csv(draft: Cluster, ada_asks: Any, client: Client) -> None:  # noqa: F811
    enrol(draft)
    take_interfaces(draft)
    carry_out(ada_asks, draft, "cluster.provision", ProvisionCluster("web-files"))
    client.force_login(ada_asks.user)
    sweep.sweep_cluster(draft.pk)  # the page says that the second copy is still being made

    rows = add(
        client,
        "volumes",
        "cluster,name,size,fstype\nweb-files,one,1 GiB,xfs\nweb-files,two,2 GiB,ext4\nweb-files,no,900 TiB,xfs\n",
    )
    assert [(number, status) for number, status, _ in rows] == [(2, "done"), (3, "done"), (4, "not run")], rows
    assert draft.volumes.filter(name__in=("one", "two"), inventory=Inventory.PRESENT).count() == 2

    rows = add(
        client,
        "exports",
        "cluster,volume,path,clients\nweb-files,one,,10.10.0.0/24\nweb-files,two,/srv/two/a,10.10.0.7(ro)\n",
    )
    assert [(number, status) for number, status, _ in rows] == [(2, "done"), (3, "done")], rows
    served = draft.exports.filter(inventory=Inventory.PRESENT)
    assert {"/srv/one", "/srv/two/a"} <= {export.path for export in served}
    assert len({export.fsid for export in served}) == len(served)
