"""Snapshots that are opened for restoring files: exported too, so they stand among the exports. There are few, and they are read whole."""

from __future__ import annotations

from collections.abc import Callable
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


def every(clusters: QuerySet[Cluster], order: str = "path", *, down: bool = False) -> QuerySet[Any]:
    """All of them, each with its path. One query, their volumes, clusters and last readings with it."""
    rows = Snapshot.objects.filter(fsid__isnull=False, inventory__in=SHOWN).annotate(path=PATH)
    by = ORDERS[order]
    return (
        rows.filter(volume__cluster__in=clusters.order_by().values("pk"))
        .select_related("volume__cluster", "state")
        .order_by(by.desc() if down else by.asc(), "volume__cluster__slug", "path", "pk")
    )


def has(row: Any, text: str) -> bool:
    return text.lower() in row.path.lower()


def allowed(row: Snapshot) -> list[Allowed]:
    """Who may mount it, with the options its line has."""
    options = f"ro,sync,no_subtree_check,{'no_root_squash' if row.as_root else 'root_squash'}"
    return [Allowed(client, options + (f",sec={row.sec}" if row.sec else "")) for client in row.clients.split()]


def gives(row: Snapshot, who: Callable[[str], bool], what: Callable[[str], bool]) -> bool:
    """Whether one and the same client is meant and gets what is asked for."""
    return any(who(one.client) and what(one.options) for one in allowed(row))


def mark(row: Snapshot) -> str:
    """What it is, and what is to be said of it unless it simply is open."""
    word = SnapshotRow(row, getattr(row, "state", None), fresh=True).word
    return "snapshot" if word.startswith("opened") and word != "opened, not read since" else f"snapshot, {word}"
