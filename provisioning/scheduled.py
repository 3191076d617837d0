"""The kinds of things that come by schedule: what is due, what each run asks for, and where it is said why one did nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from clusters import care, snapshots
from clusters.models import Cluster, Snapshot, SnapshotSchedule, TrimSchedule
from clusters.retention import Keeps, kept, next_run
from clusters.states import Inventory
from provisioning.desired import DesiredSnapshot
from provisioning.intents import Intent, KeepSnapshots, TrimVolume

WHO = "schedule"
Schedule = SnapshotSchedule | TrimSchedule


@dataclass(frozen=True, slots=True)
class Kind:
    what: str  # a run makes
    due: Callable[[datetime], Iterable[Any]]  # schedules whose time has come
    taken: Callable[
        [Any, datetime], Intent | None
    ]  # move a schedule on and give what this run asks for; None: somebody else did
    key: Callable[[Any, datetime], str]  # the same for one run, however often it is tried
    of: Callable[[Intent, Cluster], Schedule | None]  # the schedule that a job is a run of
    said: Callable[[Any, str], None]  # why a run did nothing


def zone() -> ZoneInfo:
    return ZoneInfo(settings.DISPLAY_TIME_ZONE)


def keeps(schedule: SnapshotSchedule) -> Keeps:
    return Keeps(schedule.hourly, schedule.daily, schedule.weekly)


def no_longer_kept(schedule: SnapshotSchedule, now: datetime) -> tuple[str, ...]:
    """Name the snapshots this schedule made that it lets go once there is one of now. One that somebody opened stays.

    One that ran full, or is not there any more, stands for no hour and no day; it goes when its own time is over, and is told until then.
    """
    rows = list(Snapshot.objects.filter(schedule=schedule, inventory=Inventory.PRESENT).select_related("state"))
    good = [row for row in rows if not _lost(row)]
    stay, whole = (kept([now, *(row.created_at for row in each)], keeps(schedule), zone()) for each in (rows, good))
    return tuple(row.name for row in rows if row.created_at not in (stay if _lost(row) else whole) and row.fsid is None)


def _lost(row: Snapshot) -> bool:
    state = getattr(row, "state", None)
    return state is not None and not (state.valid and state.there)


def _due_snapshots(now: datetime) -> Iterable[SnapshotSchedule]:
    due = SnapshotSchedule.objects.filter(enabled=True, next_run__lte=now, volume__inventory=Inventory.PRESENT)
    return due.filter(volume__cluster__inventory=Inventory.PRESENT).select_related("volume__cluster")


def _snapshot(schedule: SnapshotSchedule, now: datetime) -> KeepSnapshots | None:
    if not snapshots.due_at(schedule, next_run(now, keeps(schedule), zone())):
        return None
    volume = schedule.volume
    name, size = f"auto-{now:%Y%m%d-%H%M}", volume.size if volume.pool else schedule.size
    take = DesiredSnapshot(volume.name, name, f"{volume.name}-{name}", size, scheduled=True)
    return KeepSnapshots(volume.cluster.slug, take, no_longer_kept(schedule, now), schedule.pk)


def _of_snapshot(intent: Intent, cluster: Cluster) -> SnapshotSchedule | None:
    pk = intent.schedule if isinstance(intent, KeepSnapshots) else 0
    return SnapshotSchedule.objects.filter(pk=pk, volume__cluster=cluster).first()


def _trim(schedule: TrimSchedule, now: datetime) -> TrimVolume | None:
    if not care.moved_on(schedule, care.next_trim(now, schedule.weekday, schedule.hour, zone())):
        return None
    volume = schedule.volume
    return TrimVolume(volume.cluster.slug, volume.name, schedule.pk)


def _of_trim(intent: Intent, cluster: Cluster) -> TrimSchedule | None:
    pk = intent.schedule if isinstance(intent, TrimVolume) else 0
    return TrimSchedule.objects.filter(pk=pk, volume__cluster=cluster).first()


KINDS = {
    "snapshot.keep": Kind(
        "snapshot",
        _due_snapshots,
        _snapshot,
        lambda one, due: f"{WHO}-{one.pk}-{due.isoformat()}",
        _of_snapshot,
        snapshots.said,
    ),
    "volume.trim": Kind(
        "trim", care.due, _trim, lambda one, due: f"{WHO}-trim-{one.pk}-{due.isoformat()}", _of_trim, care.said
    ),
}
