"""Which samples of a volume's usage are kept as they get older. Pure: moments and the clock are given.

Everything of the last two days, then one for each hour of two months, then one for each day of two years; older ones go. The first of an
hour or a day stands for it, so that thinning again takes nothing more. Hours and days are those of UTC, of which none comes twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

EVERY = timedelta(minutes=5)
FINE = timedelta(days=2)
HOURLY = timedelta(days=61)
DAILY = timedelta(days=731)


def due(last: datetime | None, now: datetime) -> bool:
    """Whether another sample is to be kept. A clock that was put back does not stop them for ever."""
    return last is None or now - last >= EVERY or last - now > EVERY


def interval(age: timedelta) -> timedelta:
    """How far apart the samples of this age lie when none is missing."""
    if age <= FINE:
        return EVERY
    return timedelta(hours=1) if age <= HOURLY else timedelta(days=1)


def gone(moments: Iterable[datetime], now: datetime) -> frozenset[datetime]:
    """Give those that are to be deleted."""
    stood_for: set[datetime] = set()
    drop = set()
    for moment in sorted(moments):
        age = now - moment
        if age <= FINE:
            break
        if age > DAILY:
            drop.add(moment)
            continue
        period = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if age > HOURLY:
            period = period.replace(hour=0)
        if period in stood_for:
            drop.add(moment)
        stood_for.add(period)
    return frozenset(drop)
