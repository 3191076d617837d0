"""What both tables are asked for in the address: words, cluster, health, order, page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Q, QuerySet

from clusters.models import Cluster
from clusters.states import Health
from clusters.verdict import BLIND_AFTER

PER_PAGE = 50
LONGEST = 100  # characters of what is searched for
LISTED = 300  # clusters that are offered while somebody types


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `key` is what it is sorted by, "" when it is not."""

    key: str
    title: str
    css: str = ""


def text(query: Mapping[str, str], name: str, longest: int = LONGEST) -> str:
    return query.get(name, "").strip().replace("\x00", "")[:longest]


def order(query: Mapping[str, str], known: Mapping[str, object], usual: str) -> tuple[str, bool]:
    """The column and whether it is turned round: `-fill`."""
    asked = query.get("order", usual)
    key, down = asked.removeprefix("-"), asked.startswith("-")
    return (key, down) if key in known else (usual.removeprefix("-"), usual.startswith("-"))


def in_clusters(clusters: QuerySet[Cluster], slug: str, health: str, now: datetime) -> QuerySet[Cluster]:
    """Those that are meant: the one of that name, else those with the text in their name; by their health as pages tell it."""
    if slug:
        one = clusters.filter(slug=slug)
        clusters = one if one.exists() else clusters.filter(slug__icontains=slug)
    if health in set(Health):
        blind = Q(state=None) | Q(state__judged_at=None) | Q(state__judged_at__lt=now - timedelta(seconds=BLIND_AFTER))
        told = Q(state__health=health) & ~blind
        clusters = clusters.filter(blind | told if health == Health.UNKNOWN else told)
    return clusters


def slugs(clusters: QuerySet[Cluster]) -> list[str]:
    return list(clusters.order_by("slug").values_list("slug", flat=True)[:LISTED])


class Marks(NamedTuple):
    """What a table hangs on: when its clusters were last read, how many rows there are, and the last of them."""

    read: datetime | None
    rows: int
    last: int | None

    @property
    def version(self) -> str:
        """Changes whenever the table may have."""
        return f"{self.read.timestamp() if self.read else 0:.3f}-{self.rows}-{self.last or 0}"


def marks(clusters: QuerySet[Cluster], rows: QuerySet[Any]) -> Marks:
    read = clusters.aggregate(read=Max("state__judged_at"))["read"]
    return Marks(read, **rows.aggregate(rows=Count("pk"), last=Max("pk")))


def page(rows: Any, number: str | None, known: int | None) -> Page[Any]:
    """One page of the rows, which are not counted again when it is `known` how many there are."""
    paginator = Paginator(rows, PER_PAGE)
    if known is not None:
        paginator.count = known
    return paginator.get_page(number)
