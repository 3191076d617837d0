"""Pauses of a year as lollipops: the shape is the kind of move, the height the seconds without service."""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.utils.safestring import SafeString

from clusters.pictures.parts import Move
from clusters.pictures.svg import dot, group, link, n, path, text

LEFT, RIGHT, TOP, FLOOR = 50, 840, 26, 178
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NAMED = 3  # the longest carry their figure


def pauses(moves: Sequence[Move], year: int, says: str) -> SafeString:
    """Moves are in the order of time; their times are in the zone that is shown."""
    top = _ceiling(max((move.pause for move in moves), default=0))
    parts: list[str] = []
    for k in range(5):
        y = FLOOR - (FLOOR - TOP) * k / 4
        parts.append(path(f"M{LEFT} {n(y)}H{RIGHT}", "gl"))
        parts.append(text(LEFT - 8, y + 4, f"{top * k / 4:g} s", "s x end"))
    step = (RIGHT - LEFT) / 12
    parts += [text(LEFT + 2 + step * i, 205, month, "s x") for i, month in enumerate(MONTHS)]
    named = {move.key for move in sorted(moves, key=lambda move: -move.pause)[:NAMED]}
    parts += [_lollipop(move, top, move.key in named) for move in moves if move.at.year == year]
    return group("chart", 860, 216, "pauses", "Pauses", says, parts)


def _ceiling(highest: float) -> float:
    """The end of the scale: a round number that four lines divide."""
    if highest <= 4:
        return 4.0
    size = 10.0 ** math.floor(math.log10(highest))
    return next(size * factor for factor in (1, 1.2, 1.6, 2, 4, 6, 8, 10) if size * factor >= highest)


def _lollipop(move: Move, top: float, named: bool) -> str:
    x = LEFT + (RIGHT - LEFT) * (move.at.timetuple().tm_yday - 1) / 366
    y = FLOOR - (FLOOR - TOP) * min(1.0, move.pause / top)
    colour = {"failover": "t-risk", "unclean": "t-danger", "switchover": "f-acc"}.get(move.kind, "f-ink2")
    parts = [path(f"M{n(x)} {n(y)}V{FLOOR}", f"stem {colour}")]
    if move.kind == "failover":
        parts.append(path(f"M{n(x)} {n(y - 7.5)}l7.5 7.5-7.5 7.5-7.5-7.5z", colour))
    elif move.kind == "unclean":
        parts.append(path(f"M{n(x - 3)} {n(y - 7)}h6l4 4v6l-4 4h-6l-4-4v-6z", colour))
    elif move.kind == "switchover":
        parts.append(dot(x, y, 5.5, f"{colour} hollow"))
    else:
        parts.append(path(f"M{n(x - 5)} {n(y - 5)}h10v10h-10z", colour))
    if named:
        parts.append(text(x, y - 13, f"{move.pause:.0f} s", "b mid"))
    return link(move.key, move.says, *parts)
