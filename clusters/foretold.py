"""The forecast of a volume as it is kept with its last reading, so that a table can be sorted and filtered by it: moments instead of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from clusters.forecast import Forecast, Verdict
from clusters.models import VolumeUsage

SOON = 30.0  # days: somebody should settle it
OLD = timedelta(hours=26)  # a forecast that was not made anew for so long is none


@dataclass(frozen=True, slots=True)
class Foretold:
    """One cell: what kind of news it is, a few words, and the spread in a few more."""

    kind: str  # ok, warn, idle
    word: str
    spread: str = ""


NOTHING = Foretold("idle", "not known")


def keep(usage: VolumeUsage, ahead: Forecast, now: datetime) -> None:
    """Write a forecast into the row; it is not saved here."""
    usage.foretold_at, usage.verdict = now, ahead.verdict.value
    usage.full_at, usage.full_soonest, usage.full_latest = (
        _moment(days, now) for days in (ahead.days, ahead.soonest, ahead.latest)
    )


FIELDS = ("foretold_at", "verdict", "full_at", "full_soonest", "full_latest")


def told(usage: VolumeUsage | None, now: datetime) -> Foretold:
    """What a row of a table says. A moment that has passed says that it is due, not that it is full: that is seen, not foretold."""
    if usage is None or usage.foretold_at is None or now - usage.foretold_at > OLD:
        return NOTHING
    match usage.verdict:
        case Verdict.FULL:
            return Foretold("warn", "full now")
        case Verdict.STILL | Verdict.SHRINKS:
            return Foretold("ok", "not foreseen")
        case Verdict.UNCLEAR:
            return Foretold(
                "idle", "unclear", f"at worst {days(usage.full_soonest, now)}" if usage.full_soonest else ""
            )
        case Verdict.GROWS:
            if usage.full_at is None:
                return Foretold("ok", "in over ten years")
            soon = (usage.full_at - now) / timedelta(days=1) <= SOON
            return Foretold("warn" if soon else "ok", days(usage.full_at, now), _between(usage, now))
    return NOTHING


def _between(usage: VolumeUsage, now: datetime) -> str:
    first = days(usage.full_soonest, now) if usage.full_soonest else ""
    if not first:
        return ""
    last = days(usage.full_latest, now) if usage.full_latest else "never"
    return f"{first} to {last}" if first != last else ""


def days(at: datetime, now: datetime) -> str:
    return in_words((at - now) / timedelta(days=1))


def in_words(left: float | None) -> str:
    """So many days, in the unit that suits them."""
    if left is None:
        return "more than ten years"
    if left < 2:
        minutes, hours = round(left * 24 * 60), round(left * 24)
        if minutes < 60:
            return "a minute" if minutes <= 1 else f"{minutes} minutes"
        return "an hour" if hours <= 1 else f"{hours} hours"
    if left < 100:
        return f"{left:.0f} days"
    return f"{left / 30.44:.0f} months" if left < 1000 else f"{left / 365.25:.0f} years"


def _moment(in_days: float | None, now: datetime) -> datetime | None:
    return None if in_days is None else now + timedelta(days=in_days)
