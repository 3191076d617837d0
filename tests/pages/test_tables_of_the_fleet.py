"""All volumes and all exports as tables: what is shown, to whom, sorted and filtered by the address, in a constant number of queries."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.models import ClientName, Cluster, ConnectedClient, Export, ExportClient, Volume, VolumeUsage
from clusters.states import AccessLevel, Health
from clusters.tables import exports, sheet
from tests import factories, many, stories

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(db: None) -> tuple[Cluster, Cluster]:
    """web: data 90 % of 100 GiB xfs; db: log 10 % of 50 GiB ext4, exported read-only to a host."""
    web = stories.make_pair("web", volumes=(("data", 100, 90),))
    base = stories.make_pair("db", ip="10.10.0.60", volumes=(("log", 50, 10),))
    Volume.objects.filter(name="log").update(fstype="ext4")
    export = Export.objects.get(volume__name="log")
    ExportClient.objects.filter(export=export).update(client="192.168.5.7", options="ro,sync,no_root_squash")
    stories.judge(base, Health.WARN, "Something wants doing.")
    return web, base


@pytest.fixture
def see(client: Client) -> Callable[..., str]:
    def load(person: Any, address: str, **headers: str) -> str:
        client.force_login(person)
        response: Any = client.get(address, headers=headers or None)
        assert response.status_code == 200
        return str(response.getvalue().decode())

    return load


def names(html: str) -> list[str]:
    """The first column, in order."""
    return re.findall(r'<td[^>]*><a class="m strong wrapany" href="[^"]*">([^<]+)</a>', html)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["data", "log"]),
        ("?order=-name", ["log", "data"]),
        ("?order=cluster", ["log", "data"]),
        ("?order=fill", ["log", "data"]),
        ("?order=-free", ["log", "data"]),
        ("?order=-size", ["data", "log"]),
        ("?order=nonsense", ["data", "log"]),
        ("?q=LOG", ["log"]),
        ("?q=srv/d", ["data"]),
        ("?cluster=web", ["data"]),
        ("?cluster=d", ["log"]),
        ("?fstype=xfs", ["data"]),
        ("?fill=full", ["data"]),
        ("?fill=empty", ["log"]),
        ("?fill=unread", []),
        ("?health=warn", ["log"]),
        ("?health=danger", []),
        ("?q=%00%27%25", []),
        ("?page=999", ["data", "log"]),
    ],
)
def test_volumes_are_filtered_and_sorted_by_the_address(
    see: Callable[..., str], vera: Any, two: Any, query: str, found: list[str]
):
    assert names(see(vera, f"/volumes/{query}")) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["/srv/data", "/srv/log"]),
        ("?order=-path", ["/srv/log", "/srv/data"]),
        ("?order=cluster", ["/srv/log", "/srv/data"]),
        ("?q=log", ["/srv/log"]),
        ("?q=10.10.0.77", ["/srv/data"]),
        ("?q=192.168.5.7", ["/srv/log"]),
        ("?q=168.5", ["/srv/log"]),
        ("?cluster=web", ["/srv/data"]),
        ("?client=10.10.0.77", ["/srv/data"]),
        ("?client=192.168.5.7", ["/srv/log"]),
        ("?client=::ffff:192.168.5.7", ["/srv/log"]),
        ("?client=2001:db8::1", []),
        ("?client=168.5", ["/srv/log"]),
        ("?gives=ro", ["/srv/log"]),
        ("?gives=rw", ["/srv/data"]),
        ("?gives=no_root_squash", ["/srv/log"]),
        ("?gives=ro&client=10.10.0.77", []),
        ("?health=ok", ["/srv/data"]),
    ],
)
def test_exports_are_filtered_and_sorted_by_the_address(
    see: Callable[..., str], vera: Any, two: Any, query: str, found: list[str]
):
    assert names(see(vera, f"/exports/{query}")) == found


@pytest.mark.parametrize("field", ["q", "client"])
def test_a_connected_client_finds_by_its_name_what_its_address_may_mount(
    see: Callable[..., str], vera: Any, two: Any, field: str
):
    web, _ = two
    ClientName.objects.create(address="192.168.5.7", name="nas.example.org")
    assert names(see(vera, f"/exports/?{field}=nas")) == []  # nobody with that address is connected
    ConnectedClient.objects.create(node=web.nodes.first(), address="192.168.5.7", version="4.2")
    for text, found in (("nas", ["/srv/log"]), ("NAS.example.org", ["/srv/log"]), ("na", []), ("example", [])):
        assert names(see(vera, f"/exports/?{field}={text}")) == found


def test_a_name_of_many_clients_finds_what_any_of_them_may_mount(see: Callable[..., str], vera: Any, two: Any):
    web, _ = two
    for number in range(exports.ASKED_BY_ADDRESS + 1):
        ClientName.objects.create(address=f"192.168.5.{number}", name=f"nas.{number}.example.org")
        ConnectedClient.objects.create(node=web.nodes.first(), address=f"192.168.5.{number}", version="4.2")
    assert names(see(vera, "/exports/?q=nas")) == ["/srv/log"]


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        ("10.3.7.9", "10.3.7.9", "10.3.7.90"),
        ("10.3.7.9/32", "10.3.7.9", "10.3.7.8"),
        ("10.3.7.0/24", "10.3.7.9", "10.3.70.9"),
        ("10.3.7.5/24", "10.3.7.9", "10.3.8.9"),  # adopted as somebody wrote it
        ("10.3.7.0/28", "10.3.7.9", "10.3.7.16"),
        ("10.3.6.0/23", "10.3.7.9", "10.3.8.9"),
        ("10.3.6.0/023", "10.3.7.9", "10.3.8.9"),
        ("10.0.0.0/8", "10.3.7.9", "11.3.7.9"),
        ("8.0.0.0/6", "10.3.7.9", "12.3.7.9"),
        ("8.0.0.0/252.0.0.0", "10.3.7.9", "12.3.7.9"),
        ("8.0.0.0/3.255.255.255", "10.3.7.9", "12.3.7.9"),
        ("0.0.0.0/0", "10.3.7.9", "2001:db8::7"),
        ("2001:DB8::/32", "2001:db8::7", "2001:db9::7"),
        ("2001:0db8:0:0::7", "2001:db8::7", "2001:db8::8"),
        ("::/0", "2001:db8::7", "10.3.7.9"),
    ],
)
def test_an_address_finds_what_holds_it_however_that_is_spelled(
    see: Callable[..., str], vera: Any, two: Any, allowed: str, inside: str, outside: str
):
    ExportClient.objects.exclude(export__path="/srv/log").delete()
    ExportClient.objects.filter(export__path="/srv/log").update(client=allowed)
    assert names(see(vera, f"/exports/?client={inside}")) == ["/srv/log"]
    assert names(see(vera, f"/exports/?client={outside}")) == []


@pytest.mark.parametrize(
    ("options", "gives"),
    [
        ("ro", {"ro"}),
        ("rw", {"rw"}),
        ("sync,ro", {"ro"}),
        ("rw,async,insecure", {"rw", "async", "insecure"}),
        ("rw,sync,root_squash,insecure_locks", {"rw"}),
        ("ro,no_root_squash,sec=krb5i:krb5p", {"ro", "no_root_squash", "krb5"}),
    ],
)
def test_an_option_is_found_as_a_word_of_its_own(
    see: Callable[..., str], vera: Any, two: Any, options: str, gives: set[str]
):
    ExportClient.objects.exclude(export__path="/srv/log").delete()
    ExportClient.objects.update(options=options)
    assert {option for option in exports.GIVEN if names(see(vera, f"/exports/?gives={option}"))} == gives


def test_a_page_counts_what_is_found_and_what_there_is(see: Callable[..., str], vera: Any, two: Any):
    many.fill_up([two[0]], 60, 120)
    assert "62 of 62 volumes" in see(vera, "/volumes/") and "122 of 122 exports" in see(vera, "/exports/?page=2")
    assert "1 of 62 volumes" in see(vera, "/volumes/?q=log") and "1 of 122 exports" in see(vera, "/exports/?q=log")
    assert len(names(see(vera, "/volumes/?page=99"))) == 12


@pytest.mark.parametrize("address", ["10.3.7.9", "2001:db8::7"])
def test_everybody_is_any_address(see: Callable[..., str], vera: Any, two: Any, address: str):
    ExportClient.objects.filter(export__path="/srv/log").update(client="*")
    assert names(see(vera, f"/exports/?client={address}")) == ["/srv/log"]


@pytest.mark.parametrize("address", ["/volumes/", "/exports/"])
def test_a_cluster_that_is_not_seen_any_more_is_unknown_whatever_it_was(
    see: Callable[..., str], vera: Any, two: Any, address: str
):
    two[0].state.judged_at = None
    two[0].state.save()
    assert len(names(see(vera, f"{address}?health=unknown"))) == 1
    assert names(see(vera, f"{address}?health=ok")) == []


@pytest.mark.parametrize("address", ["/volumes/", "/exports/", "/volumes/?format=csv", "/exports/?format=csv"])
def test_nobody_sees_more_than_their_clusters(
    see: Callable[..., str], client: Client, mallory: Any, two: Any, address: str
):
    part = factories.make_user("peter", AccessLevel.VIEWER, two[1])
    html = see(part, address)
    assert "log" in html and "data" not in re.sub(r'data-|datalist|"data', "", html)
    assert "/srv/log" not in see(mallory, address) and "/srv/data" not in see(mallory, address)
    client.logout()
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("address", ["/volumes/", "/exports/"])
def test_it_rejects_post(client: Client, vera: Any, address: str):
    client.force_login(vera)
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("address", ["/volumes/", "/exports/"])
def test_htmx_gets_the_table_alone_and_nothing_while_nothing_changed(client: Client, vera: Any, two: Any, address: str):
    client.force_login(vera)
    answer = client.get(address, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert html.lstrip().startswith('<div id="table"') and "HX-Request" in answer["Vary"]
    seen = re.search(r"seen=([^\"&]+)", html)
    assert seen
    assert client.get(f"{address}?seen={seen[1]}", headers={"HX-Request": "true"}).status_code == 204
    assert client.get(f"{address}?seen={seen[1]}").status_code == 200
    restored = client.get(address, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert b"<!doctype html>" in restored.content


def test_the_order_and_the_filters_stay_in_every_link(see: Callable[..., str], vera: Any, two: Any):
    many.fill_up([two[0]], 60, 120)
    html = see(vera, "/volumes/?cluster=web&order=-fill&fill=half")
    assert "?cluster=web&amp;order=fill&amp;fill=half" in html  # the head turns it round
    assert 'aria-sort="descending"' in html
    assert '<input type="hidden" form="filters" name="order" value="-fill">' in html
    html = see(vera, "/exports/?cluster=web")
    assert 'href="?cluster=web&amp;page=2"' in html
    assert len(names(html)) == 50 and len(names(see(vera, "/exports/?cluster=web&page=3"))) == 21


@pytest.mark.parametrize(
    "address",
    [
        "/volumes/",
        "/volumes/?fstype=xfs",
        "/volumes/?format=csv",
        "/exports/",
        "/exports/?client=10.0.1.1",
        "/exports/?gives=rw&health=ok",
        "/exports/?format=csv",
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_rows(client: Client, vera: Any, two: Any, address: str):
    client.force_login(vera)
    client.get(address).getvalue()  # type: ignore[attr-defined]
    with CaptureQueriesContext(connection) as few:
        client.get(address).getvalue()  # type: ignore[attr-defined]
    many.fill_up(list(two), 40, 80)
    with CaptureQueriesContext(connection) as more:
        client.get(address).getvalue()  # type: ignore[attr-defined]
    assert len(more) == len(few)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_holds_every_filtered_row(see: Callable[..., str], vera: Any, two: Any):
    many.fill_up([two[0]], 60, 120)
    assert len(read(see(vera, "/volumes/?format=csv"))) == 62
    [row] = read(see(vera, "/volumes/?format=csv&cluster=db"))
    assert (row["cluster"], row["name"], row["fstype"], row["percent"]) == ("db", "log", "ext4", "10.0")
    assert len(read(see(vera, "/exports/?format=csv&q=srv/v"))) == 120
    [row] = read(see(vera, "/exports/?format=csv&cluster=db"))
    assert (row["path"], row["clients"]) == ("/srv/log", "192.168.5.7(ro,sync,no_root_squash)")


def test_csv_runs_no_formula(see: Callable[..., str], vera: Any, two: Any):
    ExportClient.objects.filter(client="192.168.5.7").update(client="@admins")
    Volume.objects.filter(name="log").update(mount_options="=cmd|' /C calc'!A0")
    assert read(see(vera, "/exports/?format=csv&cluster=db"))[0]["clients"].startswith("'@admins(")
    assert read(see(vera, "/volumes/?format=csv&cluster=db"))[0]["mount_options"] == "'=cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "plain", "", "'quoted", "10.0.0.0/24"])  # noqa: RUF001
def test_what_was_guarded_comes_back_as_it_was(text: str):
    assert sheet.bare(sheet.guarded(text)) == text
    assert not sheet.guarded(text).startswith(sheet.FORMULA)


def test_what_was_not_read_lately_looks_old(see: Callable[..., str], vera: Any, two: Any):
    usage = VolumeUsage.objects.get(volume__name="log")
    assert 'class="stale"' not in see(vera, "/volumes/")
    usage.read_at -= timedelta(days=400)
    usage.save()
    assert see(vera, "/volumes/").count('class="stale"') == 1


def test_the_page_of_a_cluster_folds_long_tables(see: Callable[..., str], vera: Any, two: Any):
    html = see(vera, "/c/web/")
    assert "all-volumes" not in html and "all-exports" not in html
    many.fill_up([two[0]], 50, 100)
    html = see(vera, "/c/web/")
    assert html.count('id="to-vol-') == 25 and html.count('id="to-export-') == 25
    assert 'href="/volumes/?cluster=web">All 51 volumes</a>' in html
    assert 'href="/exports/?cluster=web">All 101 exports</a>' in html
