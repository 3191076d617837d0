"""One field finds everything a person may see: clusters, nodes, volumes, exports, clients' addresses, jobs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse

from clusters.connected import names_of
from clusters.models import ClientName, Cluster, ConnectedClient, Export, ExportClient, Node, Volume
from clusters.tables import opened
from clusters.tables.exports import means, meant_by

MOST = 20  # of each kind


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
    cut: bool = False  # there are more
    every: str = ""  # where all of them are listed


def find(clusters: QuerySet[Cluster], text: str) -> list[Hits]:
    keys = clusters.values("pk")
    named, called = urlencode({"q": text}), urlencode({"client": text})
    groups = [
        _group("Clusters", _clusters(clusters, text), reverse("fleet") + f"?{named}"),
        _group("Nodes", _nodes(keys, text)),
        _group("Volumes", _volumes(keys, text), reverse("volumes") + f"?{named}"),
        _group("Exports", [*_opened(clusters, text), *_exports(keys, text)], reverse("exports") + f"?{named}"),
        _group(
            "Exports this client may mount",
            [*_opened_to(clusters, text), *_clients(clusters, text)],
            reverse("exports") + f"?{called}",
        ),
        _group("Connected clients", _connected(keys, text)),
        _group("Jobs", _jobs(clusters, text)),
    ]
    return [group for group in groups if group.hits]


def _group(name: str, hits: list[Hit], every: str = "") -> Hits:
    return Hits(name, hits[:MOST], len(hits) > MOST, every)


def _clusters(clusters: QuerySet[Cluster], text: str) -> list[Hit]:
    found = clusters.filter(Q(slug__icontains=text) | Q(labels__icontains=text) | Q(service_ip__icontains=text))[
        : MOST + 1
    ]
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
    found = Node.objects.filter(words, cluster__in=keys).select_related("cluster")[: MOST + 1]
    return [
        Hit(row.name, f"{row.cluster.slug}, {row.ssh_host}", f"{row.cluster.get_absolute_url()}#node-{row.name}")
        for row in found
    ]


def _volumes(keys: QuerySet[Any, Any], text: str) -> list[Hit]:
    found = Volume.objects.filter(
        Q(name__icontains=text) | Q(mount_point__icontains=text), cluster__in=keys
    ).select_related("cluster")[: MOST + 1]
    return [Hit(row.name, f"{row.cluster.slug}, {row.mount_point}", row.get_absolute_url(), mono=True) for row in found]


def _exports(keys: QuerySet[Any, Any], text: str) -> list[Hit]:
    found = Export.objects.filter(path__icontains=text, cluster__in=keys).select_related("cluster")[: MOST + 1]
    return [Hit(row.path, f"{row.cluster.slug}, fsid {row.fsid}", row.get_absolute_url(), mono=True) for row in found]


def _clients(clusters: QuerySet[Cluster], text: str) -> list[Hit]:
    """An address is also found in the networks that hold it."""
    rows = ExportClient.objects.filter(meant_by(text, clusters), export__cluster__in=clusters.values("pk"))
    found = rows.select_related("export__cluster").order_by("export__cluster__slug", "export__path", "pk")[: MOST + 1]
    return [Hit(row.export.path, f"{row.export.cluster.slug}, as {row.client} ({row.options})", row.export.get_absolute_url(), mono=True)
            for row in found]  # fmt: skip


def _connected(keys: QuerySet[Any, Any], text: str) -> list[Hit]:
    """By address, or by what the name service calls it."""
    called = ClientName.objects.filter(name__icontains=text).values("address")
    rows = ConnectedClient.objects.filter(Q(address__icontains=text) | Q(address__in=called), node__cluster__in=keys)
    found = list(
        rows.order_by("node__cluster__slug", "address")
        .values_list("node__cluster__slug", "address")
        .distinct()[: MOST + 1]
    )
    names = names_of(address for _, address in found)
    return [
        Hit(address, ", ".join(filter(None, (slug, names.get(address)))),
            f"{reverse('clients', args=[slug])}?{urlencode({'q': address})}", mono=True)
        for slug, address in found
    ]  # fmt: skip


def _opened(clusters: QuerySet[Cluster], text: str) -> list[Hit]:
    """Opened snapshots are exported too, each at a path of its own."""
    found = [one for one in opened.look(clusters) if one.has(text)]
    return [_snapshot(row, f"fsid {row.fsid}") for row in opened.read(found[: MOST + 1])]


def _opened_to(clusters: QuerySet[Cluster], text: str) -> list[Hit]:
    meant = means(text, clusters)
    found = [one for one in opened.look(clusters) if one.gives(meant, lambda options: True)]
    rows = ((row, one) for row in opened.read(found[: MOST + 1]) for one in opened.allowed(row) if meant(one.client))
    return [_snapshot(row, f"as {one.client} ({one.options})") for row, one in islice(rows, MOST + 1)]


def _snapshot(row: Any, how: str) -> Hit:
    return Hit(row.path, f"{row.volume.cluster.slug}, {opened.mark(row)}, {how}", row.get_absolute_url(), mono=True)


def _jobs(clusters: QuerySet[Cluster], text: str) -> list[Hit]:
    """Jobs belong to the other app: they are reached by the name of the relation, and their page by its URL."""
    words = Q(jobs__title__icontains=text)
    if text.isdecimal() and len(text) < 10:
        words |= Q(jobs__pk=int(text))
    rows = (
        clusters.filter(words)
        .order_by("-jobs__pk")
        .values_list("jobs__pk", "jobs__title", "slug", "jobs__status")[: MOST + 1]
    )
    return [
        Hit(f"Job {pk}: {title or 'without a title yet'}", f"{slug}, {status}", f"/jobs/{pk}/")
        for pk, title, slug, status in rows
    ]
