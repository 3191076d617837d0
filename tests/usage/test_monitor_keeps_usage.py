"""Sweeps leave samples every five minutes, old ones go, and what runs out is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters.health import judge
from clusters.models import Cluster, UsageSample, VolumeUsage
from clusters.pair import known
from provisioning.monitor.usage import thin, write_usage
from provisioning.observed import Mount, NodeObserved
from provisioning.transport.world import Unreachable
from tests import factories

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def mount(name: str, used: int, **fields: Any) -> Mount:
    return Mount(
        f"/dev/mapper/vg_data-{name}", f"/srv/{name}", "ext4", ("rw",), 1000, used, inodes=100, inodes_used=7, **fields
    )


def sweep(cluster: Cluster, minutes: float, *mounts: Mount) -> None:
    node = NodeObserved("alice", T0.timestamp(), mounts=mounts)
    answers = {"alice": node, "bob": Unreachable("bob", "timed out")}
    write_usage(cluster, answers, T0 + timedelta(minutes=minutes))


def test_each_sweep_is_the_last_reading_and_one_in_five_minutes_is_kept(web_files: Cluster):
    for minutes, used in ((0, 100), (1, 110), (4.9, 120), (5, 130), (7, 140)):
        sweep(web_files, minutes, mount("media", used))
    usage = VolumeUsage.objects.get(volume__name="media")
    assert (usage.used, usage.inodes, usage.inodes_used) == (140, 100, 7)
    assert list(UsageSample.objects.order_by("at").values_list("used", flat=True)) == [100, 130]


def test_a_sample_keeps_how_much_was_written(web_files: Cluster):
    for minutes, written in ((0, 4096), (5, None), (10, 12288)):
        sweep(web_files, minutes, mount("media", 100, written=written))
    assert list(UsageSample.objects.order_by("at").values_list("written", flat=True)) == [4096, None, 12288]


def test_nothing_is_written_of_what_was_not_seen(web_files: Cluster):
    sweep(web_files, 0, Mount("/dev/vda1", "/", "ext4", ("rw",), 10, 5))
    assert not UsageSample.objects.exists() and not VolumeUsage.objects.exists()


def test_what_else_is_mounted_in_the_volumes_place_is_not_its_usage(web_files: Cluster):
    sweep(web_files, 0, mount("media", 400))
    stray = Mount("/dev/vdc1", "/srv/media", "ext4", ("rw",), 50, 49)
    answers = {
        "alice": NodeObserved("alice", T0.timestamp(), mounts=(mount("media", 410),)),
        "bob": NodeObserved("bob", T0.timestamp(), mounts=(stray,)),
    }
    write_usage(web_files, answers, T0 + timedelta(minutes=6))
    usage = VolumeUsage.objects.get(volume__name="media")
    assert (usage.size, usage.used) == (1000, 410)
    assert list(UsageSample.objects.order_by("at").values_list("used", flat=True)) == [400, 410]


def test_the_number_of_queries_does_not_grow_with_the_volumes(web_files: Cluster):
    for number in range(20):
        factories.make_volume(web_files, f"v{number}")
    with CaptureQueriesContext(connection) as few:
        sweep(Cluster.objects.get(), 0, mount("media", 1))
    with CaptureQueriesContext(connection) as many:
        sweep(Cluster.objects.get(), 1, *(mount(f"v{number}", 1) for number in range(20)))
    thinned = 1  # each volume has an hour of the day for it, by its number
    assert len(few) <= 7 + thinned  # two of them a savepoint, one the samples of what is foretold
    assert len(many) <= 7 + 2 * thinned


def test_samples_are_thinned_once_a_day(web_files: Cluster):
    volume = web_files.volumes.get(name="media")
    old = [T0 - timedelta(days=3, minutes=5 * k) for k in range(24)]
    UsageSample.objects.bulk_create(UsageSample(volume=volume, at=at, size=10, used=1) for at in old)
    at_its_hour = (volume.pk % 24 - 1) % 24 * 60
    sweep(web_files, at_its_hour - 61, mount("media", 1))
    before = UsageSample.objects.count()
    sweep(web_files, at_its_hour, mount("media", 1))
    assert before >= 25 and UsageSample.objects.count() <= 3 + 2
    assert thin(volume, T0) == 0


def test_inodes_near_their_end_are_told(web_files: Cluster):
    volume = web_files.volumes.get(name="media")
    usage = VolumeUsage.objects.create(volume=volume, read_at=T0, size=100, used=1, inodes=100, inodes_used=96)
    view = known(Cluster.objects.get(), T0)
    assert view is not None and view.inodes == (("media", 96.0),)
    assert "media has used 96 % of its inodes." in [reason.text for reason in judge(view, T0).reasons]
    VolumeUsage.objects.filter(pk=usage.pk).update(inodes_used=50)
    view = known(Cluster.objects.get(), T0)
    assert view is not None and "volume.inodes" not in [reason.code for reason in judge(view, T0).reasons]


def written(
    cluster: Cluster, minutes: float, count: int | None, node: str = "alice", used: int = 100
) -> datetime | None:
    seen = NodeObserved(node, T0.timestamp(), mounts=(mount("media", used, written=count),))
    write_usage(cluster, {node: seen}, T0 + timedelta(minutes=minutes))
    return VolumeUsage.objects.get(volume__name="media").written_at


def test_the_last_write_is_the_reading_that_saw_the_count_rise(web_files: Cluster):
    assert written(web_files, 0, 4096) is None
    assert written(web_files, 1, 4096) is None
    second = T0 + timedelta(minutes=2)
    assert written(web_files, 2, 8192) == second  # a file overwritten in place: as full as before
    assert written(web_files, 3, 8192) == second
    assert written(web_files, 4, None) == second  # a node that does not tell
    assert written(web_files, 5, 9000) == second  # nor is it known what was in between
    assert written(web_files, 6, 9001) == T0 + timedelta(minutes=6)


def test_a_device_made_anew_was_not_written_by_anybody(web_files: Cluster):
    written(web_files, 0, 1000)
    at = written(web_files, 1, 2000)
    assert at == T0 + timedelta(minutes=1)
    assert written(web_files, 2, 5000, "bob") == at  # failed over: bob's device is another one
    assert written(web_files, 3, 64, "alice") == at  # and back, and mounted anew
    assert written(web_files, 4, 64, "alice") == at
    assert written(web_files, 5, 32, "alice") == at  # alice started anew between two readings


def test_a_fill_that_changed_is_a_write_whoever_counts(web_files: Cluster):
    written(web_files, 0, None)
    assert written(web_files, 1, None, used=101) == T0 + timedelta(minutes=1)
