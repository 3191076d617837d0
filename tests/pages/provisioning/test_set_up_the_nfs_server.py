"""The form of the NFS server's settings: what it says, what it takes, what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import AuditEntry, ClientName, Cluster, ClusterState, NodeState
from clusters.states import AccessLevel, Danger, Inventory
from provisioning import actions, codec, jobs
from provisioning.desired import DesiredVolume, NfsSettings
from provisioning.intents import ConfigureNfs, DeleteVolume, EditVolume
from provisioning.models import Job
from provisioning.monitor.clients import write_clients
from provisioning.observed import NfsClient, NfsUse, NodeObserved
from provisioning.steps import FeltClient, Impact
from tests import factories
from tests.pages.provisioning.conftest import make_plan

pytestmark = pytest.mark.django_db
URL = "/c/web-files/nfs/"
GOOD: dict[str, Any] = {
    "threads": "16", "versions": ["3", "4.1", "4.2"], "grace_time": "60", "lease_time": "45", "state_volume": "media",
    "domain": "example.net", "mountd_port": "20048", "statd_port": "662", "lockd_port": "",
}  # fmt: skip


def page(response: Any) -> str:
    return response.content.decode()


def test_it_shows_what_is_set(web_files: Cluster, olga_client: Client) -> None:
    Cluster.objects.update(nfs_threads=24, nfs_versions="4.1,4.2", nfs_mountd_port=20048, nfs_state_volume="media")
    form = olga_client.get(URL).context["nfs_form"]
    assert (form["threads"].value(), form["versions"].value()) == (24, ["4.1", "4.2"])
    assert (form["mountd_port"].value(), form["lockd_port"].value()) == (20048, "")
    assert form["state_volume"].value() == "media"


def test_it_becomes_a_job_with_its_intent(web_files: Cluster, olga_client: Client) -> None:
    key = olga_client.get(URL).context["key"]
    first, second = (olga_client.post(URL, GOOD | {"key": key}) for _ in range(2))
    job = Job.objects.get()
    assert first["Location"] == second["Location"] == f"/jobs/{job.pk}/"
    wanted = NfsSettings(16, 60, 45, ("3", "4.1", "4.2"), "example.net", 20048, 662, 0, "media")
    assert codec.load(ConfigureNfs, job.intent) == ConfigureNfs("web-files", wanted)


def test_a_job_that_succeeded_is_what_is_set(web_files: Cluster, olga_client: Client) -> None:
    olga_client.post(URL, GOOD)
    actions.settle(Job.objects.select_related("cluster").get())
    web_files.refresh_from_db()
    assert (web_files.nfs_threads, web_files.nfs_grace, web_files.nfs_versions) == (16, 60, "3,4.1,4.2")
    assert (web_files.nfs_statd_port, web_files.nfs_lockd_port, web_files.nfs_state_volume) == (662, 0, "media")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threads": "0"}, "greater than or equal to 1"),
        ({"threads": "many"}, "whole number"),
        ({"versions": []}, "required"),
        ({"versions": ["5"]}, "valid choice"),
        ({"grace_time": "9"}, "greater than or equal to 10"),
        ({"grace_time": "30"}, "Not shorter than the lease"),
        ({"domain": "exam ple"}, "domain"),
        ({"mountd_port": "2049"}, "2049 belongs to NFS itself"),
        ({"statd_port": "20048"}, "20048 belongs to mountd"),
        ({"state_volume": "none_such"}, "valid choice"),
    ],
)
def test_it_says_what_is_wrong_and_keeps_what_was_typed(
    web_files: Cluster, olga_client: Client, changes: dict[str, Any], said: str
) -> None:
    response = olga_client.post(URL, GOOD | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert 'value="example.net"' in page(response) or "domain" in changes
    assert not Job.objects.exists()


def test_while_typing_it_says_whether_clients_will_feel_it(web_files: Cluster, olga_client: Client) -> None:
    node = web_files.nodes.get(name="alice")
    NodeState.objects.create(node=node, reachable=True, read_at=timezone.now(), nfsd_threads=8)
    ClusterState.objects.create(cluster=web_files, active_node=node, last_active="alice")
    clients = (NfsClient("192.0.2.50", "4.2", connected=True, uses=(NfsUse("/srv/web_files", 3, 1),)),)
    write_clients(web_files, {"alice": node}, {"alice": NodeObserved("alice", 0, nfs_clients=clients)}, timezone.now())
    same = {"threads": "8", "versions": ["3", "4.0", "4.1", "4.2"], "grace_time": "45", "lease_time": "45"}
    assert "nobody is interrupted" in page(olga_client.post(f"{URL}?check=1", same | {"threads": "32"}))
    text = page(olga_client.post(f"{URL}?check=1", same | {"grace_time": "60"}))
    assert "the NFS server is restarted" in text
    assert "1 client, 3 open files, 1 lock" in text
    assert "<html" not in text
    for name in same:
        kept = {key: value for key, value in same.items() if key != name}
        assert olga_client.post(f"{URL}?check=1", kept | {"domain": "x"}).status_code == 200, f"{name} is being typed"


@pytest.mark.parametrize(
    ("arrived", "waited", "said"),
    [
        (None, None, "How busy the threads are is not known."),
        (50, 40, "Too little work came in"),
        (100_000, 10, "Enough: of"),
        (100_000, 5_000, "16 are suggested"),
    ],
)
def test_it_suggests_threads_from_the_load(
    web_files: Cluster, olga_client: Client, arrived: int | None, waited: int | None, said: str
) -> None:
    node = web_files.nodes.get(name="alice")
    NodeState.objects.create(
        node=node, reachable=True, read_at=timezone.now(), nfsd_threads=8, nfs_arrived=arrived, nfs_waited=waited,
        clients_read_at=timezone.now(),
    )  # fmt: skip
    assert said in page(olga_client.get(URL))


def test_the_suggestion_is_taken_without_scripts(web_files: Cluster, olga_client: Client) -> None:
    response = olga_client.post(URL, GOOD | {"use": "threads=16", "threads": "8"})
    assert response.status_code == 422
    assert response.context["nfs_form"]["threads"].value() == "16"
    assert not Job.objects.exists()


def test_a_volume_that_went_meanwhile_is_refused(web_files: Cluster, olga: Any, rf: Any) -> None:
    request = rf.post("/")
    request.user, request.request_id = olga, "1"
    web_files.volumes.filter(name="media").update(inventory=Inventory.REMOVING)
    with pytest.raises(jobs.Refused, match="has no volume media"):
        jobs.draft(request, "nfs.configure", web_files, ConfigureNfs("web-files", NfsSettings(state_volume="media")))


def test_the_volume_that_keeps_the_state_is_not_taken_away(web_files: Cluster, ada: Any, rf: Any) -> None:
    request = rf.post("/")
    request.user, request.request_id = ada, "1"
    Cluster.objects.update(nfs_state_volume="media")
    cluster = Cluster.objects.get(pk=web_files.pk)
    media = DesiredVolume("media", 20 * 2**30, "xfs", "/srv/media")
    moved = replace(media, mount_point="/srv/films")
    for action, intent in (
        ("volume.delete", DeleteVolume("web-files", media)),
        ("volume.edit", EditVolume("web-files", "media", moved)),
    ):
        with pytest.raises(jobs.Refused, match="media keeps what NFS clients hold"):
            jobs.draft(request, action, cluster, intent)
    options = replace(media, mount_options=("noatime",))
    assert jobs.draft(request, "volume.edit", cluster, EditVolume("web-files", "media", options)).pk


def test_who_would_feel_it_stays_with_the_audit_entry(proposed: Any, olga: Any, olga_client: Client) -> None:
    felt = Impact(
        "1 client: 192.0.2.50 (NFSv4.2, 3 open files, 1 lock)",
        "about 5 s",
        clients=(FeltClient("192.0.2.50", "4.2", 3, 1),),
    )
    job = proposed(replace(make_plan(Danger.INTERRUPTS), impact=felt))
    ClientName.objects.create(address="192.0.2.50", name="web1.example.net")
    text = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "192.0.2.50 (NFSv4.2, 3 open files, 1 lock)" in text
    assert "web1.example.net" in text
    assert olga_client.post(f"/jobs/{job.pk}/approve/", {"reason": "more locks"}).status_code == 302
    entry = AuditEntry.objects.get(job=job.pk, outcome="requested")
    assert entry.after["felt"]["clients"] == [
        {"address": "192.0.2.50", "version": "4.2", "opens": 3, "locks": 1, "note": "", "name": "web1.example.net"}
    ]
    ClientName.objects.all().delete()
    text = page(olga_client.get(f"/audit/{entry.sequence}/"))
    assert "Who was going to feel it" in text
    assert "web1.example.net" in text
    assert "1 client: 192.0.2.50 (NFSv4.2, 3 open files, 1 lock)" in text


def test_without_a_name_nothing_is_added_to_the_entry(proposed: Any, olga_client: Client) -> None:
    """As entries were before names were kept with them: their page reads the same."""
    felt = Impact("1 client: 192.0.2.50 (NFSv3)", "about 5 s", clients=(FeltClient("192.0.2.50", "3"),))
    job = proposed(replace(make_plan(Danger.INTERRUPTS), impact=felt))
    assert olga_client.post(f"/jobs/{job.pk}/approve/", {"reason": "more locks"}).status_code == 302
    entry = AuditEntry.objects.get(job=job.pk, outcome="requested")
    assert "name" not in entry.after["felt"]["clients"][0]
    assert "1 client: 192.0.2.50 (NFSv3)" in page(olga_client.get(f"/audit/{entry.sequence}/"))


def test_it_rejects_other_methods(web_files: Cluster, olga_client: Client) -> None:
    assert olga_client.delete(URL).status_code == 405


def test_it_refuses_a_viewer(web_files: Cluster, as_user: Any) -> None:
    assert as_user(factories.make_user("vera", AccessLevel.VIEWER)).get(URL).status_code == 403


def test_it_hides_from_a_stranger(web_files: Cluster, as_user: Any) -> None:
    assert as_user(factories.make_user("mallory")).get(URL).status_code == 404


def test_a_pair_that_is_not_set_up_has_no_form(web_files: Cluster, olga_client: Client) -> None:
    Cluster.objects.update(inventory=Inventory.DRAFT)
    assert olga_client.get(URL).status_code in (302, 409)
