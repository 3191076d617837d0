"""One field finds everything a person may see: clusters, nodes, volumes, exports, clients' addresses, jobs."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from clusters.models import Cluster, Export, ExportClient, Node, Volume

MOST = 20  # of each kind
SCANNED = 5000  # clients looked through for an address


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    where: str
    url: str
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Hits:
    name: str
    hits: list[Hit]


def find(clusters: QuerySet[Cluster], text: str) -> list[Hits]:
    keys = clusters.values("pk")
    groups = [
        Hits("Clusters", _clusters(clusters, text)),
        Hits("Nodes", _nodes(keys, text)),
        Hits("Volumes", _volumes(keys, text)),
        Hits("Exports", _exports(keys, text)),
        Hits("Exports this client may mount", _clients(keys, text)),
        Hits("Jobs", _jobs(clusters, text)),
    ]
    return [group for group in groups if group.hits]


def _clusters(clusters: QuerySet[Cluster], text: str) -> list[Hit]:
    found = clusters.filter(Q(slug__icontains=text) | Q(labels__icontains=text) | Q(service_ip__icontains=text))[:MOST]
    return [
        Hit(row.slug, f"service IP {row.service_ip}" if row.service_ip else "", row.get_absolute_url()) for row in found
    ]


def _nodes(keys: QuerySet[Any, Any], text: str) -> list[Hit]:
    words = (
        Q(name__icontains=text)
        | Q(ssh_host__icontains=text)
        | Q(service_address__icontains=text)
        | Q(replication_address__icontains=text)
    )
    found = Node.objects.filter(words, cluster__in=keys).select_related("cluster")[:MOST]
    return [
        Hit(row.name, f"{row.cluster.slug}, {row.ssh_host}", f"{row.cluster.get_absolute_url()}#node-{row.name}")
        for row in found
    ]


def _volumes(keys: QuerySet[Any, Any], text: str) -> list[Hit]:
    found = Volume.objects.filter(
        Q(name__icontains=text) | Q(mount_point__icontains=text), cluster__in=keys
    ).select_related("cluster")[:MOST]
    return [Hit(row.name, f"{row.cluster.slug}, {row.mount_point}", row.get_absolute_url(), mono=True) for row in found]


def _exports(keys: QuerySet[Any, Any], text: str) -> list[Hit]:
    found = Export.objects.filter(path__icontains=text, cluster__in=keys).select_related("cluster")[:MOST]
    return [Hit(row.path, f"{row.cluster.slug}, fsid {row.fsid}", row.get_absolute_url(), mono=True) for row in found]


def _clients(keys: QuerySet[Any, Any], text: str) -> list[Hit]:
    """An address is also found in the networks that hold it."""
    rows = ExportClient.objects.filter(export__cluster__in=keys).select_related("export__cluster")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        found = list(rows.filter(client__icontains=text)[:MOST])
    else:
        found = [row for row in rows[:SCANNED] if _holds(row.client, address)][:MOST]
    return [Hit(row.export.path, f"{row.export.cluster.slug}, as {row.client} ({row.options})", row.export.get_absolute_url(), mono=True)
            for row in found]  # fmt: skip


def _holds(client: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if client == "*":
        return True
    try:
        return address in ipaddress.ip_network(client, strict=False)
    except ValueError:
        return False


def _jobs(clusters: QuerySet[Cluster], text: str) -> list[Hit]:
    """Jobs belong to the other app: they are reached by the name of the relation, and their page by its URL."""
    words = Q(jobs__title__icontains=text)
    if text.isdecimal() and len(text) < 10:
        words |= Q(jobs__pk=int(text))
    rows = (
        clusters.filter(words)
        .order_by("-jobs__pk")
        .values_list("jobs__pk", "jobs__title", "slug", "jobs__status")[:MOST]
    )
    return [
        Hit(f"Job {pk}: {title or 'without a title yet'}", f"{slug}, {status}", f"/jobs/{pk}/")
        for pk, title, slug, status in rows
    ]
