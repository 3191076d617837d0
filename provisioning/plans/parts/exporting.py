"""How a change of the exports reaches both nodes, and is proven: shared by publishing, editing and withdrawing one. Pure.

1. exportfs tries the new line on the node that serves, on a table of its own: it reads on past no word it does not know, so a line that it
   refuses would end every export below it. 2. The file, the standby node first. 3. The node that serves takes it and its
   running table is read; if it refuses, or the table is another one, the previous file is put back on both nodes and loaded. 4. Both files are
   read back. 5. The service is looked at from outside.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clusters.export_access import host_name
from provisioning.checks.served import served
from provisioning.desired import DesiredCluster, DesiredExport, ExportClient
from provisioning.observed import NodeObserved
from provisioning.plans.parts import serving
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.render.managed import ManagedFile
from provisioning.render.paths import EXPORTS, EXPORTS_DIRECTORY
from provisioning.steps import Command, Expect, Kind, Stage, Step, Wait, cmd, unchanged

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
        yield serving.taken(active)
    proof = (
        *(_file_stands(file, name) for name, file in files.items()),
        *(() if written[-1].runs else (table,)),
        serving.probe(after, gone=() if wanted else (path,)),
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
            Expect(
                contains=shown(after, export),
                lacks=("Failed to resolve",),
                times=counted(after, export.path, export) if export else (),
            ),
            bound=0,
        ),
        note="On a table of its own, which nobody is served from. A name that nobody can look up ends the job here.",
    )


def _written(
    files: Mapping[str, ManagedFile], observed: Mapping[str, NodeObserved], active: str, standby: str, table: Step
) -> tuple[Step, Step]:
    """The table is looked at before the file counts as taken: exportfs ends with 0 also when it could not write its table."""
    taken = write(
        observed[active], [files[active]], title="Write the exports and take them", stage=Stage.LIVE, load=serving.take(), both=True,
        note="If the node refuses them or its table is not as wanted then, the previous file is put back, on both nodes.",
    )  # fmt: skip
    return (
        write(observed[standby], [files[standby]], title="Write the exports", stage=Stage.EXPORTS,
              note="The standby node first; it reads the file when it takes over."),
        replace(taken, wait=table.wait) if taken.runs else taken,
    )  # fmt: skip


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
    """The running table: each client with exactly its options, none that was taken away, and as many rows as clients."""
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
            Expect(contains=shown(after, wanted), lacks=tuple(lacks), times=counted(after, path, wanted)),
            bound=10,
        ),
    )


def shown(after: DesiredCluster, export: DesiredExport | None) -> tuple[str, ...]:
    """What `exportfs -v` says of each client of an export. A host name stands there as the name server spells it: see `counted`."""
    return tuple(
        _row(export.path, client.client) + _options(after, export, client)
        for client in (export.clients if export else ())
        if export and not host_name(client.client)
    )


def counted(after: DesiredCluster, path: str, export: DesiredExport | None) -> tuple[tuple[str, int], ...]:
    """Count the rows of the path, and those with the same options, which no other path has: they hold its fsid.

    So a name that has no row is missed, and one that was left over is seen. A name in the place of another with the same options is not.
    """
    clients = export.clients if export else ()
    tails = Counter(_options(after, export, client) for client in clients if export)
    return (f" {path} ", len(clients)), *((f"({tail}", many) for tail, many in tails.items() if tail)


def _options(after: DesiredCluster, export: DesiredExport, client: ExportClient) -> str:
    options = nfs.listed(nfs.options_of(after, export, client))
    return f"{options})" if options else ""


def _row(path: str, client: str) -> str:
    return f" {path} {'<world>' if client == '*' else client}("
