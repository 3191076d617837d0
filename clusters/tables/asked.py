"""What both tables are asked for in the address: words, cluster, health, order, page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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


def version(clusters: QuerySet[Cluster], rows: QuerySet[Any]) -> str:
    """Changes whenever the table may have: one query each for what was read and for what there is."""
    read = clusters.aggregate(read=Max("state__judged_at"))["read"]
    there = rows.aggregate(count=Count("pk"), last=Max("pk"))
    return f"{read.timestamp() if read else 0:.3f}-{there['count']}-{there['last'] or 0}"
