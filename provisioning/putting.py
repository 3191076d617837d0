"""A step's files: written, loaded, and put back when the node refuses them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

from provisioning.acting import run, wait
from provisioning.place import WAY_BACK, NoAnswer, NotPutBack, Place, Report, ResolveSecret, StepFailed, sentences
from provisioning.steps import Command, Step, Text, WriteFile, cmd
from provisioning.transport.world import (
    ClaimRefused,
    EndNotSeen,
    FileChanged,
    NodeError,
    NodeRefused,
    NodeRestarted,
    Result,
)

LOOK = "Look at the node now: what it serves may not be what its files say."


def write_files(place: Place, step: Step, report: Report) -> None:
    kept: dict[str, str | None] = {}
    for file in step.files:
        try:
            kept[file.path] = _put(place, file, report)
        except (FileChanged, NodeRefused) as refused:
            _none_alone(place, step, kept, report, refused)
            raise
    if step.load is None:
        return
    try:
        run(place, (step.load,), place.unit, report)
    except NodeRefused as refused:  # it did not even begin, so nothing has to be loaded again
        _none_alone(place, step, kept, report, refused)
        raise
    except StepFailed as refused:
        _loaded_again(place, step, kept, report, refused)
    if step.wait:  # a program may refuse a file and still end with 0: what is wanted of it is looked for before the file counts as taken
        try:
            wait(place, step.wait, report)
        except NoAnswer as silent:  # the other node may serve by now, with the files as they are
            raise EndNotSeen(place.node.name, silent.text) from silent
        except (NodeRestarted, ClaimRefused):
            raise
        except NodeError as refused:  # it was loaded: what came of it is not known
            raise EndNotSeen(place.node.name, refused.text) from refused
        except StepFailed as refused:
            _loaded_again(place, step, kept, report, refused)


def _loaded_again(
    place: Place, step: Step, kept: dict[str, str | None], report: Report, refused: StepFailed
) -> NoReturn:
    failed: type[StepFailed] = NotPutBack
    try:
        removals = _files_back(place, step, kept, report)
        if not step.way_back:
            failed = StepFailed  # the files are what they were, whatever the node makes of them
        _run_back(place, (*removals, *(step.way_back or _load(step))), report)
    except (StepFailed, NodeError) as again:
        text = f"The previous files were to be put back and loaded again, which failed, too: {again.text}"
        raise failed(sentences(refused.text, text), LOOK) from refused
    loaded = "" if step.way_back else " and loaded again"
    text = f"The previous files were put back{loaded}."
    raise StepFailed(sentences(refused.text, text), "Change what is wrong and plan again.") from refused


def _none_alone(
    place: Place, step: Step, kept: dict[str, str | None], report: Report, refused: FileChanged | NodeRefused
) -> None:
    """Files of one step agree with each other: when one cannot be written, or they cannot be loaded, those that are go back."""
    written = tuple(file for file in step.files if file.path in kept)
    if not written:
        return
    try:
        _run_back(place, _files_back(place, replace(step, files=written), kept, report), report)
    except (StepFailed, NodeError) as again:
        told = f"{', '.join(file.path for file in written)} could not be put back: {again}"
        raise NotPutBack(sentences(refused.text, told), refused.hint) from refused
    refused.text = sentences(refused.text, f"{', '.join(file.path for file in written)} was put back.")


def _put(place: Place, file: WriteFile, report: Report) -> str | None:
    report.check()
    content = content_of(file.content, place.resolve_secret)
    line = report.line("put", file.path)
    began = place.time.now()
    kept = place.world.put(
        place.node, file.path, content, place.unit, mode=file.mode, owner=file.owner, before=file.before
    )
    previous = None if file.content.secret_names else file.before_text
    report.done(line, Result(0, "", seconds=place.time.now() - began), kept=kept, previous=previous)
    return kept


def _files_back(place: Place, step: Step, kept: Mapping[str, str | None], report: Report) -> tuple[Command, ...]:
    """Put files back that the node refused; the commands that take away those that were not there."""
    unit = replace(place.unit, step=place.unit.step + WAY_BACK)
    removals: list[Command] = []
    for file in step.files:
        if file.before is None:
            removals.append(cmd("rm", "--force", "--", file.path))
            continue
        ours = _digest(content_of(file.content, place.resolve_secret))
        line = report.line("put", file.path)
        previous = _previous(place, file, kept.get(file.path))
        place.world.put(place.node, file.path, previous, unit, mode=file.mode, owner=file.owner, before=ours)
        report.done(line, Result(0, "put back"))
    return tuple(removals)


def _run_back(place: Place, commands: tuple[Command, ...], report: Report) -> None:
    if commands:
        run(place, commands, replace(place.unit, step=place.unit.step + WAY_BACK), report)


def take_back(place: Place, step: Step, kept: Mapping[str, str], report: Report) -> None:
    """Put the files of a step that is done back to what they were, because the other node does not take its own."""
    for file in step.files:
        if file.before is not None and file.before_text is None and not kept.get(file.path):
            raise StepFailed(f"Nobody knows what {file.path} held before.")
    _run_back(place, (*_files_back(place, step, kept, report), *_load(step)), report)


def _load(step: Step) -> tuple[Command, ...]:
    return (step.load,) if step.load else ()


def _previous(place: Place, file: WriteFile, kept: str | None) -> bytes:
    """Byte for byte. The text that was read lacks what no text has: a last line without its end, characters of another encoding."""
    if file.before_text is not None and _digest(file.before_text.encode()) == file.before:
        return file.before_text.encode()
    if kept is None:
        ours = content_of(file.content, place.resolve_secret)
        if (
            file.before_text is None or _digest(ours) == file.before
        ):  # the content was there already, so nothing was replaced
            return ours
        raise StepFailed(f"{file.path} could not be put back: nobody knows byte for byte what it held.")
    [result] = place.world.read(place.node, [cmd("base64", "--wrap=0", "--", kept)])
    content = _decoded(result.stdout)
    if result.exit != 0 or _digest(content) != file.before:
        raise StepFailed(f"{file.path} could not be put back. Its previous content is in {kept}.")
    return content


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:  # cut off; what it is the digest tells
        return b""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_of(text: Text, resolve_secret: ResolveSecret) -> bytes:
    return b"".join(part.encode() if isinstance(part, str) else resolve_secret(part.name) for part in text.parts)
