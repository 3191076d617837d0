"""What DRBD writes to: a volume of a local group, or the whole disk. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.checks.ours import pv_at
from provisioning.desired import Backing, BackingKind, DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.steps import Command, Expect, Guard, Kind, Stage, Step, cmd, unchanged


def steps(desired: DesiredCluster, node: NodeObserved) -> Iterator[Step]:
    backing = desired.node(node.node).backing
    if backing.kind is not BackingKind.LV:
        return
    yield _physical_volume(node, backing)
    yield _group(node, backing)
    yield _volume(node, backing)


def empty_disk(backing: Backing) -> tuple[Guard, ...]:
    """Ask again, right before the first write: the same disk, of the same size, with nothing on it."""
    return (
        *_still_leads_to(backing),
        Guard(
            f"{backing.disk} is still the disk {backing.disk_serial} and carries nothing",
            cmd("lsblk", "--noheadings", "--output", "PATH,SERIAL,FSTYPE,MOUNTPOINTS", backing.disk),
            Expect(one_of=(f"{backing.disk} {backing.disk_serial}".strip(),)),
        ),
        Guard(
            f"{backing.disk} still has {backing.disk_size} bytes",
            cmd("blockdev", "--getsize64", backing.disk),
            Expect(one_of=(str(backing.disk_size),)),
        ),
        unsigned(backing.disk),
    )


def _still_leads_to(backing: Backing) -> tuple[Guard, ...]:
    """Partitions and some disks print no serial number; and where DRBD is given the link, the link must be the disk that was looked at."""
    if not backing.link or (backing.disk_serial and backing.kind is BackingKind.LV):
        return ()
    return (
        Guard(
            f"{backing.link} still leads to {backing.disk}",
            cmd("readlink", "--canonicalize", backing.link),
            Expect(one_of=(backing.disk,)),
        ),
    )


def unsigned(device: str) -> Guard:
    """No signature of a file system, of LVM, of RAID or of DRBD."""
    return Guard(
        f"{device} has no signature",
        cmd("wipefs", "--no-act", "--noheadings", "--output", "TYPE", device),
        Expect(one_of=("",)),
    )


def _physical_volume(node: NodeObserved, backing: Backing) -> Step:
    step = Step(
        node=node.node,
        title=f"Give {backing.disk} to LVM",
        kind=Kind.DESTROYS,
        stage=Stage.BACKING,
        guards=empty_disk(backing),
        commands=(cmd("pvcreate", backing.disk, timeout=120),),
        assumes=(f"{node.node}: {backing.disk} is {backing.disk_serial}, {backing.disk_size} bytes, and empty",),
        note="No way back for what is on the disk; it was seen to be empty.",
    )
    return unchanged(step, "it is a physical volume") if pv_at(node, backing.disk) else step


def _group(node: NodeObserved, backing: Backing) -> Step:
    step = Step(
        node=node.node,
        title=f"Make the local group {backing.vg}",
        kind=Kind.WRITES,
        stage=Stage.BACKING,
        commands=(cmd("vgcreate", backing.vg, backing.disk, timeout=120),),
        note=f"Way back: vgremove {backing.vg}.",
    )
    return unchanged(step, "the group is there") if node.vg(backing.vg) else step


def _volume(node: NodeObserved, backing: Backing) -> Step:
    step = Step(
        node=node.node,
        title=f"Make the backing volume {backing.lv}",
        kind=Kind.WRITES,
        stage=Stage.BACKING,
        commands=(lvcreate(backing.vg, backing.lv, backing.size),),
        note="What stays free beside it is room for a snapshot below DRBD.",
    )
    return unchanged(step, "it is there") if node.lv(backing.vg, backing.lv) else step


def lvcreate(vg: str, lv: str, size: int, tag: str = "") -> Command:
    """Old signatures in the fresh extents are wiped: they belong to nobody any more."""
    tagged = ("--addtag", tag) if tag else ()
    return cmd(
        "lvcreate", "--yes", "--wipesignatures", "y", "--size", f"{size}b", *tagged, "--name", lv, vg, timeout=120
    )
