"""A fleet as large as it is promised to hold: volumes and exports by the thousand, each of them seen, one with two years of samples."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from clusters.models import Cluster, Export, ExportClient, Snapshot, UsageSample, Volume, VolumeUsage
from clusters.states import Inventory
from tests import stories

GIB = 1024**3
SQUASHED = "rw,sync,no_subtree_check,root_squash"


def fill_up(clusters: list[Cluster], volumes: int, exports: int) -> None:
    """Give each cluster so many volumes, and so many exports of them, each for two clients."""
    now = timezone.now()
    made = Volume.objects.bulk_create(
        Volume(
            cluster=cluster, name=f"v{cluster.pk}_{n}", size=(20 + n) * GIB, mount_point=f"/srv/v{cluster.pk}_{n}",
            inventory=Inventory.PRESENT, fstype=("ext4", "xfs")[n % 2],
        )
        for cluster in clusters for n in range(volumes)
    )  # fmt: skip
    VolumeUsage.objects.bulk_create(
        VolumeUsage(
            volume=volume, read_at=now, size=volume.size, used=volume.size * (volume.pk * 37 % 100) // 100, inodes=1_000_000,
            inodes_used=volume.pk * 7919 % 1_000_000,
        )
        for volume in made
    )  # fmt: skip
    by_cluster: dict[int, list[Volume]] = {}
    for volume in made:
        by_cluster.setdefault(volume.cluster_id, []).append(volume)
    _export([(own[n % len(own)], n) for own in by_cluster.values() for n in range(exports)])


def on_one_volume(volume: Volume, exports: int) -> None:
    _export([(volume, n) for n in range(exports)])


def _export(directories: list[tuple[Volume, int]]) -> None:
    served = Export.objects.bulk_create(
        Export(
            cluster=volume.cluster, volume=volume, path=f"{volume.mount_point}/d{n}", fsid=1000 + n, inventory=Inventory.PRESENT
        )
        for volume, n in directories
    )  # fmt: skip
    ExportClient.objects.bulk_create(
        ExportClient(export=export, position=position, client=client, options=options)
        for export in served
        for position, (client, options) in enumerate(
            [
                (f"10.{export.pk // 250 % 250}.{export.pk % 250}.0/24", SQUASHED),
                (f"host{export.pk}.example.net", SQUASHED.replace("rw", "ro")),
            ]
        )
    )


def two_years(volume: Volume) -> None:
    """Samples as they are left after two years."""
    now = timezone.now()
    minutes = [*range(0, 2880, 5), *range(2880, 61 * 1440, 60), *range(61 * 1440, 731 * 1440, 1440)]
    UsageSample.objects.bulk_create(
        UsageSample(volume=volume, at=now - timedelta(minutes=m), size=20 * GIB, used=int((15 - m / 1440 / 60) * GIB))
        for m in minutes
    )


def the_promise() -> Cluster:
    """5,000 volumes and 10,000 exports on a hundred clusters; each volume has a snapshot, and every tenth of them is opened."""
    first = stories.web_files()
    stories.fleet_of(99)
    fill_up(list(Cluster.objects.filter(inventory=Inventory.PRESENT)[:100]), 50, 100)
    _snapshots(list(Volume.objects.filter(inventory=Inventory.PRESENT)))
    two_years(first.volumes.get(name="web_files"))
    return first


def _snapshots(volumes: list[Volume]) -> None:
    Snapshot.objects.bulk_create(
        Snapshot(
            volume=volume, name="auto-1", lv=f"{volume.name}-auto-1", size=GIB, inventory=Inventory.PRESENT,
            fsid=None if n % 10 else 2_000_000 + n, clients="" if n % 10 else "10.99.0.0/16",
        )
        for n, volume in enumerate(volumes)
    )  # fmt: skip
