"""The volume group on the DRBD device, its volumes with file systems, and their mount points. Pure.

LVM sees them only where DRBD is Primary. While neither node is, the manager's own files are the witness: they are written after the volumes were
made, so a volume they name exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioning.checks.ours import finished_once, lv_device, pv_at
from provisioning.desired import DesiredCluster, DesiredExport, DesiredVolume
from provisioning.facts import file_system
from provisioning.ha.base import Backend
from provisioning.observed import NodeObserved
from provisioning.plans.parts import owning, thin
from provisioning.plans.parts.backing import lvcreate, unsigned
from provisioning.plans.parts.replication import primary
from provisioning.render.heartbeat import mount_options
from provisioning.steps import Command, Expect, Guard, Kind, Stage, Step, cmd, unchanged

NEW, MADE = "storagepanel.new", "storagepanel"  # tags: its file system is not whole yet; this panel made it
NAMED = "the service group names it, which was written after it was made"


def steps(desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Iterator[Step]:
    """Make group, volumes and directories on the node that is (or becomes) Primary."""
    node = observed[primary(desired, observed) or desired.first_source]
    unseen = primary(desired, observed) is None and finished_once(desired, observed)
    yield from _group(desired, node, unseen)
    for volume in desired.volumes:
        hidden = unseen and backend.holds_volume(desired, node, volume.name)
        yield from volume_steps(desired, node, volume, hidden=hidden)
    for export in desired.exports:
        step = _directory(desired, node, export)
        if step is not None:
            yield unchanged(step, NAMED) if finished_once(desired, observed) else step
    for step in _owned(desired, node):
        yield unchanged(step, NAMED) if finished_once(desired, observed) else step


def _owned(desired: DesiredCluster, node: NodeObserved) -> Iterator[Step]:
    """The group mounts later and by itself, so each directory is given to its owner once before."""
    nodes = [each.name for each in desired.nodes]
    for path, owner, mode, volume in owning.owned(desired):
        yield from owning.asked(nodes, owner, Stage.QUIET)  # before any disk is written
        yield Step(
            node=node.node,
            title=f"Give {path} to {owning.words(owner, mode)}",
            kind=Kind.WRITES,
            stage=Stage.MOUNTS,
            guards=owning.known(owner),
            commands=(
                mount(desired, volume),
                *owning.commands(path, owner, mode),
                cmd("umount", volume.mount_point, timeout=120),
            ),
        )


def _group(desired: DesiredCluster, node: NodeObserved, unseen: bool) -> Iterator[Step]:
    r = desired.resource
    pv = pv_at(node, r.device)
    physical = Step(
        node=node.node,
        title=f"Give {r.device} to LVM",
        kind=Kind.DESTROYS,
        stage=Stage.LVM,
        guards=(unsigned(r.device),),
        commands=(cmd("pvcreate", r.device, timeout=120),),
        assumes=(f"{r.device} was never written",),
    )
    group = Step(
        node=node.node,
        title=f"Make the volume group {r.vg}",
        kind=Kind.WRITES,
        stage=Stage.LVM,
        commands=(cmd("vgcreate", "--setautoactivation", "n", r.vg, r.device, timeout=120),),
        note="Never activated by itself: the service group activates it where DRBD is Primary.",
    )
    if unseen:
        yield from (unchanged(step, NAMED) for step in (physical, group))
        return
    yield unchanged(physical, "it is a physical volume") if pv else physical
    yield unchanged(group, "the group is there") if node.vg(r.vg) else group


def volume_steps(
    desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, *, hidden: bool = False, tried: bool = False
) -> Iterator[Step]:
    """`tried`: it is mounted once with its options before it counts as made. One that does not mount would end every takeover of a group in
    service; its mount point must be there by then."""
    vg = desired.resource.vg
    make = Step(
        node=node.node,
        title=f"Make the volume {volume.name}" + (f", thin, in {volume.pool}" if volume.pool else ""),
        kind=Kind.WRITES,
        stage=Stage.VOLUMES,
        guards=(
            Guard(
                f"{vg} has no volume {volume.name}",
                cmd("lvs", "--noheadings", "--options", "lv_name", "--select", f"lv_name={volume.name}", vg),
                Expect(one_of=("",)),
            ),
        ),
        commands=(
            thin.lvcreate(vg, volume.pool, volume.name, volume.size, NEW)
            if volume.pool
            else lvcreate(vg, volume.name, volume.size, NEW),
        ),
        note=f"Way back: lvremove {vg}/{volume.name}; it is empty.",
    )
    if hidden:
        yield from (unchanged(step, NAMED) for step in (make, _format(node, vg, volume, (), ours=True)))
        return
    lv, seen = node.lv(vg, volume.name), lv_device(node, vg, volume.name)
    yield unchanged(make, "the volume is there") if lv else make
    tags = lv.tags if lv is not None else (NEW,)
    trial = (mount(desired, volume), cmd("umount", volume.mount_point, timeout=120)) if tried else ()
    mkfs = _format(node, vg, volume, trial, ours=NEW in tags)
    mounted = node.mount(volume.mount_point) is not None
    # The tag speaks where the device cannot be seen, because the volume is not active at this moment.
    made = mounted or MADE in tags or (seen is not None and seen.fstype == volume.fstype and NEW not in tags)
    yield unchanged(mkfs, f"it carries {volume.fstype}") if made else mkfs


def _format(node: NodeObserved, vg: str, volume: DesiredVolume, trial: tuple[Command, ...], *, ours: bool) -> Step:
    """Make the file system and, in the same unit, say that it is whole (and was mounted once, if that is tried). `ours`: the volume carries the tag
    of one that this panel made and nobody ever mounted. Then a try that was broken off half way is made over: the same step, so that a job that
    lost its worker there can go on."""
    device = f"/dev/{vg}/{volume.name}"
    fresh = Guard(
        f"{volume.name} is still marked as new, and was never in use",
        cmd("lvs", "--noheadings", "--options", "lv_tags", f"{vg}/{volume.name}"),
        Expect(one_of=(NEW,)),
    )
    return Step(
        node=node.node,
        title=f"Make the {'XFS' if volume.fstype == 'xfs' else 'ext4'} file system of {volume.name}",
        kind=Kind.WRITES,
        stage=Stage.VOLUMES,
        guards=(fresh,) if ours else (unsigned(device),),
        commands=(
            make_file_system(volume.fstype, device, over=ours),
            *trial,
            cmd("lvchange", "--deltag", NEW, "--addtag", MADE, f"{vg}/{volume.name}"),
        ),
        if_it_fails=cmd("umount", "--lazy", volume.mount_point, timeout=60, exits=(0, 32)) if trial else None,
        note=" ".join(
            (
                "With quotas possible.",
                *(("A try that was broken off in the middle is made over.",) if ours else ()),
                *(("Mounted once with its options, before the service group names it.",) if trial else ()),
            )
        ),
    )


def make_file_system(fstype: str, device: str, *, over: bool = False) -> Command:
    """Quotas of ext4 are decided here; those of XFS at the mount. Only `over` makes one where a signature is."""
    if fstype == "xfs":
        return cmd("mkfs.xfs", "-q", *(("-f",) if over else ()), device, timeout=600)
    force = ("-F",) if over else ()
    return cmd("mkfs.ext4", "-q", *force, "-O", "quota", "-E", "quotatype=usrquota:grpquota", device, timeout=600)


def _directory(desired: DesiredCluster, node: NodeObserved, export: DesiredExport) -> Step | None:
    """An export below a volume's root needs its directory before the first start of the group."""
    volume = desired.volume(export.volume)
    if volume is None or export.path == volume.mount_point:
        return None
    point = volume.mount_point
    return Step(
        node=node.node,
        title=f"Make the directory {export.path}",
        kind=Kind.WRITES,
        stage=Stage.MOUNTS,
        commands=(
            mount(desired, volume),
            owning.no_link(export.path),
            cmd("mkdir", "--parents", export.path),
            cmd("umount", point, timeout=120),
        ),
    )


def mount(desired: DesiredCluster, volume: DesiredVolume) -> Command:
    options = mount_options(volume)
    more = ("--options", ",".join(options)) if options else ()
    return cmd(
        "mount",
        "--types",
        volume.fstype,
        *more,
        f"/dev/{desired.resource.vg}/{volume.name}",
        volume.mount_point,
        timeout=120,
    )


def mount_point(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, backend: Backend) -> Step:
    """An immutable directory: nothing can be written into it while the volume is not mounted (row 17)."""
    point = volume.mount_point
    step = Step(
        node=node.node,
        title=f"Make the mount point {point}",
        kind=Kind.WRITES,
        stage=Stage.MOUNTS,
        guards=(
            Guard(f"nothing is mounted at {point}", cmd("mountpoint", point), Expect(exits=(1, 32))),
            Guard(f"{point} is absent or empty", cmd(*file_system.inside(point)), Expect(exits=(0, 1), one_of=("",))),
        ),
        commands=(cmd("mkdir", "--parents", point), cmd("chattr", "+i", point)),
        note="Nothing can be written below it while it is not mounted.",
    )
    if node.mount(point) is not None:
        return unchanged(step, f"{volume.name} is mounted there")
    if point in (node.immutable or ()):
        return unchanged(step, "it is there and cannot be written into")
    if node.immutable is None and backend.holds_volume(desired, node, volume.name):
        return unchanged(step, NAMED)
    return step
