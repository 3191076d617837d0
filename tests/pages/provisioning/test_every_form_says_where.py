"""What is wrong leads to its field."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster
from tests.pages.provisioning.lost_forms import page, sign_in
from tests.pages.provisioning.test_every_form_is_filled_again import FORMS, snapshot
from tests.pages.provisioning.test_publish_an_export import GOOD

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
