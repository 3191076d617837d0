"""Findings about exports: what others' lines would do to ours, and what taking ours would do to others (rows 7, 20). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from clusters.export_access import host_name
from clusters.findings import Finding, blocker, warning
from provisioning.checks.export_line import below, listed
from provisioning.checks.ours import exact
from provisioning.desired import DesiredCluster
from provisioning.facts import exports_file
from provisioning.observed import ExportLine, FileState, NodeObserved
from provisioning.render import nfs, snapshots
from provisioning.render.managed import is_ours
from provisioning.render.paths import EXPORTS, FOREIGN_EXPORTS, SNAPSHOT_EXPORTS

ROOT = ("fsid=0", "fsid=root")


def lines_of_others(node: NodeObserved) -> list[ExportLine]:
    """Read every line that exportfs reads on the node besides ours."""
    main = node.file(FOREIGN_EXPORTS)
    texts = [(FOREIGN_EXPORTS, main.text or "")] if main else []
    return [line for path, text in (*texts, *(node.export_files or ())) for line in exports_file.entries(path, text)]


def _of_snapshots(line: ExportLine) -> bool:
    """The panel's own lines in its file beside the exports': snapshots that are open."""
    said = f"{line.path} {line.client}({','.join(line.options)})"
    return line.file == SNAPSHOT_EXPORTS and not line.blank and snapshots.WRITTEN.fullmatch(said) is not None


def foreign(desired: DesiredCluster, node: NodeObserved, strange: Sequence[str] = ()) -> Iterator[Finding]:
    """Lines of others stay, `strange` ones in our own file as well; they must not name our paths or our fsids. A fsid is unique within a server."""
    fsids = {str(export.fsid): export.path for export in desired.exports}
    paths = {export.path for export in desired.exports}
    told: set[tuple[str, str]] = set()
    for line in (line for line in (*lines_of_others(node), *_entries(strange)) if not _of_snapshots(line)):
        for finding in _collisions(line, node, paths, fsids):
            if (finding.code, line.path) not in told:
                told.add((finding.code, line.path))
                yield finding
    numbers = [export.fsid for export in desired.exports]
    for number in sorted({n for n in numbers if numbers.count(n) > 1 or n == 0}):
        yield blocker(
            "export.fsid-twice",
            f"fsid {number} cannot be used like this.",
            hint="Every export has a number of its own, above 0.",
            hazard=7,
        )


def _collisions(line: ExportLine, node: NodeObserved, paths: set[str], fsids: dict[str, str]) -> Iterator[Finding]:
    where, fix = f"{line.file} of {node.node}", f"editor {line.file}"
    if line.path in paths:
        yield blocker(
            "export.path-taken", f"{where} exports {line.path} already.", node=node.node, hazard=7, fix=fix,
            hint="Take that line out; the panel's own exports are in a file of their own.",
        )  # fmt: skip
    taken = next((o[5:] for o in line.options if o.startswith("fsid=") and o[5:] in fsids), None)
    if taken is not None and fsids[taken] != line.path:
        yield blocker(
            "export.fsid-taken", f"{line.path} in {where} has fsid {taken}, which is given to {fsids[taken]}.",
            node=node.node, hazard=7, hint="Clients would land in the other file system.", fix=fix,
        )  # fmt: skip
    if any(option in ROOT for option in line.options):
        yield blocker(
            "export.foreign-root", f"{line.path} in {where} is the root of all exports for NFSv4 (fsid=0).", node=node.node, hazard=7, fix=fix,
            hint="NFSv4 clients then find only what lies below it, and none of the pair's exports. Take fsid=0 out; NFS makes a root by itself.",
        )  # fmt: skip
    if line.blank:
        yield warning(
            "export.blank", f"Line {line.number} of {where} has a blank before “(”, so everybody gets ({','.join(line.options)}) on {line.path}.",
            node=node.node, hint="Write host(options) without the blank.", fix=fix,
        )  # fmt: skip
    if line.path not in paths:
        yield warning(
            "export.foreign", f"{node.node} also exports {line.path}, which is not replicated.", node=node.node,
            hint="It stays. After a failover what the files of the other node say is served.",
        )  # fmt: skip
        if nested := [path for path in sorted(paths) if below(path, line.path) or below(line.path, path)]:
            yield warning(
                "export.foreign-nested", f"{line.path} in {where} and {listed(nested)} lie within each other.", node=node.node, fix=fix,
                hint="Whoever may mount the outer one reaches the inner one with the options of the outer one.",
            )  # fmt: skip


def taking(change: nfs.Change, observed: Mapping[str, NodeObserved], active: str) -> Iterator[Finding]:
    """Say what else `exportfs -r` would do on the node that serves: end what stands in no file, begin what was not taken yet."""
    desired, wanted = change.before, change.after
    served = {export.path for export in observed[active].exports or ()}
    missing = [export for export in desired.exports if export.path not in served]
    kept = set(wanted.exports) if missing else set()
    unserved = [export.path for export in missing if export in kept]
    texts = {_text(node) for node in observed.values()}  # one, as a rule
    strange = {text: change.strange(text) for text in texts}
    for node in observed.values():
        main = node.file(FOREIGN_EXPORTS)
        if main is not None and main.sha256 is None and dict(node.packages or ()).get("nfs-kernel-server"):
            yield blocker(
                "export.main-missing", f"{FOREIGN_EXPORTS} is missing on {node.node}: exportfs then fails whatever it is asked.",
                hint="An empty file is enough.", fix=f"touch {FOREIGN_EXPORTS}", node=node.node,
            )  # fmt: skip
        yield from _by_hand(desired, wanted, node, strange[_text(node)], unserved)
        if node.node == active:
            yield from _table_and_files(desired, wanted, node, strange[_text(node)])


def _table_and_files(
    desired: DesiredCluster, wanted: DesiredCluster, node: NodeObserved, strange: Sequence[str]
) -> Iterator[Finding]:
    if node.exports is None:
        yield blocker(
            "facts.unseen", f"{node.node} did not tell what it exports.", hint="Read the node again.", node=node.node
        )
        return
    others = [*lines_of_others(node), *_entries(strange)]
    ours = {
        (export.path, client.client)
        for each in (desired, wanted)
        for export in each.exports
        for client in export.clients
    }
    known = ours | {(line.path, line.client) for line in others}
    table = {(export.path, export.client) for export in node.exports}
    unknown = sorted(table - known)
    # The table has names as the name server spells them: as many may be there as the files and the panel have beside those it spells alike.
    room = Counter(path for path, client in known - table if host_name(client))
    named = Counter(path for path, client in unknown if host_name(client))
    for path, client in unknown:
        if not host_name(client) or named[path] > room[path]:
            yield blocker(
                "export.by-hand", f"{path} is exported to {client} on {node.node}, and no file says so.", node=node.node, hazard=20,
                hint="It would end now, and at the next failover anyway. Write it into a file, or take it back.",
                fix=f"exportfs -u {_spelled(client)}:{path}",
            )  # fmt: skip
    for line in (line for line in others if not _of_snapshots(line)):
        if (line.path, line.client) not in table and not host_name(line.client):
            yield warning(
                "export.pending", f"{line.path} for {line.client} stands in {line.file} of {node.node} and is not exported yet.",
                node=node.node, hint="Exporting anything takes it, too.", fix=f"editor {line.file}",
            )  # fmt: skip


def _spelled(client: str) -> str:
    """Spell a client as exportfs' command line wants it."""
    if client == "*":
        return ""
    address, slash, length = client.partition("/")
    return f"[{address}]{slash}{length}" if ":" in address else client


def _by_hand(
    desired: DesiredCluster,
    wanted: DesiredCluster,
    node: NodeObserved,
    strange: Sequence[str],
    unserved: Sequence[str],
) -> Iterator[Finding]:
    """A line that is gone is somebody's work, too, when the export is not served either: writing the file would bring it back."""
    file = node.file(EXPORTS)
    if file is None or file.sha256 is None or file.text is None or not (strange or unserved):
        return
    there = {line.partition(" ")[0] for line in nfs.lines_of(file.text)} if unserved else set()
    gone = [path for path in unserved if nfs.quoted(path) not in there]
    if what := _contradicts(desired, wanted, file, strange) or (
        f"lacks {listed(gone)}, and nobody serves it" if gone else ""
    ):
        yield blocker(
            "export.hand-edited", f"{EXPORTS} on {node.node} {what}", node=node.node, hazard=20, fix=f"editor {EXPORTS}",
            hint="This change would undo it. Publish, change or withdraw it on the panel's pages, and put the file back as it was.",
        )  # fmt: skip
        return
    if strange:
        many = f"{len(strange)} lines" if len(strange) > 1 else "a line"
        yield warning(
            "export.lines-by-hand", f"{EXPORTS} on {node.node} holds {many} the panel did not write: {_short(strange[0])}", node=node.node,
            hazard=20, hint="They stay, on this node only. Their place is /etc/exports, the same on both nodes.", fix=f"editor {EXPORTS}",
        )  # fmt: skip
    fsids = {str(export.fsid): export.path for export in wanted.exports}
    paths = {export.path for export in wanted.exports}
    for line in _entries(strange):
        yield from _collisions(line, node, paths, fsids)


def beside(change: nfs.Change, node: NodeObserved) -> Iterator[Finding]:
    """Lines of others in the file of opened snapshots are written back: say why that cannot be."""
    file = node.file(change.place.path)
    if file is None or file.sha256 is None:
        return
    strange = change.strange(snapshots.of_others(file.text))
    what = "was not read" if file.text is None else _contradicts(change.before, change.after, file, strange)
    if what:
        yield blocker(
            "export.hand-edited", f"{file.path} on {node.node} {what}", node=node.node, hazard=20, fix=f"editor {file.path}",
            hint="This change would undo it. The place for lines of your own is /etc/exports, the same on both nodes.",
        )  # fmt: skip


def taken_out(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """Setting the pair up writes the file anew, so that both nodes have the same: say what goes with it."""
    lines = [line for line in nfs.Change.of(desired, desired).strange(_text(node)) if line]
    if lines and is_ours(_text(node), desired.name):
        many = f"{len(lines)} lines that were" if len(lines) > 1 else "a line that was"
        yield warning(
            "export.lines-taken-out", f"{EXPORTS} on {node.node} loses {many} written by hand: {_short(lines[0])}", node=node.node, hazard=20,
            hint="Put it into /etc/exports on both nodes first, if it is still needed.", fix="editor /etc/exports",
        )  # fmt: skip


def _contradicts(desired: DesiredCluster, wanted: DesiredCluster, file: FileState, strange: Sequence[str]) -> str:
    """Say why lines of others in our file cannot be left where they are; "" when they can."""
    ours = {export.path for each in (desired, wanted) for export in each.exports}
    named = [line for line in _entries(strange) if line.path in ours]
    if named:
        return f"has another line for {named[0].path} than the panel wrote: {_short(strange[named[0].number - 1])}"
    if joined := [line for line in strange if exports_file.goes_on(line)]:
        return f"holds a line that goes on in the next one: {_short(joined[0])}"
    if strange and exact(file) is None:
        return "holds lines the panel did not write and cannot read byte for byte"
    return ""


def _text(node: NodeObserved) -> str | None:
    file = node.file(EXPORTS)
    return file.text if file is not None and file.sha256 is not None else None


def _entries(lines: Sequence[str]) -> Iterator[ExportLine]:
    return exports_file.entries(EXPORTS, "".join(f"{line}\n" for line in lines))


def _short(line: str) -> str:
    return line if len(line) <= 160 else f"{line[:160]}…"
