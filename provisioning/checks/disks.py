"""Findings about disks: which may be chosen, whether the chosen one is still the one, and whether both sides fit (rows 11, 12, 13, 23)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusters.findings import Finding, blocker, fine, warning
from provisioning.checks.ours import backing_device, disk_is_ours, has_metadata, pv_at, resource_is_ours, signed
from provisioning.desired import BackingKind, DesiredCluster, DesiredNode
from provisioning.observed import Disk, NodeObserved
from provisioning.render.lvm import in_group
from provisioning.render.paths import HARESOURCES

SYSTEM = ("/", "/boot", "/boot/efi", "/usr", "/var", "/home", "[SWAP]")
CHOOSABLE = ("disk", "part")
HIDDEN = ("rom", "loop", "lvm", "crypt")
HIDDEN_NAMES = ("/dev/zram", "/dev/drbd", "/dev/fd")
SMALLEST = 64 * 1024**2
ROOM = 0.1  # of the backing LV: what a snapshot needs for a short while
EXTENT = 4 * 1024**2
XFS_LEAST = 300 * 1024**2


def why_not(disk: Disk, node: NodeObserved) -> str:
    """Say why a disk cannot be chosen, after "it"; empty when it can. The disk that holds the system is never offered, nor is any part of it."""
    top = next((top for top in node.disks or () if any(each.path == disk.path for each in top.walk())), disk)
    mounted = [point for part in disk.walk() for point in part.mountpoints if point]
    if any(point in SYSTEM for part in top.walk() for point in part.mountpoints):
        return "holds the system; never offered" if disk == top else f"lies on {top.path}, which holds the system"
    if mounted:
        return f"is mounted at {', '.join(mounted)}"
    if disk.kind not in CHOOSABLE:
        return f"is a {disk.kind} device, not a disk or a partition"
    if disk.readonly:
        return "is read-only"
    if pv := pv_at(node, disk.path):
        return f"belongs to the volume group {pv.vg}" if pv.vg else "is a physical volume of LVM"
    if disk.children:
        return f"carries {', '.join(child.path.removeprefix('/dev/') for child in disk.children)}"
    if disk.fstype or disk.partition_table:
        what = disk.fstype or f"a {disk.partition_table} partition table"
        return f"is not empty, it carries {what}; if that is not needed: wipefs --all {disk.path}"
    return "is too small" if disk.size < SMALLEST else ""


def choosable(node: NodeObserved) -> list[tuple[Disk, Disk, str]]:
    """List every disk and partition for the form: the whole disk it lies on, itself, and the reason why it cannot be chosen."""
    tops = [d for d in node.disks or () if d.kind not in HIDDEN and not d.path.startswith(HIDDEN_NAMES)]
    listed = ((top, disk) for top in tops for disk in (top, *(part for part in top.children if part.kind == "part")))
    return [(top, disk, why_not(disk, node)) for top, disk in listed]


def chosen(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    backing = desired.node(node.node).backing
    if node.disks is None:
        yield blocker("disk.unknown", f"The disks of {node.node} were not seen.", node=node.node, hazard=12)
        return
    disk = node.disk(backing.disk)
    if disk is None or disk.serial != backing.disk_serial:
        yield _not_there(node, backing.disk, backing.disk_serial)
        return
    larger = disk.size > backing.disk_size and disk_is_ours(desired, node)  # somebody gave DRBD's own disk more room
    if backing.disk_size and disk.size != backing.disk_size and not larger:
        yield blocker(
            "disk.size-changed",
            f"{backing.disk} of {node.node} has {disk.size} bytes; it had {backing.disk_size} when it was chosen.",
            hint="It may be another disk. Choose it again.",
            node=node.node,
            hazard=12,
        )
    why = why_not(disk, node)
    if not why:
        yield fine(
            "disk.free", f"{backing.disk} of {node.node} ({backing.disk_serial}) is empty", node=node.node, hazard=12
        )
    elif disk_is_ours(desired, node):
        yield fine("disk.ours", f"{backing.disk} of {node.node} carries what was made for this cluster", node=node.node)
    else:
        yield blocker(
            "disk.in-use",
            f"{backing.disk} of {node.node} cannot be taken: it {why}.",
            hint="Choose another disk, or empty this one yourself when nothing on it is needed.",
            fix=f"lsblk --output NAME,SIZE,SERIAL,FSTYPE,MOUNTPOINTS {backing.disk}",
            node=node.node,
            hazard=12,
        )


def _not_there(node: NodeObserved, path: str, serial: str) -> Finding:
    moved = next((d for top in node.disks or () for d in top.walk() if serial and d.serial == serial), None)
    if moved is not None:
        return blocker(
            "disk.moved",
            f"The disk {serial} of {node.node} is {moved.path} now, not {path}.",
            hint="Choose it again: names of disks can change at a boot.",
            node=node.node,
            hazard=12,
        )
    return blocker(
        "disk.missing",
        f"{node.node} has no disk {path} with the serial number {serial or '(none)'}.",
        hint="Choose another disk, or find out where this one went.",
        fix="lsblk --output PATH,SIZE,MODEL,SERIAL",
        node=node.node,
        hazard=12,
    )


def metadata(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """Foreign DRBD metadata is the sign of a copy of something: never a target of a first sync (row 13)."""
    if has_metadata(desired, node) and not resource_is_ours(desired, node):
        device = backing_device(node, desired.node(node.node))
        yield blocker(
            "drbd.foreign-metadata",
            f"{device.path if device else desired.resource.name} of {node.node} carries DRBD metadata that this panel did not write.",
            hint="It may be a copy of something. Nothing is written to it.",
            node=node.node,
            hazard=13,
        )


def backing_size(node: NodeObserved, desired: DesiredNode) -> int | None:
    backing = desired.backing
    if backing.kind is BackingKind.LV:
        return -(-backing.size // EXTENT) * EXTENT
    disk = node.disk(backing.disk)
    return disk.size if disk else None


def sizes(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    known: list[int] = []
    for node in desired.nodes:
        backing, seen = node.backing, observed.get(node.name)
        size = backing_size(seen, node) if seen else None
        disk = seen.disk(backing.disk) if seen else None
        if size is None or disk is None:
            continue
        known.append(size)
        yield from _room(node, disk.size, size)
    if len(known) == 2 and known[0] != known[1]:
        yield warning(
            "backing.sizes-differ",
            f"The backing devices differ: {known[0]} bytes on {desired.nodes[0].name}, {known[1]} on {desired.nodes[1].name}.",
            hint="DRBD uses the smaller one; the rest of the larger lies idle.",
            hazard=11,
        )
    if known:
        yield from _volumes_fit(desired, min(known))


def _room(node: DesiredNode, disk: int, size: int) -> Iterator[Finding]:
    if node.backing.kind is BackingKind.DISK:
        yield warning(
            "backing.no-snapshot",
            f"{node.name} gives a whole disk to DRBD: no snapshot below DRBD is possible.",
            hint="A volume of a local group keeps the way open to save a victim's data before a resync.",
            node=node.name,
            hazard=23,
        )
        return
    usable = (disk // EXTENT - 1) * EXTENT
    if size > usable:
        yield blocker(
            "backing.too-large",
            f"The backing volume on {node.name} needs {size} bytes, {node.backing.disk} has room for {usable}.",
            hint="Make it smaller.",
            node=node.name,
        )
    elif usable - size < size * ROOM:
        yield warning(
            "backing.little-snapshot-room",
            f"Only {usable - size} bytes stay free beside the backing volume on {node.name}.",
            hint="A snapshot of it would fill up soon; a tenth of its size is a good beginning.",
            node=node.name,
            hazard=23,
        )


def _volumes_fit(desired: DesiredCluster, size: int) -> Iterator[Finding]:
    usable = (drbd_usable(size) // EXTENT - 1) * EXTENT
    wanted = sum(-(-volume.size // EXTENT) * EXTENT for volume in desired.volumes)
    if wanted > usable:
        yield blocker(
            "volume.no-room",
            f"The volumes need {wanted} bytes; the replicated device will offer {usable}.",
            hint="Make a volume smaller, or the backing devices larger.",
        )
    for volume in desired.volumes:
        if volume.fstype == "xfs" and volume.size < XFS_LEAST:
            yield blocker(
                "volume.too-small", f"{volume.name}: XFS needs at least 300 MiB.", hint="Make it larger, or take ext4."
            )


def drbd_usable(size: int) -> int:
    """What internal metadata leaves: a bitmap of one bit for 4 KiB, the activity log of 32 KiB, 4 KiB of superblock, rounded up."""
    sectors = size // 512
    bitmap = -(-sectors // 2**18) * 8
    return (sectors - bitmap - 72) * 512


def mount_points(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """Nothing else may be mounted where a volume goes, nor may fstab mount a volume or what is below it (row 10)."""
    ours = {volume.mount_point: volume for volume in desired.volumes}
    for mount in node.mounts or ():
        volume = ours.get(mount.target)
        if volume and not in_group(desired.resource.vg, mount.source):
            yield blocker(
                "mount.point-taken", f"{mount.source} is mounted at {mount.target} on {node.node}.", node=node.node,
                hint="Take another mount point, or unmount it.", fix=f"findmnt {mount.target}", hazard=10,
            )  # fmt: skip
    backing = desired.node(node.node).backing
    for source, target in node.fstab or ():
        if target in ours or source in (backing.device, backing.disk, backing.link, desired.resource.device):
            yield blocker(
                "fstab.names-it", f"/etc/fstab of {node.node} mounts {source} at {target}.", node=node.node, hazard=10,
                hint="Only the service group may mount it. Take the line out.", fix="editor /etc/fstab",
            )  # fmt: skip
    if node.mounts is not None and not signed(desired, node, HARESOURCES):
        yield fine("mount.points-free", f"The mount points are free on {node.node}", node=node.node, hazard=10)
