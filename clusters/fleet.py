"""The fleet as rows ready to be shown, in a constant number of queries however many clusters there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.safestring import SafeString

from clusters import fleet_cells, pictures
from clusters.drawn import pair_of
from clusters.figures import percent_text, rate_text, share, size_text, span_text
from clusters.fleet_cells import Fullest, LastMove
from clusters.fleet_filters import IDLE, Filters, Listed, arranged, matching
from clusters.models import Cluster, Node, StateChange, VolumeUsage
from clusters.pictures import Pair
from clusters.seen import Resync, Seen, resync_of, seen
from clusters.states import AT_WORK, LOCKING, Health, Inventory
from clusters.verdict import BLIND_AFTER, GROUPS, Verdict, verdict

PER_PAGE = 30
SHOWN = Cluster.objects.select_related("state").only(
    "slug", "inventory", "simulated", "labels", "service_ip", "touched_at",
    *(f"state__{name}" for name in ("health", "sentence", "detail", "reasons", "dangers", "active_node", "since", "judged_at")),
)  # fmt: skip
MEMBERS = Node.objects.filter(kind=Node.Kind.MEMBER).select_related("state", "replica").order_by("position", "pk").only(
    "cluster", "name", "position", "replication_address", "replication_interface",
    *(f"state__{name}" for name in ("reachable", "read_at", "holds_ip")),
    *(f"replica__{name}" for name in (
        "role", "disk", "connection", "replication", "percent", "sync_left", "sync_total", "size", "speed", "eta", "moved_at", "read_at",
        "sync_started_at",
    )),
)  # fmt: skip


class UnderWay(NamedTuple):
    """The job that locks a pair."""

    pk: int
    title: str
    status: str

    @property
    def at_work(self) -> bool:
        return self.status in AT_WORK


@dataclass(frozen=True, slots=True)
class Row:
    """A pair with its cells, ready to be shown."""

    slug: str
    verdict: Verdict
    picture: SafeString
    heading: SafeString
    says: SafeString
    under: dict[str, Any]  # empty when nothing is under way, and nothing is broken
    fill: SafeString
    service: SafeString
    last_move: SafeString
    moving: bool


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
    page: Page[int]
    tally: list[tuple[str, str, int]]  # kind, word, count
    total: int
    jobs: int
    at_work: int  # of the jobs, those that wait for nobody
    labels: list[str]
    headline: str
    kind: str
    sub: str
    moving: bool
    read_at: datetime | None


def load(clusters: QuerySet[Cluster], seen_marks: Marks, filters: Filters, number: str | None, now: datetime) -> Fleet:
    everything = _listed(clusters, filters, now)
    counts = Counter(one.kind for one in everything)
    total = len(everything)
    found = matching(clusters, everything, filters)
    page = Paginator([one.pk for one in found], PER_PAGE).get_page(number)
    jobs = _jobs(clusters) if seen_marks.locked else {}
    rows = _rows(list(page.object_list), jobs, now)
    worst = rows[0] if rows and not filters.any and page.number == 1 and filters.order == "danger" else None
    headline, kind, sub = _headline(counts, total, worst)
    labels = sorted({label for one in everything for label in one.labels.split()})
    return Fleet(
        groups=_groups(rows, counts if not filters.any else Counter(row.verdict.kind for row in rows)), page=page,
        tally=[(health.value, GROUPS[health][1], counts[health.value]) for health in Health], total=total,
        jobs=seen_marks.locked, at_work=sum(job.at_work for job in jobs.values()), labels=labels, headline=headline, kind=kind, sub=sub,
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


def _listed(clusters: QuerySet[Cluster], filters: Filters, now: datetime) -> list[Listed]:
    rows = arranged(clusters, filters).values_list(
        "pk", "labels", "inventory", "state__health_order", "state__judged_at"
    )
    listed = [Listed(pk, labels, _order(inventory, order, at, now)) for pk, labels, inventory, order, at in rows]
    return sorted(listed, key=attrgetter("order")) if filters.order == "danger" else listed


def _order(inventory: str, judged: int, judged_at: datetime | None, now: datetime) -> int:
    """Blind is unknown, whatever was judged before; what is not in service comes last."""
    if inventory == Inventory.DRAFT:
        return IDLE
    if judged_at is None or judged_at < now - timedelta(seconds=BLIND_AFTER):
        return Health.UNKNOWN.order
    return judged


def _rows(keys: list[int], jobs: Mapping[int, UnderWay], now: datetime) -> list[Row]:
    clusters = SHOWN.in_bulk(keys)
    nodes: dict[int, list[Node]] = defaultdict(list)
    for node in MEMBERS.filter(cluster__in=keys):
        nodes[node.cluster_id].append(node)
    fullest = _fullest(keys)
    lasts = _last_moves(keys)
    fleet_url = reverse("fleet")
    return [
        _row(clusters[pk], nodes[pk], fullest.get(pk), lasts.get(pk), jobs.get(pk), now, fleet_url)
        for pk in keys
        if pk in clusters
    ]


def _row(
    cluster: Cluster, members: list[Node], fullest: Fullest | None, last: LastMove | None, job: UnderWay | None, now: datetime,
    fleet_url: str,
) -> Row:  # fmt: skip
    state = getattr(cluster, "state", None)
    told = verdict(cluster, state, now)
    nodes = seen(members, now, blind=told.blind, lean=True)
    pair = None if told.kind == "idle" else pair_of(cluster, nodes, state, lean=True)
    resync = resync_of(nodes)
    serving = next((side.name for side in pair.sides if side.holds), "") if pair else ""
    return Row(
        cluster.slug, told, pictures.mini(pair) if pair else _described(cluster, [one.node.name for one in nodes]),
        fleet_cells.heading(cluster, fleet_url), fleet_cells.says(told), _under_way(pair, nodes, resync, job), fleet_cells.fill(fullest, serving),
        fleet_cells.service(cluster, serving, told.kind), fleet_cells.last_move(last),
        moving=bool((resync and resync.fresh) or (job and job.at_work)),
    )  # fmt: skip


def _under_way(pair: Pair | None, nodes: Sequence[Seen], resync: Resync | None, job: UnderWay | None) -> dict[str, Any]:
    under: dict[str, Any] = {"job": job} if job else {}
    if resync:
        under |= {"resync": resync, "percent": percent_text(resync.percent),
                  "rate": rate_text(resync.speed) if resync.speed is not None else "",
                  "left": f"about {span_text(resync.eta)} left" if resync.eta is not None else "", "rest": _rest(resync)}  # fmt: skip
    elif pair and pair.link.kind in ("split", "down"):
        under["broken"] = pair.link
    elif pair and pair.link.kind == "unknown":
        ages = [one.state.read_at for one in nodes if one.state and one.state.read_at and not one.fresh]
        under |= {"unseen": pair.link, "as_of": min(ages, default=None)}
    return under


def _rest(resync: Resync) -> str:
    """How much is left to copy, and whose copy is lost meanwhile; a verify overwrites nobody."""
    left = f"{size_text(resync.left)} left" if resync.left is not None else ""
    return ", ".join(filter(None, [left, "" if resync.verify else f"overwrites {resync.target}"]))


def _described(cluster: Cluster, names: list[str]) -> SafeString:
    if len(names) < 2:
        return pictures.empty()
    how = "not set up to the end" if cluster.touched_at else "only described so far"
    return pictures.empty(names[0], names[1], label=f"{names[0]} and {names[1]}, {how}")


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


def _last_moves(keys: list[int]) -> dict[int, LastMove]:
    changes = StateChange.objects.filter(pk__in=newest_moves(keys)).order_by()
    return {pk: LastMove(*told) for pk, *told in changes.values_list("cluster", *LastMove._fields)}


def newest_moves(keys: Sequence[int]) -> QuerySet[Any, int | None]:
    """The key of each pair's last move: one look into an index for each, however long the history is."""
    moves = StateChange.objects.filter(cluster=OuterRef("pk"), subject=StateChange.Subject.GROUP)
    moves = moves.exclude(cause=StateChange.Cause.PAUSE)
    last = Subquery(moves.order_by("-at", "-pk").values("pk")[:1])
    return Cluster.objects.filter(pk__in=keys).order_by().annotate(last=last).values_list("last", flat=True)


def _jobs(clusters: QuerySet[Cluster]) -> dict[int, UnderWay]:
    rows = clusters.filter(jobs__status__in=LOCKING).order_by()
    found = rows.values_list("pk", "jobs__pk", "jobs__title", "jobs__status")
    return {pk: UnderWay(job, title, status) for pk, job, title, status in found}


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
                f"{worst.slug}: {worst.verdict.sentence[:1].lower()}{worst.verdict.sentence[1:]}",
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
