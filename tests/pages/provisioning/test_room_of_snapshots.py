"""The room of snapshots: what schedules together need of the volume group, and how long one lasts."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import Cluster, NodeState, Snapshot, SnapshotSchedule, UsageSample, Volume
from clusters.snapshot_room import promised, rate
from clusters.states import Inventory
from tests import factories

pytestmark = pytest.mark.django_db
GIB = 2**30
BASE = "/c/web-files/volumes/web_files/"
NEW, SCHEDULE = BASE + "snapshots/new/", BASE + "snapshots/schedule/"
GOOD = {"name": "tonight", "size": "2", "unit": "GiB"}
KEEPS = {"enabled": "on", "hourly": "0", "daily": "7", "weekly": "0", "size": "3", "unit": "GiB"}


def page(response: Any) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture
def volume(web_files: Cluster) -> Volume:
    node = web_files.nodes.get(name="alice")
    NodeState.objects.create(node=node, reachable=True, read_at=timezone.now(), vg_size=80 * GIB, vg_free=40 * GIB)
    web_files.volumes.filter(name="web_files").update(size=100 * GIB)
    return web_files.volumes.get(name="web_files")


@pytest.fixture
def other(volume: Volume) -> SnapshotSchedule:
    """Another volume keeps ten snapshots of 2 GiB, and has taken two of them."""
    home = factories.make_volume(volume.cluster, "homes", size=25 * GIB)
    schedule = SnapshotSchedule.objects.create(volume=home, daily=10, weekly=0, size=2 * GIB)
    for name in ("auto-1", "auto-2"):
        Snapshot.objects.create(
            volume=home, name=name, lv=f"homes-{name}", size=2 * GIB, schedule=schedule, inventory=Inventory.PRESENT
        )
    return schedule


def writes(volume: Volume, in_an_hour: int) -> None:
    now = timezone.now()
    counts = ((hours, in_an_hour * (9 - hours) + 5 * GIB) for hours in range(8))
    UsageSample.objects.bulk_create(
        UsageSample(volume=volume, at=now - timedelta(hours=h), size=1, used=1, written=count) for h, count in counts
    )


def test_a_schedule_leaves_room_for_what_those_of_other_volumes_keep(other: SnapshotSchedule, olga_client: Client):
    """Each fitted alone, and together they filled the group: the later runs failed."""
    fits = olga_client.post(SCHEDULE + "?check=1", KEEPS)  # 21 of 40 GiB; the other still takes 16
    assert "All 7 together leave 19 GiB of vg_data. Of that, the schedule of homes will take 16 GiB." in page(fits)
    refused = olga_client.post(SCHEDULE, KEEPS | {"size": "4"})
    assert refused.status_code == 422 and not SnapshotSchedule.objects.exclude(pk=other.pk).exists()
    said = "more than vg_data has free for each of 7 snapshots, beside the 16 GiB that the schedule of homes will take."
    assert said in page(refused) and 'value="size=3508 MiB"' in page(refused)
    assert olga_client.post(SCHEDULE, KEEPS).status_code == 302


def test_one_that_asks_for_less_than_before_is_not_refused_for_the_others(
    volume: Volume, other: SnapshotSchedule, olga_client: Client
):
    SnapshotSchedule.objects.create(volume=volume, daily=8, weekly=0, size=4 * GIB)
    assert olga_client.post(SCHEDULE, KEEPS | {"size": "4", "daily": "9"}).status_code == 422
    told = page(olga_client.post(SCHEDULE + "?check=1", KEEPS | {"size": "4"}))
    assert "That is too little for the schedule of homes: 16 GiB more will be needed" in told
    assert olga_client.post(SCHEDULE, KEEPS | {"size": "4"}).status_code == 302


def test_a_snapshot_says_what_it_leaves_for_the_schedules(other: SnapshotSchedule, olga_client: Client):
    assert "Of that, the schedule of homes will take 16 GiB." in page(olga_client.get(NEW))
    told = page(olga_client.post(NEW + "?check=1", GOOD | {"size": "30"}))
    assert "It leaves 10 GiB of vg_data. That is too little for the schedule of homes: 16 GiB more" in told
    assert olga_client.post(NEW, GOOD | {"size": "30"}).status_code == 302  # one that a person takes goes first


def test_what_is_offered_leaves_room_for_the_schedules(other: SnapshotSchedule, olga_client: Client):
    Volume.objects.filter(name="web_files").update(size=400 * GIB)
    assert olga_client.get(NEW).context["form"].initial["size"] == "24"


def test_schedules_that_are_off_thin_or_done_need_nothing_more(volume: Volume, other: SnapshotSchedule):
    assert [(one.volume, one.size) for one in promised(volume.cluster)] == [("homes", 16 * GIB)]
    SnapshotSchedule.objects.update(enabled=False)
    assert promised(volume.cluster) == []
    SnapshotSchedule.objects.update(enabled=True, daily=2)
    assert promised(volume.cluster) == []
    SnapshotSchedule.objects.update(daily=10)
    Volume.objects.filter(name="homes").update(pool="tp")
    assert promised(volume.cluster) == []


def test_a_small_one_of_a_volume_that_is_written_to_says_how_long_it_lasts(volume: Volume, olga_client: Client):
    writes(volume, GIB)
    told = page(olga_client.post(NEW + "?check=1", GOOD | {"size": "3"}))
    assert "At today's rate, 1 GiB written in an hour, it is full after about 3 h, and then lost. Give it" in told
    assert "note w-warn" in told
    long = page(olga_client.post(NEW + "?check=1", GOOD | {"size": "30"}))
    assert "it is full after about 1 day, and then lost." in long and "note w-warn" not in long


def test_a_schedule_whose_oldest_run_full_says_so(volume: Volume, olga_client: Client):
    writes(volume, GIB)
    told = page(olga_client.post(SCHEDULE + "?check=1", KEEPS))
    assert "full after about 3 h, and then lost. The oldest is kept for 7 days: give each more room" in told
    off = {name: value for name, value in KEEPS.items() if name != "enabled"}
    assert "full after" not in page(olga_client.post(SCHEDULE + "?check=1", off))


def test_4_mib_for_a_volume_whose_writes_are_not_known_is_warned_of(volume: Volume, olga_client: Client):
    told = page(olga_client.post(NEW + "?check=1", GOOD | {"size": "4", "unit": "MiB"}))
    assert "less than 1 % of web_files, and how much is written to it is not known yet" in told
    assert "less than 1 %" not in page(olga_client.post(NEW + "?check=1", GOOD))


def test_the_rate_counts_on_after_a_device_was_made_anew():
    now = timezone.now()
    counts = [(7200, 500), (3600, 900), (1800, 100), (0, 200)]
    assert rate((now - timedelta(seconds=s), count) for s, count in counts) == pytest.approx((400 + 100 + 100) / 7200)
    assert rate([(now, 5), (now - timedelta(minutes=10), 1)]) is None  # too short to tell
    assert rate([]) is None
