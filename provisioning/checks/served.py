"""The running table of exports, and their file, beside what was wanted. Pure.

exportfs looks every host name up and keeps it as the name server spells it, so names are counted and compared by what they get. A name that
could not be looked up, or that is an address which has a row already, has no row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from clusters.export_access import access_of, host_name
from clusters.findings import Finding, warning
from provisioning.desired import DesiredCluster, DesiredExport
from provisioning.observed import NodeObserved
from provisioning.render import nfs
from provisioning.render.paths import EXPORTS

AGAIN = "A job that broke off leaves this: plan it again. After any but a move “Compare and mend” goes back to what was set."
Meaning = tuple[str, str, str, str]  # client ("" for a name), what it gets, fsid, what must be mounted


def served(desired: DesiredCluster, node: NodeObserved, path: str) -> bool:
    """Whether the running table holds the path exactly as `desired` has it."""
    export = next((export for export in desired.exports if export.path == path), None)
    return node.exports is not None and _table(node, path) == (_wanted(desired, export) if export else Counter())


def differing(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """Say how the table of the node that serves differs. A path without any row is told as a part of the service that is missing."""
    if node.exports is None or not node.nfsd_threads or not node.holds(desired.service_ip):
        return
    for export in desired.exports:
        wanted, table = _wanted(desired, export), _table(node, export.path)
        if table and table != wanted and not _unknown(export):
            yield warning(
                "export.table-differs", f"{node.node} does not export {export.path} as it was set: {_how(wanted, table)}.", node=node.node,
                hazard=20, hint="“Compare and mend” plans what takes the exports as they stand in the files.",
            )  # fmt: skip


def unwritten(
    desired: DesiredCluster, node: NodeObserved, coming: Collection[str], leaving: Collection[str]
) -> Iterator[Finding]:
    """Say which exports do not stand in the node's file as they were set: it is what a failover, or the next change, would serve.

    `coming` and `leaving` are the paths of those that a job began to publish or to withdraw and did not end.
    """
    file = node.file(EXPORTS)
    if file is None or (file.sha256 is not None and file.text is None):
        return
    lines = set(nfs.lines_of(file.text))
    paths = {line.partition(" ")[0] for line in lines}
    lacking = [e.path for e in desired.exports if e.path not in leaving and nfs.line(desired, e) not in lines]
    begun = [path for path in coming if nfs.quoted(path) in paths]
    gone = [path for path in leaving if nfs.quoted(path) not in paths]
    for which, says, hint in (
        (lacking, "does not hold {} as it was set", AGAIN),
        (begun, "holds {}, which was not published to its end", "A failover would serve it. Plan its job again."),
        (gone, "does not hold {} any more, and its withdrawal did not end", "Withdraw it again."),
    ):  # fmt: skip
        if which:
            more = f" and {len(which) - 3} more" if len(which) > 3 else ""
            text = f"{EXPORTS} of {node.node} {says.format(', '.join(which[:3]) + more)}."
            yield warning("export.unwritten", text, hint=hint, node=node.node, hazard=20)


def _how(wanted: Counter[Meaning], table: Counter[Meaning]) -> str:
    lacking, more = wanted - table, table - wanted
    here, there = ({meaning[0] for meaning in each} for each in (lacking, more))
    said = [f"{_named(client)} gets something else" for client in sorted(here & there)]
    said += [f"{_named(client)} is not in the table" for client in sorted(here - there)]
    said += [f"{_named(client)} is in it, too" for client in sorted(there - here)]
    return ", ".join(said[:5]) + (" and more" if len(said) > 5 else "")


def _named(client: str) -> str:
    return "everybody" if client == "*" else client or "a client given by its name"


def _wanted(desired: DesiredCluster, export: DesiredExport) -> Counter[Meaning]:
    return Counter(_meaning(c.client, nfs.options_of(desired, export, c)) for c in export.clients)


def _table(node: NodeObserved, path: str) -> Counter[Meaning]:
    return Counter(_meaning(entry.client, entry.options) for entry in node.exports or () if entry.path == path)


def _unknown(export: DesiredExport) -> bool:
    """Whether it has an option that nothing is known of: how exportfs writes that one down is not known either."""
    return any(access_of(client.options).others for client in export.clients)


def _meaning(client: str, options: Sequence[str]) -> Meaning:
    fsid = next((option for option in options if option.startswith("fsid=")), "")
    mount = next((option for option in options if option.partition("=")[0] in ("mountpoint", "mp")), "")
    return "" if host_name(client) else client, repr(access_of(options)), fsid, mount
