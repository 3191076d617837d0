"""Files as steps: what differs is written with the digest of what stands there, what is right already is left alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.observed import FileState, NodeObserved
from provisioning.render.managed import ManagedFile
from provisioning.steps import Command, Kind, Stage, Step, WriteFile, unchanged


def write(
    node: NodeObserved,
    files: Sequence[ManagedFile],
    *,
    title: str,
    stage: Stage,
    load: Command | None = None,
    both: bool = False,
    note: str = "",
    trusted: Sequence[str] = (),
) -> Step:
    """Make one step of several files. `trusted` names secret files that are known to be ours: their text cannot be compared."""
    todo = [file for file in files if not stands(file, node.file(file.path), file.path in trusted)]
    step = Step(
        node=node.node,
        title=title,
        kind=Kind.WRITES,
        stage=stage,
        files=tuple(_written(file, node.file(file.path)) for file in todo or files),
        load=load,
        both=both,
        note=note,
    )
    if todo:
        return step
    return unchanged(
        step, f"{', '.join(file.path for file in files)} {'stand' if len(files) > 1 else 'stands'} as wanted"
    )


def stands(file: ManagedFile, seen: FileState | None, trusted: bool) -> bool:
    """Whether the file is on the node as it is meant to be, mode included."""
    if seen is None or seen.sha256 is None:
        return False
    if seen.mode and int(seen.mode, 8) != int(file.mode, 8):
        return False
    return trusted if file.secret else seen.text == str(file.content)


def _written(file: ManagedFile, seen: FileState | None) -> WriteFile:
    return WriteFile(
        file.path,
        file.content,
        mode=file.mode,
        before=seen.sha256 if seen else None,
        before_text=seen.text if seen and not file.secret else None,
    )
