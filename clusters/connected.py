"""Whom the NFS server knows, as a page shows it: of the whole cluster, of one volume, of one export."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q, QuerySet

from clusters.models import (
    ClientName,
    ClientUse,
    Cluster,
    ClusterState,
    ConnectedClient,
    Export,
    Node,
    NodeState,
    Volume,
)
from clusters.models.clients import UNANSWERED

OLD = timedelta(seconds=180)  # they are read once a minute
SLOW = timedelta(seconds=20)  # a name that was asked for so long ago and did not come
NAME_OLD = timedelta(hours=2)
SHOWN = 12  # rows of a section; the page of its own has them all


class Pair(NamedTuple):
    """Who may serve, and who was seen to."""

    state: ClusterState | None
    nodes: Sequence[Node]


@dataclass(frozen=True)
class Row:
    client: ConnectedClient
    uses: list[ClientUse]
    asked: ClientName | None
    now: datetime

    @property
    def name(self) -> str:
        return self.asked.name if self.asked else ""

    @property
    def unnamed(self) -> str:
        """Say why there is no name."""
        if self.asked is None or self.asked.asked_at is None:
            return "name not asked for yet"
        if self.asked.answered_at is None or self.asked.answered_at < self.asked.asked_at:
            return UNANSWERED if self.now - self.asked.asked_at > SLOW else "asking for its name"
        if self.asked.name:
            return ""
        return UNANSWERED if self.asked.problem == UNANSWERED else "has no name"

    @property
    def old_name(self) -> bool:
        """Whether the name was not confirmed lately: the service was asked again and has not answered, or it failed."""
        asked = self.asked
        if asked is None or asked.answered_at is None:
            return False
        return bool(asked.problem) or self.now - asked.answered_at > NAME_OLD

    def matches(self, q: str) -> bool:
        told = (self.client.address, self.name, self.client.identity)
        return any(q.lower() in text.lower() for text in told)

    @property
    def version(self) -> str:
        return f"NFSv{self.client.version}" if self.client.version else "not known"

    @property
    def told(self) -> bool:
        """Whether NFS tells what is open: version 4 does."""
        return self.client.version.startswith("4")

    def _sum(self, what: str) -> int | None:
        if not self.told:
            return None
        return sum(getattr(use, what) or 0 for use in self.uses)

    @property
    def opens(self) -> int | None:
        return self._sum("opens")

    @property
    def locks(self) -> int | None:
        return self._sum("locks")

    @property
    def delegations(self) -> int | None:
        return self._sum("delegations")

    @property
    def files(self) -> list[str]:
        return [name for use in self.uses for name in use.files][:5]

    @property
    def paths(self) -> list[str]:
        return [use.path for use in self.uses if use.path]

    @property
    def state(self) -> tuple[str, str]:
        """The kind and the words."""
        match self.client.state, self.client.connected:
            case "confirmed", True:
                return "ok", "connected"
            case "confirmed", _:
                return "warn", "has a session, no connection"
            case "courtesy" | "expirable", _:
                return "warn", "gone, session kept"
            case "locking", _:
                return "idle", "asked for locks"
            case "", True:
                return "ok", "connected"
            case "", _:
                return "unknown", "not connected now"
        return "idle", self.client.state


@dataclass(frozen=True)
class Connected:
    """`known` is False when nobody told: that is not the same as nobody being connected."""

    rows: list[Row]
    known: bool
    node: Node | None
    read_at: datetime | None
    now: datetime
    idle: int  # version 4 clients without an open file there: they may have it mounted
    seen: str  # changes when the rows do
    q: str = ""  # what the rows were looked for

    @property
    def fresh(self) -> bool:
        return self.read_at is not None and self.now - self.read_at < OLD

    @property
    def shown(self) -> list[Row]:
        return self.rows[:SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.rows) - SHOWN)

    @cached_property
    def old(self) -> bool:
        """Whether there are clients of whom NFS tells little."""
        return any(not row.told for row in self.rows)

    @cached_property
    def totals(self) -> tuple[int, int]:
        return sum(row.opens or 0 for row in self.rows), sum(row.locks or 0 for row in self.rows)


def load(
    cluster: Cluster, now: datetime, *, volume: Volume | None = None, export: Export | None = None, q: str = "",
    pair: Pair | None = None,
) -> Connected:  # fmt: skip
    """Give the clients of the node that serves, or was last seen to, in a constant number of queries; fewer with a `pair` that was just read."""
    node, state = _server(pair or _pair(cluster))
    if node is None or state is None or state.clients_read_at is None:
        return Connected([], False, node, None, now, 0, "never")
    clients = list(ConnectedClient.objects.filter(node=node))
    uses = ClientUse.objects.filter(client__node=node)
    names = {row.address: row for row in ClientName.objects.filter(address__in={one.address for one in clients})}
    held: dict[int, list[ClientUse]] = {}
    for use in _of(uses, volume, export):
        held.setdefault(use.client_id, []).append(use)
    everything = [Row(client, held.get(client.pk, []), names.get(client.address), now) for client in clients]
    everything.sort(key=_by_address)
    rows, idle = everything, 0
    if volume is not None or export is not None:
        rows = [row for row in everything if row.uses]
        idle = sum(1 for row in everything if row.told and not row.uses)
    if q:
        rows = [row for row in rows if row.matches(q)]
    late = sum(1 for row in rows if row.unnamed == UNANSWERED)
    answered = max((n.answered_at.timestamp() for n in names.values() if n.answered_at), default=0)
    fresh = now - state.clients_read_at < OLD
    seen = f"{node.pk}-{state.clients_read_at.timestamp():.0f}-{answered:.0f}-{late}-{fresh}"
    return Connected(rows, True, node, state.clients_read_at, now, idle, seen, q)


def names_of(addresses: Iterable[str]) -> dict[str, str]:
    """Give what the name service last called these addresses; one without a name is not in it."""
    rows = ClientName.objects.filter(address__in=set(addresses)).exclude(name="")
    return dict(rows.values_list("address", "name"))


def _by_address(row: Row) -> tuple[int, int, str, str]:
    """Addresses in the order people count them, names after them."""
    try:
        address = ipaddress.ip_address(row.client.address)
    except ValueError:
        return 9, 0, row.client.address, row.client.version
    return address.version, int(address), "", row.client.version


def _pair(cluster: Cluster) -> Pair:
    members = cluster.nodes.filter(kind=Node.Kind.MEMBER).select_related("state")
    return Pair(ClusterState.objects.filter(cluster=cluster).first(), list(members))


def _server(pair: Pair) -> tuple[Node | None, NodeState | None]:
    """Find the node that serves now, else the one that served last."""
    state, nodes = pair
    chosen = next((node for node in nodes if state and node.pk == state.active_node_id), None)
    chosen = chosen or next((node for node in nodes if state and node.name == state.last_active), None)
    return chosen, getattr(chosen, "state", None)


def _of(uses: QuerySet[ClientUse], volume: Volume | None, export: Export | None) -> QuerySet[ClientUse]:
    """Version 4 tells the file system, not the export: on a volume with several exports a client counts for each of them."""
    if export is not None:
        return uses.filter(
            Q(path="", volume=export.volume_id) | Q(path=export.path) | Q(path__startswith=f"{export.path}/")
        )
    return uses.filter(volume=volume) if volume is not None else uses
