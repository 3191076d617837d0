"""One cluster, volume or export as its page shows it: a constant number of queries, and no more rows than are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Q, QuerySet, Window

from clusters import connected, timeline
from clusters.drawn import fills, pair_of
from clusters.figures import share
from clusters.models import (
    Cluster,
    ClusterState,
    Export,
    Node,
    Resource,
    Volume,
    VolumeUsage,
)  # fmt: skip
from clusters.pictures import Pair
from clusters.pool_health import PoolView
from clusters.seen import Resync, Seen, resync_of, seen
from clusters.states import LOCKING, Inventory
from clusters.verdict import BLIND_AFTER, Verdict, verdict

ROWS = 25  # of a table in a page; the tables of the fleet have every row
TOTAL = "rows_in_all"  # on each of the first rows, so that counting the others takes no query of its own
PATHS = 6  # of one volume in a row
ALSO = ("state", "resource")
UNREAD = ("state__file_digests", "state__marks", "state__standing", "state__mounted", "host_key", "offered_host_key")
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
    def serving(self) -> connected.Pair:
        return connected.Pair(self.state, [one.node for one in self.nodes])

    @property
    def pools(self) -> list[PoolView]:
        return pools_of(self.nodes)


@dataclass(frozen=True, slots=True)
class Detail(Known):
    cluster: Cluster
    pair: Pair | None
    resync: Resync | None
    volumes: list[VolumeRow]  # the first of them
    volume_count: int
    exports: Exports
    reasons: list[Reason]
    events: list[timeline.Event]
    version: str
    locked: int

    @property
    def has_volume(self) -> bool:
        """Whether a volume is in service: one of the first, or, when there are more, one of all."""
        if any(row.volume.inventory == Inventory.PRESENT for row in self.volumes):
            return True
        more = self.volume_count > len(self.volumes)
        return more and self.cluster.volumes.filter(inventory=Inventory.PRESENT).exists()

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
    """`access.get_cluster(…, also=ALSO)` has read the rows beside the cluster's own."""
    state, resource = getattr(cluster, "state", None), getattr(cluster, "resource", None)
    members = cluster.nodes.filter(kind=Node.Kind.MEMBER).select_related("state", "replica", "backing").defer(*UNREAD)
    told = verdict(cluster, state, now)
    nodes = seen(list(members.order_by("position", "pk")), now, blind=told.blind)
    active = next((one for one in nodes if state and one.node.pk == state.active_node_id), None)
    return Known(state, told, nodes, resource, active)


def load(cluster: Cluster, read: Marks, now: datetime) -> Detail:
    lately = known(cluster, now)
    state, told, nodes, resource = lately.state, lately.verdict, lately.nodes, lately.resource
    exports = exports_of(cluster, _exports(cluster))
    volumes = list(_volumes(cluster).select_related("usage").annotate(**{TOTAL: Window(Count("pk"))})[:ROWS])
    count = _total(volumes)
    pair = pair_of(
        cluster, nodes, state, resource=resource, volumes=fills(_fill(volumes), lately.fresh), exports=exports.count,
        unlisted=count - len(volumes),
    ) if told.kind != "idle" else None  # fmt: skip
    return Detail(
        state, told, nodes, resource, lately.active, cluster, pair, resync_of(nodes), _volume_rows(cluster, volumes, lately.fresh),
        count, exports, _reasons(state, told), timeline.events(cluster), read.version(cluster, now), read.locked,
    )  # fmt: skip


class Marks(NamedTuple):
    """What the page hangs on, in one query."""

    read: datetime | None
    ended: datetime | None
    job: int | None
    locked: int

    def version(self, cluster: Cluster, now: datetime) -> str:
        """Changes whenever the page would, each minute when nobody looks any more."""
        times = "-".join(f"{at.timestamp():.3f}" if at else "0" for at in (self.read, self.ended))
        age = (now - self.read).total_seconds() if self.read else 0
        silent = int(age // 60) + 1 if age > BLIND_AFTER else 0
        return f"{times}-{self.job or 0}-{self.locked}-{cluster.inventory}-{silent}"


def marks(cluster: Cluster) -> Marks:
    found = Cluster.objects.filter(pk=cluster.pk).aggregate(
        read=Max("state__judged_at"), job=Max("jobs__pk"), locked=Count("jobs", filter=Q(jobs__status__in=LOCKING), distinct=True),
        ended=Max("jobs__ended_at"),
    )  # fmt: skip
    return Marks(**found)


def find_volume(cluster: Cluster, name: str) -> Volume | None:
    return _volumes(cluster).select_related("usage", "cluster").filter(name=name).first()


def find_export(cluster: Cluster, fsid: int) -> Export | None:
    return _exports(cluster).select_related("volume__cluster").filter(fsid=fsid).first()


def exported_by(export: Export, known: Known) -> list[tuple[Seen, str, str]]:
    """Give each node that is seen now, with a shape, "" for what needs none, and the words."""
    return [(one, *_exports_it(export, one, known)) for one in known.nodes if one.fresh and one.state]


def _exports_it(export: Export, one: Seen, known: Known) -> tuple[str, str]:
    if one.state and export.path in (one.state.exported or ()):
        return "", "exports it"
    if one is not known.active or export.inventory != Inventory.PRESENT:
        return "", "does not export it now"
    read_at = one.state.read_at if one.state else None
    if export.changed_at and (read_at is None or read_at <= export.changed_at):
        return "unknown", "not read since it was published or changed"
    return "danger", "serves, but does not export it"


def volume_row(volume: Volume, fresh: bool, exported: Sequence[str] = ()) -> VolumeRow:
    return VolumeRow(volume, getattr(volume, "usage", None), fresh, exported)


def exports_of(cluster: Cluster, found: QuerySet[Export]) -> Exports:
    rows = list(found.prefetch_related("clients").annotate(**{TOTAL: Window(Count("pk"))}).order_by("path")[:ROWS])
    for row in rows:
        row.cluster = cluster
    return Exports(rows, _total(rows))


def _total(rows: Sequence[Volume | Export]) -> int:
    return getattr(rows[0], TOTAL) if rows else 0


def exports_on(volume: Volume) -> Exports:
    return exports_of(volume.cluster, _exports(volume.cluster).filter(volume=volume))


def _volumes(cluster: Cluster) -> QuerySet[Volume]:
    return Volume.objects.filter(cluster=cluster, inventory__in=SHOWN)


def _exports(cluster: Cluster) -> QuerySet[Export]:
    return Export.objects.filter(cluster=cluster, inventory__in=SHOWN, volume__inventory__in=SHOWN)


def _fill(volumes: Sequence[Volume]) -> dict[str, tuple[int, int]]:
    usages = [(volume.name, getattr(volume, "usage", None)) for volume in volumes]
    return {name: (usage.used, usage.size) if usage else (0, 0) for name, usage in usages}


def _volume_rows(cluster: Cluster, found: Sequence[Volume], fresh: bool) -> list[VolumeRow]:
    paths: dict[int, list[str]] = {}
    for key, path in _paths(cluster, found):
        paths.setdefault(key, []).append(path)
    for volume in found:
        volume.cluster = cluster
    return [volume_row(volume, fresh, paths.get(volume.pk, ())) for volume in found]


def _paths(cluster: Cluster, volumes: Sequence[Volume]) -> Iterable[tuple[int, str]]:
    """Volume and path of what is exported: the first exports of the pair may not be those of its first volumes."""
    found = _exports(cluster).filter(volume__in=volumes).order_by("path")
    return found.values_list("volume_id", "path")


def _reasons(state: ClusterState | None, told: Verdict) -> list[Reason]:
    """Reasons of the last judgement; nothing is ticked when nobody looked."""
    rows = [Reason(SHAPES.get(str(r.get("severity")), "unknown"), str(r["text"]), str(r.get("hint", "")), str(r.get("code", "")))
            for r in (state.reasons if state else [])]  # fmt: skip
    return [Reason("unknown", row.text, row.hint, row.code) for row in rows] if told.blind else rows
