from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import ClientName, ConnectedClient, Export, ExportClient, Membership
from clusters.states import AccessLevel
from provisioning.models import Job
from tests import stories

pytestmark = pytest.mark.django_db


def search(client: Client, text: str) -> str:
    response = client.get("/search/", {"q": text})
    assert response.status_code == 200
    return response.content.decode()


def test_finds_each_kind(client: Client, vera: Any) -> None:
    cluster = stories.web_files()
    job = Job.objects.create(
        cluster=cluster,
        action="volume.create",
        title="Create volume logs",
        intent={},
        idempotency_key="k",
        created_by="ada",
    )
    client.force_login(vera)
    assert 'href="/c/web-files/">web-files' in search(client, "berlin").replace(' class="strong wrapany"', "").replace(
        "\n", ""
    )
    assert "/c/web-files/#node-bob" in search(client, "bob")
    assert "/c/web-files/volumes/www_uploads/" in search(client, "uploads")
    assert "/c/web-files/exports/13/" in search(client, "/srv/www_up")
    assert f"/jobs/{job.pk}/" in search(client, "logs")
    assert f"/jobs/{job.pk}/" in search(client, str(job.pk))


def test_an_address_finds_what_it_may_mount(client: Client, vera: Any) -> None:
    stories.web_files()
    client.force_login(vera)
    assert "Exports this client may mount" in search(client, "10.10.0.77")
    assert "Exports this client may mount" not in search(client, "10.99.0.77")


def test_a_connected_client_is_found_by_its_name_and_its_address(client: Client, vera: Any, mallory: Any) -> None:
    cluster = stories.web_files()
    ClientName.objects.create(address="10.10.0.200", name="render7.example.org")
    ConnectedClient.objects.create(node=cluster.nodes.get(name="bob"), address="10.10.0.200", version="4.2")
    client.force_login(vera)
    for text in ("render7", "10.10.0.200"):
        page = search(client, text)
        assert "/c/web-files/clients/?q=10.10.0.200" in page and "render7.example.org" in page
        assert "Exports this client may mount" in page
    client.force_login(mallory)
    assert "10.10.0.200" not in search(client, "render7")


def test_what_does_not_fit_is_said_and_leads_to_all_of_it(client: Client, vera: Any) -> None:
    cluster = stories.web_files()
    volume = cluster.volumes.get(name="www_uploads")
    for number in range(30):
        export = Export.objects.create(
            volume=volume, cluster=cluster, path=f"/srv/www_uploads/{number}", fsid=500 + number
        )
        ExportClient.objects.create(
            export=export, client="10.77.0.0/16" if number < 20 else "10.88.0.0/16", options="rw"
        )
    client.force_login(vera)
    assert "the first 20" in (page := search(client, "www_uploads/")) and "More than 20 found" in page
    assert 'href="/exports/?q=www_uploads%2F"' in page
    assert "the first 20" not in search(client, "10.77.3.4"), "exactly as many as fit"
    assert '<h1 class="wrapany">20 found' in search(client, "10.77.3.4")
    assert 'href="/exports/?client=10.' not in search(client, "10.88.3.4")


def test_a_stranger_finds_nothing(client: Client, mallory: Any) -> None:
    cluster = stories.web_files()
    Job.objects.create(
        cluster=cluster,
        action="volume.create",
        title="Create volume logs",
        intent={},
        idempotency_key="k",
        created_by="ada",
    )
    client.force_login(mallory)
    for text in ("web-files", "bob", "uploads", "/srv", "logs", "10.10.0.77", "10.10.0.11"):
        assert "Nothing found" in search(client, text), text


def test_a_member_finds_their_own_only(client: Client, mallory: Any) -> None:
    mine = stories.make_pair("wiki")
    stories.make_pair("git-lfs")
    Membership.objects.create(user=mallory, cluster=mine, level=AccessLevel.VIEWER)
    client.force_login(mallory)
    page = search(client, "alice")
    assert "/c/wiki/#node-alice" in page
    assert "git-lfs" not in page


@pytest.mark.parametrize(
    "text", ["", "   ", "%", "'; drop table", "\u202e", "999999999999999999999", "a" * 5000, "::/0"]
)
def test_odd_input_is_no_error(client: Client, vera: Any, text: str) -> None:
    stories.web_files()
    client.force_login(vera)
    search(client, text)


def test_it_only_reads(client: Client, vera: Any) -> None:
    client.force_login(vera)
    assert client.post("/search/").status_code == 405
