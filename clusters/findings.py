"""A finding: a reason not to, or something a person should know. Pure.

A finding carries its code, one sentence, a hint, and, when it can be mended by hand, the command to type on the node.
`override` is the code a person may name to go on all the same; most blockers have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    BLOCKER = "blocker"
    WARNING = "warning"
    OK = "ok"  # checked, and fine: shown so that people see what was looked at


@dataclass(frozen=True, slots=True)
class Finding:
    code: str  # dotted and stable: "drbd.module-missing"
    severity: Severity
    text: str  # one sentence, names node and object
    hint: str = ""  # what to do about it
    fix: str = ""  # what to type on the node, if anything
    node: str = ""  # node name, or "" when it is about the pair
    hazard: int = 0  # row of docs/hazards.md, 0 when none


def blocker(code: str, text: str, *, hint: str = "", fix: str = "", node: str = "", hazard: int = 0) -> Finding:
    return Finding(code, Severity.BLOCKER, text, hint, fix, node, hazard)


def warning(code: str, text: str, *, hint: str = "", fix: str = "", node: str = "", hazard: int = 0) -> Finding:
    return Finding(code, Severity.WARNING, text, hint, fix, node, hazard)


def fine(code: str, text: str, *, node: str = "", hazard: int = 0) -> Finding:
    return Finding(code, Severity.OK, text, node=node, hazard=hazard)


def warned(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.WARNING]


def blockers(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.BLOCKER]
