"""Beginning a draft: a name, two servers and where they are."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import AuditEntry, Cluster, Node
from provisioning.models import Inquiry
from tests import factories
from tests.pages.provisioning.conftest import NODES

pytestmark = pytest.mark.django_db
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


def test_what_somebody_else_saved_meanwhile_is_not_overwritten_unseen(draft: Cluster, ada_client: Client):
    began = ada_client.get(URL + "nodes/").context["as_of"]
    same = NODES | {"b-ssh_port": "22", "b-ssh_user": "root"}
    ada_client.post(URL + "nodes/", same | {"a-name": "anna"})
    assert ada_client.post(URL + "nodes/", same | {"as_of": began}).status_code == 409
    assert Node.objects.filter(name="anna").exists()
