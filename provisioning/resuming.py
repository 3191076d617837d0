"""After a lost worker or a restarted node: may the job go on? Pure.

The nodes were read and planned anew. The job goes on only with steps that were approved, in the approved order, and never with
one that changed something and is done: if it would have to run again, the world is not what the person approved.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from provisioning.steps import Kind, Step

Numbered = tuple[int, Step]
_CHANGES = (Kind.WRITES, Kind.DESTROYS)


def rest(
    approved: Sequence[Numbered], fresh: Sequence[Step], done: Collection[int], begun: Collection[int]
) -> list[Numbered] | None:
    """Match what a fresh plan would run with the approved steps; None when anything else would run."""
    left: list[Numbered] = []
    candidates = iter(approved)
    for step in fresh:
        for number, was in candidates:
            if step.digest() == was.digest() or (number in begun and is_rest_of(step, was)):
                if number in done and was.kind in _CHANGES:
                    return None
                left.append((number, was if whole_again(was) else step))
                break
        else:
            return None
    return left


def whole_again(was: Step) -> bool:
    """Files are written and taken together, and go back together: a file that stands already is not written twice, nor is its load run twice, since
    it has the same unit."""
    return bool(was.files) and not was.commands


def is_rest_of(step: Step, was: Step) -> bool:
    """Whether `step` is what a begun step has left: its last commands, some of its files, or, when all are written, what loads them."""
    if was.load and step.load is None and step.commands == (was.load,) and not step.files:
        step = replace(step, load=was.load, way_back=was.way_back, commands=(), files=was.files)
    same = (
        step.node,
        step.kind,
        step.stage,
        step.title,
        step.load,
        step.way_back,
        step.if_it_fails,
        step.guards,
        step.assumes,
    )
    asked = (was.node, was.kind, was.stage, was.title, was.load, was.way_back, was.if_it_fails, was.guards, was.assumes)
    if same != asked:
        return False
    if step.wait != was.wait or step.probe != was.probe or not (step.commands or step.files):
        return False
    tail = was.commands[len(was.commands) - len(step.commands) :]
    files = {(file.path, file.content, file.mode, file.owner) for file in was.files}
    return step.commands == tail and all((f.path, f.content, f.mode, f.owner) in files for f in step.files)
