"""Dangers that only both nodes' readings can tell, and so only both can take back. Pure.

One node that misses a sweep proves nothing: what was seen stands, with its age, until both are read again and say otherwise. It is never made
from a node that is only remembered: the monitor hands over what an earlier judgement saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from clusters.findings import Finding, Severity
from clusters.reasons import span
from clusters.sight import NodeView, PairView

DETAIL = (
    "It stands until both nodes tell their DRBD state again and say otherwise. Nothing is being changed by the panel."
)
HINT = "Look at both nodes on their own consoles before anything is written or started."


@dataclass(frozen=True, slots=True)
class _Danger:
    was: str  # "..., 12 s ago." is added
    hazard: int
    told_by: Callable[[NodeView], object]  # what a node must have answered to say that it is over


DANGERS = {
    "drbd.both-primary": _Danger("Both nodes were Primary when both were last read", 2, lambda node: node.role),
    "drbd.split-brain": _Danger("Split brain when both nodes were last read", 1, lambda node: node.connection),
    "group.both": _Danger(
        "Both nodes held the service IP when both were last read", 24, lambda node: node.holds_ip is not None
    ),
}


def standing(pair: PairView, told: Iterable[str]) -> Iterator[Finding]:
    """Give the dangers that were seen earlier and that this reading neither shows nor takes back. `told` are the codes it shows."""
    both = all(node.seen and node.fresh for node in pair.nodes)
    shown, ages = set(told), dict(pair.dangers)
    for code, danger in DANGERS.items():  # the gravest first
        if code not in ages or code in shown or (both and all(danger.told_by(node) for node in pair.nodes)):
            continue
        yield Finding(code, Severity.BLOCKER, f"{danger.was}, {span(ages[code])} ago.", HINT, hazard=danger.hazard)
