"""A snapshot that is opened is exported too: it stands in the table of exports, in its filters, its CSV, and is found."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters.models import Cluster, Snapshot, SnapshotState
from clusters.states import AccessLevel, Inventory
from tests import factories, many, stories

pytestmark = pytest.mark.django_db
AT = "/srv/.snapshots/data/before"
ONE = "/c/web/volumes/data/snapshots/before/"


def opened(cluster: Cluster, name: str, **fields: Any) -> Snapshot:
    fields = {"fsid": 2_000_001, "clients": "10.20.0.0/24 admin.example.net", "opened_at": timezone.now()} | fields
    return Snapshot.objects.create(
        volume=cluster.volumes.get(name="data"), name=name, lv=f"data-{name}", size=2**30, inventory=Inventory.PRESENT, **fields
    )  # fmt: skip


@pytest.fixture
def web(db: None) -> Cluster:
    cluster = stories.make_pair("web", volumes=(("data", 100, 90),))
    row = opened(cluster, "before")
    SnapshotState.objects.create(snapshot=row, read_at=timezone.now() + timedelta(seconds=1), percent=3, mounted=True)
    opened(cluster, "shut", fsid=None, clients="")
    return cluster


def get(client: Client, address: str) -> str:
    response: Any = client.get(address)
    assert response.status_code == 200
    return str(response.getvalue().decode())


def paths(html: str) -> list[str]:
    return re.findall(r'<td[^>]*><a class="m strong wrapany" href="[^"]*">([^<]+)</a>', html)


def test_it_is_marked_and_leads_to_its_page(web: Cluster, vera_client: Client):
    html = get(vera_client, "/exports/")
    assert paths(html) == [AT, "/srv/data"] and "2 of 2 exports" in html
    assert f'href="{ONE}">{AT}</a> <span class="lab">snapshot</span>' in html
    assert "ro,sync,no_subtree_check,root_squash" in html.replace("<wbr>", "")


def test_one_that_a_failover_closed_says_so(web: Cluster, vera_client: Client):
    SnapshotState.objects.update(mounted=False)
    assert '<span class="lab">snapshot, closed by a failover</span>' in get(vera_client, "/exports/")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=.snapshots", [AT]),
        ("?q=data/BEFORE", [AT]),
        ("?q=data", [AT, "/srv/data"]),
        ("?q=shut", []),
        ("?client=10.20.0.9", [AT]),
        ("?client=10.21.0.9", []),
        ("?client=Admin.example", [AT]),
        ("?gives=ro", [AT]),
        ("?gives=no_root_squash", []),
        ("?gives=rw&client=10.20.0.9", []),
        ("?cluster=web&order=-fsid", [AT, "/srv/data"]),
        ("?cluster=db", []),
        ("?health=danger", []),
        ("?page=9", [AT, "/srv/data"]),
    ],
)
def test_it_is_filtered_as_exports_are(web: Cluster, vera_client: Client, query: str, found: list[str]):
    assert paths(get(vera_client, f"/exports/{query}")) == found


def test_pages_are_cut_across_both(web: Cluster, vera_client: Client):
    for number in range(60):
        opened(web, f"s{number:02}", fsid=3_000_000 + number)
    many.fill_up([web], 1, 50)
    seen = [path for page in (1, 2, 3) for path in paths(get(vera_client, f"/exports/?page={page}"))]
    assert len(seen) == len(set(seen)) == 61 + 51
    assert len(paths(get(vera_client, "/exports/?page=2"))) == 50


def test_csv_has_it_with_its_name_and_it_is_not_published_by_reading_that_in(web: Cluster, vera_client: Client, olga_client: Client):  # fmt: skip
    text = get(vera_client, "/exports/?format=csv")
    row, other = csv.DictReader(io.StringIO(text))
    assert (row["path"], row["snapshot"], other["snapshot"]) == (AT, "before", "")
    assert row["clients"].startswith("10.20.0.0/24(ro,sync,no_subtree_check,root_squash) admin")
    shown = olga_client.post("/exports/import/", {"text": text}, follow=True).content.decode()
    assert "This is the opened snapshot before, which is opened on its own page. Leave the row out." in shown


def test_the_search_finds_it_by_path_and_by_address(web: Cluster, vera_client: Client):
    for text in (AT, "10.20.0.77"):
        html = get(vera_client, f"/search/?q={text}")
        assert f'href="{ONE}">{AT}</a>' in html and "web, snapshot, " in html
    assert ONE not in get(vera_client, "/search/?q=10.21.0.77")


def test_nobody_finds_those_of_other_clusters(web: Cluster, client: Client):
    other = stories.make_pair("db", ip="10.10.0.60", volumes=(("log", 50, 10),))
    client.force_login(factories.make_user("peter", AccessLevel.VIEWER, other))
    assert all(AT not in get(client, address) for address in ("/exports/", "/exports/?format=csv"))
    assert all(ONE not in get(client, f"/search/?q={text}") for text in (AT, "10.20.0.77"))


@pytest.mark.parametrize(
    "address", ["/exports/", "/exports/?client=10.20.0.9", "/exports/?format=csv", "/search/?q=10.20.0.9"]
)
def test_more_of_them_ask_the_database_no_more_often(web: Cluster, vera_client: Client, address: str):
    get(vera_client, address)
    with CaptureQueriesContext(connection) as few:
        get(vera_client, address)
    for number in range(30):
        opened(web, f"s{number:02}", fsid=3_000_000 + number)
    with CaptureQueriesContext(connection) as more:
        get(vera_client, address)
    assert len(more) == len(few)
