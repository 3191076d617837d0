"""How full a volume was: the used space as an area below the line of its size, and where it goes if it goes on so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.safestring import SafeString

from clusters.figures import UNITS
from clusters.pictures.svg import drawing, n, path, text

TOP, FLOOR = 18, 172


class Level(NamedTuple):
    """One point of the curve. `after_gap`: nobody looked for a while before it, so nothing is drawn in between."""

    at: datetime
    size: int
    used: int
    after_gap: bool = False


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where the line of the forecast ends."""

    at: datetime
    used: float


def usage(
    levels: Sequence[Level], since: datetime, until: datetime, ticks: Sequence[tuple[datetime, str]], says: str, *,
    ahead: Ahead | None = None, narrow: bool = False,
) -> SafeString:  # fmt: skip
    """`levels` are in the order of time. The scale of time runs from `since` to `until`, which may lie ahead."""
    width = 340 if narrow else 860
    left, right = (58, width - 8) if narrow else (66, width - 16)
    whole = (until - since) / timedelta(seconds=1)
    top, step, unit = _scale(max((max(level.size, level.used) for level in levels), default=1))

    def x(at: datetime) -> float:
        return left + (right - left) * min(1.0, max(0.0, (at - since).total_seconds() / whole))

    def y(value: float) -> float:
        return FLOOR - (FLOOR - TOP) * min(1.0, max(0.0, value / top))

    parts = []
    for k in range(round(top / step) + 1):
        parts.append(path(f"M{left} {n(y(k * step))}H{right}", "gl"))
        parts.append(text(left - 8, y(k * step) + 4, _label(k * step, unit, last=k * step + step > top), "s x end"))
    parts += [text(x(at), FLOOR + 20, word, "s x mid") for at, word in ticks]
    for run in _runs(levels):
        line = " ".join(f"{n(x(level.at))} {n(y(level.used))}" for level in run)
        parts.append(path(f"M{n(x(run[0].at))} {FLOOR}L{line}L{n(x(run[-1].at))} {FLOOR}Z", "ar t-accent"))
        parts.append(path(f"M{line}" if len(run) > 1 else f"M{line}h1", "use"))
        parts.append(path("M" + _stairs([(x(level.at), y(level.size)) for level in run]), "promise"))
    if ahead and levels:
        last = levels[-1]
        start, end = f"{n(x(last.at))} {n(y(last.used))}", f"{n(x(ahead.at))} {n(y(ahead.used))}"
        parts.append(path(f"M{start}L{end}", "use proj"))
    return drawing(f"chart usage {'only-narrow' if narrow else 'only-wide'}", width, FLOOR + 30, says, parts)


def _runs(levels: Sequence[Level]) -> list[list[Level]]:
    runs: list[list[Level]] = []
    for level in levels:
        if level.after_gap or not runs:
            runs.append([])
        runs[-1].append(level)
    return runs


def _stairs(points: Sequence[tuple[float, float]]) -> str:
    """A size does not grow slowly: it stays, and then it is another."""
    d, height = f"{n(points[0][0])} {n(points[0][1])}", n(points[0][1])
    for at, level in points[1:]:
        if n(level) != height:
            height = n(level)
            d += f"H{n(at)}V{height}"
    return f"{d}H{n(max(points[-1][0], points[0][0] + 1))}"


def _scale(highest: int) -> tuple[float, float, int]:
    """The end of the scale, the distance of its lines, and the power of 1024 they are written in."""
    unit = min(len(UNITS) - 1, max(0, int(math.log(max(highest, 1), 1024))))
    value = highest / 1024**unit
    size = 10.0 ** math.floor(math.log10(value))
    step = next(size * factor for factor in (0.25, 0.5, 1, 2.5) if size * factor * 4 >= value)
    lines = math.ceil(value / step)
    return lines * step * 1024**unit, step * 1024**unit, unit


def _label(value: float, unit: int, *, last: bool) -> str:
    return f"{value / 1024**unit:g}" + (f" {UNITS[unit]}" if last else "")
