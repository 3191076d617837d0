"""What is wrong leads to its field: from the summary at a form's head, and while somebody types."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, NodeState, SnapshotSchedule
from tests.pages.provisioning.lost_forms import page, sign_in
from tests.pages.provisioning.test_every_form_is_filled_again import FORMS, snapshot
from tests.pages.provisioning.test_publish_an_export import GOOD
from tests.pages.provisioning.test_thin_volumes import POOL

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room_for_volumes")]
MEDIA = "/c/web-files/volumes/media"
WITH_A_SUMMARY = [url for url in FORMS if url not in ("/volumes/import/", "/people/", "/c/shop-files/draft/nodes/")]


@pytest.fixture
def ada_page(client: Client, ada: Any, web_files: Cluster, read_draft: Cluster) -> Client:
    snapshot(web_files)
    sign_in(client, "ada")
    return client


def ids(html: str) -> list[str]:
    return re.findall(r'\bid="([^"]*)"', html)


def checked(client: Client, url: str) -> None:
    """Type in every form of the page that is checked meanwhile: each part of the answer has one place in the page."""
    html = page(client.get(url))
    there = ids(html)
    for asks, body in re.findall(r'<form[^>]*hx-post="([^"]*)"[^>]*>(.*?)</form>', html, re.DOTALL):
        sent = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]*)" value="([^"]*)"', body))
        to = asks if asks.startswith("/") else url.partition("?")[0] + unescape(asks)
        answer = page(client.post(to, sent))
        parts = re.findall(r'id="([^"]*)"[^>]*hx-swap-oob', answer)
        assert parts and [part for part in parts if there.count(part) != 1] == []


@pytest.mark.parametrize("url", [*FORMS, f"{MEDIA}/quotas/", "/c/shop-files/draft/volumes/?add=export"])
def test_what_is_renewed_while_typing_has_one_place_in_the_page(url: str, ada_page: Client, read_draft: Cluster):
    """A box to tick had none, and the browser's console filled with errors."""
    ada_page.post("/c/shop-files/draft/volumes/?add=volume", FORMS["/c/web-files/volumes/new/"][0])
    checked(ada_page, url)


@pytest.mark.parametrize(
    "url", [f"{MEDIA}/snapshots/new/", f"{MEDIA}/snapshots/schedule/", "/c/web-files/volumes/new/"]
)
def test_so_it_is_where_volumes_are_thin(url: str, ada_page: Client, web_files: Cluster):
    NodeState.objects.update(pools=[POOL])
    web_files.volumes.update(pool="pool0")
    checked(ada_page, url)


def test_so_it_is_where_a_schedule_is_changed(ada_page: Client, web_files: Cluster):
    SnapshotSchedule.objects.create(volume=web_files.volumes.get(name="media"), daily=7, size=2**30)
    checked(ada_page, f"{MEDIA}/snapshots/schedule/")


@pytest.mark.parametrize("url", WITH_A_SUMMARY)
def test_each_thing_to_change_names_its_field_and_leads_to_it(url: str, ada_page: Client):
    html = page(ada_page.post(url, {"what": "schedule", "key": ""}))
    summary = re.search(r'<div class="err-sum".*?</div>', html, re.DOTALL)
    if summary is None:  # nothing is needed in this one
        assert url in ("/c/web-files/volumes/media/snapshots/schedule/",), html
        return
    for where, text in re.findall(r'<a href="#([^"]*)">([^<]*)</a>', summary[0]):
        assert ids(html).count(where) == 1, (where, text)
        assert re.match(r"\w[^:]+: .", unescape(text)), text


def test_a_thing_to_change_names_the_row_of_its_client(ada_page: Client):
    html = page(ada_page.post("/c/web-files/exports/new/", GOOD | {"c1-client": ""}))
    assert '<a href="#id_c1-client">Client 2, Who may mount it: This field is required.</a>' in html


def test_what_is_of_no_field_is_no_link(ada_page: Client):
    same = {"name": "media", "mount_point": "/srv/media", "mount_options": ""}
    assert "<li>Nothing would change.</li>" in page(ada_page.post(f"{MEDIA}/edit/", same))
