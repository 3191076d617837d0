"""Snapshots that are opened for restoring files: exported too, so they stand among the exports. There are few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat

from clusters.models import Cluster, Snapshot
from clusters.snapshot_rows import ROOT, SHOWN, SnapshotRow

PATH = Concat(Value(f"{ROOT}/"), F("volume__name"), Value("/"), F("name"))
ORDERS = {"path": F("path"), "cluster": F("volume__cluster__slug"), "volume": F("volume__name"), "fsid": F("fsid")}


class Allowed(NamedTuple):
    client: str
    options: str

    def __str__(self) -> str:
        return f"{self.client}({self.options})"


class Opened(NamedTuple):
    """What they are looked through by; whole rows are read of those that are shown."""

    pk: int
    path: str
    clients: str
    as_root: bool
    sec: str

    def has(self, text: str) -> bool:
        return text.lower() in self.path.lower()

    def gives(self, who: Callable[[str], bool], what: Callable[[str], bool]) -> bool:
        """Whether one and the same client is meant and gets what is asked for."""
        return any(who(one.client) and what(one.options) for one in allowed(self))


def every(clusters: QuerySet[Cluster]) -> QuerySet[Any]:
    rows = Snapshot.objects.filter(fsid__isnull=False, inventory__in=SHOWN)
    return rows.filter(volume__cluster__in=clusters.order_by().values("pk")).annotate(path=PATH)


def look(clusters: QuerySet[Cluster], order: str = "path", *, down: bool = False) -> list[Opened]:
    by = ORDERS[order]
    rows = every(clusters).order_by(by.desc() if down else by.asc(), "volume__cluster__slug", "path", "pk")
    return [Opened(*row) for row in rows.values_list(*Opened._fields)]


def read(found: Sequence[Opened]) -> list[Any]:
    """Give the rows themselves in this order, each with its path. One query, their volumes, clusters and last readings with it."""
    rows = (
        Snapshot.objects.filter(pk__in=[one.pk for one in found]).annotate(path=PATH)
        if found
        else Snapshot.objects.none()
    )
    by_pk = {row.pk: row for row in rows.select_related("volume__cluster", "state")}
    return [by_pk[one.pk] for one in found if one.pk in by_pk]


def allowed(row: Snapshot | Opened) -> list[Allowed]:
    """Who may mount it, with the options its line has."""
    options = f"ro,sync,no_subtree_check,{'no_root_squash' if row.as_root else 'root_squash'}"
    return [Allowed(client, options + (f",sec={row.sec}" if row.sec else "")) for client in row.clients.split()]


def mark(row: Snapshot) -> str:
    """What it is, and what is to be said of it unless it simply is open."""
    word = SnapshotRow(row, getattr(row, "state", None), fresh=True).word
    return "snapshot" if word.startswith("opened") and word != "opened, not read since" else f"snapshot, {word}"
