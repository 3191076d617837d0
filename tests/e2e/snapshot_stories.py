"""A volume with snapshots in every state a page can show."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from clusters.models import Cluster, Snapshot, SnapshotSchedule, SnapshotState, Volume
from clusters.states import Inventory

GIB = 1024**3
ROWS = (  # name, hours ago, percent of its room, valid, there, opened, mounted, by schedule
    ("auto-20261122-2300", 2, 3.1, True, True, False, False, True),
    ("auto-20261121-2300", 26, 41.0, True, True, False, False, True),
    ("before-the-upgrade", 31, 74.5, True, True, True, True, False),
    ("before-the-move", 52, 93.2, True, True, True, False, False),
    ("auto-20261119-2300", 74, 100.0, False, True, False, False, True),
    ("by-hand", 90, None, True, False, False, False, False),
)


def snapshots() -> None:
    """Give the volume web_files of the pair web-files its snapshots and a schedule whose last run took none."""
    volume = Volume.objects.get(cluster=Cluster.objects.get(slug="web-files"), name="web_files")
    now = timezone.now()
    schedule = SnapshotSchedule.objects.create(
        volume=volume, daily=7, weekly=4, size=8 * GIB, next_run=now + timedelta(hours=21), set_by="olga",
        said="auto-20261123-2300 needs 8 GiB; vg_web has 3.1 GiB free.",
    )  # fmt: skip
    for number, (name, hours, percent, valid, there, opened, mounted, by_schedule) in enumerate(ROWS):
        row = Snapshot.objects.create(
            volume=volume, name=name, lv=f"web_files-{name}", size=8 * GIB, inventory=Inventory.PRESENT,
            schedule=schedule if by_schedule else None, fsid=1_000_001 + number if opened else None,
            clients="10.10.0.7 10.10.0.8" if opened else "", as_root=opened,
        )  # fmt: skip
        Snapshot.objects.filter(pk=row.pk).update(created_at=now - timedelta(hours=hours))
        SnapshotState.objects.create(
            snapshot=row,
            read_at=now - timedelta(seconds=20),
            percent=percent,
            valid=valid,
            there=there,
            mounted=mounted,
        )
