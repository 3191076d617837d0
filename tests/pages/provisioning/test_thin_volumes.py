"""Pages where the volume group has a thin pool: the choice of a new volume, what a snapshot asks, the pool on the cluster's page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, NodeState, Snapshot, SnapshotSchedule, SnapshotState, Volume
from clusters.snapshot_rows import SnapshotRow
from clusters.states import Inventory
from provisioning import codec
from provisioning.actions import ACTIONS
from provisioning.intents import CreateSnapshot, CreateVolume, RestoreSnapshot
from provisioning.models import Batch, Job
from provisioning.snapshot import desired_of
from tests import stories
from tests.batches import answering
from tests.pages.provisioning.test_create_a_volume import GOOD

pytestmark = pytest.mark.django_db
GIB = 2**30
URL = "/c/web-files/volumes/new/"
POOL = {"name": "pool0", "size": 10 * GIB, "promised": 8 * GIB, "data": 81.5, "metadata": 12.25, "broken": False}


@pytest.fixture
def pair(db: None) -> Cluster:
    cluster = stories.make_pair("web-files", volumes=(("media", 8, 40),))
    NodeState.objects.filter(node__name="alice").update(vg_size=80 * GIB, vg_free=2 * GIB, pools=[POOL])
    return cluster


@pytest.fixture
def thin(pair: Cluster) -> Volume:
    Volume.objects.update(pool="pool0")
    return Volume.objects.get()


def words(html: str) -> str:
    """What is read: no tags, one blank between words."""
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_without_a_pool_there_is_no_choice(pair: Cluster, olga_client: Client):
    NodeState.objects.update(pools=[])
    html = page(olga_client, URL)
    assert 'name="pool"' not in html and "thin pool" not in html
    answer = olga_client.post(URL, GOOD | {"size": "1", "pool": "pool0"})
    assert answer.status_code == 422 and "no thin pool pool0" in answer.content.decode()


def test_thick_is_the_usual_and_thin_may_be_larger_than_the_group(pair: Cluster, olga_client: Client):
    html = page(olga_client, URL)
    assert 'value="" id="id_pool_0" checked' in " ".join(html.split()) or 'id="id_pool_0" checked' in html
    assert "Pools are made by hand; the panel uses those there are." in html
    assert olga_client.post(URL, GOOD | {"size": "5"}).status_code == 422  # thick: the group has 2 GiB free
    assert olga_client.post(URL, GOOD | {"size": "5", "pool": "pool0"}).status_code == 302
    wanted = codec.load(CreateVolume, Job.objects.get().intent).volume
    assert (wanted.pool, wanted.size) == ("pool0", 5 * GIB)
    ACTIONS["volume.create"].begin(pair, CreateVolume("web-files", wanted))
    pair.volumes.filter(name="shop").update(inventory=Inventory.PRESENT)
    assert desired_of(pair).volume("shop") == wanted


def test_while_one_types_the_promise_is_told_in_figures(pair: Cluster, olga_client: Client):
    html = words(olga_client.post(f"{URL}?check=1", GOOD | {"size": "12", "pool": "pool0"}).content.decode())
    assert "pool0 has 10 GiB" in html and "20 GiB promised with this (200 %)" in html and "thin, in" in html


def test_a_volume_is_not_called_as_the_pool(pair: Cluster, olga_client: Client):
    answer = olga_client.post(URL, GOOD | {"name": "pool0", "mount_point": "/srv/p", "size": "1"})
    assert answer.status_code == 422 and "has a thin pool pool0" in answer.content.decode()


def test_a_snapshot_of_a_thin_volume_asks_for_no_size(thin: Volume, olga_client: Client):
    url = "/c/web-files/volumes/media/snapshots/new/"
    html = page(olga_client, url)
    assert 'name="size"' not in html and "takes room" not in html and "It fills its pool" in html
    assert olga_client.post(url, {"name": "before"}).status_code == 302
    wanted = codec.load(CreateSnapshot, Job.objects.get().intent).snapshot
    assert (wanted.lv, wanted.size) == ("media-before", 8 * GIB)


def test_a_schedule_of_a_thin_volume_asks_for_no_size(thin: Volume, olga_client: Client):
    url = "/c/web-files/volumes/media/snapshots/schedule/"
    assert 'name="size"' not in page(olga_client, url)
    kept = {"enabled": "on", "hourly": "0", "daily": "7", "weekly": "0"}
    assert olga_client.post(url, kept).status_code == 302
    assert SnapshotSchedule.objects.get().size == 8 * GIB


def test_a_thin_volume_grows_beyond_what_the_group_has_free(thin: Volume, olga_client: Client):
    form = {"how": "by", "size": "4", "unit": "GiB"}
    assert olga_client.post("/c/web-files/volumes/media/grow/", form).status_code == 302


def test_a_thin_snapshot_is_whole_without_a_fill_and_its_page_says_why(thin: Volume, olga_client: Client):
    row = Snapshot.objects.create(
        volume=thin, name="before", lv="media-before", size=8 * GIB, inventory=Inventory.PRESENT
    )
    state = SnapshotState.objects.create(snapshot=row, read_at=row.created_at, percent=None)
    assert (SnapshotRow(row, state, fresh=True).kind, SnapshotRow(row, state, fresh=True).word) == ("ok", "whole")
    html = page(olga_client, row.get_absolute_url())
    assert "never runs full by itself" in html and "8 GiB reserved" not in html
    html = page(olga_client, thin.get_absolute_url())
    assert "thin in pool0" in html and "Thin pool pool0" in html


def test_rolled_back_it_has_the_size_of_its_snapshot(thin: Volume, pair: Cluster):
    Snapshot.objects.create(volume=thin, name="before", lv="media-before", size=6 * GIB, inventory=Inventory.REMOVING)
    ACTIONS["snapshot.restore"].settle(pair, RestoreSnapshot("web-files", "media", "before"))
    thin.refresh_from_db()
    assert thin.size == 6 * GIB and not Snapshot.objects.exists()


def test_the_cluster_page_shows_the_pool(pair: Cluster, olga_client: Client):
    html = page(olga_client, "/c/web-files/")
    text = words(html)
    for says in ("Thin pool pool0", "Promised8 GiB, 80 %", "Data used", "made by hand", "It fills up."):
        assert says in text, says


def test_rows_of_csv_may_be_thin(pair: Cluster, olga_client: Client):
    rows = "cluster,name,size,pool\nweb-files,a,20 GiB,pool0\nweb-files,b,1 GiB,\nweb-files,c,1 GiB,pool9\n"
    answer: Any = olga_client.post("/volumes/import/", {"text": rows})
    answering.answer(Batch.objects.get())
    html = page(olga_client, answer["Location"])
    assert "/dev/vg_data/a, 20 GiB, thin in pool0, ext4, at /srv/a" in html and "no thin pool pool9" in html
    assert "Add 2 to web-files" in html
