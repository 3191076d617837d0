"""How a change of the exports reaches both nodes, and is proven: shared by publishing, editing and withdrawing one. Pure.

1. exportfs tries the new line on the node that serves, on a table of its own: it reads on past no word it does not know, so a line that it
   refuses would end every export below it. 2. The file, the standby node first. 3. The node that serves takes it and its
   running table is read; if it refuses, or the table is another one, the previous file is put back on both nodes and loaded. 4. Both files are
   read back. 5. The service is looked at from outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clusters.export_access import access_of, host_name
from provisioning.desired import DesiredCluster, DesiredExport
from provisioning.observed import ActiveExport, NodeObserved
from provisioning.plans.parts import serving
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.render.managed import ManagedFile
from provisioning.render.paths import EXPORTS, EXPORTS_DIRECTORY
from provisioning.steps import OBSERVER, Command, Expect, Kind, Probe, Stage, Step, Wait, cmd, unchanged

TRIED = "/var/lib/nfs/tried"
# In a mount namespace of its own: the table, and the directory of files with ours replaced by the lines to try. Nothing outside sees it.
TRY = (
    f"set -e; mount -t tmpfs none /var/lib/nfs; mkdir {TRIED}; "
    f'find {EXPORTS_DIRECTORY} -maxdepth 1 -name "*.exports" ! -path {EXPORTS} -exec cp --target-directory={TRIED} {{}} +; '
    f'printf "%s\\n" "$@" >{TRIED}/storagepanel.exports; mount --bind {TRIED} {EXPORTS_DIRECTORY}; exportfs -r 2>&1; exportfs -v'
)
PATIENCE = 30  # seconds for exportfs, which looks up every host name


def try_line(*lines: str) -> Command:
    return cmd("unshare", "--mount", "sh", "-c", TRY, "try", *lines, timeout=PATIENCE)


def steps(change: nfs.Change, observed: Mapping[str, NodeObserved], active: str, path: str) -> Iterator[Step]:
    """Bring both nodes from the exports before the change to those after it, which differ in the export of `path` only."""
    before, after = change.before, change.after
    wanted = next((export for export in after.exports if export.path == path), None)
    known = next((export for export in before.exports if export.path == path), None)
    node, standby = observed[active], after.peer(active).name
    there = served(after, node, path)
    texts = {name: text_of(observed[name]) for name in (standby, active)}
    rendered = {text: change.among(text) for text in set(texts.values())}  # one, as a rule
    files = {name: rendered[text] for name, text in texts.items()}
    table = _table_stands(after, active, path, wanted, known)
    written = _written(files, observed, active, standby, table)
    done = there and not any(step.runs for step in written)
    trial = _trial(after, active, wanted, change.strange(texts[active]))
    yield unchanged(trial, "it is served already") if done and wanted else trial
    yield from written
    if not there and not written[-1].runs:
        yield _take(active)
    proof = (
        *(_file_stands(file, name) for name, file in files.items()),
        *(() if written[-1].runs else (table,)),
        _outside(after, () if wanted else (path,)),
    )
    says = "it is served already" if wanted else "nobody serves it"
    yield from (unchanged(step, says) for step in proof) if done else proof


def text_of(node: NodeObserved) -> str | None:
    file = node.file(EXPORTS)
    return file.text if file and file.sha256 is not None else None


def _trial(after: DesiredCluster, active: str, export: DesiredExport | None, strange: Sequence[str] = ()) -> Step:
    """Try the line with what others wrote beside it, in other files and in ours."""
    lines = (*((nfs.line(after, export),) if export else ()), *strange)
    return Step(
        node=active,
        title="Let exportfs try the line" if export else "Let exportfs try the other lines",
        kind=Kind.READS,
        stage=Stage.MOUNTS,
        wait=Wait(
            "exportfs takes the line, and the files of others beside it"
            if export
            else "exportfs takes the files of others",
            try_line(*lines),
            Expect(contains=_shown(after, export), lacks=("Failed to resolve",)),
            bound=0,
        ),
        note="On a table of its own, which nobody is served from. A name that nobody can look up ends the job here.",
    )


def _written(
    files: Mapping[str, ManagedFile], observed: Mapping[str, NodeObserved], active: str, standby: str, table: Step
) -> tuple[Step, Step]:
    """The table is looked at before the file counts as taken: exportfs ends with 0 also when it could not write its table."""
    taken = write(
        observed[active], [files[active]], title="Write the exports and take them", stage=Stage.LIVE, load=take(), both=True,
        note="If the node refuses them or its table is not as wanted then, the previous file is put back, on both nodes.",
    )  # fmt: skip
    return (
        write(observed[standby], [files[standby]], title="Write the exports", stage=Stage.EXPORTS,
              note="The standby node first; it reads the file when it takes over."),
        replace(taken, wait=table.wait) if taken.runs else taken,
    )  # fmt: skip


def take() -> Command:
    """Make the table what the files say. What stands in them stays as it is, for its clients, too: they are asked for again, not cut off."""
    return cmd("exportfs", "-r")


def _take(node: str) -> Step:
    """The file is right, yet the table is not: it was written and not taken."""
    return Step(node=node, title="Take the exports", kind=Kind.WRITES, stage=Stage.LIVE, commands=(take(),))


def _file_stands(file: ManagedFile, node: str) -> Step:
    digest = hashlib.sha256(str(file.content).encode()).hexdigest()
    return Step(
        node=node,
        title="See the file as it was written",
        kind=Kind.READS,
        stage=Stage.SERVE,
        wait=Wait(
            f"{EXPORTS} is what the plan says",
            cmd("sha256sum", "--", EXPORTS),
            Expect(contains=(f"{digest} ",)),
            bound=5,
        ),
    )


def _table_stands(
    after: DesiredCluster, node: str, path: str, wanted: DesiredExport | None, known: DesiredExport | None
) -> Step:
    """The running table: each client with exactly its options, and none that was taken away."""
    clients = {client.client for client in wanted.clients} if wanted else set()
    gone = {client.client for client in known.clients} - clients if known else set()
    lacks = [_row(path, client) for client in sorted(gone) if not host_name(client)]
    return Step(
        node=node,
        title="See it exported" if wanted else "See it gone",
        kind=Kind.WAITS,
        stage=Stage.SERVE,
        wait=Wait(
            f"{path} is exported with fsid {wanted.fsid}, to its clients and with their options"
            if wanted
            else f"{path} is not exported any more",
            cmd("exportfs", "-v"),
            Expect(contains=_shown(after, wanted), lacks=tuple(lacks) if wanted else (f" {path} ",)),
            bound=10,
        ),
    )


def _shown(after: DesiredCluster, export: DesiredExport | None) -> tuple[str, ...]:
    """What `exportfs -v` says of an export. A host name stands there as the name server spells it, so only its options are compared."""
    found = []
    for client in export.clients if export else ():
        options = nfs.listed(nfs.options_of(after, export, client)) if export else ""
        tail = f"({options})" if options else "("
        found.append(tail if host_name(client.client) else _row(export.path, client.client).removesuffix("(") + tail)  # type: ignore[union-attr]
    return tuple(dict.fromkeys(found))


def _row(path: str, client: str) -> str:
    return f" {path} {'<world>' if client == '*' else client}("


def _outside(after: DesiredCluster, gone: Sequence[str]) -> Step:
    if not gone:
        return serving.probe(after)
    return Step(
        node=OBSERVER,
        title="See from outside that the service IP answers and does not list it any more",
        kind=Kind.OBSERVES,
        stage=Stage.PROVE,
        probe=Probe(after.service_ip, tuple(export.path for export in after.exports), gone=tuple(gone)),
    )


def served(desired: DesiredCluster, node: NodeObserved, path: str) -> bool:
    """Whether the running table holds the path exactly as `desired` has it; names are compared by what they get."""
    export = next((export for export in desired.exports if export.path == path), None)
    table = [entry for entry in node.exports or () if entry.path == path]
    if export is None:
        return not table
    clients = [(client.client, nfs.options_of(desired, export, client)) for client in export.clients]
    return node.exports is not None and sorted(_meaning(c, o) for c, o in clients) == sorted(
        _of(entry) for entry in table
    )


def _of(entry: ActiveExport) -> tuple[str, str, str, str]:
    return _meaning(entry.client, entry.options)


def _meaning(client: str, options: Sequence[str]) -> tuple[str, str, str, str]:
    fsid = next((option for option in options if option.startswith("fsid=")), "")
    mount = next((option for option in options if option.partition("=")[0] in ("mountpoint", "mp")), "")
    return "" if host_name(client) else client, repr(access_of(options)), fsid, mount
