"""Connected clients on the pages of the cluster, a volume, an export, and on a page of their own."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.utils import timezone

from clusters.models import ClientName, ClusterState, NodeState
from clusters.states import AccessLevel
from provisioning.monitor.clients import write_clients
from provisioning.observed import NfsClient, NfsUse, NodeObserved
from tests import factories

PAGES = ("/c/web-files/", "/c/web-files/volumes/web_files/", "/c/web-files/exports/1/", "/c/web-files/clients/")
WRITER = NfsClient(
    "192.0.2.50", "4.2", "web1", "confirmed", 3.0, True, (NfsUse("/srv/web_files", 3, 1, 2, ("a/b\x07c",)),)
)
OLDER = NfsClient("192.0.2.52", "3", connected=True, paths=("/srv/web_files",))


@pytest.fixture
def cluster(db):
    cluster = factories.make_cluster()
    alice = cluster.nodes.get(name="alice")
    NodeState.objects.create(node=alice, reachable=True, read_at=timezone.now())
    ClusterState.objects.create(
        cluster=cluster,
        active_node=alice,
        last_active="alice",
        judged_at=timezone.now(),
        health="ok",
        sentence="Redundant.",
    )
    return cluster


def told(cluster, *clients):
    members = {node.name: node for node in cluster.nodes.all()}
    write_clients(cluster, members, {"alice": NodeObserved("alice", 0.0, nfs_clients=clients)}, timezone.now())


@pytest.mark.parametrize("page", PAGES)
def test_it_shows_who_is_connected_with_versions_opens_and_limits(client, vera, cluster, page) -> None:
    told(cluster, WRITER, OLDER)
    ClientName.objects.create(
        address="192.0.2.50", name="web1.example.net", asked_at=timezone.now(), answered_at=timezone.now()
    )
    client.force_login(vera)
    text = client.get(page).content.decode()
    for words in ("192.0.2.50", "web1.example.net", "NFSv4.2", "192.0.2.52", "NFSv3", "name not asked for yet"):
        assert words in text
    assert "a/b\\u0007c" in text
    assert "Of NFSv3 the server knows what a client once mounted" in text


@pytest.mark.parametrize("page", PAGES)
def test_it_shows_what_a_client_calls_itself_and_hides_nothing_in_it(client, vera, cluster, page) -> None:
    told(cluster, replace(WRITER, name="Linux NFSv4.2 <b>web1</b>\x1b[31m\u202e"), OLDER)
    client.force_login(vera)
    text = client.get(page).content.decode()
    assert "calls itself Linux NFSv4.2 &lt;b&gt;web1&lt;/b&gt;⟨U+202E⟩<" in text
    assert text.count("calls itself") == 1 + (page == PAGES[-1])


@pytest.mark.parametrize("page", PAGES)
def test_not_read_is_said_and_is_not_nobody(client, vera, cluster, page) -> None:
    client.force_login(vera)
    text = client.get(page).content.decode()
    assert "The clients of alice were not read so far" in text
    assert "Nobody is connected" not in text


@pytest.mark.parametrize("page", PAGES)
def test_nobody_is_said_when_the_server_said_so(client, vera, cluster, page) -> None:
    told(cluster)
    client.force_login(vera)
    text = client.get(page).content.decode()
    assert ("Nobody is connected." in text) or ("No client holds anything here." in text)


def test_a_client_without_open_files_is_counted_and_not_guessed(client, vera, cluster) -> None:
    told(cluster, replace(WRITER, uses=()))
    client.force_login(vera)
    text = client.get("/c/web-files/exports/1/").content.decode()
    assert "1 NFSv4 client has nothing open here; the server cannot tell whether it has it mounted." in text


def test_a_part_that_did_not_change_is_no_content(client, vera, cluster) -> None:
    told(cluster, WRITER)
    client.force_login(vera)
    page = client.get("/c/web-files/exports/1/")
    seen = page.context["connected"].seen
    address = "/c/web-files/clients/?export=1&part=section&seen="
    assert client.get(address + seen).status_code == 204
    part = client.get(address + "old").content.decode()
    assert "192.0.2.50" in part
    assert "<html" not in part


def test_it_finds_by_address_and_name(client, vera, cluster) -> None:
    told(cluster, WRITER, OLDER)
    client.force_login(vera)
    for q, found, other in (("2.52", "192.0.2.52", "192.0.2.50"), ("WEB1", "192.0.2.50", "192.0.2.52")):
        text = client.get(f"/c/web-files/clients/?q={q}").content.decode()
        assert found in text
        assert other not in text


@pytest.mark.parametrize("part", ["", "&all=1&part=section&seen=old"])
def test_a_search_that_finds_none_does_not_say_that_nobody_is_there(client, vera, cluster, part) -> None:
    told(cluster, WRITER)
    client.force_login(vera)
    text = client.get(f"/c/web-files/clients/?q=zzz{part}").content.decode()
    assert "None of them matches “zzz”." in text
    assert "Nobody is connected" not in text


def test_the_search_goes_on_with_every_reading(client, vera, cluster) -> None:
    told(cluster, WRITER, OLDER)
    client.force_login(vera)
    address = "/c/web-files/clients/?q=2.52"
    for _ in range(3):
        text = client.get(address).content.decode()
        assert "192.0.2.52" in text
        assert "192.0.2.50" not in text
        address = re.search(r'hx-get="([^"]+)"', text)[1].replace("&amp;", "&").replace("seen=", "seen=old")


def test_queries_do_not_grow_with_the_clients(client, vera, cluster, django_assert_max_num_queries) -> None:
    client.force_login(vera)
    told(cluster, *(replace(WRITER, address=f"192.0.2.{n}") for n in range(200)))
    with django_assert_max_num_queries(16):
        assert client.get("/c/web-files/clients/").content.decode().count("NFSv4.2") == 200


@pytest.mark.parametrize("what", ["export=99", "export=x", "volume=none"])
def test_what_is_not_there_is_no_page(client, vera, cluster, what) -> None:
    client.force_login(vera)
    assert client.get(f"/c/web-files/clients/?{what}").status_code == 404


def test_it_rejects_post(client, ada, cluster) -> None:
    client.force_login(ada)
    assert client.post("/c/web-files/clients/").status_code == 405


@pytest.mark.parametrize("address", ["", "?part=section", "?export=1&part=section"])
def test_it_hides_from_a_stranger(client, cluster, address) -> None:
    client.force_login(factories.make_user("mallory", AccessLevel.NONE))
    assert client.get(f"/c/web-files/clients/{address}").status_code == 404
