"""Write how full the volumes are: the last reading at once, a sample of it every few minutes, and what is too old away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from clusters import foretold, thinning
from clusters.forecast import WINDOW, Point, forecast
from clusters.models import Cluster, UsageSample, Volume, VolumeUsage
from provisioning.observed import Mount, NodeObserved
from provisioning.render.lvm import in_group
from provisioning.transport.world import NodeError

FORETOLD_EVERY = timedelta(hours=1)
AT_ONCE = 5  # forecasts made anew on one sweep of a pair: the rest has its turn minutes later
LONG_AGO = datetime.min.replace(tzinfo=UTC)
WRITES = ("written", "written_on", "written_at")
SEEN = ("read_at", "size", "used", "inodes", "inodes_used", "sampled_at", *WRITES, *foretold.FIELDS)


def write_usage(cluster: Cluster, answers: Mapping[str, NodeObserved | NodeError], now: datetime) -> None:
    """Two writes at most, however many volumes there are; on some sweeps a look at how they go on, or at what is to be thinned."""
    seen = _seen(cluster, answers)
    if not seen:
        return
    known = {usage.volume_id: usage for usage in VolumeUsage.objects.filter(volume__in=seen)}
    rows = [_row(volume, node, mount, known.get(volume.pk), now) for volume, (node, mount) in seen.items()]
    foretell([row for row in rows if row.sampled_at == now], now)
    VolumeUsage.objects.bulk_create(rows, update_conflicts=True, unique_fields=["volume"], update_fields=SEEN)
    due = [row.volume for row in rows if row.sampled_at == now]
    mounts = ((volume, seen[volume][1]) for volume in due)
    samples = [UsageSample(volume=volume, at=now, written=mount.written, **_figures(mount)) for volume, mount in mounts]
    UsageSample.objects.bulk_create(samples, ignore_conflicts=True)
    for volume in due:
        if _its_hour(volume, known.get(volume.pk), now):
            thin(volume, now)


def foretell(rows: Sequence[VolumeUsage], now: datetime) -> None:
    """Compute anew how those go on whose forecast is the oldest. One query for their samples, however many volumes there are."""
    turn = sorted(
        (row for row in rows if _is_stale(row.foretold_at, now)), key=lambda row: row.foretold_at or LONG_AGO
    )[:AT_ONCE]
    if not turn:
        return
    points: dict[int, list[Point]] = {row.volume_id: [] for row in turn}
    samples = UsageSample.objects.filter(volume__in=points, at__gte=now - WINDOW, at__lt=now)
    for volume, at, size, used in samples.values_list("volume_id", "at", "size", "used"):
        points[volume].append(Point(at, size, used))
    for row in turn:
        here = Point(now, row.size, row.used)
        foretold.keep(row, forecast([*points[row.volume_id], here], now), now)


def _is_stale(at: datetime | None, now: datetime) -> bool:
    return at is None or now - at >= FORETOLD_EVERY or at > now


def thin(volume: Volume, now: datetime) -> int:
    """Delete the samples that are not kept at their age; returns how many."""
    samples = UsageSample.objects.filter(volume=volume)
    moments = samples.filter(at__lt=now - thinning.FINE).values_list("at", flat=True)
    gone = thinning.gone(moments, now)
    return samples.filter(at__in=gone).delete()[0] if gone else 0


def _row(volume: Volume, node: str, mount: Mount, before: VolumeUsage | None, now: datetime) -> VolumeUsage:
    sampled_at = before.sampled_at if before else None
    row = VolumeUsage(
        volume=volume, read_at=now, sampled_at=now if thinning.due(sampled_at, now) else sampled_at,
        written=mount.written, written_on=node, **_figures(mount),
    )  # fmt: skip
    if before is not None:
        row.written_at = now if _was_written(before, row) else before.written_at
        for field in foretold.FIELDS:
            setattr(row, field, getattr(before, field))
    return row


def _was_written(before: VolumeUsage, row: VolumeUsage) -> bool:
    """A count that fell, or that of another node, is of a device made anew: mounting it wrote, and nobody else need have."""
    if before.used != row.used:
        return True
    if before.written is None or row.written is None:
        return False
    return before.written_on == row.written_on and before.written < row.written


def _its_hour(volume: Volume, before: VolumeUsage | None, now: datetime) -> bool:
    """Once a day, volumes one after the other: none of them makes a sweep long."""
    last = before.sampled_at if before else None
    return now.hour == volume.pk % 24 and (last is None or last.hour != now.hour)


def _seen(cluster: Cluster, answers: Mapping[str, NodeObserved | NodeError]) -> dict[Volume, tuple[str, Mount]]:
    """Give where each volume is mounted: the node and the mount."""
    volumes = {volume.mount_point: volume for volume in cluster.volumes.all()}
    return {
        volumes[mount.target]: (answer.node, mount)
        for answer in answers.values()
        if isinstance(answer, NodeObserved)
        for mount in answer.mounts or ()
        if mount.target in volumes
        and in_group(cluster.resource.vg, mount.source)
        and mount.size is not None
        and mount.used is not None
    }


def _figures(mount: Mount) -> dict[str, int | None]:
    return {"size": mount.size, "used": mount.used, "inodes": mount.inodes, "inodes_used": mount.inodes_used}
