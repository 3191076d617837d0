"""What the other copy gets of a change on the replicated device, as the node that serves sees the link. Pure."""

from __future__ import annotations

from clusters.states import ConnectionState
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved


def cut(desired: DesiredCluster, node: NodeObserved) -> bool:
    """Whether DRBD on the node says that it does not reach the other one."""
    replica = node.replica(desired.resource.name)
    return replica is not None and replica.connection is not ConnectionState.CONNECTED


def linked(desired: DesiredCluster, node: NodeObserved | None, said: str) -> str:
    """Give what is `said` of a link that is up; of one that is not, when the other node gets the change."""
    if node is None:
        return said  # nothing is planned then
    peer = desired.peer(node.node).name
    if node.replica(desired.resource.name) is None:
        return f"Whether {peer} gets it at once was not seen."
    if not cut(desired, node):
        return said
    return f"The replication link to {peer} is down: {peer} gets it when the link is back."
