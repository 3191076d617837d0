"""Every export a person may see, with who may mount it; opened snapshots are exported too and stand first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.core.paginator import Page
from django.db.models import F, Prefetch, Q, QuerySet

from clusters.export_access import ClientKind, address_of, kind_of, network_of
from clusters.models import ClientName, Cluster, ConnectedClient, Export, ExportClient, Snapshot
from clusters.rules.addresses import Address
from clusters.states import Inventory
from clusters.tables import asked, opened
from clusters.tables.asked import Column
from clusters.tables.opened import Allowed, Opened
from clusters.tables.volumes import HEALTHS, SHOWN

CLIENTS_SHOWN = 4
ASKED_BY_ADDRESS = 20  # more of them are not asked for one by one
GIVEN = {
    "rw": "read and write",
    "ro": "read only",
    "no_root_squash": "root stays root",
    "insecure": "ports above 1023",
    "async": "answers before it is written",
    "krb5": "Kerberos",
}
COLUMNS = (
    Column("path", "Directory"),
    Column("cluster", "Cluster"),
    Column("volume", "Volume", "only-wide"),
    Column("", "Clients allowed"),
    Column("", "Options", "only-wide"),
    Column("fsid", "fsid", "num only-wide"),
)
ORDERS = {"path": F("path"), "cluster": F("cluster__slug"), "volume": F("volume__name"), "fsid": F("fsid")}
HEAD = ("cluster", "volume", "path", "clients", "owner", "mode", "fsid", "inventory", "snapshot")
READ = ("cluster__slug", "volume__name", "path", "owner", "mode", "fsid", "inventory")


@dataclass(frozen=True, slots=True)
class Filters:
    q: str = ""
    cluster: str = ""
    client: str = ""
    gives: str = ""
    health: str = ""
    order: str = "path"
    down: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        key, down = asked.order(query, ORDERS, "path")
        gives, health = query.get("gives", ""), query.get("health", "")
        return cls(
            asked.text(query, "q"), asked.text(query, "cluster", 40), asked.text(query, "client"),
            gives if gives in GIVEN else "", health if health in HEALTHS else "", key, down,
        )  # fmt: skip

    @property
    def any(self) -> bool:
        return bool(self.q or self.cluster or self.client or self.gives or self.health)


@dataclass(frozen=True, slots=True)
class Row:
    url: str
    path: str
    mark: str  # what it is, unless it is an export in service
    cluster: Cluster
    volume: str
    fsid: int | None
    clients: Sequence[ExportClient | Allowed]
    more: int

    @classmethod
    def of(cls, one: Export | Snapshot) -> Row:
        found: Sequence[ExportClient | Allowed]
        if isinstance(one, Snapshot):
            cluster, path, mark, found = one.volume.cluster, one.path, opened.mark(one), opened.allowed(one)  # type: ignore[attr-defined]
        else:
            mark = "" if one.inventory == Inventory.PRESENT else one.inventory
            cluster, path, found = one.cluster, one.path, list(one.clients.all())
        url, more = one.get_absolute_url(), max(0, len(found) - CLIENTS_SHOWN)
        return cls(url, path, mark, cluster, one.volume.name, one.fsid, found[:CLIENTS_SHOWN], more)


@dataclass(frozen=True, slots=True)
class Table:
    rows: list[Row]
    page: Page[Any]
    total: int

    columns = COLUMNS


@dataclass(frozen=True, slots=True)
class Both:
    """Opened snapshots and then exports, for a paginator: only those of the page are read whole."""

    snapshots: Sequence[Opened]
    exports: QuerySet[Any]

    def count(self) -> int:
        return len(self.snapshots) + self.exports.count()

    def __getitem__(self, part: slice) -> list[Export | Snapshot]:
        first, past = part.start, part.stop
        here, ahead = self.snapshots[first:past], len(self.snapshots)
        return [*opened.read(here), *self.exports[max(0, first - ahead) : max(0, past - ahead)]]


def load(clusters: QuerySet[Cluster], filters: Filters, number: str | None, now: datetime, total: int) -> Table:
    page = asked.page(_both(clusters, filters, now), number, None if filters.any else total)
    return Table([Row.of(one) for one in page.object_list], page, total)


def _both(clusters: QuerySet[Cluster], filters: Filters, now: datetime) -> Both:
    meant = asked.in_clusters(clusters, filters.cluster, filters.health, now)
    return Both(_opened(clusters, meant, filters), _ordered(_found(clusters, meant, filters), filters))


def _opened(clusters: QuerySet[Cluster], meant: QuerySet[Cluster], filters: Filters) -> list[Opened]:
    rows = opened.look(meant, filters.order, down=filters.down)
    if filters.q:
        called = means(filters.q, clusters)
        rows = [row for row in rows if row.has(filters.q) or row.gives(called, lambda options: True)]
    if filters.client or filters.gives:
        who = means(filters.client, clusters)
        rows = [row for row in rows if row.gives(who, lambda options: _gives(options, filters.gives))]
    return rows


def _found(clusters: QuerySet[Cluster], meant: QuerySet[Cluster], filters: Filters) -> QuerySet[Any]:
    exports = _all(meant)
    if filters.q:
        theirs = ExportClient.objects.order_by().filter(meant_by(filters.q, clusters)).values("export")
        exports = exports.filter(Q(path__icontains=filters.q) | Q(volume__name__icontains=filters.q) | Q(pk__in=theirs))
    who = ExportClient.objects.order_by()
    if filters.client:
        who = who.filter(meant_by(filters.client, clusters))
    if filters.gives:
        who = who.filter(_has(filters.gives))
    if filters.client or filters.gives:  # of one and the same client
        exports = exports.filter(pk__in=who.values("export"))
    return exports


def as_csv(clusters: QuerySet[Cluster], filters: Filters, now: datetime) -> Iterator[list[object]]:
    """Every row that the filters leave, in the columns that the panel reads back in."""
    both = _both(clusters, filters, now)
    for row in opened.read(both.snapshots):
        clients, named = " ".join(str(client) for client in opened.allowed(row)), row.volume.name
        yield [row.volume.cluster.slug, named, row.path, clients, "", "", row.fsid, row.inventory, row.name]
    for export in both.exports.iterator(chunk_size=2000):
        clients = " ".join(str(client) for client in export.clients.all())
        yield [
            export.cluster.slug, export.volume.name, export.path, clients, export.owner, export.mode, export.fsid, export.inventory, "",
        ]  # fmt: skip


def marks(clusters: QuerySet[Cluster]) -> asked.Marks:
    found = asked.marks(clusters, _all(clusters))
    return found._replace(rows=found.rows + opened.every(clusters).count())


def _all(clusters: QuerySet[Cluster]) -> QuerySet[Export]:
    return Export.objects.filter(cluster__in=clusters.order_by().values("pk"), inventory__in=SHOWN)


def _ordered(exports: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    by = ORDERS[filters.order]
    clients = Prefetch("clients", queryset=ExportClient.objects.order_by("position", "pk"))
    sorted_ = exports.select_related("cluster", "volume").only(*READ).prefetch_related(clients)
    return sorted_.order_by(by.desc() if filters.down else by.asc(), "cluster__slug", "path", "pk")


def meant_by(text: str, clusters: QuerySet[Cluster]) -> Q:
    """An address is also one of the networks that hold it, a client that is connected is also its address; else it is looked for as it is written."""
    addresses = _addresses(text, clusters)
    if _address(text):
        return _held(clusters, addresses)
    return Q(client__icontains=text) | (_held(clusters, addresses) if addresses else Q())


def means(text: str, clusters: QuerySet[Cluster]) -> Callable[[str], bool]:
    """Say of one client what `meant_by` asks the database."""
    addresses, exact = _addresses(text, clusters), _address(text) is not None

    def meant(client: str) -> bool:
        return (not exact and text.lower() in client.lower()) or any(_holds(client, one) for one in addresses)

    return meant


def _addresses(text: str, clusters: QuerySet[Cluster]) -> list[Address]:
    if address := _address(text):
        return [address]
    return [address for each in addresses_of(text, clusters) if (address := _address(each))]


def addresses_of(name: str, clusters: QuerySet[Cluster]) -> QuerySet[ClientName, str]:
    """Of the clients that are connected and that the name service calls so, with or without the domain."""
    here = ConnectedClient.objects.filter(node__cluster__in=clusters.order_by().values("pk")).order_by()
    named = ClientName.objects.filter(Q(name__iexact=name) | Q(name__istartswith=f"{name}."))
    return named.filter(address__in=here.values("address")).values_list("address", flat=True)


def _held(clusters: QuerySet[Cluster], addresses: list[Address]) -> Q:
    worth = reduce(or_, map(_may_hold, addresses)) if len(addresses) <= ASKED_BY_ADDRESS else Q()
    names = ExportClient.objects.filter(worth, export__cluster__in=clusters.values("pk")).order_by()
    every = names.values_list("client", flat=True).distinct()
    return Q(client__in=[client for client in every if any(_holds(client, address) for address in addresses)])


def _address(text: str) -> Address | None:
    try:
        return address_of(text)
    except ValueError:
        return None


def _may_hold(address: Address) -> Q:
    """What is worth reading, so that not every name of every export is: all that may hold the address however it is spelled, and more.

    A network of at most 256 addresses begins as each of them does. Which those are shows at its end, unless the length is spelled another way.
    """
    everybody = Q(client__in=("*", ""))
    if address.version == 6:
        return everybody | Q(client__contains=":")
    small = reduce(or_, (Q(client__endswith=f"/{length}") for length in range(24, 33)))
    beginning = str(address).rpartition(".")[0]
    return everybody | Q(client__startswith=f"{beginning}.") | (Q(client__contains="/") & ~small)


def _holds(client: str, address: Address) -> bool:
    if kind_of(client) is ClientKind.EVERYBODY:
        return True
    network = network_of(client)
    return network is not None and address.version == network.version and address in network


def _has(option: str) -> Q:
    """Lists of options are few, for most are the same: each is read and looked at once, not with every client when counted and listed."""
    lists = ExportClient.objects.order_by().values_list("options", flat=True).distinct()
    return Q(options__in=[options for options in lists if _gives(options, option)])


def _gives(options: str, option: str) -> bool:
    """The option as a word of its own in the list; any kind of Kerberos is Kerberos; "" is any."""
    if option == "krb5":
        return "krb5" in options
    return not option or option in options.split(",")
