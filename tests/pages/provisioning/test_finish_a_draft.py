"""Finishing a draft: its first volumes and exports, what it lacks, the job it becomes; and leaving it meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, Resource, Volume
from clusters.states import JobStatus
from provisioning.models import Job
from tests.pages.provisioning.conftest import SERVICE, STORAGE

pytestmark = pytest.mark.django_db
URL = "/c/shop-files/draft/"


def page(response: Any) -> str:
    return response.content.decode()


def test_volumes_and_exports_are_added_and_taken_out(complete: Cluster, ada_client: Client):
    ada_client.post(URL + "volumes/?add=volume", {"name": "web", "size": "10", "unit": "GiB", "fstype": "xfs"})
    volume = Volume.objects.get()
    assert (volume.mount_point, volume.size, volume.inventory) == ("/srv/web", 10 * 2**30, "draft")
    export = {
        "volume": "web",
        "directory": "shop",
        "clients": "1",
        "c0-client": "10.10.0.0/24",
        "c0-access": "rw",
        "c0-squash": "root_squash",
        "c0-sync": "on",
    }
    assert ada_client.post(URL + "volumes/?add=export", export).status_code == 302
    row = complete.exports.get()
    assert (row.path, row.fsid, row.clients.get().options) == (
        "/srv/web/shop",
        1,
        "rw,sync,no_subtree_check,root_squash",
    )
    shown = page(ada_client.get(URL + "volumes/"))
    assert "/srv/web/shop" in shown
    ada_client.post(f"{URL}remove/volume/{volume.pk}/")
    assert not Volume.objects.exists() and not complete.exports.exists()


def test_a_new_pair_keeps_what_clients_hold_when_somebody_says_so(read_draft: Cluster, ada_client: Client):
    assert ada_client.get(URL + "service/").context["form"]["keep_locks"].value() is False
    kept = SERVICE | {"keep_locks": "on"}
    for _ in range(2):
        assert ada_client.post(URL + "service/", kept).status_code == 302
    volume = Volume.objects.get()
    assert (volume.name, volume.mount_point, volume.fstype, volume.inventory) == (
        "nfs_state", "/srv/nfs_state", "ext4", "draft",
    )  # fmt: skip
    assert Cluster.objects.get().nfs_state_volume == "nfs_state"
    assert ada_client.get(URL + "service/").context["form"]["keep_locks"].value() is True
    assert "survive a failover; nfs_state keeps them" in page(ada_client.get(URL + "plan/"))
    ada_client.post(URL + "service/", SERVICE)
    assert not Volume.objects.exists()
    assert Cluster.objects.get().nfs_state_volume == ""
    assert "are lost at a failover" in page(ada_client.get(URL + "plan/"))
    assert ada_client.get(URL + "service/").context["form"]["keep_locks"].value() is False


def test_taking_that_volume_out_of_the_draft_takes_it_back(read_draft: Cluster, ada_client: Client):
    ada_client.post(URL + "service/", SERVICE | {"keep_locks": "on"})
    ada_client.post(f"{URL}remove/volume/{Volume.objects.get().pk}/")
    assert Cluster.objects.get().nfs_state_volume == ""
    assert ada_client.get(URL + "service/").context["form"]["keep_locks"].value() is False


def test_volumes_of_a_draft_do_not_outgrow_its_disks(complete: Cluster, ada_client: Client):
    response = ada_client.post(
        URL + "volumes/?add=volume", {"name": "web", "size": "90", "unit": "GiB", "fstype": "ext4"}
    )
    assert response.status_code == 422 and "more than vg_data has free" in page(response)


def test_what_is_missing_is_named_with_the_way_to_it(read_draft: Cluster, ada_client: Client):
    shown = page(ada_client.get(URL + "plan/"))
    assert "No disk is chosen on alice" in shown and "There is no service IP" in shown
    assert ada_client.post(URL + "plan/").status_code == 302
    assert not Job.objects.exists()
    assert ada_client.get(URL)["Location"] == URL + "storage/"


def test_a_complete_draft_becomes_a_job(complete: Cluster, ada_client: Client):
    key = ada_client.get(URL + "plan/").context["key"]
    first = ada_client.post(URL + "plan/", {"key": key})
    second = ada_client.post(URL + "plan/", {"key": key})
    job = Job.objects.get()
    assert first["Location"] == second["Location"] == f"/jobs/{job.pk}/"
    assert (job.action, job.status) == ("cluster.provision", JobStatus.DRAFTING)


def test_the_draft_survives_signing_out(complete: Cluster, ada_client: Client, as_user: Any, ada: Any):
    ada_client.post("/sign-out/")
    again = as_user(ada)
    assert 'value="10.10.0.50"' in page(again.get(URL + "service/"))


def test_a_pair_in_service_is_not_described_any_more(web_files: Cluster, ada_client: Client):
    response = ada_client.get("/c/web-files/draft/storage/")
    assert response["Location"] == "/c/web-files/"


def test_a_draft_that_a_job_holds_is_left_alone(complete: Cluster, ada_client: Client):
    ada_client.post(URL + "plan/")
    Job.objects.update(status=JobStatus.RUNNING)
    assert ada_client.post(URL + "service/", SERVICE | {"service_ip": "10.10.0.60"})["Location"] == "/c/shop-files/"
    assert Cluster.objects.get().service_ip == "10.10.0.50"


@pytest.mark.parametrize("step", ["nothing", "plan2", "new"])
def test_there_are_no_other_steps(step: str, draft: Cluster, ada_client: Client):
    assert ada_client.get(f"{URL}{step}/").status_code == 404


@pytest.mark.parametrize(("step", "typed"), [("service", SERVICE), ("storage", STORAGE)])
def test_what_somebody_else_saved_meanwhile_is_not_overwritten_unseen(
    step: str, typed: dict[str, str], complete: Cluster, ada_client: Client
):
    began = ada_client.get(f"{URL}{step}/").context["as_of"]
    theirs = {"service": {"service_ip": "10.10.0.60"}, "storage": {"vg": "vg_theirs"}}[step]
    assert ada_client.post(f"{URL}{step}/", typed | theirs | {"as_of": began}).status_code == 302
    late = ada_client.post(f"{URL}{step}/", typed | {"as_of": began})
    assert late.status_code == 409 and "Somebody else saved this step meanwhile" in page(late)
    assert (
        Cluster.objects.get().service_ip == "10.10.0.60"
        if step == "service"
        else Resource.objects.get().vg == "vg_theirs"
    )
    assert ada_client.post(f"{URL}{step}/", typed | {"as_of": late.context["as_of"]}).status_code == 302
