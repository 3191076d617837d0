"""What a cluster manager is to the planner. Pure. `heartbeat.py` is the first; a second one implements the same methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from provisioning.desired import DesiredCluster, DesiredNode, DesiredVolume
from provisioning.observed import NodeObserved
from provisioning.render.managed import ManagedFile
from provisioning.steps import Expect, Step, Wait, cmd


class Backend(Protocol):
    name: str

    def files(self, desired: DesiredCluster, node: DesiredNode) -> tuple[ManagedFile, ...]:
        """Give the manager's files on one node; the service group is among them."""
        ...

    def running(self, node: NodeObserved) -> bool | None:
        """Whether the manager runs on the node; None when that was not seen."""
        ...

    def holds_volume(self, desired: DesiredCluster, node: NodeObserved, volume: str) -> bool:
        """Whether the service group on this node already names the volume."""
        ...

    def group(self, desired: DesiredCluster, node: DesiredNode) -> ManagedFile:
        """Give the file that holds the service group alone."""
        ...

    def take(self, desired: DesiredCluster, node: NodeObserved, write: Step) -> tuple[Step, ...]:
        """Make a running manager take the files of a step, and wait until it has; the step alone when it does not run or need not be told."""
        ...

    def start(self, desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> tuple[Step, ...]:
        """Hand the group over and start the manager on both nodes, so that it finds nothing already active."""
        ...

    def serve(self, desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> tuple[Step, ...]:
        """Wait until the whole group serves, judged by what is and not by what the manager says."""
        ...


def active_node(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> str | None:
    """Name the node that holds the whole group: Primary, service IP, NFS server and every volume mounted.

    What a manager believes is not asked: it was seen to claim the group while nobody served.
    """
    holders = [name for name, node in observed.items() if serves(desired, node)]
    return holders[0] if len(holders) == 1 else None


def serves(desired: DesiredCluster, node: NodeObserved) -> bool:
    replica = node.replica(desired.resource.name)
    return (
        replica is not None
        and replica.role == "Primary"
        and node.holds(desired.service_ip) is True
        and bool(node.nfsd_threads)
        and all(node.mount(volume.mount_point) is not None for volume in desired.volumes)
    )


def mounted(volume: DesiredVolume, *, bound: int) -> Wait:
    return Wait(
        f"{volume.name} is mounted at {volume.mount_point}",
        cmd("findmnt", "--noheadings", "--output", "FSTYPE", "--mountpoint", volume.mount_point),
        Expect(one_of=(volume.fstype,)),
        bound=bound,
    )
