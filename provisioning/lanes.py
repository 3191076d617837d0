"""Which approved steps may run at the same time. Pure.

Within some stages the steps of one node need nothing from the other node, so each node has a lane of its own and works through it in order.
The next stage begins when every lane has ended. Everywhere else the plan's order is the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from provisioning.resuming import Numbered
from provisioning.steps import Stage

SIDE_BY_SIDE = frozenset({Stage.PACKAGES, Stage.CLOCK, Stage.QUIET, Stage.BACKING, Stage.RESOURCE, Stage.START})


def lanes(steps: Sequence[Numbered]) -> Iterator[list[list[Numbered]]]:
    """Give the groups in order; a group is one lane, or one per node."""
    for stage, group in groupby(steps, key=lambda numbered: numbered[1].stage):
        if stage not in SIDE_BY_SIDE:
            yield [list(group)]
            continue
        by_node: dict[str, list[Numbered]] = {}
        for number, step in group:
            by_node.setdefault(step.node, []).append((number, step))
        yield list(by_node.values())
