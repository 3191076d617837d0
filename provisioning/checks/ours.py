"""What on a node is this cluster's own work, so that it is neither a reason not to nor done twice. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from clusters.states import DiskState
from provisioning.desired import Backing, BackingKind, DesiredCluster, DesiredNode
from provisioning.observed import Disk, FileState, NodeObserved, PhysicalVolume, Unit
from provisioning.render.lvm import mapper
from provisioning.render.managed import is_ours
from provisioning.render.paths import FENCE_PEER, HA_CF, HARESOURCES, resource_file


def signed(desired: DesiredCluster, node: NodeObserved, path: str) -> bool:
    """Whether the file on the node says that it is managed for this cluster."""
    file = node.file(path)
    return file is not None and is_ours(file.text, desired.name)


def exact(file: FileState | None) -> str | None:
    """Give the text of a shared file only if it is byte for byte what stands on the node: every line of others is written back from it."""
    if file is None or file.sha256 is None or file.text is None:
        return None
    for text in (file.text, file.text.removesuffix("\n")):
        if hashlib.sha256(text.encode()).hexdigest() == file.sha256:
            return text
    return None


def resource_is_ours(desired: DesiredCluster, node: NodeObserved) -> bool:
    """Whether the node's .res file was written for this cluster.

    The file holds a secret, so its text stays on the node. It is ours when our fence-peer handler, which is written just before it, is there
    and DRBD knows the resource with our minor and port.
    """
    file = node.file(resource_file(desired.resource.name))
    r = desired.resource
    if file is None or file.sha256 is None or not signed(desired, node, FENCE_PEER):
        return False
    return node.drbd_defined is None or (r.name, r.minor, r.port) in node.drbd_defined


def manager_is_ours(desired: DesiredCluster, node: NodeObserved) -> bool:
    return signed(desired, node, HA_CF) and signed(desired, node, HARESOURCES)


def finished_once(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> bool:
    """Whether the manager's files are on both nodes: everything below them was made before they were written."""
    return all(manager_is_ours(desired, observed[node.name]) for node in desired.nodes if node.name in observed)


def unit(node: NodeObserved, name: str) -> Unit | None:
    return node.unit(f"{name}.service") or node.unit(name)


def manager_runs(node: NodeObserved | None) -> bool:
    """Whether Heartbeat runs on the node as far as that was seen."""
    if node is None:
        return False
    service = unit(node, "heartbeat")
    begun = service is not None and service.active in ("active", "activating", "deactivating", "reloading")
    return begun or (node.heartbeat is not None and node.heartbeat.running)


def lv_device(node: NodeObserved, vg: str, lv: str) -> Disk | None:
    return node.disk(mapper(vg, lv)) or node.disk(f"/dev/{vg}/{lv}")


def backing_device(node: NodeObserved, desired: DesiredNode) -> Disk | None:
    if desired.backing.kind is BackingKind.LV:
        return lv_device(node, desired.backing.vg, desired.backing.lv)
    return node.disk(desired.backing.disk)


def has_metadata(desired: DesiredCluster, node: NodeObserved) -> bool:
    """Whether DRBD's metadata is on the backing device: seen by its signature, or because the resource has its disk attached."""
    replica = node.replica(desired.resource.name)
    if replica is not None and replica.disk not in (None, DiskState.DISKLESS):
        return True
    device = backing_device(node, desired.node(node.node))
    return device is not None and device.fstype == "drbd"


def has_generation(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> bool:
    """Whether either copy was ever good. Two fresh copies are both Inconsistent."""
    replicas = [node.replica(desired.resource.name) for node in observed.values()]
    states = [state for replica in replicas if replica for state in (replica.disk, replica.peer_disk)]
    good = (DiskState.UP_TO_DATE, DiskState.CONSISTENT, DiskState.OUTDATED)
    return any(state in good for state in states)


def root_on_lvm(node: NodeObserved) -> bool:
    """Whether the initramfs must find a volume group to mount the root file system."""
    return any(disk.kind == "lvm" and "/" in disk.mountpoints for top in node.disks or () for disk in top.walk())


def early_lvm(desired: DesiredCluster, node: NodeObserved) -> str:
    """Say why the copy of LVM's settings in the initramfs must have the filter too; "" when it need not, or will have it.

    lvm2 that is installed later makes an initramfs with the filter. Above a volume of a local group LVM looks into no volume, filter or not.
    """
    if root_on_lvm(node):
        return "its system lies on LVM"
    whole = desired.node(node.node).backing.kind is BackingKind.DISK
    there = dict(node.packages or ()).get("lvm2")
    return "lvm2 was there before, and the data's label lies on the disk itself" if whole and there else ""


def pv_at(node: NodeObserved, path: str) -> PhysicalVolume | None:
    return next((pv for pv in node.pvs or () if pv.path == path), None)


def group_is_ours(node: NodeObserved, backing: Backing) -> bool:
    """Whether LVM says that the disk is the local group's only one, with nothing but the backing volume in it; or that it is in no group yet."""
    pv = pv_at(node, backing.disk)
    if pv is None or node.lvs is None:
        return False
    others = [lv for lv in node.lvs if lv.vg == backing.vg and lv.name != backing.lv]
    shared = [other for other in node.pvs or () if other.vg == backing.vg and other.path != backing.disk]
    return pv.vg in ("", backing.vg) and not others and not shared


def disk_is_ours(desired: DesiredCluster, node: NodeObserved) -> bool:
    """Whether what stands on the chosen disk was put there for this cluster: its local group with nothing else in it, or DRBD's metadata."""
    backing = desired.node(node.node).backing
    if backing.kind is BackingKind.DISK:
        return resource_is_ours(desired, node) and has_metadata(desired, node)
    return group_is_ours(node, backing)
