"""When a volume will be full if it goes on as it did: least squares over its samples, with the spread. Pure.

Neighbouring samples of a disk's fill are much alike, so they tell less than their number: the spread is computed with the number of samples
that would tell as much if they were independent. What the samples do not tell is said to be unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

WINDOW = timedelta(days=14)  # what "this rate" means
LEAST_SPAN = timedelta(days=1)
LEAST_POINTS = 12  # of different hours
FAR = 3650.0  # days after which nothing is foretold
STILL = 0.01  # of the size in a year: less is no growth
TWO_SIDED = 2.0  # standard errors on either side: about 95 %
DAY = 86400.0


class Point(NamedTuple):
    """There are thousands of a volume, and a tuple is made quickly."""

    at: datetime
    size: int
    used: int


class Verdict(StrEnum):
    FULL = "full"
    TOO_FEW = "too few"
    GROWS = "grows"
    STILL = "still"
    SHRINKS = "shrinks"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Forecast:
    """`days` until it is full, from `soonest` to `latest`; None is never, or not known. `rate` and `spread` are bytes in a day."""

    verdict: Verdict
    rate: float = 0.0
    spread: float = 0.0  # two standard errors
    days: float | None = None
    soonest: float | None = None
    latest: float | None = None
    span: float = 0.0  # days that were looked at


def forecast(points: Iterable[Point], now: datetime) -> Forecast:
    """Foretell from the samples of the last two weeks; each hour counts once, however often it was looked at."""
    since = now - WINDOW
    recent = sorted((p for p in points if since <= p.at <= now), key=lambda p: p.at)
    if not recent:
        return Forecast(Verdict.TOO_FEW)
    last = recent[-1]
    span = (last.at - recent[0].at).total_seconds() / DAY
    room = last.size - last.used
    if room <= 0:
        return Forecast(Verdict.FULL, days=0.0, span=span)
    hours = _hours(recent)
    if len(hours) < LEAST_POINTS or last.at - recent[0].at < LEAST_SPAN:
        return Forecast(Verdict.TOO_FEW, span=span)
    rate, error = _slope(hours)
    return _judged(rate, TWO_SIDED * error, room, last.size, span)


def _judged(rate: float, spread: float, room: int, size: int, span: float) -> Forecast:
    low, high = rate - spread, rate + spread
    little = STILL * size / 365
    if -little <= low and high <= little:
        return Forecast(Verdict.STILL, rate, spread, span=span)
    if high <= 0:
        return Forecast(Verdict.SHRINKS, rate, spread, span=span)
    if low <= 0:
        return Forecast(Verdict.UNCLEAR, rate, spread, soonest=_days(room, high), span=span)
    return Forecast(Verdict.GROWS, rate, spread, _days(room, rate), _days(room, high), _days(room, low), span)


def _days(room: int, rate: float) -> float | None:
    days = room / rate if rate > 0 else math.inf
    return days if days <= FAR else None


def _hours(points: Sequence[Point]) -> list[tuple[float, float]]:
    """The mean of each hour: days since the first, bytes used."""
    groups: dict[float, list[Point]] = {}
    for point in points:
        groups.setdefault(point.at.timestamp() // 3600, []).append(point)
    first = points[0].at
    return [
        (
            sum((p.at - first).total_seconds() for p in group) / len(group) / DAY,
            sum(p.used for p in group) / len(group),
        )
        for group in groups.values()
    ]


def _slope(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Slope and its standard error, for residuals that follow each other (lag-1 autocorrelation)."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    across = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / across
    rest = [y - mean_y - slope * (x - mean_x) for x, y in points]
    squares = sum(r * r for r in rest)
    if squares == 0:
        return slope, 0.0
    alike = sum(a * b for a, b in zip(rest, rest[1:], strict=False)) / squares
    alike = min(max(alike, 0.0), 0.99)
    telling = max(3.0, count * (1 - alike) / (1 + alike))
    return slope, math.sqrt(squares / (telling - 2) / across)
