"""Which scheduled snapshots are kept, and when the next one is due. Pure: no clock, no database; moments and the zone are given.

One snapshot stands for each hour, day and week that has one: the first of it, so that what stands for a day is never exchanged for a
later one. Of these the latest N are kept. Hours in which nothing was taken (the panel was off) do not count, so a gap drops nothing.
Hours are those of UTC, of which none comes twice; days and weeks are those of the zone people live in.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Keeps:
    """How many are kept of each kind; the finest kind that is kept at all decides how often one is taken."""

    hourly: int = 0
    daily: int = 0
    weekly: int = 0

    @property
    def most(self) -> int:
        return self.hourly + self.daily + self.weekly


def kept(taken: Iterable[datetime], keeps: Keeps, zone: ZoneInfo) -> frozenset[datetime]:
    """Give those of `taken` that stay; the rest may go."""
    moments = sorted({moment.astimezone(UTC) for moment in taken})
    stay = set(_latest(moments, keeps.hourly, _hour))
    stay |= set(_latest(moments, keeps.daily, lambda moment: moment.astimezone(zone).date()))
    stay |= set(_latest(moments, keeps.weekly, lambda moment: moment.astimezone(zone).isocalendar()[:2]))
    return frozenset(stay)


def next_run(after: datetime, keeps: Keeps, zone: ZoneInfo) -> datetime:
    """Give the first moment after `after` at which one is due: the next full hour, midnight, or midnight of a Monday."""
    if keeps.hourly:
        return _hour(after.astimezone(UTC)) + timedelta(hours=1)
    day = after.astimezone(zone).date()
    while True:
        day += timedelta(days=1)
        if keeps.daily or day.isoweekday() == 1:
            return datetime.combine(day, time(), zone).astimezone(UTC)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _latest(moments: list[datetime], count: int, period: Callable[[datetime], Hashable]) -> list[datetime]:
    """Give the first of each period, of the latest `count` periods that have one."""
    first: dict[Hashable, datetime] = {}
    for moment in moments:
        first.setdefault(period(moment), moment)
    return sorted(first.values())[-count:] if count else []
