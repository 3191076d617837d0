"""Limits and usage of a volume as they were last read, out of the answer to the question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from clusters import figures
from clusters.models import Volume
from provisioning import inquiries
from provisioning.models import Inquiry
from provisioning.observed import QuotaGrace, QuotaUse


def last(volume: Volume) -> tuple[list[QuotaUse] | None, Inquiry | None, str]:
    """Give what was last read of a volume, the question it answered, and why there is nothing."""
    inquiry = inquiries.last_answered(Inquiry.Kind.QUOTAS, volume.cluster)
    told = (inquiry.result or {}).get(volume.name) if inquiry else None
    if not told:
        return None, inquiry, "No node has it mounted with quotas." if inquiry else ""
    try:
        return [QuotaUse(**use) for use in told["uses"]], inquiry, ""
    except (KeyError, TypeError):
        return None, inquiry, str(told.get("problem", ""))


class State(NamedTuple):
    kind: str
    word: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One user or group, with what is to be said of it."""

    use: QuotaUse
    states: tuple[State, ...]


def rows(uses: Iterable[QuotaUse], now: datetime) -> list[Row]:
    return [Row(use, _states(use, now.timestamp())) for use in uses]


def _states(use: QuotaUse, now: float) -> tuple[State, ...]:
    """The grace time of space and that of files run apart. One that is over makes the soft limit a hard one."""
    said = [State("danger", "at its limit")] if use.full else []
    if use.soft and use.used > use.soft:
        said.append(_above("above the soft limit", use.until, now, "no more can be written"))
    if use.files_soft and use.files > use.files_soft:
        said.append(_above("above the soft limit of files", use.files_until, now, "no more files can be made"))
    return tuple(said) or (State("ok", "within"),)


def _above(words: str, until: int | None, now: float, then: str) -> State:
    if until is None:
        return State("warn", words)
    if until <= now:
        return State("danger", words, f"grace is over: {then}")
    return State("warn", words, f"grace ends in {figures.span_text(until - now)}")


@dataclass(frozen=True, slots=True)
class Grace:
    """For whom, and how long for space and for files, in words."""

    kind: str
    space: str
    files: str


DAY = 86_400


def days_in_force(volume: Volume, inquiry: Inquiry | None, kind: str) -> int | None:
    """Give the grace time of space in whole days, as the form takes it; None when it is not known."""
    seconds = next((each.space for each in _graces(volume, inquiry) if each.kind == kind), 0)
    return -(-seconds // DAY) if seconds > 0 else None


def graces(volume: Volume, inquiry: Inquiry | None) -> list[Grace]:
    """Give the grace times in force as they were last read."""
    return [Grace(each.kind, long(each.space), long(each.files)) for each in _graces(volume, inquiry)]


def _graces(volume: Volume, inquiry: Inquiry | None) -> list[QuotaGrace]:
    told = ((inquiry.result or {}).get(volume.name) or {}) if inquiry else {}
    try:
        return [QuotaGrace(**each) for each in told.get("graces", ())]
    except TypeError:
        return []


def long(seconds: int) -> str:
    """Say a grace time as it was told: 36 hours are not a day."""
    hours, rest = divmod(seconds, 3600)
    if hours < 24 or seconds % DAY == 0:
        return figures.span_text(seconds)
    return f"{hours} h {rest // 60} min" if rest else f"{hours} h"
