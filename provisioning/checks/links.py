"""Stable names of disks: the kernel may call vdb tomorrow what is vdc today, udev's links below /dev/disk/by-id stay with the disk. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, fine, warning
from provisioning.desired import Backing, BackingKind, DesiredCluster, DesiredNode
from provisioning.observed import NodeObserved

BY_ID = "/dev/disk/by-id/"
MAPPER = "/dev/mapper/"  # device mapper's names are stable by themselves
# Names made of the hardware. Others (lvm-pv-uuid-, dm-, md-) are made of what is on the disk, and come and go with it.
KINDS = ("virtio-", "nvme-", "ata-", "scsi-", "wwn-", "usb-", "mmc-")


def stable_link(node: NodeObserved, path: str, serial: str) -> str:
    """Give the link that names the disk best: one that people can compare with the serial number, else the first kind; empty when there is none."""
    names = [link.removeprefix(BY_ID) for link, target in node.disk_links or () if target == path]
    known = [(kind, name) for name in names for kind, start in enumerate(KINDS) if name.startswith(start)]
    best = min(known, key=lambda each: (serial not in each[1], each[0], len(each[1]), each[1]), default=None)
    return f"{BY_ID}{best[1]}" if best else ""


def named(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> DesiredCluster:
    """Give every backing disk the names that it has on its node now: the one that stays, and the kernel's."""

    def found(node: DesiredNode) -> DesiredNode:
        seen = observed.get(node.name)
        return node if seen is None else replace(node, backing=_found(node.backing, seen))

    one, other = desired.nodes
    return replace(desired, nodes=(found(one), found(other)))


def _found(backing: Backing, node: NodeObserved) -> Backing:
    """A disk that was chosen by its stable name is followed when the kernel calls it otherwise; one that had none is not."""
    if not backing.link:
        disk = node.disk(backing.disk)
        same = disk is None or disk.serial == backing.disk_serial
        return replace(backing, link=stable_link(node, backing.disk, backing.disk_serial) if same else "")
    path = dict(node.disk_links or ()).get(backing.link)
    disk = node.disk(path) if path else None
    return replace(backing, disk=disk.path) if disk and disk.serial == backing.disk_serial else backing


def names(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """DRBD is told of a whole disk by name, at every boot anew; of a volume it is told by LVM's name, which is stable."""
    backing = desired.node(node.node).backing
    if backing.kind is not BackingKind.DISK or backing.disk.startswith(MAPPER):
        return
    disk = node.disk(backing.disk)
    if backing.link and node.disk_links is not None and backing.link not in dict(node.disk_links):
        if disk and disk.serial == backing.disk_serial:  # else it is said already
            yield blocker(
                "disk.missing", f"{node.node} has no disk {backing.link}.", node=node.node, hazard=12,
                hint="Find out where it went. What has its place is another one.", fix="ls -l /dev/disk/by-id",
            )  # fmt: skip
    elif backing.link:
        yield fine(
            "disk.stable-name", f"DRBD knows the disk of {node.node} as {backing.link}", node=node.node, hazard=12
        )
    elif node.disk_links is None:
        yield blocker(
            "disk.names-unseen", f"The stable names of the disks of {node.node} were not seen.", node=node.node, hazard=12,
            hint="Read the node again; DRBD is given a name that survives a reboot.", fix="ls -l /dev/disk/by-id",
        )  # fmt: skip
    else:
        yield warning(
            "disk.no-stable-name", f"{backing.disk} of {node.node} has no name below /dev/disk/by-id.", node=node.node, hazard=12,
            hint="Another disk may have this name after a boot, and DRBD would not start. A volume of a local group is always found.",
            fix="ls -l /dev/disk/by-id",
        )  # fmt: skip
