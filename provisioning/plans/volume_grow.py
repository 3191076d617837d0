"""The plan of a larger volume, while it is mounted, exported and written to: nobody is interrupted. Pure.

1. The logical volume, to an absolute size, where DRBD is Primary; it lies on DRBD, so the other copy gets it. 2. See it. 3. The file system, online.
4. See that too. What is done already is unchanged: a volume that was made larger, with a file system that was not, goes on at 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers
from provisioning.checks import spelling
from provisioning.checks.disks import EXTENT
from provisioning.checks.known import gaps
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import GrowVolume
from provisioning.observed import LogicalVolume, NodeObserved
from provisioning.plans.parts import copies, growing, thin, words
from provisioning.render.lvm import mapper
from provisioning.steps import Command, Expect, Guard, Impact, Kind, Plan, Stage, Step, Wait, cmd, unchanged

WHY_NOT = {
    "xfs": "XFS cannot shrink at all. Make a smaller volume, copy the files over, and delete this one.",
    "ext4": "ext4 shrinks only while it is not mounted, and a mistake there loses data: it is not offered. Copy the files to a smaller volume.",
}
SNAPSHOTS = "LVM does not resize a volume in use that has thick snapshots. Delete them first, or grow it when they have expired."


def plan(intent: GrowVolume, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    volume, active = desired.volume(intent.name), active_node(desired, observed)
    refused = list(spelling.cluster(_wanted(desired, intent)))
    findings = [
        *refused,
        *running(desired, observed, backend, alone=True),
        *(gap for node in observed.values() for gap in gaps(node)),
    ]
    node = observed[active] if active else None
    lv = node.lv(desired.resource.vg, intent.name) if node else None
    if volume is None:
        findings.append(blocker("volume.unknown", f"There is no volume {intent.name}.", hint="Draft the change again."))
    elif node is not None:
        findings += _reasons(desired, observed, node, volume, lv, intent.size)
    steps = tuple(_steps(desired, node, volume, lv, intent.size)) if node and volume and lv and not refused else ()
    todo = [step for step in steps if step.runs]
    return Plan(
        title=f"Grow {intent.name} to {words.size(intent.size)}",
        summary=f"{_summary(intent, lv)} {words.counted(len(todo), 'step')}. Nobody is interrupted and nothing is destroyed.",
        now=words.now(desired, observed) + _now(desired, node, volume),
        after=f"{intent.name} has {words.size(intent.size)}; clients see the new size at once. There is no way back: volumes do not shrink.",
        steps=steps,
        findings=tuple(findings),
        button=f"Grow {intent.name}" if todo or blockers(findings) else "Nothing to do",
        impact=Impact(
            pause="none; reads and writes go on",
            takes="some seconds, longer for a large ext4",
            notes=(
                copies.linked(desired, node, "Only the file system's own new structures go over the replication link."),
            ),
        ),
    )


def _wanted(desired: DesiredCluster, intent: GrowVolume) -> DesiredCluster:
    volumes = tuple(replace(v, size=intent.size) if v.name == intent.name else v for v in desired.volumes)
    return replace(desired, volumes=volumes)


def _summary(intent: GrowVolume, lv: LogicalVolume | None) -> str:
    size = words.size(intent.size)
    if lv and lv.size >= intent.size:
        return f"The logical volume {intent.name} has {words.size(lv.size)} already; its file system grows into it while it is in use."
    return f"{intent.name} grows {f'from {words.size(lv.size)} ' if lv else ''}to {size} while it is in use."


def _reasons(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    node: NodeObserved,
    volume: DesiredVolume,
    lv: LogicalVolume | None,
    size: int,
) -> Iterator[Finding]:
    group = node.vg(desired.resource.vg)
    if lv is None or group is None:
        yield blocker("volume.unseen", f"{volume.name} was not seen on {node.node}.", hint=growing.GONE, node=node.node)
        return
    size = growing.rounded(size, group)
    if size < lv.size:
        text = f"{volume.name} has {words.size(lv.size)}; it cannot be made {words.size(size)}."
        yield blocker("volume.would-shrink", text, hint=WHY_NOT[volume.fstype], hazard=11)
        return
    if lv.pool:  # its snapshots are volumes of their own: they do not stand in the way
        if size > lv.size:
            yield from thin.ready(observed, node, group.name, lv.pool)
            yield from thin.promise(node, group.name, lv.pool, size - lv.size)
        return
    yield growing.fits(group, lv, size)
    if size > lv.size:
        yield from growing.no_snapshots(node, group.name, volume.name, SNAPSHOTS)


def _steps(
    desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, lv: LogicalVolume, wanted: int
) -> Iterator[Step]:
    vg, size = desired.resource.vg, growing.rounded(wanted, node.vg(desired.resource.vg))
    if size < lv.size:
        return
    extend = Step(
        node=node.node,
        title=f"Make the logical volume {volume.name} larger",
        kind=Kind.WRITES,
        stage=Stage.VOLUMES,
        guards=(growing.size_is(vg, volume.name, lv.size),),
        commands=(cmd("lvextend", "--size", f"{size}b", f"{vg}/{volume.name}", timeout=120),),
        note=f"{copies.linked(desired, node, 'It lies on DRBD, so the other copy has it too.')} The file system does not use the new room yet.",
    )
    see = Step(
        node=node.node,
        title="See the logical volume's new size",
        kind=Kind.WAITS,
        stage=Stage.VOLUMES,
        wait=growing.see_size(vg, volume.name, size),
    )
    if lv.size >= size:
        yield from (unchanged(step, f"it has {words.size(lv.size)}") for step in (extend, see))
    else:
        yield from (extend, see)
    yield from _file_system(desired, node, volume, size)


def _file_system(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, size: int) -> Iterator[Step]:
    mount = node.mount(volume.mount_point)
    before = mount.size if mount else None
    source = mount.source if mount else ""
    commands = _grow(desired, volume, source)
    grow = Step(
        node=node.node,
        title=f"Grow the {'XFS' if volume.fstype == 'xfs' else 'ext4'} file system of {volume.name}",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        guards=(
            Guard(f"{volume.name} is mounted at {volume.mount_point}", cmd("mountpoint", volume.mount_point), Expect()),
            *((_free_name(source),) if len(commands) > 1 else ()),
        ),
        commands=commands,
        note="Online; run once more when it is grown already, it does nothing.",
    )
    see = Step(
        node=node.node,
        title="See the file system's new size",
        kind=Kind.WAITS,
        stage=Stage.LIVE,
        wait=Wait(
            f"{volume.mount_point} is larger than before",
            cmd("findmnt", "--noheadings", "--bytes", "--output", "SIZE", "--mountpoint", volume.mount_point),
            Expect(at_least=size * 3 // 4 if before is None else before + 1),  # it keeps some of the room for itself
            bound=30,
        ),
    )
    has = node.file_system_size
    if has is not None and size - has < EXTENT:
        yield from (unchanged(step, f"it has {words.size(has)}") for step in (grow, see))
    else:
        yield from (grow, see)


def _grow(desired: DesiredCluster, volume: DesiredVolume, source: str) -> tuple[Command, ...]:
    """The kernel keeps the name a volume was mounted by, also when it was renamed since; resize2fs then takes the file system for one that is busy
    and not mounted. So the old name is lent to it for a moment, whatever comes of it; what follows looks at the size."""
    if volume.fstype == "xfs":
        return (cmd("xfs_growfs", "-d", volume.mount_point, timeout=600),)
    device = f"/dev/{desired.resource.vg}/{volume.name}"
    resize = cmd("resize2fs", device, timeout=3600)
    if source in ("", device, mapper(desired.resource.vg, volume.name)):
        return (resize,)
    return cmd("ln", "--symbolic", device, source), replace(resize, exits=(0, 1)), cmd("rm", "--force", source)


def _free_name(source: str) -> Guard:
    return Guard(
        f"{source} is nobody's name now", cmd("find", source, "-maxdepth", "0"), Expect(exits=(0, 1), one_of=("",))
    )


def _now(desired: DesiredCluster, node: NodeObserved | None, volume: DesiredVolume | None) -> str:
    group = node.vg(desired.resource.vg) if node else None
    mount = node.mount(volume.mount_point) if node and volume else None
    lv = node.lv(desired.resource.vg, volume.name) if node and volume else None
    told = f" {group.name} has {words.size(group.free)} free." if group else ""
    if node and lv and lv.pool:
        told = thin.now(node, lv.vg, lv.pool)
    if volume and mount and mount.size and mount.used is not None:
        told += f" {volume.name} is {100 * mount.used / mount.size:.0f} % full."
    return told
