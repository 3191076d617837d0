"""The plan of forgetting a pair: no step touches a node. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.desired import DesiredCluster
from provisioning.ha.base import Backend
from provisioning.intents import ForgetCluster
from provisioning.observed import NodeObserved
from provisioning.plans.parts.packages import START_AGAIN
from provisioning.render.paths import POLICY
from provisioning.steps import Impact, Plan


def plan(
    intent: ForgetCluster,
    desired: DesiredCluster | None,
    observed: Mapping[str, NodeObserved],
    backend: Backend | None = None,
) -> Plan:
    """Say what stays: everything on the nodes. `desired` is None when a draft was never complete."""
    name = intent.cluster
    nodes = " and ".join(node.name for node in desired.nodes) if desired else "its nodes"
    return Plan(
        title=f"Forget {name}",
        summary=f"The panel forgets {name}. Nothing is changed on {nodes}: no command is run, no file is touched.",
        now=f"The panel watches {name} and keeps its keys.",
        after=(
            f"{_stays(nodes, desired)} The panel's key for them and the pair's secrets are deleted here; history and audit log stay. "
            "The pair can be added again."
        ),
        steps=(),
        button=f"Forget {name}",
        impact=Impact(
            takes="at once",
            notes=(
                *_policy(desired),
                "Nobody watches the pair afterwards: no alert, no history.",
                "To lock the panel out, take its line out of ~/.ssh/authorized_keys of the user it signs in as on each node (/root for root).",
            ),
        ),
    )


def _stays(nodes: str, desired: DesiredCluster | None) -> str:
    if desired is None:
        return f"{nodes} stay as they are, with what a set-up has made there, if one began."
    if desired.in_service:
        return f"{nodes} go on as they are, fail over by themselves, and keep every file the panel wrote, the fencing keys among them."
    if not desired.touched:
        return f"{nodes} stay as they are: the panel set nothing up on them."
    return (
        f"{nodes} stay as they are, with what the set-up made there before it ended: packages, files, disks given to DRBD and LVM. "
        "It was not finished, so do not count on a failover."
    )


def _policy(desired: DesiredCluster | None) -> tuple[str, ...]:
    """A set-up that was called off between two steps, or whose node was lost, may leave it; nothing else would tell."""
    if desired is None or desired.in_service or not desired.touched:
        return ()
    return (
        f"{POLICY} may be left on a node; while it is there, packages start no service. Take it away: {START_AGAIN}",
    )
