"""Filters of the fleet, as they stand in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from clusters.models import Node, VolumeUsage
from clusters.states import Health

ORDERS = {"danger": ("order", "slug"), "name": ("slug",), "fullest": ("-fullest", "slug")}


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


def matches(clusters: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
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
    if filters.state in set(Health):
        clusters = clusters.filter(order=Health(filters.state).order)
    return clusters.order_by()


def arranged(clusters: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    if filters.order == "fullest":
        used = VolumeUsage.objects.filter(volume__cluster=OuterRef("pk")).order_by("-used")
        clusters = clusters.annotate(fullest=Subquery(used.values("used")[:1]))
    return clusters.order_by(*ORDERS[filters.order])
