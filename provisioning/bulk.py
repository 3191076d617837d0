"""Many volumes or exports from CSV: each row judged by the rules of the form it would otherwise be typed into. Changes nothing.

A row counts on the rows before it: their room, their names and mount points are taken. Rows of clusters a person may not see say the same
as rows of clusters that are not there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import QueryDict

from clusters import allocation, rules
from clusters.export_access import spelled
from clusters.figures import grouped, listed, size_text
from clusters.findings import Finding, blockers, warned
from clusters.models import Cluster, Replica, Volume
from clusters.states import AccessLevel, ConnectionState, DiskState, Inventory
from clusters.tables.sheet import bare
from provisioning.checks.export_line import line_itself
from provisioning.checks.running import not_redundant
from provisioning.desired import DesiredCluster, DesiredVolume, ExportClient
from provisioning.forms.export import MOST_CLIENTS, ExportForm, exported, too_many
from provisioning.forms.volume import Room, VolumeForm, others
from provisioning.intents import CreateVolume, PublishExport
from provisioning.models import Batch
from provisioning.pages import export_line
from provisioning.plans.parts import owning, thin
from provisioning.snapshot import Incomplete, desired_of

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
    "full_at", "full_soonest", "full_latest", "snapshot",
}  # fmt: skip
CALLED = {"directory": "path"}  # fields whose column has another name
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
CLIENT = re.compile(r"([^\s()]+)(?:\(([^()]*)\))?")


class Unreadable(Exception):
    """The whole text cannot be read as rows; a sentence for the page."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what it would become and what speaks for a second look, or with everything that is wrong with it."""

    number: int
    values: Mapping[str, str]
    cluster: Cluster | None
    intent: CreateVolume | PublishExport | None
    becomes: str = ""
    problems: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    of_pair: tuple[Finding, ...] = ()  # warnings that hold for all rows of the pair


class Row(NamedTuple):
    number: int  # line in the text
    values: dict[str, str]
    problem: str = ""


def read(kind: str, text: str) -> tuple[list[Row], list[str]]:
    """Rows with their line numbers, and the columns nobody knows. Commas, semicolons and tabs are taken, as spreadsheets write them."""
    if len(text) > MOST_TEXT:
        told = f"That is more than {MOST_TEXT // 1024} KiB, in {grouped(len(text.splitlines()))} lines."
        raise Unreadable(f"{told} Split it into files of at most {MOST_ROWS} rows.")
    if "\x00" in text:
        raise Unreadable("That is not a text: it holds NUL characters. Save it as CSV in UTF-8.")
    lines = text.removeprefix("\ufeff").strip("\r\n")
    first = lines.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
    try:
        table = [(reader.line_num, [bare(cell.strip()) for cell in row]) for row in reader]
    except csv.Error as problem:
        raise Unreadable(f"Line {reader.line_num} is not CSV: {problem}.") from None
    if not table or not any(table[0][1]):
        raise Unreadable("There is nothing in it.")
    head = [name.lower().replace(" ", "_") for name in _filled(table[0][1])]
    if missing := [name for name in NEEDED[kind] if name not in head]:
        are = "is" if len(missing) == 1 else "are"
        raise Unreadable(f"The first line must name the columns; {listed(missing)} {are} not among them.")
    if twice := {name for name in head if name and head.count(name) > 1}:
        raise Unreadable(f"The column {min(twice)} is there twice.")
    found = [_row(line, head, _filled(cells), delimiter) for line, cells in table[1:] if any(cells)]
    if len(found) > MOST_ROWS:
        parts = -(-len(found) // MOST_ROWS)
        told = f"That is {grouped(len(found))} rows, and at most {MOST_ROWS} go at once."
        raise Unreadable(f"{told} Split it into {parts} files that all begin with the line of columns.")
    return found, [name for name in head if name and name not in COLUMNS[kind] and name not in TOLD_ONLY]


def _filled(cells: list[str]) -> list[str]:
    """Leave out the empty cells at the end, which spreadsheets write."""
    return cells[: max((place for place, cell in enumerate(cells, 1) if cell), default=0)]


def _row(line: int, head: list[str], cells: list[str], delimiter: str) -> Row:
    """Keep cells that have no column in the last one: whoever mends the row gets back all that was sent."""
    if len(cells) <= len(head):
        return Row(line, dict(zip(head, cells, strict=False)))
    whole = [*cells[: len(head) - 1], delimiter.join(cells[len(head) - 1 :])]
    told = f"It has {len(cells)} cells and the first line names {len(head)}: put what holds a {DELIMITERS[delimiter]} in double quotes."
    return Row(line, dict(zip(head, whole, strict=True)), told)


def judge(kind: str, text: str, levels: Mapping[int, AccessLevel], clusters: QuerySet[Cluster]) -> list[Judged]:
    """Judge every row; `clusters` are those the person may see, `levels` what they may do there."""
    rows, _ = read(kind, text)
    wanted = {row.values.get("cluster", "") for row in rows}
    there = {cluster.slug: cluster for cluster in clusters.filter(slug__in=wanted).select_related("resource")}
    judging = Volumes if kind == Batch.Kind.VOLUMES else Exports
    taken: dict[int, tuple[Volumes | Exports, tuple[Finding, ...]]] = {}
    judged = []
    for row in rows:
        cluster = there.get(row.values.get("cluster", ""))
        if why := _may_not(cluster, row.values, levels) or row.problem:
            judged.append(Judged(row.number, row.values, cluster, None, problems=(why,)))
            continue
        assert cluster is not None  # noqa: S101 - `_may_not` said so
        if cluster.pk not in taken:
            taken[cluster.pk] = judging(cluster), _of_pair(cluster)
        mine, of_pair = taken[cluster.pk]
        judged.append(replace(mine.judge(row.number, row.values), of_pair=of_pair))
    return judged


def _of_pair(cluster: Cluster) -> tuple[Finding, ...]:
    """Say what every plan of the pair would warn of, as far as it was seen."""
    copies = Replica.objects.filter(resource__cluster=cluster).values_list("disk", "connection")
    good = all(copy == (DiskState.UP_TO_DATE, ConnectionState.CONNECTED) for copy in copies)
    return () if good else (not_redundant(cluster.resource.name),)


def _may_not(cluster: Cluster | None, values: Mapping[str, str], levels: Mapping[int, AccessLevel]) -> str:
    if cluster is None:
        return f"There is no cluster {rules.shown(values.get('cluster', ''))}."
    if levels.get(cluster.pk, AccessLevel.NONE) < AccessLevel.OPERATOR:
        return f"This needs the access level operator on {cluster}."
    return "" if cluster.inventory == Inventory.PRESENT else f"{cluster} is not in service."


class Volumes:
    """Rows of one cluster: what it has, read once, and what the rows before have taken."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.room, self.known = cluster, Room.of(cluster), others(cluster)
        self.volumes: list[DesiredVolume] = []
        self.lines: dict[str, int] = {}  # name → the line that makes it

    def judge(self, number: int, values: Mapping[str, str]) -> Judged:
        size = values.get("size", "")
        if size.isascii() and size.isdecimal() and len(size) <= 16:  # bytes, as the panel's own CSV has them
            size = f"{int(size) / 2**20:.6f} MiB"
        data = {
            **_cells(values, "name", "mount_point", "mount_options", "owner", "mode", "pool"),
            "size": size,
            "unit": "GiB",
        }
        data["fstype"] = values.get("fstype", "").lower() or "ext4"
        form = VolumeForm(
            _posted(data),
            cluster=self.cluster,
            room=self.room,
            planned=self.volumes,
            known=self.known,
            lines=self.lines,
        )
        if not form.is_valid():
            return Judged(number, values, self.cluster, None, problems=_problems(form))
        volume = form.volume()
        warnings = tuple(self._takes(volume))
        self.volumes.append(volume)
        self.lines[volume.name] = number
        kind = "XFS" if volume.fstype == "xfs" else volume.fstype
        how = f"thin in {volume.pool}, " if volume.pool else ""
        becomes = f"/dev/{self.room.vg}/{volume.name}, {size_text(volume.size)}, {how}{kind}, at {volume.mount_point}"
        return Judged(number, values, self.cluster, form.intent(), becomes, warnings=warnings)

    def _takes(self, volume: DesiredVolume) -> list[Finding]:
        """Take its room from what is left for the rows after it; say what the pool it comes from has to bear."""
        pool = self.room.pool(volume.pool)
        if pool is None:
            if self.room.free is not None:
                self.room = replace(self.room, free=self.room.free - volume.size)
            return []
        more = replace(pool, promised=pool.promised + volume.size)
        self.room = replace(self.room, pools=tuple(more if one is pool else one for one in self.room.pools))
        return warned([*thin.fills(pool), *thin.holds(pool, volume.size)])


class Exports:
    """Rows of one cluster: what it has, read once, and what the rows before have taken."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.known, self.fsid = cluster, exported(cluster), allocation.fsid(cluster)
        self.volumes = list(Volume.objects.filter(cluster=cluster, inventory=Inventory.PRESENT))
        self.lines: dict[str, int] = {}  # path → the line that exports it
        try:
            self.desired: DesiredCluster | None = desired_of(cluster)
        except Incomplete:
            self.desired = None

    def judge(self, number: int, values: Mapping[str, str]) -> Judged:
        if snapshot := values.get("snapshot"):
            told = f"This is the opened snapshot {rules.shown(snapshot)}, which is opened on its own page. Leave the row out."
            return Judged(number, values, self.cluster, None, problems=(told,))
        mine = next((volume for volume in self.volumes if volume.name == values.get("volume")), None)
        data = {**_cells(values, "volume", "owner", "mode"), "directory": values.get("path", "")}
        form = ExportForm(_posted(data), cluster=self.cluster, fsid=self.fsid, volumes=self.volumes, known=self.known)
        problems = [] if form.is_valid() else list(_problems(form))
        clients: tuple[ExportClient, ...] = ()
        try:
            clients = clients_of(values.get("clients", ""))
        except rules.RuleError as refused:
            problems.append(f"clients: {refused.message}")
        if (served := form.path() if not problems else "") in self.lines:
            problems.append(f"path: line {self.lines[served]} exports it already.")
        if problems or mine is None:
            return Judged(number, values, self.cluster, None, problems=tuple(problems))
        return self._judge(number, values, form.intent(clients), mine)

    def _judge(self, number: int, values: Mapping[str, str], intent: PublishExport, mine: Volume) -> Judged:
        """Judge the line itself, as its plan will: who could do more with it than was meant is said before it is approved."""
        export, desired = intent.export, self.desired
        volume = desired.volume(mine.name) if desired else None
        if desired is None or volume is None:
            return Judged(number, values, self.cluster, None, problems=(f"{self.cluster} is not described whole.",))
        beside = replace(desired, exports=tuple(one for one in desired.exports if one.volume == mine.name))
        findings = [*line_itself(beside, export, volume), *owning.nobody_may_write(export, volume)]
        if stops := blockers(findings):
            return Judged(number, values, self.cluster, None, problems=tuple(f"{one.text} {one.hint}" for one in stops))
        self.desired = replace(desired, exports=(*desired.exports, export))
        self.lines[export.path], self.fsid = number, self.fsid + 1
        becomes = export_line.line(self.cluster.slug, export, mine)
        return Judged(number, values, self.cluster, intent, becomes, warnings=tuple(warned(findings)))


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
            raise rules.RuleError(f"“{rules.shown(text[at : at + 30])}”: {_no_client(text, at)}.")
        client = rules.network_client(match[1])
        options = match[2] if match[2] is not None else ",".join(USUAL_OPTIONS)
        if any(spelled(client) == spelled(other.client) for other in found):
            raise rules.RuleError(f"{client} is there twice.")
        found.append(ExportClient(client, tuple(rules.export_options(options).split(",")) if options else ()))
        at = match.end()
    if not found:
        raise rules.RuleError("nobody could mount it.")
    if len(found) > MOST_CLIENTS:
        raise rules.RuleError(too_many())
    return tuple(found)


def _no_client(text: str, at: int) -> str:
    if text[at] != "(" or not text[:at].strip():
        return "it is not a client"
    if text[at - 1].isspace():
        return "there is a blank before it"
    return "the bracket is not closed; put what holds a comma in double quotes"


def _cells(values: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: values.get(name, "") for name in names}


def _posted(data: Mapping[str, str]) -> QueryDict:
    posted = QueryDict(mutable=True)
    posted.update(data)
    return posted


def _problems(form: Any) -> tuple[str, ...]:
    names: Iterable[tuple[str, Any]] = form.errors.as_data().items()
    return tuple(f"{CALLED.get(name, name)}: {' '.join(error.messages)}" for name, errors in names for error in errors)
