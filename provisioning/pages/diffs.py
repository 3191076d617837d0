"""What a plan writes into files, as differences from what stood there. Pure. Secrets are dots already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from clusters.nodetext import clean
from provisioning.steps import Step

CONTEXT = 3
MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class Line:
    sign: str  # "+", "-", " " or "…"
    text: str

    @property
    def css(self) -> str:
        return {"+": "a", "-": "r", "…": "hh"}.get(self.sign, "")


@dataclass(frozen=True, slots=True)
class FileDiff:
    path: str
    nodes: tuple[str, ...]
    about: str  # "new on alice and bob · 214 bytes"
    lines: tuple[Line, ...]


def of_steps(steps: Iterable[Step]) -> list[FileDiff]:
    """One difference for each file that will be written; nodes that get the same one share it."""
    groups: dict[tuple[str, str, str | None, bool], list[str]] = {}
    for step in steps:
        for file in step.files if step.runs else ():
            nodes = groups.setdefault((file.path, str(file.content), file.before_text, file.before is None), [])
            if step.node not in nodes:
                nodes.append(step.node)
    return [_diff(path, after, before, new, tuple(nodes)) for (path, after, before, new), nodes in groups.items()]


def _diff(path: str, after: str, before: str | None, new: bool, nodes: tuple[str, ...]) -> FileDiff:
    where = " and ".join(nodes)
    size = f"{len(after.encode()):,} bytes".replace(",", " ")
    if new:
        return FileDiff(path, nodes, f"new on {where} · {size}", _capped([Line("+", text) for text in _lines(after)]))
    if before is None:
        about = f"on {where} · what stands there is secret and not shown · {size}"
        return FileDiff(path, nodes, about, _capped([Line("+", text) for text in _lines(after)]))
    same = f"same on {where}" if len(nodes) > 1 else f"on {where}"
    about = f"{same} · {len(before.encode()):,} → {size}".replace(",", " ")
    return FileDiff(path, nodes, about, _capped(_compared(_lines(before), _lines(after))))


def _compared(before: list[str], after: list[str]) -> list[Line]:
    lines: list[Line] = []
    whole = max(len(before), len(after)) <= 30
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    groups: list[list[tuple[str, int, int, int, int]]] = [list(matcher.get_opcodes())]
    if not whole:
        groups = [list(group) for group in matcher.get_grouped_opcodes(CONTEXT)]
    for number, group in enumerate(groups):
        if number:
            lines.append(Line("…", ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [Line(" ", text) for text in before[i1:i2]]
            else:
                lines += [Line("-", text) for text in before[i1:i2]]
                lines += [Line("+", text) for text in after[j1:j2]]
    return lines


def _lines(text: str) -> list[str]:
    return clean(text).splitlines()


def _capped(lines: list[Line]) -> tuple[Line, ...]:
    if len(lines) <= MOST_LINES:
        return tuple(lines)
    return (*lines[:MOST_LINES], Line("…", f"{len(lines) - MOST_LINES} more lines; the transcript has them all"))
