"""The only writer of what was done for file systems, and of trim schedules; and the pane that shows both. Asks and touches no node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from clusters import audit
from clusters.models import AuditEntry, Care, Cluster, TrimSchedule, Volume
from clusters.states import Inventory
from clusters.waits import Holder, of_schedule

SHOWN = 5
KEPT = 8000  # characters of a tool's output
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Pane:
    """What the volume's page shows of it."""

    rows: list[Care]
    schedule: TrimSchedule | None
    waits: Holder | None = None  # what a run that is due waits for

    @property
    def checked(self) -> Care | None:
        """The last that says whether the file system is whole."""
        return next((row for row in self.rows if row.verdict), None)

    @property
    def damaged(self) -> bool:
        return bool(self.checked and self.checked.verdict == Care.Verdict.DAMAGED)

    @property
    def when(self) -> str:
        return when(self.schedule) if self.schedule else ""


def pane(volume: Volume) -> Pane:
    rows = list(Care.objects.filter(volume=volume)[:SHOWN])
    if rows and not any(row.verdict for row in rows):
        rows += list(Care.objects.filter(volume=volume).exclude(verdict="")[:1])
    schedule = TrimSchedule.objects.filter(volume=volume).select_related("volume__cluster").first()
    return Pane(rows, schedule, of_schedule(schedule, "volume.trim", timezone.now()))


def note(
    cluster: Cluster,
    volume: str,
    kind: Care.Kind,
    *,
    verdict: str = "",
    seconds: float | None = None,
    freed: int | None = None,
    output: str = "",
    by: str = "",
    job: int | None = None,
) -> None:
    """Keep what a job found. Of a volume that is gone meanwhile there is nothing to keep."""
    row = Volume.objects.filter(cluster=cluster, name=volume).first()
    if row is not None:
        if verdict == Care.Verdict.CLEAN or verdict == Care.Verdict.DAMAGED:
            damaged = timezone.now() if verdict == Care.Verdict.DAMAGED else None
            Volume.objects.filter(pk=row.pk).update(damaged_at=damaged)
        Care.objects.create(
            volume=row, kind=kind, verdict=verdict, at=timezone.now(), seconds=seconds, freed=freed, output=output[-KEPT:], by=by, job=job
        )  # fmt: skip


def next_trim(after: datetime, weekday: int | None, hour: int, zone: ZoneInfo) -> datetime:
    """Give the first such hour after `after`."""
    day = after.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, time(hour), zone)
        if moment > after and weekday in (None, day.isoweekday()):
            return moment
        day += timedelta(days=1)


@transaction.atomic
def set_trim(
    request: HttpRequest, volume: Volume, *, enabled: bool, weekday: int | None, hour: int, zone: ZoneInfo
) -> TrimSchedule:
    """Decide when a volume is trimmed. Whoever decides this approves every run of it."""
    before = _told(TrimSchedule.objects.filter(volume=volume).first())
    due = next_trim(timezone.now(), weekday, hour, zone) if enabled else None
    schedule, _ = TrimSchedule.objects.update_or_create(
        volume=volume,
        defaults={"enabled": enabled, "weekday": weekday, "hour": hour, "next_run": due,
                  "set_by": request.user.get_username(), "said": ""},
    )  # fmt: skip
    text = f"{volume}: trimmed {when(schedule)}" if enabled else f"{volume}: not trimmed by schedule any more"
    audit.record(
        request=request, action="volume.trim-schedule", text=text, outcome=AuditEntry.Outcome.DONE, cluster=volume.cluster,
        object=volume.name, before=before, after=_told(schedule),
    )  # fmt: skip
    return schedule


def due(now: datetime) -> list[TrimSchedule]:
    rows = TrimSchedule.objects.filter(enabled=True, next_run__lte=now, volume__inventory=Inventory.PRESENT)
    return list(rows.filter(volume__cluster__inventory=Inventory.PRESENT).select_related("volume__cluster"))


def moved_on(schedule: TrimSchedule, moment: datetime) -> bool:
    """Move the next run on; False when somebody else did already."""
    rows = TrimSchedule.objects.filter(pk=schedule.pk, next_run=schedule.next_run, enabled=True)
    return bool(rows.update(next_run=moment))


def said(schedule: TrimSchedule, why: str) -> None:
    """Keep why a run did nothing, for the volume's page; "" when it did."""
    TrimSchedule.objects.filter(pk=schedule.pk).update(said=why[:300], said_at=timezone.now())


def unsaid(schedule: int) -> None:
    """A run did its work: what an earlier one said is past."""
    TrimSchedule.objects.filter(pk=schedule).update(said="")


def when(schedule: TrimSchedule) -> str:
    day = "every day" if schedule.weekday is None else f"every {DAYS[schedule.weekday - 1]}"
    return f"{day} at {schedule.hour:02d}:00"


def _told(schedule: TrimSchedule | None) -> dict[str, object] | None:
    return {name: getattr(schedule, name) for name in ("enabled", "weekday", "hour")} if schedule else None
