"""Steps that bring units of systemd to a state, left out where they are in it already. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.checks.ours import unit
from provisioning.observed import NodeObserved
from provisioning.steps import Command, Kind, Stage, Step, unchanged

RUNS = {"active": "active"}
AT_BOOT = {"enabled": "enabled"}


def bring(
    node: NodeObserved, *commands: Command, units: tuple[str, ...], to: Mapping[str, str], title: str, stage: Stage, already: str,
    note: str = "",
) -> Step:  # fmt: skip
    """Plan the commands, unless every unit was seen in that state; a unit that was not seen is not in it."""
    step = Step(node=node.node, title=title, kind=Kind.WRITES, stage=stage, commands=commands, note=note)
    seen = [unit(node, name) for name in units]
    there = all(one is not None and all(getattr(one, name) == value for name, value in to.items()) for one in seen)
    return unchanged(step, already) if there else step
