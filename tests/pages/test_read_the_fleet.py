from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters.models import Cluster, ClusterState, Membership, Replica
from clusters.states import AccessLevel, Health
from tests import factories, stories

pytestmark = pytest.mark.django_db


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_the_most_dangerous_comes_first(client: Client, olga: Any) -> None:
    stories.fleet()
    client.force_login(olga)
    page = client.get("/").content.decode()
    order = [
        page.index(f'id="c-{slug}"')
        for slug in ("mail-store", "cloud-a", "photo-archive", "home-dirs", "cloud-b", "new-pair")
    ]
    assert order == sorted(order)
    assert "mail-store: split brain since 11:52." in page


def test_each_row_says_what_is_known(client: Client, olga: Any) -> None:
    stories.fleet()
    client.force_login(olga)
    page = client.get("/").content.decode()
    row = page[page.index('id="c-web-files"') :].split("</li>")[0]
    assert "Not redundant</span> until about 14:20: resync 62 %." in row
    assert "resync, alice to bob 62 %" in row.lower()
    assert "39 MiB/s" in row
    assert "about 2 h 13 min left" in row
    assert "304 GiB left, overwrites bob" in row
    assert "91 %" in row
    assert "10.10.0.50" in row
    assert "on alice" in row
    assert "switchover, 38 s" in row


def test_how_full_a_volume_was_is_told_with_its_age_when_nobody_is_seen_to_serve(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    client.force_login(olga)
    assert 'class="stale">91 %' not in client.get("/").content.decode()
    ClusterState.objects.filter(cluster=cluster).update(judged_at=timezone.now() - timedelta(hours=4))
    row = client.get("/").content.decode().split('id="c-web-files"')[1].split("</li>")[0]
    assert (
        'class="stale">91 %</span>' in row and 'class="two">as of ' in row.split("Fullest volume")[1].split("</div>")[0]
    )


def test_a_judgement_that_is_old_is_not_believed(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    ClusterState.objects.filter(cluster=cluster).update(judged_at=timezone.now() - timedelta(minutes=4))
    client.force_login(olga)
    page = client.get("/").content.decode()
    row = page[page.index('id="c-wiki"') :].split("</li>")[0]
    assert "Not read" in row
    assert "c-ok" not in row
    assert "t-ok" not in row
    assert client.get("/?state=ok").content.decode().count('id="c-wiki"') == 0
    assert client.get("/?state=unknown").content.decode().count('id="c-wiki"') == 1


def test_whose_copy_is_overwritten_is_told_when_the_resync_stands_still_too(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    Replica.objects.filter(node__cluster=cluster).update(moved_at=timezone.now() - timedelta(hours=1))
    client.force_login(olga)
    row = client.get("/").content.decode().split('id="c-web-files"')[1].split("</li>")[0]
    assert "no progress" in row and "304 GiB left, overwrites bob" in row


def test_the_count_of_queries_does_not_grow_with_the_fleet(client: Client, ada: Any) -> None:
    stories.web_files()
    client.force_login(ada)
    queries(client, "/")
    few = queries(client, "/")
    stories.fleet_of(12)
    assert queries(client, "/") == few


def test_filters_stay_in_the_address(client: Client, olga: Any) -> None:
    stories.fleet()
    client.force_login(olga)
    for query, found in (
        ("q=hugo", "photo-archive"),
        ("q=www_uploads", "web-files"),
        ("q=10.10.0.55", "home-dirs"),
        ("label=staff", "home-dirs"),
    ):
        page = client.get(f"/?{query}").content.decode()
        assert f'id="c-{found}"' in page, query
        assert 'id="c-wiki"' not in page, query
    fullest = client.get("/?order=fullest").content.decode()
    assert fullest.index('id="c-cloud-a"') < fullest.index('id="c-lab-sim"')
    assert 'hx-get="?q=hugo&amp;part=live' in client.get("/?q=hugo").content.decode()


def test_a_long_fleet_has_pages(client: Client, ada: Any) -> None:
    stories.fleet_of(31)
    client.force_login(ada)
    first = client.get("/").content.decode()
    assert first.count('class="fl"') == 30
    assert "?page=2" in first
    assert client.get("/?page=2").content.decode().count('class="fl"') == 1


def test_only_what_changed_is_sent_again(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    client.force_login(olga)
    version = client.get("/").context["version"]
    assert client.get(f"/?part=live&seen={version}").status_code == 204
    ClusterState.objects.filter(cluster=cluster).update(judged_at=timezone.now() + timedelta(seconds=1))
    fragment = client.get(f"/?part=live&seen={version}")
    assert fragment.status_code == 200
    assert fragment.content.decode().lstrip().startswith('<div id="live"')
    assert "<html" not in fragment.content.decode()


@pytest.mark.parametrize("path", ["/", "/?part=live", "/?part=live&seen=0"])
def test_a_stranger_sees_no_cluster(client: Client, mallory: Any, path: str) -> None:
    stories.web_files()
    client.force_login(mallory)
    assert "web-files" not in client.get(path).content.decode()


def test_a_member_of_one_cluster_sees_that_one(client: Client, mallory: Any) -> None:
    mine, _ = stories.make_pair("wiki"), stories.make_pair("git-lfs")
    Membership.objects.create(user=mallory, cluster=mine, level=AccessLevel.VIEWER)
    client.force_login(mallory)
    page = client.get("/").content.decode()
    assert 'id="c-wiki"' in page
    assert "git-lfs" not in page
    assert "Add a cluster" not in page


def test_without_signing_in_there_is_only_the_door(client: Client, db: None) -> None:
    stories.web_files()
    response = client.get("/")
    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=/"


def test_it_only_reads(client: Client, ada: Any) -> None:
    client.force_login(ada)
    assert client.post("/").status_code == 405


def test_hostile_names_are_text(client: Client, ada: Any) -> None:
    cluster = stories.make_pair("wiki", ("<script>alert(1)</script>", 'x" onload="y'), labels='"><u>a&b')
    stories.judge(cluster, Health.RISK, "<img src=x onerror=alert(1)>: bad", "<script>x</script>")
    client.force_login(ada)
    for path in ("/", "/c/wiki/", "/search/?q=<script>"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'x" onload' not in page
        assert '"><u>' not in page


def test_an_empty_fleet_teaches(client: Client, ada: Any) -> None:
    client.force_login(ada)
    page = client.get("/").content.decode()
    assert "Three steps to the first pair." in page
    assert "Add the first pair" in page


def test_who_has_no_access_level_is_not_told_that_there_are_no_clusters(client: Client, mallory: Any) -> None:
    stories.web_files()
    client.force_login(mallory)
    page = client.get("/").content.decode()
    assert "There is no cluster that you may see." in page and "An admin gives one under People" in page
    assert "No clusters yet" not in page and "web-files" not in page


def test_simulated_pairs_are_marked(client: Client, olga: Any, settings: Any) -> None:
    stories.make_pair("lab-sim", simulated=True)
    client.force_login(olga)
    assert 'class="lab">simulated' in client.get("/").content.decode()
    for path in ("/c/lab-sim/", "/c/lab-sim/volumes/data/", "/c/lab-sim/exports/11/", "/c/lab-sim/failovers/"):
        assert 'aria-label="Simulated"' in client.get(path).content.decode(), path
    settings.DEMO = True
    for path in ("/", "/audit/", "/people/"):
        assert 'aria-label="Simulated"' in client.get(path).content.decode(), path


def test_forgotten_clusters_are_not_in_the_fleet(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    Cluster.objects.filter(pk=cluster.pk).update(inventory="forgotten", forgotten_at=timezone.now())
    client.force_login(olga)
    assert 'id="c-wiki"' not in client.get("/").content.decode()
    assert "Forgotten by the panel" in client.get("/c/wiki/").content.decode()


def test_a_broken_page_number_is_not_an_error(client: Client, olga: Any) -> None:
    factories.make_cluster("wiki")
    client.force_login(olga)
    assert client.get("/?page=x&state=zzz&order=zzz&label=%00").status_code == 200
    for told in ("%00", "%%0000", "a%00b"):
        assert client.get(f"/?q={told}").status_code == client.get(f"/search/?q={told}").status_code == 200, told


def test_a_monitor_that_falls_silent_changes_the_open_page(
    client: Client, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories.web_files()
    client.force_login(olga)
    version = client.get("/").context["version"]
    later = timezone.now() + timedelta(minutes=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    response = client.get(f"/?part=live&seen={version}")
    assert response.status_code == 200
    assert "Not read" in response.content.decode()
