"""One cluster, volume or export as its page shows it: a constant number of queries, and no more rows than are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from django.db.models import Count, Max, Q, QuerySet

from clusters.drawn import fills, pair_of
from clusters.figures import share
from clusters.models import (
    AuditEntry,
    Cluster,
    ClusterState,
    Export,
    Node,
    Resource,
    StateChange,
    Volume,
    VolumeUsage,
)  # fmt: skip
from clusters.pictures import Pair
from clusters.pool_health import PoolView
from clusters.seen import Resync, Seen, resync_of, seen
from clusters.states import LOCKING, Health, Inventory
from clusters.verdict import BLIND_AFTER, GROUPS, Verdict, verdict

RECENT = 12
ROWS = 25  # of a table in a page; the tables of the fleet have every row
PATHS = 6  # of one volume in a row
SHOWN = (Inventory.CREATING, Inventory.PRESENT, Inventory.REMOVING)
SHAPES = {"blocker": "danger", "warning": "warn", "ok": "ok"}


@dataclass(frozen=True, slots=True)
class VolumeRow:
    volume: Volume
    usage: VolumeUsage | None
    fresh: bool
    exported: Sequence[str] = ()  # paths

    @property
    def percent(self) -> float | None:
        return share(self.usage.used, self.usage.size) if self.usage else None

    @property
    def free(self) -> int | None:
        return self.usage.size - self.usage.used if self.usage else None

    @property
    def paths(self) -> Sequence[str]:
        return self.exported[:PATHS]

    @property
    def more(self) -> int:
        return max(0, len(self.exported) - PATHS)


@dataclass(frozen=True, slots=True)
class Exports:
    rows: list[Export]  # the first of them
    count: int


@dataclass(frozen=True, slots=True)
class Reason:
    kind: str
    text: str
    hint: str
    code: str


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    kind: str
    text: str
    small: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a cluster now, without what it holds."""

    state: ClusterState | None
    verdict: Verdict
    nodes: list[Seen]
    resource: Resource | None
    active: Seen | None

    @property
    def fresh(self) -> bool:
        return bool(self.active and self.active.fresh)

    @property
    def pools(self) -> list[PoolView]:
        return pools_of(self.nodes)


@dataclass(frozen=True, slots=True)
class Detail:
    cluster: Cluster
    state: ClusterState | None
    verdict: Verdict
    pair: Pair | None
    nodes: list[Seen]
    resource: Resource | None
    resync: Resync | None
    volumes: list[VolumeRow]  # the first of them
    volume_count: int
    exports: Exports
    reasons: list[Reason]
    events: list[Event]
    active: Seen | None
    version: str
    locked: int

    @property
    def pools(self) -> list[PoolView]:
        return pools_of(self.nodes)

    @property
    def moving(self) -> bool:
        return bool(self.locked or (self.resync and self.resync.fresh))

    @property
    def failover(self) -> tuple[str, str]:
        """Would a failover work? The kind and the word."""
        if self.verdict.blind or self.verdict.kind in ("unknown", "idle") or self.state is None:
            return "unknown", "Not known"
        return ("ok", "Yes") if self.state.failover_works else ("risk", "No")


def pools_of(nodes: Sequence[Seen]) -> list[PoolView]:
    """Thin pools, as the node that has the volume group last told them."""
    rows = next((one.state.pools for one in nodes if one.state and one.state.pools), None)
    return [PoolView(**row) for row in rows or ()]


def known(cluster: Cluster, now: datetime) -> Known:
    state = ClusterState.objects.select_related("active_node").filter(cluster=cluster).first()
    resource = Resource.objects.filter(cluster=cluster).first()
    members = (
        cluster.nodes.filter(kind=Node.Kind.MEMBER)
        .select_related("state", "replica", "backing")
        .order_by("position", "pk")
    )
    told = verdict(cluster, state, now)
    nodes = seen(list(members), now, blind=told.blind)
    active = next((one for one in nodes if state and one.node.pk == state.active_node_id), None)
    return Known(state, told, nodes, resource, active)


def load(cluster: Cluster, now: datetime) -> Detail:
    lately = known(cluster, now)
    state, told, nodes, resource = lately.state, lately.verdict, lately.nodes, lately.resource
    exports = exports_of(_exports(cluster))
    filled = _volumes(cluster).values_list("name", "usage__used", "usage__size")
    usage = {name: (used or 0, size or 0) for name, used, size in filled}
    pair = pair_of(
        cluster, nodes, state, resource=resource, volumes=fills(usage, lately.fresh), exports=exports.count
    ) if told.kind != "idle" else None  # fmt: skip
    return Detail(
        cluster, state, told, pair, nodes, resource, resync_of(nodes), _volume_rows(cluster, lately.fresh), len(usage), exports,
        _reasons(state, told), _events(cluster), lately.active, version(cluster, now),
        locked=Cluster.objects.filter(pk=cluster.pk, jobs__status__in=LOCKING).count(),
    )  # fmt: skip


def version(cluster: Cluster, now: datetime) -> str:
    """Changes whenever the page would, each minute when nobody looks any more: one query."""
    marks = Cluster.objects.filter(pk=cluster.pk).aggregate(
        read=Max("state__judged_at"), job=Max("jobs__pk"), locked=Count("jobs", filter=Q(jobs__status__in=LOCKING), distinct=True),
        ended=Max("jobs__ended_at"),
    )  # fmt: skip
    times = "-".join(f"{marks[name].timestamp():.3f}" if marks[name] else "0" for name in ("read", "ended"))
    age = (now - marks["read"]).total_seconds() if marks["read"] else 0
    silent = int(age // 60) + 1 if age > BLIND_AFTER else 0
    return f"{times}-{marks['job'] or 0}-{marks['locked']}-{cluster.inventory}-{silent}"


def find_volume(cluster: Cluster, name: str) -> Volume | None:
    return _volumes(cluster).select_related("usage", "cluster").filter(name=name).first()


def find_export(cluster: Cluster, fsid: int) -> Export | None:
    return _exports(cluster).select_related("volume__cluster").filter(fsid=fsid).first()


def volume_row(volume: Volume, fresh: bool, exported: Sequence[str] = ()) -> VolumeRow:
    return VolumeRow(volume, getattr(volume, "usage", None), fresh, exported)


def exports_of(found: QuerySet[Export]) -> Exports:
    rows = found.select_related("cluster").prefetch_related("clients").order_by("path")
    return Exports(list(rows[:ROWS]), found.count())


def exports_on(volume: Volume) -> Exports:
    return exports_of(_exports(volume.cluster).filter(volume=volume))


def _volumes(cluster: Cluster) -> QuerySet[Volume]:
    return Volume.objects.filter(cluster=cluster, inventory__in=SHOWN)


def _exports(cluster: Cluster) -> QuerySet[Export]:
    return Export.objects.filter(cluster=cluster, inventory__in=SHOWN, volume__inventory__in=SHOWN)


def _volume_rows(cluster: Cluster, fresh: bool) -> list[VolumeRow]:
    found = list(_volumes(cluster).select_related("usage", "cluster")[:ROWS])
    paths: dict[int, list[str]] = {}
    for key, path in _exports(cluster).filter(volume__in=found).order_by("path").values_list("volume_id", "path"):
        paths.setdefault(key, []).append(path)
    return [volume_row(volume, fresh, paths.get(volume.pk, ())) for volume in found]


def _reasons(state: ClusterState | None, told: Verdict) -> list[Reason]:
    """Reasons of the last judgement; nothing is ticked when nobody looked."""
    rows = [Reason(SHAPES.get(str(r.get("severity")), "unknown"), str(r["text"]), str(r.get("hint", "")), str(r.get("code", "")))
            for r in (state.reasons if state else [])]  # fmt: skip
    return [Reason("unknown", row.text, row.hint, row.code) for row in rows] if told.blind else rows


TITLES = {
    "role": "{node} is {new}", "disk": "{node}: its copy is {new}", "connection": "{node}: replication link {new}",
    "replication": "{node}: replication {new}", "reachable": "{node}: {new}", "boot": "{node} was started again",
    "manager": "{node}: manager {new}", "group": "Service group on {new}", "health": "{new}",
    "files": "Managed files: {new}", "split-brain": "Split brain: {new}",
}  # fmt: skip


def told_change(change: StateChange) -> str:
    if change.subject == StateChange.Subject.GROUP and not change.new:
        return "Nobody holds the service group"
    if change.subject == StateChange.Subject.HEALTH and change.new in GROUPS:
        return GROUPS[Health(change.new)][0]
    return TITLES[change.subject].format(node=change.node_name, new=change.new or "not known")


KINDS = {
    "UpToDate": "ok", "Connected": "ok", "Established": "ok", "Diskless": "danger", "Failed": "danger", "StandAlone": "danger",
    "Inconsistent": "risk", "Outdated": "risk", "SyncTarget": "risk", "SyncSource": "risk", "ok": "ok", "warn": "warn", "risk": "risk",
    "danger": "danger", "unknown": "unknown", "unreachable": "unknown", "reachable": "ok",
}  # fmt: skip
CAUSES = {"failover": "risk", "unclean": "danger", "switchover": "work", "start": "work", "stop": "risk"}


def change_kind(change: StateChange) -> str:
    if change.subject == StateChange.Subject.GROUP:
        return "danger" if not change.new else CAUSES.get(change.cause, "idle")
    return KINDS.get(change.new, "idle")


OUTCOMES = {
    "done": "ok",
    "succeeded": "ok",
    "failed": "danger",
    "interrupted": "danger",
    "refused": "idle",
    "requested": "work",
    "cancelled": "idle",
}


def _events(cluster: Cluster) -> list[Event]:
    """States and audit in one line of time, the newest first."""
    changes = StateChange.objects.filter(cluster=cluster).order_by("-at", "-pk")[:RECENT]
    events = [Event(row.at, change_kind(row), told_change(row), row.why or _from(row)) for row in changes]
    since = min((event.at for event in events), default=None)
    entries = AuditEntry.objects.filter(cluster=cluster).order_by("-sequence")
    if since and len(events) == RECENT:
        entries = entries.filter(at__gte=since - timedelta(seconds=1))
    for entry in entries[:RECENT]:
        small = " · ".join(part for part in (entry.actor, f"“{entry.reason}”" if entry.reason else "") if part)
        events.append(Event(entry.at, OUTCOMES[entry.outcome], entry.text, small, f"/audit/{entry.sequence}/"))
    return sorted(events, key=attrgetter("at"), reverse=True)[:RECENT]


def _from(change: StateChange) -> str:
    return f"{change.old} → {change.new}" if change.old and change.new else ""
