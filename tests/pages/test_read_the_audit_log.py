from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters import audit, audit_triggers, inventory
from clusters.models import AuditEntry, Membership
from clusters.states import AccessLevel
from tests import stories

pytestmark = pytest.mark.django_db


def write(**fields: Any) -> AuditEntry:
    with transaction.atomic():
        return audit.record(
            **{"actor": "ada", "action": "volume.create", "text": "Created a volume", "outcome": "done", **fields}
        )


def lines(client: Client, query: str = "") -> int:
    return client.get(f"/audit/{query}").content.decode().count('class="au"')


def test_who_what_where_why_and_what_came_of_it(client: Client, vera: Any) -> None:
    stories.audit_log(stories.make_pair("web-files"))
    client.force_login(vera)
    page = client.get("/audit/").content.decode()
    assert "Created volume web_files, 40 GiB XFS" in page
    assert "“Ticket 4412, shop assets”" in page
    assert page.count('class="au"') == 7
    assert "7 entries" in page


@pytest.mark.parametrize("query", ["", "?who=ada", "?outcome=done&q=volume"])
def test_the_count_of_queries_does_not_grow_with_the_log(query: str, client: Client, vera: Any) -> None:
    cluster = stories.make_pair("web-files")
    stories.audit_log(cluster)
    write(cluster=cluster)
    client.force_login(vera)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert lines(client, query)
        return len(seen)

    queries()
    few = queries()
    for number in range(70):
        write(cluster=cluster, object=f"volume_{number}", actor="ada" if number % 2 else "olga", job=number)
    write(cluster=stories.make_pair("wiki"))
    assert queries() == few


def test_filters(client: Client, vera: Any) -> None:
    cluster = stories.make_pair("web-files")
    stories.audit_log(cluster)
    client.force_login(vera)
    found = {
        "?who=olga": 1, "?where=web-files": 5, "?outcome=refused": 1, "?q=lvcreate": 1, "?q=Ticket": 2, "?q=2287": 2, "?action=people": 2,
        "?action=job": 3, "?since=2100-01-01": 0, "?until=2100-01-01": 7, "?since=nonsense&who=&outcome=zzz": 7,
    }  # fmt: skip
    assert {query: lines(client, query) for query in found} == found


def test_an_entry_with_its_commands_and_neighbours(client: Client, vera: Any) -> None:
    stories.audit_log(stories.make_pair("web-files"))
    client.force_login(vera)
    page = client.get(f"/audit/{AuditEntry.objects.exclude(commands=[]).get().sequence}/").content.decode()
    assert "lvcreate --yes --wipesignatures y" in page
    assert "fits its neighbours" in page


def test_before_and_after_as_a_difference(client: Client, vera: Any) -> None:
    entry = write(before={"file": "keepalive 1\ndeadtime 30"}, after={"file": "keepalive 1\ndeadtime 10", "more": [1]})
    client.force_login(vera)
    page = client.get(f"/audit/{entry.sequence}/").content.decode()
    assert '<span class="r">-   deadtime 30</span>' in page
    assert '<span class="a">+   deadtime 10</span>' in page
    assert '<span class="a">+ more: [1]</span>' in page


def test_verifying_a_good_log(client: Client, vera: Any) -> None:
    write()
    client.force_login(vera)
    page = client.post("/audit/").content.decode()
    assert "<b>Chain verified</b> 1 entry" in page


def test_verifying_a_log_that_was_changed(client: Client, vera: Any) -> None:
    entry = write()
    write()
    audit_triggers.remove(connection)
    AuditEntry.objects.filter(pk=entry.pk).update(text="Nothing happened")
    client.force_login(vera)
    page = client.post("/audit/").content.decode()
    assert "The log was changed from outside." in page
    assert "its content is not what was written" in page
    assert "Chain verified" not in page
    audit_triggers.install(connection)


def test_the_export_can_be_verified_without_the_panel(client: Client, vera: Any) -> None:
    write()
    write(text="<b>é", reason="ünïcode")
    client.force_login(vera)
    response = client.get("/audit/export/")
    rows = [json.loads(line) for line in b"".join(response).splitlines()]
    assert len(rows) == 2
    assert audit.verify_rows(rows) == []


def test_pages_of_fifty(client: Client, vera: Any) -> None:
    with transaction.atomic():
        for number in range(53):
            audit.record(actor="ada", action="x.y", text=f"Entry {number}", outcome="done")
    client.force_login(vera)
    assert lines(client) == 50
    assert lines(client, "?page=2") == 3
    assert 'href="?who=ada&amp;page=2"' in client.get("/audit/?who=ada").content.decode()


def test_a_member_of_one_cluster_reads_what_was_done_to_it(client: Client, mallory: Any) -> None:
    mine, other = stories.make_pair("wiki"), stories.make_pair("git-lfs")
    own = write(cluster=mine, text="Changed wiki")
    foreign = write(cluster=other, text="Changed git-lfs")
    fleet = write(text="Changed the panel")
    Membership.objects.create(user=mallory, cluster=mine, level=AccessLevel.VIEWER)
    client.force_login(mallory)
    page = client.get("/audit/").content.decode()
    assert "Changed wiki" in page
    assert "Changed git-lfs" not in page
    assert "Changed the panel" not in page
    assert client.get(f"/audit/{own.sequence}/").status_code == 200
    for hidden in (foreign, fleet):
        assert client.get(f"/audit/{hidden.sequence}/").status_code == 404
    assert client.post("/audit/").status_code == 403
    assert client.get("/audit/export/").status_code == 403


def test_a_stranger_reads_nothing(client: Client, mallory: Any) -> None:
    entry = write(text="Changed the panel")
    client.force_login(mallory)
    assert "Changed the panel" not in client.get("/audit/").content.decode()
    assert client.get(f"/audit/{entry.sequence}/").status_code == 404


def test_what_was_written_is_shown_as_text(client: Client, vera: Any) -> None:
    hostile = "<script>alert(1)</script>"
    entry = write(text=hostile, reason=hostile, object=hostile, actor=hostile, before={hostile: hostile}, after={},
                  commands=[{"node": hostile, "command": hostile, "exit": 0}])  # fmt: skip
    client.force_login(vera)
    for path in ("/audit/", f"/audit/{entry.sequence}/"):
        assert "<script>alert" not in client.get(path).content.decode()


def test_entries_are_not_changed_through_pages(client: Client, ada: Any) -> None:
    entry = write()
    client.force_login(ada)
    for method in (client.post, client.put, client.delete, client.patch):
        assert method(f"/audit/{entry.sequence}/").status_code == 405
    assert client.delete("/audit/").status_code == 405


@pytest.mark.parametrize("query", ["?until=9999-12-31", "?since=0001-01-01", "?until=yesterday"])
def test_a_day_that_cannot_be_is_no_filter(client: Client, vera: Any, query: str) -> None:
    write()
    client.force_login(vera)
    assert lines(client, query) == 1


def test_entries_of_a_forgotten_pair_are_found_under_both_names(client: Client, vera: Any) -> None:
    cluster = stories.make_pair("web-files")
    write(cluster=cluster)
    inventory.forget(cluster)
    client.force_login(vera)
    assert cluster.slug in client.get("/audit/").content.decode()
    assert (lines(client, f"?where={cluster.slug}"), lines(client, "?where=web-files")) == (1, 1)


def test_what_a_node_said_is_shown_cleaned(client: Client, vera: Any) -> None:
    entry = write(text="It failed: \x1b[31mno\u202eroom", commands=[{"node": "alice", "command": "mkdir /srv/\u202ex"}])
    client.force_login(vera)
    for path in ("/audit/", f"/audit/{entry.sequence}/"):
        page = client.get(path).content.decode()
        assert "It failed: no⟨U+202E⟩room" in page
        assert "\x1b" not in page
        assert "\u202e" not in page
