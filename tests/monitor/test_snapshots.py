"""What a full reading tells of snapshots, and what it makes of the cluster's health."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clusters.models import Cluster, Snapshot, SnapshotState
from clusters.snapshot_health import SnapshotView, reasons
from clusters.states import Inventory
from provisioning.monitor.snapshots import write_snapshots
from provisioning.observed import LogicalVolume, Mount, NodeObserved, VolumeGroup
from provisioning.snapshot import desired_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
GIB = 1024**3
GROUP = VolumeGroup("vg_data", 80 * GIB, 40 * GIB, 4 * 1024**2)


def seen(*lvs: LogicalVolume, mounts: tuple[Mount, ...] = ()) -> NodeObserved:
    return NodeObserved("alice", NOW.timestamp(), vgs=(GROUP,), lvs=lvs, mounts=mounts)


def lv(filled: float, attributes: str = "swi-a-s---") -> LogicalVolume:
    return LogicalVolume("media-before", "vg_data", GIB, "/dev/vg_data/media-before", True, attributes, "media", filled)


@pytest.fixture
def before(web_files: Cluster) -> Snapshot:
    volume = web_files.volumes.get(name="media")
    return Snapshot.objects.create(
        volume=volume, name="before", lv="media-before", size=GIB, inventory=Inventory.PRESENT
    )


def read(cluster: Cluster, node: NodeObserved) -> SnapshotState | None:
    write_snapshots(cluster, desired_of(cluster), {"alice": node, "bob": NodeObserved("bob", 0.0, lvs=(), vgs=())}, NOW)
    return SnapshotState.objects.first()


def test_fill_and_mount_are_kept_with_their_age(web_files: Cluster, before: Snapshot):
    path = Mount("/dev/mapper/vg_data-media--before", "/srv/.snapshots/media/before", "xfs", ("ro",))
    state = read(web_files, seen(lv(62.77), mounts=(path,)))
    assert state and (state.percent, state.valid, state.there, state.mounted, state.read_at) == (
        62.77,
        True,
        True,
        True,
        NOW,
    )


def test_a_full_one_is_not_valid_any_more(web_files: Cluster, before: Snapshot):
    state = read(web_files, seen(lv(100.0, "swi-I-s---")))
    assert state and not state.valid


def test_one_that_somebody_removed_is_missed(web_files: Cluster, before: Snapshot):
    state = read(web_files, seen())
    assert state and not state.there


def test_a_reading_that_did_not_ask_lvm_tells_nothing(web_files: Cluster, before: Snapshot):
    assert read(web_files, NodeObserved("alice", 0.0)) is None


def test_one_that_a_job_takes_away_is_not_missed(web_files: Cluster, before: Snapshot):
    Snapshot.objects.update(inventory=Inventory.REMOVING)
    assert read(web_files, seen()) is None


@pytest.mark.parametrize(
    ("view", "code", "counts"),
    [
        (SnapshotView("media", "before", 69.9), "", False),
        (SnapshotView("media", "before", 70.0), "snapshot.fills", False),
        (SnapshotView("media", "before", 90.0), "snapshot.nearly-full", True),
        (SnapshotView("media", "before", 100.0, valid=False), "snapshot.full", True),
        (SnapshotView("media", "before", there=False), "snapshot.missing", True),
        (SnapshotView("media", "", said="vg_data has no room."), "snapshot.schedule", True),
    ],
)
def test_what_it_makes_of_the_health(view: SnapshotView, code: str, counts: bool):
    told = list(reasons([view]))
    assert [(reason.finding.code, reason.counts) for reason in told] == ([(code, counts)] if code else [])
