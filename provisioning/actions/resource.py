"""What can be done to the replicated device."""

from __future__ import annotations

from clusters import inventory
from clusters.models import Cluster
from clusters.states import AccessLevel
from provisioning.actions.action import Action, not_running
from provisioning.intents import GrowResource
from provisioning.plans import resource_grow


def _refuses(cluster: Cluster, intent: GrowResource) -> str:
    return not_running(cluster)


ROWS = (
    Action(
        name="resource.grow",
        title="Grow the device of",
        intent=GrowResource,
        planner=resource_grow.plan,
        level=AccessLevel.ADMIN,
        object=lambda intent: intent.cluster,
        refuses=_refuses,
        begin=lambda *_: None,
        settle=lambda cluster, intent: inventory.grow_backing(cluster, intent.size),
        give_back=lambda *_: None,
        left="plan again to finish it",
    ),
)
