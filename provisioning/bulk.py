"""Many volumes or exports from CSV: each row judged by the rules of the form it would otherwise be typed into. Changes nothing.

A row counts on the rows before it: their room, their names and mount points are taken. Rows of clusters a person may not see say the same
as rows of clusters that are not there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from clusters import rules
from clusters.figures import size_text
from clusters.models import Cluster, Volume
from clusters.states import AccessLevel, Inventory
from clusters.tables.sheet import bare
from provisioning.desired import DesiredVolume, ExportClient
from provisioning.forms.export import MOST_CLIENTS, ExportForm, too_many
from provisioning.forms.volume import Room, VolumeForm
from provisioning.intents import CreateVolume, PublishExport
from provisioning.models import Batch
from provisioning.pages import export_line

MOST_ROWS = 500
MOST_TEXT = 512 * 1024  # characters
USUAL_OPTIONS = ("rw", "sync", "no_subtree_check", "root_squash")
COLUMNS = {
    "volumes": ("cluster", "name", "size", "fstype", "mount_point", "mount_options", "owner", "mode", "pool"),
    "exports": ("cluster", "volume", "path", "clients", "owner", "mode"),
}
NEEDED = {"volumes": ("cluster", "name", "size"), "exports": ("cluster", "volume", "clients")}
TOLD_ONLY = {
    "fsid", "inventory", "used_bytes", "file_system_bytes", "percent", "inodes_percent", "exports", "read_at", "line", "problem",
    "full_at", "full_soonest", "full_latest",
}  # fmt: skip
CLIENT = re.compile(r"([^\s()]+)(?:\(([^()]*)\))?")


class Unreadable(Exception):
    """The whole text cannot be read as rows; a sentence for the page."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what it would become, or with everything that is wrong with it."""

    number: int
    values: Mapping[str, str]
    cluster: Cluster | None
    intent: CreateVolume | PublishExport | None
    becomes: str = ""
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Taken:
    """What the rows before have taken of one cluster."""

    room: Room
    volumes: list[DesiredVolume] = field(default_factory=list)
    paths: dict[str, int] = field(default_factory=dict)


def read(kind: str, text: str) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Rows with their line numbers, and the columns nobody knows. Commas, semicolons and tabs are taken, as spreadsheets write them."""
    if len(text) > MOST_TEXT:
        raise Unreadable(f"That is more than {MOST_TEXT // 1024} KiB. Send it in parts.")
    if "\x00" in text:
        raise Unreadable("That is not a text: it holds NUL characters.")
    lines = text.removeprefix("\ufeff").strip("\r\n")
    first = lines.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
    try:
        table = [(reader.line_num, [bare(cell.strip()) for cell in row]) for row in reader]
    except csv.Error as problem:
        raise Unreadable(f"Line {reader.line_num} is not CSV: {problem}.") from None
    if not table or not any(table[0][1]):
        raise Unreadable("There is nothing in it.")
    head = [name.lower().replace(" ", "_") for name in table[0][1]]
    if missing := [name for name in NEEDED[kind] if name not in head]:
        raise Unreadable(f"The first line must name the columns; {' and '.join(missing)} is not among them.")
    if twice := {name for name in head if name and head.count(name) > 1}:
        raise Unreadable(f"The column {min(twice)} is there twice.")
    found = [(line, dict(zip(head, cells, strict=False))) for line, cells in table[1:] if any(cells)]
    if len(found) > MOST_ROWS:
        raise Unreadable(f"That is {len(found)} rows; at most {MOST_ROWS} go at once.")
    return found, [name for name in head if name and name not in COLUMNS[kind] and name not in TOLD_ONLY]


def judge(kind: str, text: str, levels: Mapping[int, AccessLevel], clusters: QuerySet[Cluster]) -> list[Judged]:
    """Judge every row; `clusters` are those the person may see, `levels` what they may do there."""
    rows, _ = read(kind, text)
    wanted = {values.get("cluster", "") for _, values in rows}
    there = {cluster.slug: cluster for cluster in clusters.filter(slug__in=wanted).select_related("resource")}
    taken: dict[int, _Taken] = {}
    judged = []
    for number, values in rows:
        cluster = there.get(values.get("cluster", ""))
        if why := _may_not(cluster, values, levels):
            judged.append(Judged(number, values, cluster, None, problems=(why,)))
            continue
        assert cluster is not None  # noqa: S101 - `_may_not` said so
        mine = taken.setdefault(cluster.pk, _Taken(Room.of(cluster)))
        one = _volume if kind == Batch.Kind.VOLUMES else _export
        judged.append(one(number, values, cluster, mine))
    return judged


def _may_not(cluster: Cluster | None, values: Mapping[str, str], levels: Mapping[int, AccessLevel]) -> str:
    if cluster is None:
        return f"There is no cluster {rules.shown(values.get('cluster', ''))}."
    if levels.get(cluster.pk, AccessLevel.NONE) < AccessLevel.OPERATOR:
        return f"This needs the access level operator on {cluster}."
    return "" if cluster.inventory == Inventory.PRESENT else f"{cluster} is not in service."


def _volume(number: int, values: Mapping[str, str], cluster: Cluster, taken: _Taken) -> Judged:
    size = values.get("size", "")
    if size.isascii() and size.isdecimal() and len(size) <= 16:  # bytes, as the panel's own CSV has them
        size = f"{int(size) / 2**20:.6f} MiB"
    data = {
        **_cells(values, "name", "mount_point", "mount_options", "owner", "mode", "pool"),
        "size": size,
        "unit": "GiB",
    }
    data["fstype"] = values.get("fstype", "").lower() or "ext4"
    form = VolumeForm(_posted(data), cluster=cluster, room=taken.room, planned=taken.volumes)
    if not form.is_valid():
        return Judged(number, values, cluster, None, problems=_problems(form))
    volume = form.volume()
    taken.volumes.append(volume)
    if taken.room.free is not None and not volume.pool:
        taken.room = replace(taken.room, free=taken.room.free - volume.size)
    kind = "XFS" if volume.fstype == "xfs" else volume.fstype
    how = f"thin in {volume.pool}, " if volume.pool else ""
    becomes = f"/dev/{taken.room.vg}/{volume.name}, {size_text(volume.size)}, {how}{kind}, at {volume.mount_point}"
    return Judged(number, values, cluster, form.intent(), becomes)


def _export(number: int, values: Mapping[str, str], cluster: Cluster, taken: _Taken) -> Judged:
    volumes = list(Volume.objects.filter(cluster=cluster, inventory=Inventory.PRESENT))
    mine = next((volume for volume in volumes if volume.name == values.get("volume")), None)
    path, problems = values.get("path", ""), []
    if mine and path and path != mine.mount_point and not path.startswith(f"{mine.mount_point}/"):
        problems.append(f"path: it does not lie on {mine.name}, which is mounted at {mine.mount_point}.")
    directory = path.removeprefix(mine.mount_point).lstrip("/") if mine else ""
    data = {**_cells(values, "volume", "owner", "mode"), "directory": directory}
    form = ExportForm(_posted(data), cluster=cluster, fsid=1, volumes=volumes)
    problems += [] if form.is_valid() else _problems(form)
    try:
        clients = clients_of(values.get("clients", ""))
    except rules.RuleError as refused:
        problems.append(f"clients: {refused.message}")
        clients = ()
    if (served := form.path() if not problems else "") in taken.paths:
        problems.append(f"path: line {taken.paths[served]} exports it already.")
    if problems or mine is None:
        return Judged(number, values, cluster, None, problems=tuple(problems))
    taken.paths[served] = number
    intent = form.intent(clients)
    return Judged(number, values, cluster, intent, export_line.line(cluster.slug, intent.export, mine))


def clients_of(text: str) -> tuple[ExportClient, ...]:
    """Read `10.0.0.0/24(rw,sync) host(ro)`; without options it gets the usual ones. A blank before the bracket is refused: NFS would take
    the options for everybody.
    """
    found: list[ExportClient] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = CLIENT.match(text, at)
        if match is None:
            blank = "there is a blank before it" if text[at] == "(" and found else "it is not a client"
            raise rules.RuleError(f"“{rules.shown(text[at : at + 30])}”: {blank}.")
        client = rules.network_client(match[1])
        options = match[2] if match[2] is not None else ",".join(USUAL_OPTIONS)
        if any(client == other.client for other in found):
            raise rules.RuleError(f"{client} is there twice.")
        found.append(ExportClient(client, tuple(rules.export_options(options).split(",")) if options else ()))
        at = match.end()
    if not found:
        raise rules.RuleError("nobody could mount it.")
    if len(found) > MOST_CLIENTS:
        raise rules.RuleError(too_many())
    return tuple(found)


def _cells(values: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: values.get(name, "") for name in names}


def _posted(data: Mapping[str, str]) -> QueryDict:
    posted = QueryDict(mutable=True)
    posted.update(data)
    return posted


def _problems(form: Any) -> tuple[str, ...]:
    names: Iterable[tuple[str, Any]] = form.errors.as_data().items()
    return tuple(f"{name}: {' '.join(error.messages)}" for name, errors in names for error in errors)
