"""Moves of the service group and what was seen around them, page by page."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString

from clusters import clock, pictures
from clusters.figures import count_text, pause_text
from clusters.models import Cluster, StateChange
from clusters.pictures import Move
from clusters.timeline import change_kind, told_change

PER_PAGE = 25
AROUND = timedelta(minutes=3)  # what else changed on the pair around a move
CHARTED = 200  # of a year's moves, the newest
WORDS = {
    "failover": "Failover",
    "switchover": "Switchover",
    "start": "Start",
    "stop": "Stop",
    "unclean": "Unclean move",
    "pause": "Pause",
    "": "Move",
}
MANY = {"failover": ("failover", "failovers"), "switchover": ("switchover", "switchovers"), "start": ("start", "starts"),
        "stop": ("stop", "stops"), "unclean": ("unclean move", "unclean moves"), "": ("other move", "other moves")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    cluster: str = ""
    kind: str = ""
    year: int = 0
    everything: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str], cluster: Cluster | None, now: datetime) -> Filters:
        year = query.get("year", "")
        kind = query.get("kind", "")
        return cls(
            cluster.slug if cluster else query.get("cluster", "")[:40], kind if kind in WORDS else "",
            int(year) if year.isdecimal() and len(year) == 4 and 2000 <= int(year) <= 2200 else clock.local(now).year,
            query.get("show") == "all",
        )  # fmt: skip


class Fact(NamedTuple):
    """A move as far as figures need it: there may be thousands in a year, and a point in time is dear to read."""

    cause: str
    pause: float | None
    pk: int


class Timed(NamedTuple):
    """A move with a pause as far as the chart needs it."""

    pk: int
    at: datetime
    cause: str
    old: str
    new: str
    pause: float
    slug: str


@dataclass(frozen=True, slots=True)
class Entry:
    change: StateChange
    title: str
    kind: str
    around: list[tuple[StateChange, str, str]]  # change, sentence, kind

    @property
    def key(self) -> str:
        return f"f-{self.change.pk}"


@dataclass(frozen=True, slots=True)
class History:
    page: Page[StateChange]
    entries: list[Entry]
    chart: SafeString
    headline: str
    sub: str
    figures: list[tuple[str, str, str]]
    years: list[int]


def load(clusters: QuerySet[Cluster], filters: Filters, number: str | None) -> History:
    changes = StateChange.objects.filter(cluster__in=clusters.values("pk")).select_related("cluster")
    if filters.cluster:
        changes = changes.filter(cluster__slug=filters.cluster)
    moves = changes.filter(subject=StateChange.Subject.GROUP)
    of_year = moves.filter(at__gte=_new_year(filters.year), at__lt=_new_year(filters.year + 1))
    listed = changes.filter(at__lt=_new_year(filters.year + 1)) if filters.everything else of_year
    if filters.kind:
        listed = listed.filter(cause=filters.kind)
    page = Paginator(listed, PER_PAGE).get_page(number)
    counted = of_year.exclude(cause=StateChange.Cause.PAUSE)
    facts = [Fact(*row) for row in counted.order_by("at", "pk").values_list("cause", "pause", "pk")]
    headline, sub = _headline(facts, filters, of_year.filter(cause=StateChange.Cause.PAUSE, new="").count())
    timed = counted.exclude(pause=None).order_by("-at", "-pk").values_list(*Timed._fields[:-1], "cluster__slug")
    charted = [Timed(*row) for row in timed[:CHARTED]][::-1]
    worst = _worst(facts, timed)
    return History(
        page, _entries(list(page.object_list), changes, filters.everything), _chart(charted, filters), headline, sub,
        _figures(facts, worst, charted[-1]) if worst and charted else [], _years(moves, filters.year),
    )  # fmt: skip


def _new_year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=clock.zone())


def _years(moves: QuerySet[StateChange], year: int) -> list[int]:
    first = moves.order_by("at").values_list("at", flat=True).first()
    now = clock.local(timezone.now()).year
    return sorted({*range(min(clock.local(first).year if first else now, year), now + 1), year}, reverse=True)[:20]


def _entries(rows: list[StateChange], changes: QuerySet[StateChange], everything: bool) -> list[Entry]:
    around: dict[int, list[StateChange]] = defaultdict(list)
    moves = [row for row in rows if row.subject == StateChange.Subject.GROUP]
    if moves and not everything:
        windows = Q()
        for row in moves:
            windows |= Q(cluster=row.cluster_id, at__range=(row.at - AROUND, row.at + AROUND))
        others = list(changes.filter(windows).exclude(subject=StateChange.Subject.GROUP).order_by("at", "pk"))
        for row in moves:
            around[row.pk] = [
                other for other in others if other.cluster_id == row.cluster_id and abs(other.at - row.at) <= AROUND
            ]
    return [
        Entry(row, title(row), change_kind(row), [(o, told_change(o), change_kind(o)) for o in around[row.pk]])
        for row in rows
    ]


def title(change: StateChange) -> str:
    if change.subject != StateChange.Subject.GROUP:
        return told_change(change)
    return _moved(change.cause, change.old, change.new)


def _moved(cause: str, old: str, new: str) -> str:
    if cause == StateChange.Cause.PAUSE:
        return f"Pause on {new} is over" if new else f"Pause on {old}: a job has stopped NFS there"
    word = WORDS.get(cause, "Move")
    if not new:
        return f"{word}: nobody serves any more" + (f", it was {old}" if old else "")
    return f"{word}, {old} to {new}" if old else f"{word} on {new}"


def _headline(rows: list[Fact], filters: Filters, paused: int) -> tuple[str, str]:
    beside = f" {count_text(paused, 'pause', 'pauses')} for a job on one node beside." if paused else ""
    if not rows:
        return (
            f"No move of a service group in {filters.year}.",
            f"The monitor writes each one down, with what was known when it was seen.{beside}",
        )
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.cause] += 1
    sub = ", ".join(count_text(counts[cause], *MANY[cause]) for cause in MANY if counts[cause]).capitalize() + "."
    timed = [row for row in rows if row.pause is not None]
    last = (
        f" Clients waited {pause_text(timed[-1].pause)} the last time." if timed and timed[-1].pause is not None else ""
    )
    return f"{count_text(len(rows), 'move', 'moves')} in {filters.year}.{last}", sub + beside


def _worst(facts: Iterable[Fact], timed: QuerySet[StateChange, Any]) -> Timed | None:
    """The longest pause of the year; the chart may not reach back to it."""
    longest = max((fact for fact in facts if fact.pause is not None), key=lambda fact: fact.pause or 0.0, default=None)
    row = timed.filter(pk=longest.pk).first() if longest else None
    return Timed(*row) if row else None


def _chart(rows: Iterable[Timed], filters: Filters) -> SafeString:
    now = timezone.now()
    moves = [Move(f"f-{row.pk}", clock.local(row.at), row.cause, row.pause, _spoken(row, now)) for row in rows]
    if not moves:
        return SafeString("")
    worst = max(moves, key=lambda move: move.pause)
    says = f"Seconds without service for each move in {filters.year}, {len(moves)} in all. The longest: {worst.says}. The list below has each."
    return pictures.pauses(moves, filters.year, says)


def _spoken(row: Timed, now: datetime) -> str:
    return f"{clock.date_text(row.at, now)}, {row.slug}: {_moved(row.cause, row.old, row.new)}, {pause_text(row.pause)}"


def _figures(facts: list[Fact], worst: Timed, last: Timed) -> list[tuple[str, str, str]]:
    pauses = [fact.pause for fact in facts if fact.pause is not None]
    return [
        ("Typical", pause_text(statistics.median(pauses)), "half of all moves were shorter"),
        ("Worst", pause_text(worst.pause), f"{clock.date_text(worst.at)}, {worst.slug}"),
        ("Last", pause_text(last.pause), clock.date_text(last.at)),
        ("Not served", pause_text(sum(pauses)), "all moves together"),
    ]  # fmt: skip


def as_csv(clusters: QuerySet[Cluster], filters: Filters) -> Iterable[list[Any]]:
    """All moves of the filter, for a spreadsheet."""
    yield ["at (UTC)", "cluster", "kind", "from", "to", "pause (s)", "what was known", "job"]
    moves = StateChange.objects.filter(
        cluster__in=clusters.values("pk"), subject=StateChange.Subject.GROUP
    ).select_related("cluster")
    moves = moves.filter(at__gte=_new_year(filters.year), at__lt=_new_year(filters.year + 1))
    if filters.cluster:
        moves = moves.filter(cluster__slug=filters.cluster)
    if filters.kind:
        moves = moves.filter(cause=filters.kind)
    for row in moves.order_by("at").iterator():
        pause = "" if row.pause is None else round(row.pause, 1)
        yield [
            row.at.isoformat(timespec="seconds"),
            row.cluster.slug,
            row.cause,
            row.old,
            row.new,
            pause,
            _plain(row.why),
            row.job or "",
        ]


def _plain(text: str) -> str:
    """A spreadsheet must not take a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
