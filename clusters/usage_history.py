"""What a volume's page shows of its past: the chart, the forecast in words, a table for those who cannot see the chart. One query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString

from clusters import clock, pictures
from clusters.figures import percent_text, share, size_text
from clusters.forecast import WINDOW, Forecast, Point, Verdict, forecast
from clusters.foretold import SOON
from clusters.foretold import in_words as _days
from clusters.models import UsageSample, Volume, VolumeUsage
from clusters.pictures import Ahead, Level
from clusters.thinning import interval

MOST_POINTS = 240
ROWS = 12  # of the table
MISSED = 3  # samples in a row: a gap


@dataclass(frozen=True, slots=True)
class Range:
    key: str
    word: str
    length: timedelta
    tick: timedelta
    written: str


RANGES = (
    Range("2d", "2 days", timedelta(days=2), timedelta(hours=12), "%-d %b %H:%M"),
    Range("2w", "2 weeks", timedelta(days=14), timedelta(days=3), "%-d %b"),
    Range("2m", "2 months", timedelta(days=61), timedelta(days=12), "%-d %b"),
    Range("2y", "2 years", timedelta(days=731), timedelta(days=122), "%b %Y"),
)
USUAL = "2w"


@dataclass(frozen=True, slots=True)
class Told:
    kind: str
    sentence: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class UsagePane:
    told: Told
    range: Range
    wide: SafeString | str
    narrow: SafeString | str
    rows: Sequence[tuple[datetime, int, int, str]]  # when, used, size, percent
    inodes: tuple[int, int, float] | None  # used, all, percent

    ranges = RANGES


def pane(volume: Volume, usage: VolumeUsage | None, query: Mapping[str, str], now: datetime) -> UsagePane:
    chosen = next((each for each in RANGES if each.key == query.get("span", USUAL)), RANGES[1])
    since = now - chosen.length
    found = UsageSample.objects.filter(volume=volume, at__gte=min(since, now - WINDOW)).order_by("at")
    points = list(map(Point._make, found.values_list("at", "size", "used")))
    if usage and (not points or usage.read_at > points[-1].at):
        points.append(Point(usage.read_at, usage.size, usage.used))
    ahead = forecast(points, now)
    shown = [point for point in points if point.at >= since]
    wide, narrow = _charts(volume, shown, chosen, ahead, now)
    inodes = None
    if usage and usage.inodes and usage.inodes_used is not None:
        inodes = (usage.inodes_used, usage.inodes, share(usage.inodes_used, usage.inodes))
    return UsagePane(told(ahead, now), chosen, wide, narrow, _rows(shown, since, chosen.length), inodes)


def told(ahead: Forecast, now: datetime) -> Told:
    """The forecast in words, its spread included; what cannot be told is said."""
    rate = f"{size_text(abs(ahead.rate))} a day, ± {size_text(ahead.spread)}"
    span = _days(ahead.span)
    match ahead.verdict:
        case Verdict.FULL:
            return Told("warn", "It is full.")
        case Verdict.TOO_FEW:
            seen = f"It was watched for {span} so far; a day and samples of twelve hours are needed."
            return Told("idle", "Too early to tell when it will be full.", seen if ahead.span else "")
        case Verdict.STILL:
            return Told("ok", "It hardly changes.", f"Seen over {span}.")
        case Verdict.SHRINKS:
            return Told("ok", f"It gets emptier, by about {rate}.", f"Seen over {span}.")
        case Verdict.UNCLEAR:
            earliest = f" At worst it is full in {_days(ahead.soonest)}." if ahead.soonest else ""
            return Told("idle", "It cannot be told when it will be full: it goes up and down too much.",
                        f"About {'+' if ahead.rate > 0 else '−'}{rate}, seen over {span}.{earliest}")  # fmt: skip
    if ahead.days is None:
        return Told("ok", "Not full within ten years at this rate.", f"It grows by about {rate}, seen over {span}.")
    first, last = _days(ahead.soonest), _days(ahead.latest)
    between = f"Probably between {first} and {last}. " if first != last else ""
    if ahead.latest is None:
        between = f"Not before {first}; perhaps never. "
    return Told(
        "warn" if ahead.days <= SOON else "ok",
        f"Full in about {_days(ahead.days)} at this rate.",
        f"{between}It grows by about {rate}, seen over {span}.",
    )


def _charts(
    volume: Volume, points: Sequence[Point], chosen: Range, ahead: Forecast, now: datetime
) -> tuple[SafeString | str, SafeString | str]:
    if len(points) < 2:
        return "", ""
    since = now - chosen.length
    until = now + chosen.length / 4 if ahead.days is not None and ahead.verdict is Verdict.GROWS else now
    end = None
    if until > now and ahead.days is not None:
        at = min(until, now + timedelta(days=ahead.days))
        end = Ahead(at, points[-1].used + ahead.rate * ((at - now) / timedelta(days=1)))
    low, high = min(points, key=lambda p: p.used), max(points, key=lambda p: p.used)
    says = (
        f"Used space of {volume.name} from {_when(points[0].at)} to {_when(points[-1].at)}: from {size_text(points[0].used)} to "
        f"{size_text(points[-1].used)} of {size_text(points[-1].size)}, lowest {size_text(low.used)}, highest {size_text(high.used)}. "
        + told(ahead, now).sentence
    )  # fmt: skip
    levels, ticks = _levels(points, since, chosen.length, now), _ticks(chosen, since, until)
    return (
        pictures.usage(levels, since, until, ticks, says, ahead=end),
        pictures.usage(levels, since, until, ticks[1::2], says, ahead=end, narrow=True),
    )


def _levels(points: Sequence[Point], since: datetime, length: timedelta, now: datetime) -> list[Level]:
    """At most so many points as the picture can show: the highest of each slot of time."""
    slot = length / MOST_POINTS
    near = 2 * slot
    levels: list[Level] = []
    before: Point | None = None
    at_slot = -1
    for point in points:
        gap = (
            before is not None and (apart := point.at - before.at) > near and apart > MISSED * interval(now - before.at)
        )
        number = int((point.at - since) / slot)
        if number == at_slot and not gap:
            if point.used >= levels[-1].used:
                levels[-1] = Level(point.at, point.size, point.used, levels[-1].after_gap)
        else:
            levels.append(Level(point.at, point.size, point.used, gap))
        before, at_slot = point, number
    return levels


def _ticks(chosen: Range, since: datetime, until: datetime) -> list[tuple[datetime, str]]:
    first = clock.local(since).replace(hour=0, minute=0, second=0, microsecond=0)
    ticks, at = [], first
    while at <= until:
        if since + chosen.length / 40 <= at <= until - (until - since) / 40:
            ticks.append((at, f"{clock.local(at):{chosen.written}}"))
        at += chosen.tick
    return ticks


def _rows(points: Sequence[Point], since: datetime, length: timedelta) -> list[tuple[datetime, int, int, str]]:
    """A few figures, evenly spread over the time: the last of each slot, the newest first."""
    slot = length / ROWS
    slots = {(point.at - since) // slot: point for point in points}
    return [(p.at, p.used, p.size, percent_text(share(p.used, p.size))) for p in reversed(slots.values())]


def _when(at: datetime) -> str:
    return f"{clock.local(at):%-d %b %Y %H:%M}"
