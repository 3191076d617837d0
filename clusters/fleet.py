"""The fleet as rows ready to be shown, in a constant number of queries however many clusters there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.safestring import SafeString

from clusters import pictures
from clusters.drawn import pair_of
from clusters.figures import pause_text, percent_text, rate_text, share, span_text
from clusters.fleet_filters import Filters, filtered
from clusters.models import Cluster, Node, StateChange, VolumeUsage
from clusters.seen import resync_of, seen
from clusters.states import LOCKING, Health, Inventory
from clusters.verdict import BLIND_AFTER, GROUPS, Verdict, verdict

PER_PAGE = 30
UNREAD = (
    "state__mounted", "state__exported", "state__file_digests", "state__marks", "state__pools", "state__standing",
    "host_key", "offered_host_key",
)  # fmt: skip
DRAFT_ORDER = len(Health)
CAUSES = {
    "": "moved",
    "failover": "failover",
    "switchover": "switchover",
    "start": "started",
    "stop": "stopped",
    "unclean": "unclean",
}


class Fullest(NamedTuple):
    name: str
    percent: float
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    cluster: Cluster
    verdict: Verdict
    picture: SafeString
    under: dict[str, Any]
    fullest: Fullest | None
    serving: str
    last: StateChange | None
    moving: bool

    @property
    def last_words(self) -> str:
        if self.last is None:
            return "no move seen yet"
        cause = CAUSES.get(self.last.cause, self.last.cause)
        return f"{cause}, {pause_text(self.last.pause)}" if self.last.pause is not None else cause


@dataclass(frozen=True, slots=True)
class Group:
    kind: str
    title: str
    means: str
    count: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Fleet:
    groups: list[Group]
    page: Page[Cluster]
    tally: list[tuple[str, str, int]]  # kind, word, count
    total: int
    jobs: int
    labels: list[str]
    headline: str
    kind: str
    sub: str
    moving: bool
    read_at: datetime | None


def load(clusters: QuerySet[Cluster], seen_marks: Marks, filters: Filters, number: str | None, now: datetime) -> Fleet:
    ordered = _with_order(clusters, now)
    counts = _counts(ordered)
    total = sum(counts.values())
    found = filtered(ordered, filters).select_related("state")
    page = Paginator(found, PER_PAGE).get_page(number)
    rows = _rows(list(page.object_list), now)
    worst = rows[0] if rows and not filters.any and page.number == 1 and filters.order == "danger" else None
    headline, kind, sub = _headline(counts, total, worst)
    labels = sorted({label for text in clusters.order_by().values_list("labels", flat=True) for label in text.split()})
    return Fleet(
        groups=_groups(rows, counts if not filters.any else Counter(row.verdict.kind for row in rows)), page=page,
        tally=[(health.value, GROUPS[health][1], counts[health.value]) for health in Health], total=total,
        jobs=seen_marks.locked, labels=labels, headline=headline, kind=kind, sub=sub,
        moving=any(row.moving for row in rows), read_at=seen_marks.read,
    )  # fmt: skip


class Marks(NamedTuple):
    """What the page hangs on, in one query."""

    read: datetime | None
    clusters: int
    job: int | None
    locked: int
    blind: int

    def version(self, now: datetime) -> str:
        """Changes whenever the page would; once a minute when the monitor is silent, for then only the ages grow."""
        silent = int((now - self.read).total_seconds() // 60) if self.read and self.blind else 0
        read = self.read.timestamp() if self.read else 0
        return f"{read:.3f}-{self.clusters}-{self.job or 0}-{self.locked}-{self.blind}-{silent}"


def marks(clusters: QuerySet[Cluster], now: datetime) -> Marks:
    found = clusters.aggregate(
        read=Max("state__judged_at"), clusters=Count("pk", distinct=True), job=Max("jobs__pk"),
        locked=Count("jobs", filter=Q(jobs__status__in=LOCKING), distinct=True), blind=Count("pk", filter=_blind(now), distinct=True),
    )  # fmt: skip
    return Marks(**found)


def _blind(now: datetime) -> Q:
    return Q(state=None) | Q(state__judged_at=None) | Q(state__judged_at__lt=now - timedelta(seconds=BLIND_AFTER))


def _with_order(clusters: QuerySet[Cluster], now: datetime) -> QuerySet[Any]:
    """Blind is unknown, whatever was judged before; what is not in service comes last."""
    return clusters.annotate(
        order=Case(
            When(inventory=Inventory.DRAFT, then=Value(DRAFT_ORDER)),
            When(_blind(now), then=Value(Health.UNKNOWN.order)),
            default="state__health_order",
            output_field=IntegerField(),
        )
    )


def _counts(ordered: QuerySet[Any]) -> Counter[str]:
    kinds = [*(health.value for health in Health), "idle"]
    return Counter(
        {kinds[row["order"]]: row["n"] for row in ordered.order_by().values("order").annotate(n=Count("pk"))}
    )


def _rows(clusters: list[Cluster], now: datetime) -> list[Row]:
    keys = [cluster.pk for cluster in clusters]
    nodes: dict[int, list[Node]] = defaultdict(list)
    found = (
        Node.objects.filter(cluster__in=keys, kind=Node.Kind.MEMBER).select_related("state", "replica").defer(*UNREAD)
    )
    for node in found.order_by("position", "pk"):
        nodes[node.cluster_id].append(node)
    fullest = _fullest(keys)
    lasts = _last_moves(keys)
    jobs = _jobs(keys)
    return [
        _row(cluster, nodes[cluster.pk], fullest.get(cluster.pk), lasts.get(cluster.pk), jobs.get(cluster.pk), now)
        for cluster in clusters
    ]


def _row(
    cluster: Cluster, members: list[Node], fullest: Fullest | None, last: StateChange | None, job: tuple[int, str, str] | None, now: datetime
) -> Row:  # fmt: skip
    state = getattr(cluster, "state", None)
    told = verdict(cluster, state, now)
    nodes = seen(members, now, blind=told.blind, lean=True)
    pair = None if told.kind == "idle" else pair_of(cluster, nodes, state)
    names = [one.node.name for one in nodes]
    picture = pictures.mini(pair) if pair else _described(names)
    resync = resync_of(nodes)
    serving = next((side.name for side in pair.sides if side.holds), "") if pair else ""
    under: dict[str, Any] = dict.fromkeys(("resync", "percent", "rate", "left", "broken", "unseen", "as_of", "job"))
    if resync:
        under |= {"resync": resync, "percent": percent_text(resync.percent),
                  "rate": rate_text(resync.speed) if resync.speed is not None else "",
                  "left": f"about {span_text(resync.eta)} left" if resync.eta is not None else ""}  # fmt: skip
    elif pair and pair.link.kind in ("split", "down"):
        under["broken"] = pair.link
    elif pair and pair.link.kind == "unknown" and nodes:
        ages = [one.state.read_at for one in nodes if one.state and one.state.read_at and not one.fresh]
        under |= {"unseen": pair.link, "as_of": min(ages) if ages else None}
    under["job"] = job
    return Row(
        cluster, told, picture, under, fullest, serving, last,
        moving=bool((resync and resync.fresh) or (job and job[2] in ("queued", "running"))),
    )  # fmt: skip


def _described(names: list[str]) -> SafeString:
    if len(names) < 2:
        return pictures.empty()
    return pictures.empty(names[0], names[1], label=f"{names[0]} and {names[1]}, only described so far")


def _fullest(keys: list[int]) -> dict[int, Fullest]:
    best: dict[int, Fullest] = {}
    rows = VolumeUsage.objects.filter(volume__cluster__in=keys).values_list(
        "volume__cluster", "volume__name", "used", "size", "read_at"
    )
    for cluster, name, used, size, read_at in rows:
        percent = share(used, size)
        if cluster not in best or percent > best[cluster].percent:
            best[cluster] = Fullest(name, percent, read_at)
    return best


def _last_moves(keys: list[int]) -> dict[int, StateChange]:
    changes = StateChange.objects.filter(pk__in=newest_moves(keys)).order_by()
    return {change.cluster_id: change for change in changes}


def newest_moves(keys: Sequence[int]) -> QuerySet[Any, int | None]:
    """The key of each pair's last move: one look into an index for each, however long the history is."""
    moves = StateChange.objects.filter(cluster=OuterRef("pk"), subject=StateChange.Subject.GROUP)
    last = Subquery(moves.order_by("-at", "-pk").values("pk")[:1])
    return Cluster.objects.filter(pk__in=keys).order_by().annotate(last=last).values_list("last", flat=True)


def _jobs(keys: list[int]) -> dict[int, tuple[int, str, str]]:
    under_way = Cluster.objects.filter(pk__in=keys, jobs__status__in=LOCKING).order_by()
    rows = under_way.values_list("pk", "jobs__pk", "jobs__title", "jobs__status")
    return {pk: (job, title, status) for pk, job, title, status in rows}


def _groups(rows: Sequence[Row], counts: Mapping[str, int]) -> list[Group]:
    """Consecutive rows of one kind under one head: the order made visible, whatever the order is."""
    groups: list[Group] = []
    for row in rows:
        kind = row.verdict.kind
        if not groups or groups[-1].kind != kind:
            title, _, means = (
                GROUPS[Health(kind)] if kind != "idle" else ("Being set up", "", "described, not in service")
            )
            groups.append(Group(kind, title, means, counts[kind], []))
        groups[-1].rows.append(row)
    return groups


def _headline(counts: Mapping[str, int], total: int, worst: Row | None) -> tuple[str, str, str]:
    """The fleet in one sentence, its kind, and what is to be said about the others."""
    live = total - counts["idle"]
    rest = [f"{counts[h]} {GROUPS[h][1]}" for h in Health if counts[h]]
    sub = ", ".join(rest).capitalize() + "." if len(rest) > 1 else ""
    if not live:
        return ("No cluster is in service yet.", "idle", "")
    for health in (Health.DANGER, Health.UNKNOWN, Health.RISK):
        if counts[health] == 1 and worst and worst.verdict.kind == health:
            return (
                f"{worst.cluster.slug}: {worst.verdict.sentence[:1].lower()}{worst.verdict.sentence[1:]}",
                health,
                sub,
            )
        if counts[health]:
            verb = "is" if counts[health] == 1 else "are"
            noun = "cluster" if counts[health] == 1 else "clusters"
            return f"{counts[health]} {noun} {verb} {GROUPS[health][1]}.", health, sub
    if counts[Health.WARN]:
        return ("Everything is redundant. Something wants doing.", Health.WARN, sub)
    if live == 1:
        return ("The cluster is redundant. A failover now would work.", Health.OK, sub)
    return (f"All {live} clusters are redundant.", Health.OK, sub)
