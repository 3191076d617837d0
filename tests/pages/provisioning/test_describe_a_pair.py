"""Describing a pair, step by step: what is saved, what is refused, what survives leaving."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.findings import blocker
from clusters.models import AuditEntry, Backing, Cluster, Node, Resource, Volume
from clusters.states import JobStatus
from provisioning.models import Inquiry, Job, SealedSecret
from tests import factories
from tests.pages.provisioning.conftest import SERVICE, STORAGE, answer_preflight

pytestmark = pytest.mark.django_db
NODES = {
    "a-name": "alice", "a-ssh_host": "10.10.0.11", "a-ssh_port": "22", "a-ssh_user": "root",
    "b-name": "bob", "b-ssh_host": "10.10.0.12", "b-ssh_port": "2202", "b-ssh_user": "sysop",
}  # fmt: skip
URL = "/c/shop-files/draft/"


def page(response: Any) -> str:
    return response.content.decode()


def test_a_name_begins_a_draft(ada_client: Client):
    assert "Add a cluster" in page(ada_client.get("/new/"))
    response = ada_client.post("/new/", {"slug": "shop-files", "labels": "berlin  prod berlin"})
    assert response["Location"] == "/c/shop-files/draft/nodes/"
    cluster = Cluster.objects.get()
    assert (cluster.inventory, cluster.labels, cluster.created_by) == ("draft", "berlin prod", "ada")
    assert AuditEntry.objects.filter(action="cluster.draft", cluster=cluster).exists()


@pytest.mark.parametrize("slug", ["Shop Files", "shop_files", "-x", "x" * 41, "../etc", "<script>", "", "web-files"])
def test_a_name_that_cannot_be_keeps_what_was_typed(slug: str, ada_client: Client, web_files: Cluster):
    response = ada_client.post("/new/", {"slug": slug, "labels": "berlin"})
    assert response.status_code == 422
    assert 'value="berlin"' in page(response) and "err-msg" in page(response)
    assert Cluster.objects.count() == 1
    assert "<script>" not in page(response)


def test_saving_nodes_asks_each_for_its_host_key(bare: Cluster, ada_client: Client, rings: list[Any]):
    response = ada_client.post(URL + "nodes/", NODES)
    assert response.status_code == 302
    alice, bob = Node.objects.order_by("position")
    assert (bob.name, bob.ssh_host, bob.ssh_port, bob.ssh_user, bob.host_key) == (
        "bob",
        "10.10.0.12",
        2202,
        "sysop",
        "",
    )
    assert Inquiry.objects.filter(kind="host-key", status="queued").count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_rung_for_when_it_is_saved(bare: Cluster, ada_client: Client, rings: list[Any]):
    ada_client.post(URL + "nodes/", NODES)
    assert sorted(rings) == sorted(("jobs.inquire", pk) for pk in Inquiry.objects.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"b-name": "alice"}, "a pair is two servers"),
        ({"b-ssh_host": "10.10.0.11", "b-ssh_port": "22"}, "a pair is two servers"),
        ({"a-name": "observer"}, "cannot be called"),
        ({"a-ssh_host": "-oProxyCommand=id"}, "not possible"),
        ({"a-ssh_host": "root@alice"}, "field of its own"),
        ({"a-ssh_port": "0"}, "greater than or equal"),
        ({"a-ssh_user": "root;id"}, "not possible"),
        ({"a-name": ""}, "required"),
        ({"o-name": "watcher"}, "needs an SSH address"),
    ],
)
def test_nodes_that_cannot_be(changes: dict[str, str], said: str, bare: Cluster, ada_client: Client):
    response = ada_client.post(URL + "nodes/", NODES | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert "sysop" in page(response)
    assert not Node.objects.exists()


def test_another_address_forgets_the_key_but_another_name_does_not(draft: Cluster, ada_client: Client):
    same = NODES | {"b-ssh_port": "22", "b-ssh_user": "root"}
    ada_client.post(URL + "nodes/", same | {"a-name": "anna", "b-ssh_host": "10.10.0.99"})
    anna, bob = Node.objects.order_by("position")
    assert anna.name == "anna" and anna.host_key
    assert bob.host_key == "" and not bob.key_installed
    assert list(Inquiry.objects.values_list("node__name", flat=True)) == ["bob"]


def test_the_two_nodes_can_be_swapped(draft: Cluster, ada_client: Client):
    swapped = {
        "a-name": "bob", "a-ssh_host": "10.10.0.12", "a-ssh_port": "22", "a-ssh_user": "root",
        "b-name": "alice", "b-ssh_host": "10.10.0.11", "b-ssh_port": "22", "b-ssh_user": "root",
    }  # fmt: skip
    assert ada_client.post(URL + "nodes/", swapped).status_code == 302
    bob, alice = Node.objects.order_by("position")
    assert (bob.name, bob.host_key) == ("bob", factories.HOST_KEYS["bob"])
    assert alice.key_installed


def test_an_observer_may_be_added_and_taken_away(draft: Cluster, ada_client: Client):
    same = NODES | {"b-ssh_port": "22", "b-ssh_user": "root"}
    ada_client.post(URL + "nodes/", same | {"o-name": "watcher", "o-ssh_host": "10.10.0.30"})
    watcher = Node.objects.get(kind="observer")
    assert (watcher.ssh_port, watcher.ssh_user) == (22, "root")
    ada_client.post(URL + "nodes/", same)
    assert not Node.objects.filter(kind="observer").exists()


@pytest.fixture
def offered(draft: Cluster) -> Node:
    Node.objects.update(host_key="", key_installed=False)
    return Node.objects.get(name="alice")


def test_the_fingerprint_is_shown_and_confirmed_by_a_person(offered: Node, ada_client: Client):
    assert "SHA256:" in page(ada_client.get(URL + "nodes/"))
    ada_client.post(f"/c/shop-files/nodes/{offered.pk}/pin/", {"key": offered.offered_host_key})
    offered.refresh_from_db()
    assert (offered.host_key, offered.host_key_pinned_by) == (offered.offered_host_key, "ada")
    entry = AuditEntry.objects.get(action="node.pin-host-key")
    assert entry.object == "alice" and entry.after == {"host_key": offered.host_key}
    assert Inquiry.objects.filter(node=offered, kind="install-key").exists()


@pytest.mark.parametrize("key", ["", "ssh-ed25519 AAAAother"])
def test_another_key_than_the_one_on_the_page_is_not_pinned(key: str, offered: Node, ada_client: Client):
    response = ada_client.post(f"/c/shop-files/nodes/{offered.pk}/pin/", {"key": key}, follow=True)
    offered.refresh_from_db()
    assert offered.host_key == ""
    assert "another key by now" in page(response)


def test_a_changed_key_is_shouted_about(draft: Cluster, ada_client: Client):
    Node.objects.filter(name="bob").update(offered_host_key=factories.HOST_KEYS["alice"])
    assert "shows another host key" in page(ada_client.get(URL + "nodes/"))


def test_a_password_is_sealed_and_nowhere_else(draft: Cluster, ada_client: Client):
    node = Node.objects.get(name="bob")
    secret = "hunter2 with blanks "
    ada_client.post(f"/c/shop-files/nodes/{node.pk}/install-key/", {f"p{node.pk}-password": secret})
    row = SealedSecret.objects.get(node=node, name="password")
    assert secret.encode() not in bytes(row.box) and row.expires_at
    assert secret not in str(list(AuditEntry.objects.values())) + str(list(Inquiry.objects.values()))
    assert AuditEntry.objects.filter(action="node.install-key").exists()


def test_no_password_goes_to_a_server_that_nobody_recognised(offered: Node, ada_client: Client):
    ada_client.post(f"/c/shop-files/nodes/{offered.pk}/install-key/", {f"p{offered.pk}-password": "x"})
    assert not SealedSecret.objects.filter(name="password").exists() and not Inquiry.objects.exists()


def test_the_cards_renew_themselves_only_when_something_changed(draft: Cluster, ada_client: Client):
    first = ada_client.get(URL + "nodes/")
    seen = first.context["seen"]
    assert ada_client.get(f"{URL}nodes/?part=cards&seen={seen}").status_code == 204
    Node.objects.filter(name="bob").update(key_installed=False)
    part = ada_client.get(f"{URL}nodes/?part=cards&seen={seen}")
    assert part.status_code == 200 and "<html" not in page(part)


def test_a_preflight_is_asked_once(draft: Cluster, ada_client: Client):
    assert "Read both nodes" in page(ada_client.get(URL + "preflight/"))
    ada_client.post(URL + "preflight/")
    ada_client.post(URL + "preflight/")
    assert Inquiry.objects.filter(kind="preflight").count() == 1
    waiting = page(ada_client.get(URL + "preflight/"))
    assert "Reading both nodes" in waiting and "No worker" in waiting


def test_a_preflight_is_not_asked_before_the_keys_are_confirmed(offered: Node, ada_client: Client):
    ada_client.post(URL + "preflight/")
    assert not Inquiry.objects.exists()


def test_findings_say_what_to_type(draft: Cluster, ada_client: Client):
    answer_preflight(
        draft,
        [
            blocker(
                "drbd.module-missing", "bob has no DRBD module.", fix="apt-get install linux-image-amd64", node="bob"
            )
        ],
    )
    shown = page(ada_client.get(URL + "preflight/"))
    assert "bob has no DRBD module." in shown and "apt-get install linux-image-amd64" in shown
    assert "holds the system; never offered" in shown
    assert "bob has no DRBD module." in page(ada_client.get(URL + "plan/"))


def test_a_preflight_from_before_another_key_does_not_count(read_draft: Cluster, ada_client: Client):
    assert "DATA SSD" in page(ada_client.get(URL + "storage/"))
    node = Node.objects.get(name="bob")
    ada_client.post(f"/c/shop-files/nodes/{node.pk}/pin/", {"key": node.offered_host_key})
    assert "First the nodes must be read" in page(ada_client.get(URL + "storage/"))


def test_disks_and_replication_are_saved_with_numbers_of_their_own(read_draft: Cluster, ada_client: Client):
    response = ada_client.post(URL + "storage/", STORAGE)
    assert response["Location"] == URL + "service/"
    backing = Backing.objects.get(node__name="bob")
    assert (backing.disk, backing.disk_serial, backing.vg, backing.lv, backing.size) == (
        "/dev/vdb",
        "data-bob",
        "vg_local",
        "r0",
        80 * 2**30,
    )
    resource = Resource.objects.get()
    assert (resource.name, resource.vg, resource.minor, resource.port) == ("r0", "vg_data", 0, 7788)
    assert Cluster.objects.get().first_source == "alice"
    again = page(ada_client.get(URL + "storage/"))
    assert 'value="80"' in again


def test_the_whole_disk_is_possible_too(read_draft: Cluster, ada_client: Client):
    ada_client.post(URL + "storage/", STORAGE | {"kind": "disk"})
    backing = Backing.objects.get(node__name="alice")
    assert (backing.kind, backing.vg, backing.lv, backing.size) == ("disk", "", "", 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"disk_0": "/dev/vda"}, "holds the system"),
        ({"disk_1": "/dev/vda1"}, "holds the system"),
        ({"disk_0": "/dev/vdc"}, "is not empty"),
        ({"disk_0": "/dev/sdz"}, "not there any more"),
        ({"disk_0": "/dev/vdb; reboot"}, "not there any more"),
        ({"disk_1": ""}, "Choose a disk on bob"),
        ({"size": "200"}, "room for"),
        ({"size": "1e999"}, "not a size"),
        ({"size": "0"}, "larger than nothing"),
        ({"local_vg": "sda"}, "something else"),
        ({"local_vg": "vg_data"}, "needs another"),
        ({"local_lv": "snapshot1"}, "keeps names"),
        ({"resource": "all"}, "meaning of its own"),
        ({"vg": "-x"}, "not possible"),
        ({"first_source": ""}, "Choose whose disk"),
        ({"first_source": "mallory"}, "not one of the available choices"),
    ],
)
def test_disks_that_cannot_be(changes: dict[str, str], said: str, read_draft: Cluster, ada_client: Client):
    response = ada_client.post(URL + "storage/", STORAGE | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert not Backing.objects.exists()


def test_an_offered_size_is_one_press_away(read_draft: Cluster, ada_client: Client):
    typed = STORAGE | {"size": "200"}
    offered = page(ada_client.post(URL + "storage/", typed))
    assert 'name="use" value="size=' in offered
    taken = ada_client.post(URL + "storage/", typed | {"use": "size=79 GiB"})
    assert taken.status_code == 422 and 'value="79 GiB"' in page(taken) and "room for" not in page(taken)
    assert not Backing.objects.exists()


def test_service_and_networks_come_from_what_was_seen(read_draft: Cluster, ada_client: Client):
    shown = page(ada_client.get(URL + "service/"))
    assert "10.10.0.11/24 on ens3" in shown and "127.0.0.1" not in shown and "fe80" not in shown
    assert ada_client.post(URL + "service/", SERVICE)["Location"] == URL + "volumes/"
    bob = Node.objects.get(name="bob")
    assert (bob.service_address, bob.service_interface) == ("10.10.0.12", "ens3")
    assert (bob.replication_address, bob.replication_interface) == ("192.168.77.12", "ens4")
    assert Cluster.objects.get().service_ip == "10.10.0.50"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service_ip": "10.10.0.11"}, "belongs to alice"),
        ({"service_ip": "10.20.0.50"}, "is not in 10.10.0.0/24"),
        ({"service_ip": "10.10.0.255"}, "not a machine"),
        ({"service_ip": "10.10.0.50/24"}, "without a network"),
        ({"service_ip": "2001:db8::1"}, "IPv6"),
        ({"service_prefix": "16"}, "/24 in this network"),
        ({"service_1": "ens4 192.168.77.12"}, "one network for clients"),
        ({"replication_0": "eth9 1.2.3.4"}, "not one of the available choices"),
        ({"replication_0": ""}, "required"),
        ({"warntime": "1"}, "Must be longer"),
        ({"initdead": "13"}, "At least twice"),
        ({"nfs_grace": "9"}, "greater than or equal to 10"),
        ({"nfs_grace": "20"}, "Not shorter than the lease"),
        ({"deadtime": "soon"}, "whole number"),
        ({"udpport": "65536"}, "less than or equal"),
    ],
)
def test_service_that_cannot_be(changes: dict[str, str], said: str, read_draft: Cluster, ada_client: Client):
    response = ada_client.post(URL + "service/", SERVICE | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert Cluster.objects.get().service_ip is None


def test_one_network_for_everything_is_possible_but_said(read_draft: Cluster, ada_client: Client):
    one = {"replication_0": "ens3 10.10.0.11", "replication_1": "ens3 10.10.0.12"}
    response = ada_client.post(URL + "service/", SERVICE | one, follow=True)
    assert "one cable cut then looks like a dead node" in page(response)


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


def test_hostile_answers_are_shown_as_text(draft: Cluster, ada_client: Client):
    evil = "<script>alert(1)</script>\x1b[31m"
    answer_preflight(draft, [blocker("x", f"disk {evil}", hint=evil, fix=evil)])
    shown = page(ada_client.get(URL + "preflight/"))
    assert "<script>alert" not in shown and "\x1b" not in shown and "&lt;script&gt;" in shown


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


def test_the_same_holds_for_the_nodes(draft: Cluster, ada_client: Client):
    began = ada_client.get(URL + "nodes/").context["as_of"]
    same = NODES | {"b-ssh_port": "22", "b-ssh_user": "root"}
    ada_client.post(URL + "nodes/", same | {"a-name": "anna"})
    assert ada_client.post(URL + "nodes/", same | {"as_of": began}).status_code == 409
    assert Node.objects.filter(name="anna").exists()


def test_findings_are_shown_also_when_one_node_could_not_be_read(draft: Cluster, ada_client: Client):
    inquiry = answer_preflight(draft, [blocker("node.not-read", "bob could not be reached.", node="bob")])
    del inquiry.result["nodes"]["bob"]
    inquiry.save()
    assert "bob could not be reached." in page(ada_client.get(URL + "preflight/"))
    assert "First the nodes must be read" in page(ada_client.get(URL + "storage/"))
