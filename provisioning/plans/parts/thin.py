"""Thin volumes: the pool they take their room from, what it has promised, and what both nodes need for it. Pure.

The panel makes no pool: one that somebody made in the volume group on DRBD is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusters.findings import Finding, blocker, fine, warning
from clusters.pool_health import FILLS, FULL_SOON, GROW, TOOLS, PoolView
from provisioning.observed import LogicalVolume, NodeObserved
from provisioning.plans.parts import words
from provisioning.steps import Command, cmd

RUNS_OUT = "When the pool is full, writes to every volume in it wait for a minute and then fail (lvmthin(7))."


def view(node: NodeObserved, pool: LogicalVolume) -> PoolView:
    return PoolView(pool.name, pool.size, node.promised(pool.vg, pool.name), pool.filled, pool.metadata, pool.broken)


def ready(observed: Mapping[str, NodeObserved], node: NodeObserved, vg: str, name: str) -> Iterator[Finding]:
    """Reasons not to promise anything more out of the pool: it is not there, or full, or a node could not look after it."""
    pool = node.lv(vg, name)
    if pool is None or not pool.is_pool:
        hint = "The panel makes no pool. Take another one, or give the volume all of its room."
        yield blocker("pool.unseen", f"{vg} has no thin pool {name}.", hint=hint, fix=f"lvs {vg}", node=node.node)
        return
    seen = view(node, pool)
    if seen.data is None:
        text = f"How full the thin pool {name} is was not seen on {node.node}."
        yield blocker("pool.unseen", text, hint="Read the node again.", fix=f"lvs {vg}/{name}", node=node.node)
    elif seen.full or seen.fullest >= FULL_SOON:
        text = f"The thin pool {name} has used {seen.what}."
        yield blocker("pool.nearly-full", text, hint=f"{RUNS_OUT} {GROW}", fix=f"lvs {vg}/{name}", node=node.node)
    else:
        yield from fills(seen, node.node)
    for each in observed.values():
        if each.thin_tools is False:
            yield blocker(
                "pool.tools-missing", f"{TOOLS} is not installed on {each.node}.", node=each.node,
                hint="LVM there would start the pool without looking whether it is whole, and could not repair it.",
                fix=f"apt-get install {TOOLS}",
            )  # fmt: skip


def fills(seen: PoolView, node: str = "") -> Iterator[Finding]:
    if seen.fullest >= FILLS:
        yield warning("pool.fills", f"The thin pool {seen.name} has used {seen.what}.", hint=f"{RUNS_OUT} {GROW}", node=node)  # fmt: skip


def promise(node: NodeObserved, vg: str, name: str, more: int) -> Iterator[Finding]:
    """Say what the pool has promised once `more` bytes come to it, beside what it has."""
    pool = node.lv(vg, name)
    if pool is not None and pool.is_pool:
        yield from holds(view(node, pool), more, node.node)


def holds(seen: PoolView, more: int, node: str = "") -> Iterator[Finding]:
    told = _promised(seen, more)
    if seen.size and seen.promised + more > seen.size:
        yield warning("pool.overcommitted", f"{told}: more than it has.", hint=f"{RUNS_OUT} Watch how full it is.", node=node)  # fmt: skip
    elif seen.size:
        yield fine("pool.holds", f"{told}: it has room for all of it")


def promised(node: NodeObserved, vg: str, name: str, more: int = 0) -> str:
    pool = node.lv(vg, name)
    return _promised(view(node, pool), more) if pool is not None else ""


def _promised(seen: PoolView, more: int) -> str:
    total = seen.promised + more
    share = f" ({round(100 * total / seen.size)} %)" if seen.size else ""
    return f"{seen.name} has {words.size(seen.size)} and promises {words.size(total)} to its volumes and their snapshots{share}"


def now(node: NodeObserved, vg: str, name: str) -> str:
    """How full it is, as a sentence of a plan."""
    pool = node.lv(vg, name)
    if pool is None or pool.filled is None:
        return ""
    metadata = f", {pool.metadata:.0f} % of its metadata" if pool.metadata is not None else ""
    return f" {promised(node, vg, name)}; {pool.filled:.0f} % of its data is used{metadata}."


def lvcreate(vg: str, pool: str, name: str, size: int, tag: str) -> Command:
    """A fresh thin volume reads as zeros: there is no old signature in it to be wiped."""
    return cmd(
        "lvcreate", "--yes", "--type", "thin", "--virtualsize", f"{size}b", "--thinpool", pool, "--addtag", tag, "--name", name, vg,
        timeout=120,
    )  # fmt: skip
