"""The plan of forgetting a pair: no step touches a node. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.desired import DesiredCluster
from provisioning.ha.base import Backend
from provisioning.intents import ForgetCluster
from provisioning.observed import NodeObserved
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
            f"{nodes} go on as they are, fail over by themselves, and keep every file the panel wrote, the fencing keys among them. "
            "The panel's key for them and the pair's secrets are deleted here; history and audit log stay. The pair can be added again."
        ),
        steps=(),
        button=f"Forget {name}",
        impact=Impact(
            takes="at once",
            notes=(
                "Nobody watches the pair afterwards: no alert, no history.",
                "To lock the panel out, take its line out of ~/.ssh/authorized_keys of the user it signs in as on each node (/root for root).",
            ),
        ),
    )
