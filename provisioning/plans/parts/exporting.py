"""How a change of the exports reaches the nodes, and is proven: shared by publishing, editing and withdrawing one, by opening a snapshot, and by
moving a volume, which takes the parts. Pure.

1. On the node that serves the names of other clients are asked for, and exportfs tries the new line, on a table of its own: it reads on past no
   word it does not know, so a line that it refuses would end every export below it. 2. The file, the standby node first. 3. The node that serves
   takes it and its running table is read; if it refuses, or the table is another one, the previous file is put back on both nodes and loaded.
   4. Both files are read back. 5. The service is looked at from outside.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from clusters.export_access import host_name
from provisioning.checks.served import served
from provisioning.desired import DesiredCluster, DesiredExport, ExportClient
from provisioning.observed import NodeObserved
from provisioning.plans.parts import naming, serving
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.render.managed import ManagedFile
from provisioning.render.paths import EXPORTS, EXPORTS_DIRECTORY
from provisioning.steps import Command, Expect, Kind, Stage, Step, Wait, cmd, unchanged

TRIED = "/var/lib/nfs/tried"
# A slave: what the node unmounts meanwhile goes here, too, so that its copies of the mounts keep no volume open when the group stops.
APART = ("unshare", "--mount", "--propagation", "slave", "sh", "-c")
# In a mount namespace of its own: the table, and the directory of files with ours replaced by the lines to try. Nothing outside sees it. What
# exportfs complained of comes last: of much output the end is told. The pair's own exports stay out of every trial: each was tried when it was
# published. Names in them are asked for by themselves: `naming`.
_TRY = (
    f"ours=$1; shift; mount -t tmpfs none /var/lib/nfs; mkdir {TRIED}; "
    f'find {EXPORTS_DIRECTORY} -maxdepth 1 -name "*.exports" ! -path {EXPORTS} ! -path "$ours" -exec cp --target-directory={TRIED} {{}} +; '
    f'printf "%s\\n" "$@" >"{TRIED}/${{ours##*/}}"; mount --bind {TRIED} {EXPORTS_DIRECTORY}; '
    'said=$(exportfs -r 2>&1) || { printf "%s\\n" "$said"; exit 1; }; exportfs -v; printf "%s\\n" "$said"'
)
TRY = f"set -e; {_TRY}"
# What a volume holds is at its new place in the trial only: exportfs refuses a directory that is not there.
TRY_MOVED = f'set -e; mount --bind "$1" "$2"; shift 2; {_TRY}'
PATIENCE = 30  # seconds for exportfs, which looks up every host name


def try_line(*lines: str, file: str = EXPORTS, moved: tuple[str, ...] = ()) -> Command:
    """Try the lines in the place of one of the panel's files; `moved` is where their volume is mounted and where it will be."""
    script = TRY_MOVED if moved else TRY
    return cmd(*APART, script, "try", *moved, file, *lines, timeout=PATIENCE)


def steps(
    change: nfs.Change,
    texts: Mapping[str, str | None],
    observed: Mapping[str, NodeObserved],
    path: str,
    there: bool,
    beside: Sequence[str] = (),
    *,
    names: Collection[str],
) -> Iterator[Step]:
    """Bring the nodes that `texts` names from the exports before the change to those after it, which differ in the export of `path` only.

    `texts` holds what stands in the file of each, the node that serves last; `there` says whether that one serves the path as wanted; `beside`
    holds lines of others in the panel's other file, which are tried, too; `names` are those of all clients that are given by one.
    """
    before, after = change.before, change.after
    wanted = next((export for export in after.exports if export.path == path), None)
    known = next((export for export in before.exports if export.path == path), None)
    *others, active = texts
    rendered = {text: change.among(text) for text in set(texts.values())}  # one, as a rule
    files = {name: rendered[text] for name, text in texts.items()}
    table = _table_stands(after, active, path, wanted, known)
    written = [_put(observed[name], files[name]) for name in others]
    written.append(_take(observed[active], files[active], table, both=bool(others)))
    done = there and not any(step.runs for step in written)
    tried = trial(change, active, texts[active], [wanted] if wanted else [], beside=beside)
    own = {client.client for client in wanted.clients} if wanted else set()  # left to the trial
    asked = naming.asked(active, set(names) - own)
    for step in (*asked, tried):
        yield unchanged(step, "it is served already") if done and wanted else step
    yield from written
    if not there and not written[-1].runs:
        yield serving.taken(active)
    proof = (
        *(stands(file, name) for name, file in files.items()),
        *(() if written[-1].runs else (table,)),
        serving.probe(after, (wanted,) if wanted else (), gone=(known,) if known and not wanted else ()),
    )
    says = "it is served already" if wanted else "nobody serves it"
    yield from (unchanged(step, says) for step in proof) if done else proof


def on_both(change: nfs.Change, observed: Mapping[str, NodeObserved], active: str, path: str) -> Iterator[Step]:
    """The pair's own exports: the same file on both nodes, the standby node first."""
    texts = {name: text_of(observed[name]) for name in (change.after.peer(active).name, active)}
    there = served(change.after, observed[active], path)
    return steps(change, texts, observed, path, there, names=naming.names(change.after))


def text_of(node: NodeObserved, path: str = EXPORTS) -> str | None:
    file = node.file(path)
    return file.text if file and file.sha256 is not None else None


def trial(
    change: nfs.Change,
    node: str,
    standing: str | None,
    wanted: Sequence[DesiredExport],
    moved: tuple[str, ...] = (),
    beside: Sequence[str] = (),
) -> Step:
    """Try the lines with what others wrote beside them, in other files and in ours: the names in those must be known, too."""
    after = change.after
    ours = {nfs.line(after, export) for export in wanted}
    kept = ours.union(change.strange(standing))
    # In the order of the file that will be written: a line of others that goes on in the next one would go on in ours.
    lines = (*(line for line in nfs.lines_of(str(change.among(standing).content)) if line in kept), *beside)
    what = "the line" if len(wanted) == 1 else "the lines"
    return Step(
        node=node,
        title=f"Let exportfs try {what}" if wanted else "Let exportfs try the other lines",
        kind=Kind.READS,
        stage=Stage.MOUNTS,
        wait=Wait(
            f"exportfs takes {what}, and the files of others beside {'it' if len(wanted) == 1 else 'them'}"
            if wanted
            else "exportfs takes the files of others",
            try_line(*lines, file=change.place.path, moved=moved),
            table(after, wanted, lacks=("Failed to resolve",)),
            bound=0,
        ),
        note="On a table of its own, which nobody is served from. A client's name that nobody can look up ends the job here.",
    )


def put_and_take(
    node: NodeObserved, file: ManagedFile, table: Wait | None, *, title: str, stage: Stage, note: str
) -> Step:
    """The table is looked at before the file counts as taken: exportfs ends with 0 also when it could not write its table."""
    taken = write(node, [file], title=title, stage=stage, load=serving.take(), both=True, note=note)
    return replace(taken, wait=table) if taken.runs else taken


def _take(node: NodeObserved, file: ManagedFile, table: Step, both: bool) -> Step:
    back = "If the node refuses them or its table is not as wanted then, the previous file is put back"
    note = f"{back}, on both nodes." if both else f"{back}."
    return put_and_take(node, file, table.wait, title="Write the exports and take them", stage=Stage.LIVE, note=note)


def _put(node: NodeObserved, file: ManagedFile) -> Step:
    return write(node, [file], title="Write the exports", stage=Stage.EXPORTS,
                 note="The standby node first; it reads the file when it takes over.")  # fmt: skip


def stands(file: ManagedFile, node: str) -> Step:
    digest = hashlib.sha256(str(file.content).encode()).hexdigest()
    return Step(
        node=node,
        title="See the file as it was written",
        kind=Kind.READS,
        stage=Stage.SERVE,
        wait=Wait(
            f"{file.path} is what the plan says",
            cmd("sha256sum", "--", file.path),
            Expect(contains=(f"{digest} ",)),
            bound=5,
        ),
    )


def _table_stands(
    after: DesiredCluster, node: str, path: str, wanted: DesiredExport | None, known: DesiredExport | None
) -> Step:
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
            table(after, [wanted] if wanted else [], lacks=lacks if wanted else (f" {path} ",)),
            bound=10,
        ),
    )


def table(after: DesiredCluster, wanted: Sequence[DesiredExport], lacks: Sequence[str]) -> Expect:
    """The running table: each client with exactly its options, none that was taken away, and as many rows as clients."""
    return Expect(
        contains=tuple(row for export in wanted for row in _shown(after, export)),
        lacks=tuple(lacks),
        times=tuple(count for export in wanted for count in _counted(after, export)),
    )


def _shown(after: DesiredCluster, export: DesiredExport) -> tuple[str, ...]:
    """What `exportfs -v` says of each client of an export. A host name stands there as the name server spells it: see `_counted`."""
    return tuple(
        _row(export.path, client.client) + _options(after, export, client)
        for client in export.clients
        if not host_name(client.client)
    )


def _counted(after: DesiredCluster, export: DesiredExport) -> tuple[tuple[str, int], ...]:
    """Count the rows of the path, and those with the same options, which no other path has: they hold its fsid.

    So a name that has no row is missed, and one that was left over is seen. A name in the place of another with the same options is not.
    """
    tails = Counter(_options(after, export, client) for client in export.clients)
    return (f" {export.path} ", len(export.clients)), *((f"({tail}", many) for tail, many in tails.items() if tail)


def _options(after: DesiredCluster, export: DesiredExport, client: ExportClient) -> str:
    options = nfs.listed(nfs.options_of(after, export, client))
    return f"{options})" if options else ""


def _row(path: str, client: str) -> str:
    return f" {path} {'<world>' if client == '*' else client}("
