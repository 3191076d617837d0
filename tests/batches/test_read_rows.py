"""Rows from CSV are judged by the rules of the form, with the rows before them counted in."""

from __future__ import annotations

import pytest

from clusters import rules
from clusters.models import Cluster, NodeState
from clusters.states import AccessLevel
from provisioning import bulk
from provisioning.desired import ExportClient
from tests import stories

pytestmark = pytest.mark.django_db
GIB = 1024**3
USUAL = ("rw", "sync", "no_subtree_check", "root_squash")


@pytest.fixture
def pair(db: None) -> Cluster:
    """web: data of 100 GiB at /srv/data, exported; 30 GiB free."""
    cluster = stories.make_pair("web", volumes=(("data", 100, 90), ("more", 10, 5)))
    NodeState.objects.filter(vg_size__isnull=False).update(vg_free=30 * GIB)
    cluster.exports.filter(volume__name="more").delete()
    return cluster


def judge(kind: str, text: str, level: AccessLevel = AccessLevel.OPERATOR) -> list[bulk.Judged]:
    return bulk.judge(kind, text, {c.pk: level for c in Cluster.objects.all()}, Cluster.objects.all())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_of_every_kind_are_read(delimiter: str):
    text = (
        "\ufeff"
        + delimiter.join(("Cluster", "name", "SIZE"))
        + "\r\n"
        + delimiter.join(("web", "a", "1 GiB"))
        + "\r\n\r\n"
    )
    rows, unknown = bulk.read("volumes", text)
    assert rows == [(2, {"cluster": "web", "name": "a", "size": "1 GiB"}, "")] and unknown == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "There is nothing in it."),
        ("name,size\na,1", "columns; cluster is not among them"),
        ("size\n1", "columns; cluster and name are not among them"),
        ("mode\n1", "columns; cluster, name and size are not among them"),
        ("cluster,name,size,size\n", "The column size is there twice."),
        ("cluster,name,size\n" + "web,a,1 GiB\n" * 501, "501 rows, and at most 500 go at once. Split it into 2 files"),
        ("cluster,name,size\nweb,\x00,1", "NUL"),
        ("cluster,name,size\n" + "x" * bulk.MOST_TEXT, "KiB, in 2 lines. Split it"),
        ('cluster,name,size\nweb,"' + "x" * 140_000, "is not CSV"),
    ],
)
def test_what_is_no_table_is_refused_whole(text: str, why: str):
    with pytest.raises(bulk.Unreadable, match=why):
        bulk.read("volumes", text)


def test_unknown_columns_are_named_and_the_panels_own_are_not():
    _, unknown = bulk.read("volumes", "cluster,name,size,percent,colour,problem\nweb,a,1 GiB,3,red,x")
    assert unknown == ["colour"]


def test_good_rows_say_what_they_become(pair: Cluster):
    first, second = judge("volumes", f"cluster,name,size,fstype\nweb,a,2 GiB,XFS\nweb,b,{GIB},\n")
    assert first.becomes == "/dev/vg_data/a, 2 GiB, XFS, at /srv/a" and first.intent is not None
    assert second.becomes == "/dev/vg_data/b, 1 GiB, ext4, at /srv/b"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["web,Bad-Name,1 GiB,"], "name:"),
        (["web,data,1 GiB,"], "name: web has a volume data already."),
        (["web,a,1 GB,"], "size:"),
        (["web,a,,"], "size:"),
        (["web,a,40 GiB,"], "size: 10 GiB more than vg_data has free."),
        (["web,a,20 GiB,", "web,b,11 GiB,"], "size: 1 GiB more than vg_data has free."),
        (["web,a,1 GiB,/srv/x", "web,b,1 GiB,/srv/x"], "mount_point: a of line 2 is mounted at /srv/x already."),
        (["web,a,1 GiB,/srv/x", "web,b,1 GiB,/srv/x/y"], "It overlaps with /srv/x, where a of line 2 is mounted."),
        (["elsewhere,a,1 GiB,"], "There is no cluster elsewhere."),
        ([",a,1 GiB,"], "There is no cluster"),
    ],
)
def test_a_bad_volume_says_why_and_the_rows_before_it_count(pair: Cluster, rows: list[str], problem: str):
    judged = judge("volumes", "\n".join(["cluster,name,size,mount_point", *rows]))
    assert all(one.intent for one in judged[:-1])
    assert judged[-1].intent is None and problem in " ".join(judged[-1].problems)


def test_a_name_that_stands_twice_is_told_with_the_line_that_has_it(pair: Cluster):
    """It was said to exist already, and nobody found it on the pair."""
    text = "cluster,name,size,mount_point\nweb,a,1 GiB,\nweb,b,1 GiB,\n\nweb,a,1 GiB,\nweb,b,1 GiB,/srv/c"
    same, elsewhere = judge("volumes", text)[2:]
    assert same.problems == ("name: Line 2 makes a volume a already.",)
    assert elsewhere.problems == ("name: Line 3 makes a volume b already.",)


def test_a_file_system_that_is_not_there_is_answered_with_those_that_are(pair: Cluster):
    [one] = judge("volumes", "cluster,name,size,fstype\nweb,a,1 GiB,zfs")
    assert one.problems == ("fstype: “zfs” is not possible: ext4 or xfs.",)


def test_a_bad_row_takes_nothing_from_those_after_it(pair: Cluster):
    judged = judge("volumes", "cluster,name,size\nweb,a,40 GiB\nweb,a,20 GiB\nweb,b,10 GiB")
    assert [bool(one.intent) for one in judged] == [False, True, True]


def test_cells_without_a_column_are_no_row_and_are_not_lost(pair: Cluster):
    """The second mount option was once left out, and the row was ready."""
    [one] = judge("volumes", "cluster,name,size,mount_options\nweb,a,1 GiB,noatime,nodiratime")
    assert one.intent is None and one.values["mount_options"] == "noatime,nodiratime"
    assert one.problems == ("It has 5 cells and the first line names 4: put what holds a comma in double quotes.",)
    [one] = judge("volumes", "cluster;name;size;;\nweb;a;1 GiB;;;;")  # as spreadsheets end a line
    assert one.intent is not None


def test_a_thin_pool_that_promises_more_than_it_has_is_said_at_the_row(pair: Cluster):
    pool = {"name": "pool", "size": 10 * GIB, "promised": 4 * GIB, "data": 85.0, "metadata": 3.0}
    NodeState.objects.filter(vg_size__isnull=False).update(pools=[pool])
    first, second = judge("volumes", "cluster,name,size,pool\nweb,a,5 GiB,pool\nweb,b,5 GiB,pool")
    assert [finding.code for finding in first.warnings] == ["pool.fills"]
    assert [finding.code for finding in second.warnings] == ["pool.fills", "pool.overcommitted"]


def test_below_operator_nothing_can_be_added(pair: Cluster):
    [one] = judge("volumes", "cluster,name,size\nweb,a,1 GiB", AccessLevel.VIEWER)
    assert one.intent is None and one.problems == ("This needs the access level operator on web.",)


def test_exports_show_their_line(pair: Cluster):
    [one] = judge("exports", 'cluster,volume,path,clients\nweb,more,/srv/more/a,"10.0.0.0/24(rw,sync) backup1(ro)"')
    assert one.intent is not None and one.becomes.startswith("/srv/more/a") and "backup1(" in one.becomes
    [one] = judge("exports", "cluster,volume,path,clients\nweb,more,,10.0.0.7")
    assert one.intent and one.intent.export.path == "/srv/more"  # type: ignore[union-attr]
    [one] = judge("exports", "cluster,volume,path,clients\nweb,more,a/b,10.0.0.7")
    assert one.intent and one.intent.export.path == "/srv/more/a/b"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["web,data,,10.0.0.7"], "/srv/data is exported already"),
        (["web,nosuch,,10.0.0.7"], "volume: There is no volume nosuch. web has data and more."),
        (["web,more,/srv/elsewhere,10.0.0.7"], "path: It does not lie in the volume, which is mounted at /srv/more."),
        (["web,more,/srv/moreover,10.0.0.7"], "path: It does not lie in the volume, which is mounted at /srv/more."),
        (["web,more,/srv/more/../data,10.0.0.7"], "path: The directory goes through"),
        (["web,more,a,10.0.0.7", "web,more,/srv/more/a,10.0.0.8"], "path: line 2 exports it already."),
        (["web,more,,"], "clients: nobody could mount it."),
        (["web,more,,10.0.0.7 (rw)"], "there is a blank before it"),
        (["web,more,,10.0.0.0/24(rw"], "the bracket is not closed; put what holds a comma in double quotes"),
        (["web,more,,10.0.0.0/24(rw,sync)"], "It has 5 cells and the first line names 4: put what holds a comma in"),
        (['web,more,,"10.0.0.7(rw,nonsense)"'], "clients:"),
        (["web,more,,10.0.0.7 10.0.0.7(ro)"], "10.0.0.7 is there twice"),
        (["web,more,,Web.x web.x(ro)"], "web.x is there twice"),
        (
            ["web,more,," + " ".join(f"10.0.0.{n}" for n in range(1, 42))],
            "clients: More than 40 clients are not taken.",
        ),
        (["web,more,,10.0.0.7", "web,more,/srv/more,10.0.0.8"], "line 2 exports it already"),
    ],
)
def test_a_bad_export_says_why(pair: Cluster, rows: list[str], problem: str):
    judged = judge("exports", "\n".join(["cluster,volume,path,clients", *rows]))
    assert judged[-1].intent is None and problem in " ".join(judged[-1].problems)


def test_clients_are_read_as_in_exports():
    assert bulk.clients_of("10.0.0.0/24 @admins(ro)") == (
        ExportClient("10.0.0.0/24", USUAL),
        ExportClient("@admins", ("ro",)),
    )
    with pytest.raises(rules.RuleError):
        bulk.clients_of("(rw)")
