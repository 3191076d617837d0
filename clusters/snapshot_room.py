"""What snapshots will take of a volume group: what schedules have not taken yet of what they keep, and how fast a volume is written to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from clusters.figures import listed
from clusters.models import Cluster, SnapshotSchedule, UsageSample, Volume
from clusters.states import Inventory

LATELY = timedelta(days=1)  # what "the present rate" means
LEAST_SPAN = 1800.0  # seconds: less tells of one moment only
NAMED = 3  # more volumes are counted


@dataclass(frozen=True, slots=True)
class Promised:
    """What a schedule will take of the group beside what its snapshots have taken already."""

    volume: str
    size: int


def promised(cluster: Cluster, but: Volume | None = None) -> list[Promised]:
    """Give what the schedules of thick volumes will still take until each has all it keeps. One query."""
    on = SnapshotSchedule.objects.filter(enabled=True, volume__cluster=cluster, volume__pool="")
    rows = on.filter(volume__inventory=Inventory.PRESENT).exclude(volume=but).order_by("volume__name")
    full = F("size") * (F("hourly") + F("daily") + F("weekly"))
    still = rows.annotate(still=full - Coalesce(Sum("snapshots__size"), 0)).filter(still__gt=0)
    return [Promised(*row) for row in still.values_list("volume__name", "still")]


def schedules_of(found: Sequence[Promised]) -> str:
    """Name whose schedules they are: the schedule of media; the schedules of docs and media; the schedules of 7 volumes."""
    if len(found) > NAMED:
        return f"the schedules of {len(found)} volumes"
    return f"the schedule{'s' if len(found) > 1 else ''} of {listed([one.volume for one in found])}"


def rate(counts: Iterable[tuple[datetime, int]]) -> float | None:
    """Give the bytes in a second between readings of the kernel's count; one that fell began anew, on a device made anew. Pure."""
    points = sorted(counts)
    span = (points[-1][0] - points[0][0]).total_seconds() if points else 0.0
    if span < LEAST_SPAN:
        return None
    grown = sum(after - before if after >= before else after for (_, before), (_, after) in pairwise(points))
    return grown / span


def written_lately(volume: Volume, now: datetime) -> float | None:
    """Give the bytes in a second written to it over the last day; None when that was not read, or not for long enough."""
    samples = UsageSample.objects.filter(volume=volume, at__gte=now - LATELY, at__lte=now).exclude(written=None)
    return rate((at, written) for at, written in samples.values_list("at", "written") if written is not None)
