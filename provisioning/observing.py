"""Reading the nodes of a cluster: everything a planner needs, both nodes at once, one round trip each."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from clusters.models import Cluster, Node
from provisioning.desired import DesiredCluster
from provisioning.facts import Asked, Wanted, assemble, full_readings
from provisioning.observed import NodeObserved
from provisioning.render import paths
from provisioning.transport.clock import time_of
from provisioning.transport.world import NodeAddress, NodeError, World

Answers = Mapping[str, NodeObserved | NodeError]


def address_of(node: Node) -> NodeAddress:
    return NodeAddress(node.name, node.ssh_host, node.ssh_port, node.ssh_user, node.host_key)


def members(cluster: Cluster) -> list[Node]:
    return list(cluster.nodes.filter(kind=Node.Kind.MEMBER).order_by("position", "pk"))


def managed_files(desired: DesiredCluster | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the files whose text is read, and those of which only a digest may leave the node."""
    return paths.read_files(desired), paths.secret_files(desired)


def observe(
    world: World, cluster: Cluster, desired: DesiredCluster | None = None, asked: Asked | None = None
) -> dict[str, NodeObserved]:
    """Read both nodes; the first error that a person must mend, or the first error, is raised."""
    answers = observe_each(world, cluster, desired, asked)
    if error := failed(answers):
        raise error
    return told(answers)


def failed(answers: Answers) -> NodeError | None:
    """Give the first error that a person must mend, or the first error."""
    errors = [answer for answer in answers.values() if isinstance(answer, NodeError)]
    return next((error for error in errors if error.permanent), errors[0] if errors else None)


def told(answers: Answers) -> dict[str, NodeObserved]:
    return {name: answer for name, answer in answers.items() if isinstance(answer, NodeObserved)}


def observe_each(
    world: World, cluster: Cluster, desired: DesiredCluster | None = None, asked: Asked | None = None
) -> Answers:
    """Read both nodes; a node that could not be read gives the reason."""
    nodes = members(cluster)
    with ThreadPoolExecutor(max_workers=max(1, len(nodes)), thread_name_prefix="observe") as pool:
        answers = pool.map(lambda node: _answer(world, node, _wanted(cluster, node, desired, asked or Asked())), nodes)
        return dict(zip((node.name for node in nodes), answers, strict=True))


def _wanted(cluster: Cluster, node: Node, desired: DesiredCluster | None, asked: Asked) -> Wanted:
    files, secret_files = managed_files(desired)
    return Wanted(
        node=node.name,
        files=files,
        secret_files=secret_files,
        packages=paths.PACKAGES,
        service_ip=cluster.service_ip or None,
        service_interface=node.service_interface or None,
        mount_points=tuple(cluster.volumes.order_by("pk").values_list("mount_point", flat=True)),
        asked=asked,
    )


def _answer(world: World, node: Node, wanted: Wanted) -> NodeObserved | NodeError:
    readings = full_readings(wanted)
    try:
        results = world.read(address_of(node), [reading.command for reading in readings])
    except NodeError as error:
        return error
    finally:
        connection.close()  # a simulated node is a row, and this thread ends here
    return assemble(node.name, readings, results, time_of(world).now())
