from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters import clock, history
from tests import stories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_middle_of_a_year() -> Iterator[None]:
    """The page begins with the moves of this year, and those of a test must not lie in the one before."""
    with time_machine.travel(timezone.now().replace(month=6, day=15)):
        yield


def test_moves_with_pause_and_what_was_seen_around_them(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    now = timezone.now()
    stories.change(
        cluster, "bob", "group", "alice", "bob", now, "alice did not answer for 19 s.", cause="failover", pause=19.4
    )
    stories.change(cluster, "bob", "role", "Secondary", "Primary", now - timedelta(seconds=9))
    stories.change(cluster, "bob", "role", "Primary", "Secondary", now - timedelta(hours=9))
    client.force_login(olga)
    page = client.get("/c/wiki/failovers/").content.decode()
    assert "1 move in" in page
    assert "Clients waited 19 s the last time." in page
    assert "Failover, alice to bob" in page
    assert "alice did not answer for 19 s." in page
    assert "What was seen around it: 1 change<" in page
    assert page.count("Secondary → Primary") == 1


def test_figures_count_every_move_of_the_year_and_name_the_longest(
    client: Client, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHARTED", 2)
    first, second = stories.make_pair("wiki"), stories.make_pair("git-lfs")
    now = clock.local(timezone.now()).replace(month=6, day=15)
    for days, cluster, cause, pause in (
        (3, second, "failover", 300), (2, first, "failover", 20), (1, first, "switchover", 12), (0, first, "stop", None),
    ):  # fmt: skip
        at = now - timedelta(days=days)
        stories.change(cluster, "bob", "group", "alice", "bob", at, cause=cause, pause=pause)
    client.force_login(olga)
    shown = client.get("/failovers/").context["history"]
    assert shown.headline == f"4 moves in {now.year}. Clients waited 12 s the last time."
    assert shown.sub == "2 failovers, 1 switchover, 1 stop."
    assert [(name, figure) for name, figure, _ in shown.figures] == [
        ("Typical", "20 s"), ("Worst", "5 min 0 s"), ("Last", "12 s"), ("Not served", "5 min 32 s"),
    ]  # fmt: skip
    assert "git-lfs" in shown.figures[1][2]


def test_nobody_serving_is_a_move_of_its_own(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    stories.change(
        cluster, "", "group", "alice", "", timezone.now(), "both nodes are seen and none serves", cause="stop"
    )
    client.force_login(olga)
    assert "nobody serves any more, it was alice" in client.get("/failovers/").content.decode()


def test_a_pause_for_a_job_is_listed_and_is_no_move(client: Client, olga: Any) -> None:
    cluster, now = stories.make_pair("wiki"), timezone.now()
    moved = now - timedelta(seconds=300)
    stories.change(cluster, "bob", "group", "bob", "alice", moved, cause="failover", pause=20)
    stories.change(cluster, "", "group", "alice", "", now - timedelta(seconds=30), cause="pause", job=4)
    stories.change(cluster, "", "group", "alice", "alice", now, cause="pause", pause=30)
    client.force_login(olga)
    answer = client.get("/failovers/")
    shown, page = answer.context["history"], answer.content.decode()
    assert shown.headline.endswith(" Clients waited 20 s the last time.") and shown.headline.startswith("1 move in ")
    assert shown.sub == "1 failover. 1 pause for a job on one node beside."
    assert [figure for _, figure, _ in shown.figures] == ["20 s"] * 4
    assert "Pause on alice: a job has stopped NFS there" in page and "Pause on alice is over" in page
    assert "alice to alice" not in page and "nobody serves" not in page
    assert client.get("/failovers/?kind=pause").content.decode().count('class="fo"') == 2
    around = client.get("/c/wiki/").content.decode()
    assert "The service on alice pauses for a job" in around and "Nobody holds the service group" not in around


def test_a_year_of_pauses_alone_has_no_move(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    stories.change(cluster, "", "group", "alice", "", timezone.now(), cause="pause", job=4)
    client.force_login(olga)
    shown = client.get("/failovers/").context["history"]
    assert shown.headline.startswith("No move of a service group") and "1 pause for a job" in shown.sub


def test_filters_and_pages(client: Client, olga: Any) -> None:
    first, second = stories.make_pair("wiki"), stories.make_pair("git-lfs")
    now = timezone.now()
    for number in range(30):
        stories.change(
            first, "bob", "group", "alice", "bob", now - timedelta(seconds=number), cause="failover", pause=number
        )
    stories.change(second, "bob", "group", "alice", "bob", now - timedelta(seconds=90), cause="switchover", pause=3)
    client.force_login(olga)
    assert client.get("/failovers/").content.decode().count('class="fo"') == 25
    assert client.get("/failovers/?page=2").content.decode().count('class="fo"') == 6
    assert client.get("/failovers/?kind=switchover").content.decode().count('class="fo"') == 1
    assert client.get("/failovers/?cluster=git-lfs").content.decode().count('class="fo"') == 1
    year = clock.local(now).year
    assert "No move of a service group" in client.get(f"/failovers/?year={year - 1}").content.decode()
    for odd in ("99999", "²²²²"):
        assert client.get(f"/failovers/?year={odd}&kind=x&page=x").status_code == 200


def test_every_change_on_request(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    stories.change(cluster, "bob", "disk", "UpToDate", "Diskless", timezone.now())
    client.force_login(olga)
    assert "Diskless" not in client.get("/c/wiki/failovers/").content.decode()
    assert "bob: its copy is Diskless" in client.get("/c/wiki/failovers/?show=all").content.decode()


def test_a_spreadsheet_gets_text_and_no_formulas(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    stories.change(
        cluster, "bob", "group", "alice", "bob", timezone.now(), "=HYPERLINK(1)", cause="failover", pause=19.44
    )
    client.force_login(olga)
    response = client.get("/failovers/?format=csv")
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.content.decode())))
    assert rows[1][1:7] == ["wiki", "failover", "alice", "bob", "19.4", "'=HYPERLINK(1)"]


def test_a_stranger_reads_nothing(client: Client, mallory: Any) -> None:
    stories.web_files()
    client.force_login(mallory)
    assert "web-files" not in client.get("/failovers/").content.decode()
    assert "web-files" not in client.get("/failovers/?format=csv").content.decode()
    assert "No move of a service group" in client.get("/failovers/?cluster=web-files").content.decode()
    assert client.get("/c/web-files/failovers/").status_code == 404


def test_it_only_reads(client: Client, ada: Any) -> None:
    client.force_login(ada)
    assert client.post("/failovers/").status_code == 405


def test_the_count_of_queries_does_not_grow(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    client.force_login(olga)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/failovers/").status_code == 200
        return len(seen)

    stories.moves(cluster, timezone.now())
    queries()
    few = queries()
    for _ in range(3):
        stories.moves(cluster, timezone.now())
    assert queries() == few


def test_what_nodes_said_is_text(client: Client, olga: Any) -> None:
    cluster = stories.make_pair("wiki")
    stories.change(
        cluster,
        "<b>x",
        "group",
        "<i>",
        "<script>alert(1)</script>",
        timezone.now(),
        "<script>2</script>",
        cause="failover",
        pause=1,
    )
    client.force_login(olga)
    page = client.get("/failovers/").content.decode()
    assert "<script>alert" not in page
    assert "<script>2" not in page
