"""Where the service is looked at from: the observer near the clients, else the worker, else the standby node."""

from __future__ import annotations

from dataclasses import replace

from clusters.models import Cluster, Node
from provisioning import observer
from provisioning.observer import Seen
from provisioning.observing import address_of, members
from provisioning.place import Look
from provisioning.simulator.world import SimulatedWorld
from provisioning.steps import cmd
from provisioning.transport.world import NodeAddress, NodeError, World


def eye(world: World, cluster: Cluster) -> Look:
    """Give the function that looks. Addresses are taken now, so that looking needs no database."""
    place = cluster.nodes.filter(kind=Node.Kind.OBSERVER).first()
    observers = address_of(place) if place else None
    pair = [address_of(node) for node in members(cluster)]

    def look(service_ip: str, paths: tuple[str, ...]) -> Seen:
        if observers:
            return observer.look_from(world, observers, service_ip)
        seen = Seen("the panel's worker", False, None, "not tried")
        if not cluster.simulated:
            seen = observer.look(service_ip, paths)
            if seen.answers:
                return seen
        standby = _standby(world, pair, service_ip)
        if standby is None:
            return seen
        place = (
            standby.name if cluster.simulated else f"{standby.name}, because {seen.place} had no answer ({seen.why})"
        )
        seen = replace(observer.look_from(world, standby, service_ip), place=place)
        return world.opened(standby, service_ip, paths, seen) if isinstance(world, SimulatedWorld) else seen

    return look


def _standby(world: World, pair: list[NodeAddress], service_ip: str) -> NodeAddress | None:
    """Find a node that does not carry the service IP: only from there does a packet leave the active one."""
    for node in pair:
        try:
            [held] = world.read(node, [cmd("ip", "-oneline", "address", "show", "to", service_ip, timeout=10)])
        except NodeError:
            continue
        if held.exit == 0 and not held.stdout.strip():
            return node
    return None
