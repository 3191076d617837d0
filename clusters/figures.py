"""Figures in words: bytes, spans of time, percent. Pure.

A figure is rounded for reading; whoever shows it puts the exact value beside it or on hover.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
NARROW_BLANK = "\u202f"


def size_text(size: float) -> str:
    """800 GiB, 1.5 GiB, 39 MiB. GiB up to 9,999 of them, so that sizes on one page compare."""
    value, unit = float(size), 0
    while unit < len(UNITS) - 1 and abs(value) >= (10_000 if UNITS[unit] == "GiB" else 1023.5):
        value, unit = value / 1024, unit + 1
    if unit and abs(value) < 10 and round(value, 1) != round(value):
        return f"{value:.1f} {UNITS[unit]}"
    return f"{value:.0f} {UNITS[unit]}"


def grouped(count: int) -> str:
    """858 993."""
    return f"{count:,}".replace(",", NARROW_BLANK)


def exact_text(size: int) -> str:
    """858 993 459 200 bytes."""
    return f"{grouped(size)} bytes"


def rate_text(size: float) -> str:
    return f"{size_text(size)}/s"


def span_text(seconds: float) -> str:
    """38 s, 13 min, 2 h 13 min, 41 days. Never more than two units."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        hours, minutes = whole // 3600, whole % 3600 // 60
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days = whole // 86400
    return "1 day" if days == 1 else f"{days} days"


def pause_text(seconds: float) -> str:
    """A pause of a service: one decimal below ten seconds, minutes and seconds above one minute."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def percent_text(percent: float) -> str:
    """Rounded down: 100 % is written only when it is reached."""
    return f"{int(min(100.0, max(0.0, percent)))} %"


def share(part: float, whole: float) -> float:
    """Percent of `whole`, 0 to 100; an empty whole is 0."""
    return min(100.0, max(0.0, 100.0 * part / whole)) if whole > 0 else 0.0


def count_text(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{grouped(count)} {many}"


def listed(names: Sequence[str], link: str = "and") -> str:
    """a; a and b; a, b and c."""
    return f" {link} ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def split_sentence(sentence: str) -> tuple[str, str]:
    """The first clause, which is shown in the colour of the state, and the rest."""
    match = re.search(r"\.(?= |$)|:| since | until | for |, ", sentence)
    if match is None:
        return sentence, ""
    cut = match.end() if match.group() == "." else match.start()
    return sentence[:cut], sentence[cut:]
