from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import signals
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters.models import ClusterState, Export, Membership, Node, NodeState, Replica, Volume
from clusters.states import AccessLevel, Inventory
from tests import factories, stories

pytestmark = pytest.mark.django_db
PAGES = (
    "/c/web-files/",
    "/c/web-files/?part=live",
    "/c/web-files/volumes/web_files/",
    "/c/web-files/exports/14/",
    "/c/web-files/failovers/",
)


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_resync_is_told_with_direction_and_victim(client: Client, olga: Any) -> None:
    stories.web_files()
    client.force_login(olga)
    page = read(client, "/c/web-files/")
    assert 'max="100" value="62.0"' in page
    assert "<b>bob</b>’s copy, with the data of <b>alice</b>" in page
    assert "304 GiB" in page
    assert "39 MiB/s" in page
    assert "About 2 h 13 min left." in page
    assert "Resync, alice to bob" in page
    assert 'data-live="1"' in page


def test_a_resync_the_other_way_round_points_the_other_way(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    alice, bob = cluster.nodes.all()
    Replica.objects.filter(node=alice).update(replication="SyncTarget", disk="Inconsistent")
    Replica.objects.filter(node=bob).update(replication="SyncSource", disk="UpToDate")
    client.force_login(olga)
    page = read(client, "/c/web-files/")
    assert "<b>alice</b>’s copy, with the data of <b>bob</b>" in page
    assert "Resync, bob to alice" in page


def test_a_resync_that_stands_still_says_so(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    stories.resync(cluster, 62, 0, 0, moved=timedelta(minutes=7))
    client.force_login(olga)
    page = read(client, "/c/web-files/")
    assert "No progress for 7 min." in page
    assert "left." not in page[page.index('id="resync"') : page.index("</section>", page.index('id="resync"'))]


def test_more_than_everything_is_never_shown(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    Replica.objects.filter(node__cluster=cluster).update(percent=99.97)
    client.force_login(olga)
    assert "100 %" not in read(client, "/c/web-files/")


def test_the_figures_of_a_silent_node_carry_their_age(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    then = timezone.now() - timedelta(minutes=5)
    NodeState.objects.filter(node__cluster=cluster).update(reachable=False, read_at=then)
    Replica.objects.filter(node__cluster=cluster).update(read_at=then)
    client.force_login(olga)
    page = read(client, "/c/web-files/")
    assert '<span class="stale big-figure">62 %</span>' in page
    assert "nothing newer is known" in page
    assert "was UpToDate" in page
    assert 'class="node hatch"' in page
    assert "b-ok" not in page


def test_nothing_is_green_when_nobody_looked(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    ClusterState.objects.filter(cluster=cluster).update(judged_at=timezone.now() - timedelta(minutes=4))
    client.force_login(olga)
    page = read(client, "/c/wiki/")
    assert "Not read for 4 min." in page
    assert "The monitor does not run" in page
    for green in ("c-ok", "t-ok", "b-ok", "s-ok"):
        assert green not in page, green


def test_a_split_brain_shows_no_good_copy(client: Client, olga: Any) -> None:
    stories.split(stories.make_pair("mail-store"))
    client.force_login(olga)
    page = read(client, "/c/mail-store/")
    assert "Split brain" in page
    assert page.count("b-danger") == 4  # both nodes, in both layouts
    assert "b-ok" not in page
    assert "complete copy" not in page


def test_volumes_exports_and_their_clients(client: Client, olga: Any) -> None:
    stories.web_files()
    client.force_login(olga)
    page = read(client, "/c/web-files/")
    assert 'title="214\u202f748\u202f364\u202f800 bytes">200 GiB' in page
    assert "91 %" in page
    assert "rw,sync,no_subtree_check,root_squash" in page
    volume = read(client, "/c/web-files/volumes/www_uploads/")
    assert "www_uploads is 91 % full." in volume
    assert "/dev/vg_web/www_uploads" in volume
    export = read(client, "/c/web-files/exports/13/")
    assert "mount -t nfs4 10.10.0.50:/srv/www_uploads /mnt" in export
    assert "fsid 13" in export


def test_actions_that_are_not_possible_say_why(client: Client, vera: Any, olga: Any, ada: Any) -> None:
    stories.make_pair("wiki")
    factories.make_cluster("being-made", inventory=Inventory.CREATING)
    client.force_login(vera)
    assert "Needs the access level operator; yours is viewer." in read(client, "/c/wiki/")
    client.force_login(olga)
    page = read(client, "/c/wiki/")
    assert 'href="/c/wiki/volumes/new/"' in page
    assert "Needs the access level admin; yours is operator." in page
    client.force_login(ada)
    assert 'href="/c/wiki/forget/"' in read(client, "/c/wiki/")
    assert "Not yet: the cluster is not in service." in read(client, "/c/being-made/")


def test_a_draft_leads_back_to_describing_it(client: Client, ada: Any) -> None:
    factories.make_cluster("new-pair", inventory=Inventory.DRAFT)
    client.force_login(ada)
    assert "Go on describing it" in read(client, "/c/new-pair/")


@pytest.mark.parametrize("path", PAGES)
def test_hidden_from_a_stranger(client: Client, mallory: Any, path: str) -> None:
    stories.web_files()
    client.force_login(mallory)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_shown_to_a_viewer_of_this_cluster(client: Client, mallory: Any, path: str) -> None:
    Membership.objects.create(user=mallory, cluster=stories.web_files(), level=AccessLevel.VIEWER)
    client.force_login(mallory)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_it_only_reads(client: Client, ada: Any, path: str) -> None:
    stories.web_files()
    client.force_login(ada)
    assert client.post(path).status_code == 405


def test_what_does_not_exist_is_missing(client: Client, ada: Any) -> None:
    stories.web_files()
    client.force_login(ada)
    for path in (
        "/c/nope/",
        "/c/web-files/volumes/nope/",
        "/c/web-files/exports/99/",
        f"/c/web-files/exports/{10**20}/",
    ):
        response = client.get(path)
        assert response.status_code == 404
        assert "There is nothing here for you." in response.content.decode()


def test_only_what_changed_is_sent_again(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    client.force_login(olga)
    version = client.get("/c/web-files/").context["shown"].version
    assert client.get(f"/c/web-files/?part=live&seen={version}").status_code == 204
    ClusterState.objects.filter(cluster=cluster).update(judged_at=timezone.now() + timedelta(seconds=1))
    assert client.get(f"/c/web-files/?part=live&seen={version}").status_code == 200


def test_the_count_of_queries_does_not_grow_with_the_cluster(client: Client, olga: Any) -> None:
    cluster = stories.web_files()
    client.force_login(olga)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            read(client, "/c/web-files/")
        return len(seen)

    queries()
    few = queries()
    for number in range(40):  # more than the page lists
        volume = factories.make_volume(cluster, f"more_{number}")
        factories.make_export(volume, fsid=100 + number, clients=("10.0.0.1", "10.0.0.2"))
        if number in (8, 39):
            assert queries() == few


def crowded() -> Volume:
    """A volume with 40 exports, on a pair with 30 volumes."""
    cluster = stories.make_pair("wiki")
    for number in range(29):
        factories.make_volume(cluster, f"more_{number:02}")
    volume = cluster.volumes.get(name="data")
    for number in range(39):
        factories.make_export(volume, fsid=100 + number, path=f"/srv/data/{number:02}")
    return volume


def test_a_crowded_cluster_shows_the_first_rows_and_counts_the_rest(client: Client, olga: Any) -> None:
    crowded()
    client.force_login(olga)
    page = read(client, "/c/wiki/")
    assert page.count('id="to-vol-') == 25
    assert page.count('id="to-export-') == 25
    assert "All 30 volumes</a>" in page
    assert "All 40 exports</a>" in page
    assert "/srv/data, /srv/data/00, /srv/data/01, /srv/data/02, /srv/data/03, /srv/data/04 and 34 more<" in page
    assert "40 exports" in page
    assert "27 more" in page  # volumes in the picture


def test_a_crowded_volume_shows_its_first_exports_and_leads_to_all(client: Client, olga: Any) -> None:
    crowded()
    client.force_login(olga)
    page = read(client, "/c/wiki/volumes/data/")
    assert page.count("/c/wiki/exports/1") == 25
    assert 'href="/exports/?cluster=wiki&amp;q=/srv/data">All 40 exports</a>' in page
    assert page.count("/srv/data/30") == 0
    assert "Not exported" in read(client, "/c/wiki/volumes/more_01/")


@pytest.mark.parametrize("path", ["/c/wiki/volumes/data/", "/c/wiki/exports/11/"])
def test_a_volume_and_an_export_are_read_without_the_rest_of_the_cluster(client: Client, olga: Any, path: str) -> None:
    crowded()
    client.force_login(olga)
    read(client, path)
    loaded: Counter[type] = Counter()

    def count(sender: type, **_: Any) -> None:
        loaded[sender] += 1

    signals.post_init.connect(count)
    try:
        read(client, path)
    finally:
        signals.post_init.disconnect(count)
    assert 1 <= loaded[Volume] <= 2
    assert 1 <= loaded[Export] <= 25


def test_long_names_and_many_volumes_stay_in_the_picture(client: Client, olga: Any) -> None:
    stories.make_pair("wiki", ("n" * 64, "bob"), volumes=tuple((f"volume_{n}", 10, 50) for n in range(9)))
    client.force_login(olga)
    page = read(client, "/c/wiki/")
    assert "6 more" in page
    assert f">{'n' * 64}</tspan>" not in page


def test_a_cluster_with_one_node_has_no_picture_but_a_page(client: Client, ada: Any) -> None:
    cluster = factories.make_cluster("half", inventory=Inventory.DRAFT)
    Node.objects.filter(cluster=cluster, name="bob").delete()
    client.force_login(ada)
    assert "Being described." in read(client, "/c/half/")
    assert 'id="c-half"' in read(client, "/")


def test_a_monitor_that_falls_silent_changes_the_open_page(
    client: Client, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories.web_files()
    client.force_login(olga)
    version = client.get("/c/web-files/").context["shown"].version
    later = timezone.now() + timedelta(minutes=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    response = client.get(f"/c/web-files/?part=live&seen={version}")
    assert response.status_code == 200
    assert "Not read" in response.content.decode()
