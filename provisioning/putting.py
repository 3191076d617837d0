"""A step's files: written, loaded, and put back when the node refuses them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from provisioning.acting import run, wait
from provisioning.place import WAY_BACK, Place, Report, ResolveSecret, StepFailed, sentences
from provisioning.steps import Command, Step, Text, WriteFile, cmd
from provisioning.transport.world import FileChanged, NodeError, NodeRefused, Result


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
        if step.wait:  # a program may refuse a file and still end with 0: what is wanted of it is looked for before the file counts as taken
            wait(place, step.wait, report)
    except StepFailed as refused:
        try:
            _put_back(place, step, kept, report)
        except (StepFailed, NodeError) as again:
            raise StepFailed(
                sentences(
                    refused.text,
                    f"The previous files were to be put back and loaded again, which failed, too: {again.text}",
                ),
                "Look at the node now: what it serves may not be what its files say.",
            ) from refused
        raise StepFailed(
            sentences(refused.text, "The previous files were put back and loaded again."),
            "Change what is wrong and plan again.",
        ) from refused


def _none_alone(
    place: Place, step: Step, kept: dict[str, str | None], report: Report, refused: FileChanged | NodeRefused
) -> None:
    """Files that are loaded together agree with each other: when one cannot be written, those before it go back."""
    written = tuple(file for file in step.files if file.path in kept)
    if step.load is None or not written:
        return
    try:
        _put_back(place, replace(step, files=written, load=None), kept, report)
    except (StepFailed, NodeError) as again:
        told = f"{', '.join(file.path for file in written)} could not be put back: {again}"
    else:
        told = f"{', '.join(file.path for file in written)} was put back."
    refused.text = sentences(refused.text, told)


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


def _put_back(place: Place, step: Step, kept: dict[str, str | None], report: Report) -> None:
    """The one way back there is: files that the node refused when they were loaded."""
    unit = replace(place.unit, step=place.unit.step + WAY_BACK)
    removals: list[Command] = []
    for file in step.files:
        if file.before is None:
            removals.append(cmd("rm", "--force", "--", file.path))
            continue
        ours = hashlib.sha256(content_of(file.content, place.resolve_secret)).hexdigest()
        line = report.line("put", file.path)
        previous = _previous(place, file, kept.get(file.path))
        place.world.put(place.node, file.path, previous, unit, mode=file.mode, owner=file.owner, before=ours)
        report.done(line, Result(0, "put back"))
    if commands := (*removals, step.load) if step.load else tuple(removals):
        run(place, commands, unit, report)


def take_back(place: Place, step: Step, kept: dict[str, str | None], report: Report) -> None:
    """Put the files of a step that is done back to what they were, because the other node does not take its own."""
    for file in step.files:
        if file.before is not None and file.before_text is None and not kept.get(file.path):
            raise StepFailed(f"Nobody knows what {file.path} held before.")
    _put_back(place, step, kept, report)


def _previous(place: Place, file: WriteFile, kept: str | None) -> bytes:
    if file.before_text is not None:
        return file.before_text.encode()
    if kept is None:  # the content was there already, so nothing was replaced
        return content_of(file.content, place.resolve_secret)
    [result] = place.world.read(place.node, [cmd("cat", "--", kept)])
    if result.exit != 0 or result.truncated:
        raise StepFailed(f"{file.path} could not be put back. Its previous content is in {kept}.")
    return result.stdout.encode()


def content_of(text: Text, resolve_secret: ResolveSecret) -> bytes:
    return b"".join(part.encode() if isinstance(part, str) else resolve_secret(part.name) for part in text.parts)
