"""Every volume a person may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page
from django.db.models import Case, Count, F, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Cast, NullIf

from clusters.figures import share
from clusters.foretold import FIELDS, NOTHING, OLD, Foretold, told
from clusters.models import Cluster, Export, Volume
from clusters.seen import STALE_AFTER
from clusters.states import Health, Inventory
from clusters.tables import asked
from clusters.tables.asked import Column

SHOWN = (Inventory.CREATING, Inventory.PRESENT, Inventory.REMOVING)
FILLS = {
    "full": ("90 % and more", Q(fill__gte=90)),
    "filling": ("75 to 90 %", Q(fill__gte=75, fill__lt=90)),
    "half": ("25 to 75 %", Q(fill__gte=25, fill__lt=75)),
    "empty": ("below 25 %", Q(fill__lt=25)),
    "unread": ("not read yet", Q(usage=None)),
}
COLUMNS = (
    Column("name", "Volume"),
    Column("cluster", "Cluster"),
    Column("at", "Mounted at", "only-wide"),
    Column("kind", "File system", "only-wide"),
    Column("size", "Size", "num only-wide"),
    Column("fill", "Used"),
    Column("free", "Free", "num"),
    Column("full", "Full in about"),
    Column("", "Exports", "num only-wide"),
)
ORDERS = {
    "name": F("name"), "cluster": F("cluster__slug"), "at": F("mount_point"), "kind": F("fstype"), "size": F("size"), "fill": F("fill"),
    "free": F("free"), "full": F("full_at"),
}  # fmt: skip
HEAD = (
    "cluster", "name", "size", "fstype", "mount_point", "mount_options", "owner", "mode", "pool", "inventory", "used_bytes", "file_system_bytes",
    "percent", "inodes_percent", "full_at", "full_soonest", "full_latest", "exports", "read_at",
)  # fmt: skip
READ = (
    "cluster__slug", "name", "size", "fstype", "mount_point", "mount_options", "owner", "mode", "pool", "inventory",
    *(f"usage__{name}" for name in ("read_at", "size", "used", "inodes", "inodes_used", *FIELDS)),
)  # fmt: skip
SOONS = {  # key: words, days
    "week": ("full within a week", 7),
    "month": ("full within a month", 30),
    "quarter": ("full within three months", 91),
    "year": ("full within a year", 365),
}
HEALTHS = tuple(health.value for health in Health)


@dataclass(frozen=True, slots=True)
class Filters:
    q: str = ""
    cluster: str = ""
    fstype: str = ""
    fill: str = ""
    health: str = ""
    soon: str = ""
    order: str = "name"
    down: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        key, down = asked.order(query, ORDERS, "name")
        fstype, fill, health = query.get("fstype", ""), query.get("fill", ""), query.get("health", "")
        soon = query.get("soon", "")
        return cls(
            asked.text(query, "q"), asked.text(query, "cluster", 40),
            fstype if fstype in ("ext4", "xfs") else "", fill if fill in FILLS else "", health if health in HEALTHS else "",
            soon if soon in SOONS else "", key, down,
        )  # fmt: skip

    @property
    def any(self) -> bool:
        return bool(self.q or self.cluster or self.fstype or self.fill or self.health or self.soon)


@dataclass(frozen=True, slots=True)
class Row:
    volume: Volume
    percent: float | None
    free: int | None
    inodes: float | None
    fresh: bool
    exports: int
    full: Foretold


@dataclass(frozen=True, slots=True)
class Table:
    rows: list[Row]
    page: Page[Volume]
    total: int

    columns = COLUMNS


def load(clusters: QuerySet[Cluster], filters: Filters, number: str | None, now: datetime, total: int) -> Table:
    page = asked.page(_ordered(found(clusters, filters, now), filters), number, None if filters.any else total)
    volumes = list(page.object_list)
    exports = _exports([volume.pk for volume in volumes])
    return Table([_row(volume, exports[volume.pk], now) for volume in volumes], page, total)


def found(clusters: QuerySet[Cluster], filters: Filters, now: datetime) -> QuerySet[Any]:
    volumes = _all(asked.in_clusters(clusters, filters.cluster, filters.health, now)).annotate(
        fill=F("usage__used") * Value(100.0) / NullIf(Cast(F("usage__size"), FloatField()), Value(0.0)),
        free=F("usage__size") - F("usage__used"),
        full_at=Case(When(usage__foretold_at__gte=now - OLD, then=F("usage__full_at"))),
    )
    if filters.soon:
        volumes = volumes.filter(full_at__lte=now + timedelta(days=SOONS[filters.soon][1]))
    if filters.q:
        volumes = volumes.filter(
            Q(name__icontains=filters.q) | Q(mount_point__icontains=filters.q) | Q(mount_options__icontains=filters.q)
        )
    if filters.fstype:
        volumes = volumes.filter(fstype=filters.fstype)
    return volumes.filter(FILLS[filters.fill][1]) if filters.fill else volumes


def as_csv(clusters: QuerySet[Cluster], filters: Filters, now: datetime) -> Iterator[list[object]]:
    """Every row that the filters leave, not only the page's."""
    counted = found(clusters, filters, now).annotate(
        served=Count("exports", filter=Q(exports__inventory__in=SHOWN), distinct=True)
    )
    for volume in _ordered(counted, filters).iterator(chunk_size=2000):
        usage = getattr(volume, "usage", None)
        figures: list[object] = [""] * 7
        if usage:
            inodes = (
                f"{share(usage.inodes_used, usage.inodes):.1f}"
                if usage.inodes and usage.inodes_used is not None
                else ""
            )
            fresh = usage.foretold_at is not None and now - usage.foretold_at <= OLD
            ahead = (usage.full_at, usage.full_soonest, usage.full_latest) if fresh else (None,) * 3
            figures = [
                usage.used,
                usage.size,
                f"{share(usage.used, usage.size):.1f}",
                inodes,
                *(_written(at) for at in ahead),
            ]
        yield [
            volume.cluster.slug, volume.name, volume.size, volume.fstype, volume.mount_point, volume.mount_options, volume.owner,
            volume.mode, volume.pool, volume.inventory, *figures, volume.served, usage.read_at.isoformat(timespec="seconds") if usage else "",
        ]  # fmt: skip


def _written(at: datetime | None) -> str:
    return at.isoformat(timespec="minutes") if at else ""


def marks(clusters: QuerySet[Cluster]) -> asked.Marks:
    return asked.marks(clusters, _all(clusters))


def _all(clusters: QuerySet[Cluster]) -> QuerySet[Volume]:
    return Volume.objects.filter(cluster__in=clusters.order_by().values("pk"), inventory__in=SHOWN)


def _ordered(volumes: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    by = ORDERS[filters.order]
    first = by.desc(nulls_last=True) if filters.down else by.asc(nulls_last=True)
    return volumes.select_related("cluster", "usage").only(*READ).order_by(first, "cluster__slug", "name", "pk")


def _exports(keys: list[int]) -> Counter[int]:
    counted = Export.objects.filter(volume__in=keys, inventory__in=SHOWN).order_by().values_list("volume")
    return Counter(dict(counted.annotate(n=Count("pk")).values_list("volume", "n")))


def _row(volume: Volume, exports: int, now: datetime) -> Row:
    usage = getattr(volume, "usage", None)
    if usage is None:
        return Row(volume, None, None, None, False, exports, NOTHING)
    inodes = share(usage.inodes_used, usage.inodes) if usage.inodes and usage.inodes_used is not None else None
    fresh = now - usage.read_at <= timedelta(seconds=STALE_AFTER)
    return Row(volume, share(usage.used, usage.size), usage.size - usage.used, inodes, fresh, exports, told(usage, now))
