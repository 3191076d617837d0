"""What thin pools make of a cluster's health. Pure.

Volumes of a pool may be promised more than it has, so what fills up is the pool, and none of them shows it. lvmthin(7): once its data is used up
writes wait for a minute and then fail, on every volume of it; once its metadata is, the pool has to be repaired out of service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusters.findings import Finding, Severity
from clusters.states import Health

FILLS = 80  # percent of data or of metadata from which a pool is told, as LVM itself does in the log
FULL_SOON = 95  # percent from which nothing new is promised out of it
GROW = "Grow it by hand (lvextend --size +… on the active node), delete snapshots or files, and trim its volumes."
TOOLS = "thin-provisioning-tools"


@dataclass(frozen=True, slots=True)
class PoolView:
    """One pool as the node that has the volume group told it. Sizes are bytes."""

    name: str
    size: int
    promised: int = 0  # virtual sizes of its volumes and their snapshots, together
    data: float | None = None  # percent used
    metadata: float | None = None
    broken: bool = False  # LVM says that it ran out, or failed

    @property
    def fullest(self) -> float:
        return max(self.data or 0.0, self.metadata or 0.0)

    @property
    def what(self) -> str:
        """Say which of the two is the fuller one."""
        data, metadata = self.data or 0.0, self.metadata or 0.0
        return f"{data:.0f} % of its data" if data >= metadata else f"{metadata:.0f} % of its metadata"

    @property
    def full(self) -> bool:
        return self.broken or self.fullest >= 100

    @property
    def kind(self) -> str:
        """The state's shape on a page."""
        if self.data is None:
            return "unknown"
        return "danger" if self.full else "warn" if self.fullest >= FILLS else "ok"

    @property
    def share(self) -> int:
        """What is promised, in percent of what it has."""
        return round(100 * self.promised / self.size) if self.size else 0


@dataclass(frozen=True, slots=True)
class PoolReason:
    health: Health
    finding: Finding
    sentence: str


def reasons(pools: Sequence[PoolView], lacking: Sequence[str]) -> Iterator[PoolReason]:
    """`lacking` names the nodes on which the tools for pools are not installed."""
    for pool in pools:
        yield from _fill(pool)
    for node in lacking if pools else ():
        text = f"{TOOLS} is not installed on {node}."
        hint = f"LVM there starts {pools[0].name} without a check, and could not repair it. On {node}: apt-get install {TOOLS}"
        finding = Finding("pool.tools-missing", Severity.WARNING, text, hint, node=node)
        yield PoolReason(Health.WARN, finding, f"Redundant, but {node} cannot check or repair the thin pool.")


def _fill(pool: PoolView) -> Iterator[PoolReason]:
    if pool.full:
        text = f"The thin pool {pool.name} is full: writes to its volumes fail."
        yield PoolReason(Health.DANGER, Finding("pool.full", Severity.BLOCKER, text, GROW), text)
    elif pool.fullest >= FULL_SOON:
        text = f"The thin pool {pool.name} has used {pool.what}. At 100 % writes to its volumes fail."
        yield PoolReason(Health.WARN, Finding("pool.nearly-full", Severity.WARNING, text, GROW), text)
    elif pool.fullest >= FILLS:
        text = f"The thin pool {pool.name} has used {pool.what}."
        yield PoolReason(Health.WARN, Finding("pool.fills", Severity.WARNING, text, GROW), f"Filling up: {text}")
