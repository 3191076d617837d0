"""Filters of the fleet, as they stand in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery

from clusters.models import Node, VolumeUsage
from clusters.states import Health

ORDERS = {"danger": ("slug",), "name": ("slug",), "fullest": ("-fullest", "slug")}

KINDS = [*(health.value for health in Health), "idle"]
"""By order: a Health, or what is not in service."""
IDLE = KINDS.index("idle")


@dataclass(frozen=True, slots=True)
class Filters:
    q: str = ""
    label: str = ""
    state: str = ""
    order: str = "danger"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        order = query.get("order", "danger")
        return cls(
            query.get("q", "").strip()[:100],
            query.get("label", "")[:60],
            query.get("state", ""),
            order if order in ORDERS else "danger",
        )

    @property
    def any(self) -> bool:
        return bool(self.q or self.label or self.state)


class Listed(NamedTuple):
    """A cluster as far as it must be known to count, find and order it."""

    pk: int
    labels: str
    order: int

    @property
    def kind(self) -> str:
        return KINDS[self.order]


def matching(clusters: QuerySet[Any], listed: Sequence[Listed], filters: Filters) -> Sequence[Listed]:
    if filters.state in set(Health):
        listed = [one for one in listed if one.kind == filters.state]
    if filters.q or filters.label:
        keys = set(_worded(clusters, filters).order_by().values_list("pk", flat=True))
        listed = [one for one in listed if one.pk in keys]
    return listed


def _worded(clusters: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    if filters.q:
        words = (
            Q(slug__icontains=filters.q) | Q(labels__icontains=filters.q) | Q(service_ip__icontains=filters.q)
            | Q(pk__in=Node.objects.filter(name__icontains=filters.q).values("cluster"))
            | Q(volumes__name__icontains=filters.q)
        )  # fmt: skip
        clusters = clusters.filter(words)
    if filters.label:
        label = filters.label
        clusters = clusters.filter(
            Q(labels=label)
            | Q(labels__startswith=f"{label} ")
            | Q(labels__endswith=f" {label}")
            | Q(labels__contains=f" {label} ")
        )
    return clusters


def arranged(clusters: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    """In the order that is asked for; what is in danger is known only when each is judged, and comes to the front then."""
    if filters.order == "fullest":
        used = VolumeUsage.objects.filter(volume__cluster=OuterRef("pk")).order_by("-used")
        clusters = clusters.annotate(fullest=Subquery(used.values("used")[:1]))
    return clusters.order_by(*ORDERS[filters.order])
