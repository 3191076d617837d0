"""The plan of a larger replicated device, while it is in use (docs/hazards.md, row 11). Pure.

1. What DRBD writes to, on both nodes: the backing volumes are made larger, or both disks have become larger. 2. `drbdadm resize`, once, on the node
that is Primary: DRBD keeps the size of the smaller backing device, and says nothing when only one was made larger, so the size is read on both.
3. The physical volume on it. What is new is copied to the other node: until then the other copy cannot take over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clusters.findings import Finding, blocker, blockers, fine, warning
from provisioning.checks.disks import EXTENT, ROOM, drbd_usable
from provisioning.checks.known import gaps
from provisioning.checks.links import named
from provisioning.checks.ours import pv_at
from provisioning.checks.running import running
from provisioning.desired import Backing, BackingKind, DesiredCluster
from provisioning.ha.base import Backend, active_node
from provisioning.intents import GrowResource
from provisioning.observed import NodeObserved
from provisioning.plans.parts import growing, words
from provisioning.steps import Command, Expect, Impact, Kind, Plan, Stage, Step, Wait, cmd, unchanged

LEAST = 4 * EXTENT  # less would drown in what DRBD and LVM keep for themselves


def plan(intent: GrowResource, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    desired = named(desired, observed)
    r, active = desired.resource, active_node(desired, observed)
    findings = [*running(desired, observed, backend), *(gap for node in observed.values() for gap in gaps(node))]
    wanted = _wanted(desired, observed, intent.size)
    steps = tuple(_steps(desired, observed, active, wanted)) if active and wanted and len(observed) == 2 else ()
    todo = [step for step in steps if step.runs]
    if len(observed) == 2:
        findings += _reasons(desired, observed, wanted, [step for step in todo if step.stage < Stage.LVM])
    more = _new_bytes(desired, observed, wanted)
    return Plan(
        title=f"Grow {r.name} of {desired.name}",
        summary=f"{r.device} grows by {words.size(more) if more else 'nothing'} on both nodes while it is in use. "
        f"{words.counted(len(todo), 'step')}. Nobody is interrupted; nothing is destroyed.",
        now=words.now(desired, observed) + _now(desired, observed, active),
        after=f"{r.vg} has {words.size(more) if more else 'no'} more for volumes. There is no way back: DRBD devices do not shrink here. "
        f"{_resync(desired, more)}",
        steps=steps,
        findings=tuple(findings),
        button=f"Grow {r.name}" if todo or blockers(findings) else "Nothing to do",
        impact=Impact(pause="none; reads and writes go on", takes="some seconds", notes=(_resync(desired, more),)),
    )


def _wanted(desired: DesiredCluster, observed: Mapping[str, NodeObserved], size: int) -> dict[str, int]:
    """Give the size each backing device is to have; {} when a disk was not seen."""
    found = {}
    for node in desired.nodes:
        seen = observed.get(node.name)
        if node.backing.kind is BackingKind.LV:
            found[node.name] = growing.rounded(size, seen.vg(node.backing.vg) if seen else None)
        elif seen and (disk := seen.disk(node.backing.disk)):
            found[node.name] = disk.size
    return found if len(found) == 2 else {}


def _device_size(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> int | None:
    """Give the size of the DRBD device as both nodes tell it; the smaller one while they differ."""
    replicas = [node.replica(desired.resource.name) for node in observed.values()]
    sizes = [replica.size for replica in replicas if replica and replica.size]
    return min(sizes) if len(sizes) == 2 else None


def _new_bytes(desired: DesiredCluster, observed: Mapping[str, NodeObserved], wanted: Mapping[str, int]) -> int:
    """Give what the device gains; 0 for less than an extent, which nobody could use."""
    now = _device_size(desired, observed)
    more = drbd_usable(min(wanted.values())) - now if wanted and now else 0
    return more if more >= EXTENT else 0


def _reasons(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], wanted: Mapping[str, int], below: list[Step]
) -> Iterator[Finding]:
    if not wanted or _device_size(desired, observed) is None:
        yield blocker(
            "resource.unseen",
            f"The backing devices or {desired.resource.name} were not seen on both nodes.",
            hint="Read both nodes again.",
        )
        return
    if below and not growing.redundant(desired, observed):
        yield blocker(
            "resource.not-redundant",
            f"{desired.resource.name} is not UpToDate and connected on both nodes.",
            hint="Only then do both learn the new size. Wait for the resync, or bring the other node back.",
            hazard=11,
        )
    for node in desired.nodes:
        yield from _room(node.backing, observed[node.name], wanted[node.name])
    if (below or _one_larger(desired, observed, wanted)) and _new_bytes(desired, observed, wanted) < LEAST:
        yield blocker(
            "resource.not-larger",
            f"{desired.resource.device} would grow by less than {words.size(LEAST)}.",
            hint="Make both disks larger first: DRBD uses the size of the smaller one."
            if desired.nodes[0].backing.kind is BackingKind.DISK
            else "Ask for more.",
            hazard=11,
        )
    if below:
        yield warning("resource.resync", _resync(desired, _new_bytes(desired, observed, wanted)), hazard=23,
                      hint="Do it when a failure in these minutes would hurt least.")  # fmt: skip


def _one_larger(desired: DesiredCluster, observed: Mapping[str, NodeObserved], wanted: Mapping[str, int]) -> bool:
    """Whether one disk has room for more than the device has: somebody made it larger, and not the other one."""
    disks = desired.nodes[0].backing.kind is BackingKind.DISK
    return disks and drbd_usable(max(wanted.values())) - (_device_size(desired, observed) or 0) >= LEAST


def _grown(desired: DesiredCluster, observed: Mapping[str, NodeObserved], wanted: Mapping[str, int]) -> bool:
    return _device_size(desired, observed) is not None and not _new_bytes(desired, observed, wanted)


def _room(backing: Backing, node: NodeObserved, wanted: int) -> Iterator[Finding]:
    if backing.kind is BackingKind.DISK:
        disk = node.disk(backing.disk)
        yield fine("backing.seen", f"{backing.disk} of {node.node} has {words.size(disk.size if disk else 0)}")
        return
    lv, group = node.lv(backing.vg, backing.lv), node.vg(backing.vg)
    if lv is None or group is None:
        yield blocker(
            "backing.unseen",
            f"{backing.vg}/{backing.lv} was not seen on {node.node}.",
            hint="Read it again.",
            node=node.node,
        )
        return
    if wanted < lv.size:
        yield blocker(
            "backing.would-shrink", f"The backing volume of {node.node} has {words.size(lv.size)} already.", node=node.node, hazard=11,
            hint="What DRBD writes to is never made smaller: its data and its metadata are at the end.",
        )  # fmt: skip
        return
    left = group.free - (wanted - lv.size)
    if left < 0:
        yield blocker(
            "backing.no-room", f"{node.node} needs {words.size(wanted - lv.size)} more; {group.name} has {words.size(group.free)} free.",
            node=node.node, hint="Ask for less, or add a disk to that group.", fix=f"vgs {group.name}", hazard=11,
        )  # fmt: skip
    elif left < wanted * ROOM:
        yield warning(
            "backing.little-snapshot-room", f"Only {words.size(left)} stay free beside the backing volume on {node.node}.", node=node.node, hazard=23,
            hint="A snapshot below DRBD would fill up soon; a tenth of the backing volume is a good beginning.",
        )  # fmt: skip
    else:
        yield fine("backing.room", f"{words.size(left)} stay free in {group.name} of {node.node}")


def _steps(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str, wanted: Mapping[str, int]
) -> Iterator[Step]:
    order = (desired.peer(active).name, active)
    for name in order:
        yield from _backing(desired, observed[name], wanted[name])
    resized = _grown(desired, observed, wanted)
    yield from _resize(desired, observed, active, order, resized)
    yield from _group(desired, observed[active], resized)


def _backing(desired: DesiredCluster, node: NodeObserved, size: int) -> Iterator[Step]:
    backing = desired.node(node.node).backing
    lv = node.lv(backing.vg, backing.lv)
    if backing.kind is not BackingKind.LV or lv is None:
        return
    extend = Step(
        node=node.node,
        title=f"Make the backing volume {backing.lv} larger",
        kind=Kind.WRITES,
        stage=Stage.BACKING,
        guards=(*growing.both_good(desired.resource.name), growing.size_is(backing.vg, backing.lv, lv.size)),
        commands=(cmd("lvextend", "--size", f"{size}b", f"{backing.vg}/{backing.lv}", timeout=120),),
        note="DRBD does not use the new room before it is told to. A node that restarts now finds its metadata by the size it noted last.",
    )
    see = Step(
        node=node.node,
        title="See the backing volume's new size",
        kind=Kind.WAITS,
        stage=Stage.BACKING,
        wait=growing.see_size(backing.vg, backing.lv, size),
    )
    if lv.size >= size:
        yield from (unchanged(step, f"it has {words.size(lv.size)}") for step in (extend, see))
    else:
        yield from (extend, see)


def _resize(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str, order: tuple[str, str], resized: bool
) -> Iterator[Step]:
    r = desired.resource
    replica = observed[active].replica(r.name)
    before = (replica.size or 0) // 512 if replica else 0
    steps = [
        Step(
            node=active,
            title="Have DRBD use the new room",
            kind=Kind.WRITES,
            stage=Stage.CONNECT,
            guards=(growing.role_is(r.name, "Primary/Secondary"), *growing.both_good(r.name)),
            commands=(cmd("drbdadm", "resize", r.name, timeout=120),),
            note="What is new is copied to the other node, whatever it holds: it is never taken for clean.",
        )
    ]
    steps += [
        Step(
            node=name,
            title=f"See the new size of {r.device}",
            kind=Kind.WAITS,
            stage=Stage.CONNECT,
            wait=Wait(
                f"{r.device} is larger than before on {name}",
                _sectors(desired),
                Expect(at_least=before + 1),
                bound=60,
            ),
        )
        for name in order
    ]
    yield from (unchanged(step, "it has its new size") if resized else step for step in steps)


def _sectors(desired: DesiredCluster) -> Command:
    return cmd("cat", f"/sys/block/drbd{desired.resource.minor}/size")


def _group(desired: DesiredCluster, node: NodeObserved, resized: bool) -> Iterator[Step]:
    r = desired.resource
    pv, replica = pv_at(node, r.device), node.replica(r.name)
    grow = Step(
        node=node.node,
        title=f"Give the new room to {r.vg}",
        kind=Kind.WRITES,
        stage=Stage.LVM,
        commands=(cmd("pvresize", r.device, timeout=120),),
        note="Volumes can grow into it at once.",
    )
    see = Step(
        node=node.node,
        title=f"See {r.vg} larger",
        kind=Kind.WAITS,
        stage=Stage.LVM,
        wait=Wait(
            f"{r.device} gives {r.vg} more than before",
            cmd("pvs", "--noheadings", "--units", "b", "--nosuffix", "--options", "pv_size", r.device),
            Expect(at_least=pv.size + 1 if pv else 1),
            bound=30,
        ),
    )
    whole = resized and pv is not None and replica is not None and pv.size + 3 * EXTENT > (replica.size or 0)
    yield from (unchanged(step, "it has it") if whole else step for step in (grow, see))


def _resync(desired: DesiredCluster, more: int) -> str:
    rate = re.fullmatch(r"(\d+)([KMG]?)", desired.resource.resync_rate)
    if not more or rate is None:
        return "The other copy is whole."
    per_second = int(rate[1]) * {"": 1024, "K": 1024, "M": 1024**2, "G": 1024**3}[rate[2]]
    seconds = max(1, -(-more // per_second))
    span = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return (
        f"{words.size(more)} are copied to the other node, {span} at the set rate, longer on a slow link. "
        "Until then its copy is Inconsistent and a failover would not work."
    )


def _now(desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str | None) -> str:
    size = _device_size(desired, observed)
    group = observed[active].vg(desired.resource.vg) if active else None
    told = f" {desired.resource.device} has {words.size(size)}." if size else ""
    return told + (f" {group.name} has {words.size(group.free)} free." if group else "")
