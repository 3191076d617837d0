"""What of a node's disks may be chosen for the pair, and what is on those that may not. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clusters.nodetext import clean
from provisioning.checks.disks import choosable
from provisioning.checks.links import BY_ID, stable_link
from provisioning.checks.ours import group_is_ours, pv_at
from provisioning.desired import Backing
from provisioning.observed import Disk, NodeObserved
from provisioning.render.lvm import mapper


@dataclass(frozen=True, slots=True)
class DiskChoice:
    path: str
    model: str
    serial: str
    size: int
    holds: str  # in words: "empty", "ext4 “backup”", "the system"
    refused: str  # why it cannot be chosen, "" when it can
    link: str = ""  # its name below /dev/disk/by-id

    @property
    def name(self) -> str:
        return self.path.removeprefix("/dev/")

    @property
    def stable_name(self) -> str:
        return self.link.removeprefix(BY_ID)


def choices(node: NodeObserved, own: Backing | None = None) -> list[DiskChoice]:
    """List whole disks and partitions. One that carries the group of `own`, what the draft describes, was prepared before and may be kept."""
    return [_choice(node, top, disk, why, own) for top, disk, why in choosable(node)]


def _choice(node: NodeObserved, top: Disk, disk: Disk, why: str, own: Backing | None) -> DiskChoice:
    holds, refused = _holds(disk), clean(why)
    if own and own.vg and refused and _prepared(node, disk, own):
        holds, refused = f"{own.vg}, made by this set-up", ""
    link = stable_link(node, disk.path, disk.serial)
    return DiskChoice(disk.path, clean(top.model), clean(top.serial), disk.size, holds, refused, link)


def _holds(disk: Disk) -> str:
    if disk.fstype:
        return clean(f"{disk.fstype} “{disk.label}”" if disk.label else disk.fstype)
    if disk.children:
        return f"{len(disk.children)} partition{'s' if len(disk.children) > 1 else ''}"
    return f"an empty {disk.partition_table} table" if disk.partition_table else "empty"


def _prepared(node: NodeObserved, disk: Disk, own: Backing) -> bool:
    """A physical volume without a group names nobody: it is only ours on the disk that was chosen."""
    pv = pv_at(node, disk.path)
    if pv is None or not (pv.vg or disk.path == own.disk):
        return False
    mapped = mapper(own.vg, own.lv)
    return all(child.path == mapped for child in disk.children) and group_is_ours(node, replace(own, disk=disk.path))
