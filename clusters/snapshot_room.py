"""What snapshots will take of a volume group: what schedules have not taken yet of what they keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from clusters.figures import listed
from clusters.models import Cluster, SnapshotSchedule, Volume
from clusters.states import Inventory

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
