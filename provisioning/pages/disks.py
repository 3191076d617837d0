"""What of a node's disks may be chosen for the pair, and what is on those that may not. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clusters.nodetext import clean
from provisioning.checks.links import BY_ID, stable_link
from provisioning.observed import Disk, NodeObserved

CHOOSABLE = ("disk", "part", "mpath")
HIDDEN = ("rom", "loop", "lvm", "crypt")
SMALLEST = 64 * 2**20
SYSTEM_MOUNTS = ("/", "/boot", "/boot/efi", "/usr", "/var", "/home", "[SWAP]")


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


def choices(node: NodeObserved, own_vg: str = "") -> list[DiskChoice]:
    """List whole disks and partitions. One that carries `own_vg` was prepared by this set-up before and may be kept."""
    listed = ((disk, top) for top in node.disks or () for disk in _levels(top))
    return [replace(_choice(disk, top, own_vg), link=stable_link(node, disk.path, disk.serial)) for disk, top in listed]


def _levels(top: Disk) -> list[Disk]:
    if top.kind in HIDDEN or top.path.startswith(("/dev/zram", "/dev/drbd", "/dev/fd")):
        return []
    return [top, *(child for child in top.children if child.kind == "part")]


def _choice(disk: Disk, top: Disk, own_vg: str) -> DiskChoice:
    model, serial = clean(top.model), clean(top.serial)
    system = any(mount in SYSTEM_MOUNTS for part in top.walk() for mount in part.mountpoints)
    holds = _holds(disk)
    if own_vg and disk.fstype == "LVM2_member" and _only_ours(disk, own_vg):
        return DiskChoice(disk.path, model, serial, disk.size, f"{own_vg}, made by this set-up", "")
    return DiskChoice(disk.path, model, serial, disk.size, holds, _refused(disk, system=system))


def _refused(disk: Disk, *, system: bool) -> str:
    mounts = [mount for part in disk.walk() for mount in part.mountpoints if mount]
    if system:
        return "holds the system; never offered"
    if disk.kind not in CHOOSABLE:
        return f"is a {disk.kind} device"
    if mounts:
        return clean(f"is mounted at {', '.join(mounts)}")
    if disk.children:
        return f"carries {', '.join(child.path.removeprefix('/dev/') for child in disk.children)}"
    if disk.fstype or disk.partition_table:
        return f"is not empty; if nothing on it is needed: wipefs --all {disk.path}"
    if disk.readonly:
        return "is read-only"
    if disk.size < SMALLEST:
        return "is too small"
    return ""


def _holds(disk: Disk) -> str:
    if disk.fstype:
        return clean(f"{disk.fstype} “{disk.label}”" if disk.label else disk.fstype)
    if disk.children:
        return f"{len(disk.children)} partition{'s' if len(disk.children) > 1 else ''}"
    return f"an empty {disk.partition_table} table" if disk.partition_table else "empty"


def _only_ours(disk: Disk, own_vg: str) -> bool:
    mapped = own_vg.replace("-", "--")
    return all(child.path.startswith(f"/dev/mapper/{mapped}-") for child in disk.children)
