"""The plan of a new volume on a running pair: nobody is interrupted. Pure.

1. Mount point on both nodes. 2. The volume and its file system where DRBD is Primary, mounted once for a try. 3. The service group's file,
the standby node first: if the other write fails, a failover starts only what exists. 4. Mount it where the group is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers, fine
from provisioning.checks import spelling
from provisioning.checks.disks import EXTENT, XFS_LEAST
from provisioning.checks.known import gaps
from provisioning.checks.ours import lv_device
from provisioning.checks.placed import undescribed
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.ha.base import Backend, active_node, mounted
from provisioning.intents import CreateVolume
from provisioning.observed import LogicalVolume, NodeObserved
from provisioning.plans.parts import copies, owning, places, serving, thin, volumes, words
from provisioning.render.lvm import mapper
from provisioning.steps import Impact, Kind, Plan, Stage, Step, in_order, unchanged


def plan(intent: CreateVolume, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    volume = intent.volume
    before = replace(desired, volumes=tuple(v for v in desired.volumes if v.name != volume.name))
    after = replace(before, volumes=(*before.volumes, volume))
    refused = list(spelling.cluster(after))
    findings = [*refused, *running(before, observed, backend), *undescribed(before, observed, (volume.mount_point,))]
    findings += [gap for node in observed.values() for gap in gaps(node)]
    active = active_node(before, observed)
    if active:
        findings += _fits(before, observed, observed[active], volume)
        findings += [f for node in observed.values() for f in _free(before, node, volume)]
        there = observed[active].mount(volume.mount_point) is not None
        findings += [] if there else owning.same(observed, volume.owner)
    steps = (
        in_order(_steps(after, observed, active, volume, backend))
        if active and len(observed) == 2 and not refused
        else ()
    )
    todo, node = [step for step in steps if step.runs], observed[active] if active else None
    room = words.size(volume.size)
    kind = "XFS" if volume.fstype == "xfs" else volume.fstype
    return Plan(
        title=f"Create volume {volume.name}",
        summary=f"{room}, {_how(volume)}{kind}, at {volume.mount_point}. {words.counted(len(todo), 'step')}. "
        "Nobody is interrupted and nothing is destroyed.",
        now=words.now(before, observed) + _free_now(before, observed, active, volume),
        after=f"{volume.name} is mounted at {volume.mount_point} on {active or 'the active node'} and moves with the service group. "
        "Nobody sees it before it is exported.",
        steps=steps,
        findings=tuple(findings),
        button=f"Create {volume.name}" if todo or blockers(findings) else "Nothing to do",
        impact=Impact(
            pause="none; NFS is not restarted",
            takes="about a minute",
            notes=(copies.linked(before, node, "The file system's first blocks go over the replication link."),),
        ),
    )


def _steps(
    after: DesiredCluster, observed: Mapping[str, NodeObserved], active: str, volume: DesiredVolume, backend: Backend
) -> list[Step]:
    order = (after.peer(active).name, active)
    steps = [volumes.mount_point(after, observed[name], volume, backend) for name in order]
    steps = [replace(step, stage=Stage.VOLUMES) for step in steps]
    steps += volumes.volume_steps(after, observed[active], volume, tried=True)
    steps += [serving.group(after, observed[name], backend) for name in order]
    there = observed[active].mount(volume.mount_point) is not None
    asked = owning.asked(order, volume.owner, Stage.VOLUMES)
    steps[:0] = [unchanged(step, "it is mounted") if there else step for step in asked]
    return [*steps, *_live(after, observed[active], volume)]


def _live(after: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> tuple[Step, Step]:
    given = owning.words(volume.owner, volume.mode)
    mount = Step(
        node=node.node,
        title=f"Mount {volume.name}" + (f" and give it to {given}" if given else ""),
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        guards=owning.known(volume.owner),
        commands=(volumes.mount(after, volume), *owning.commands(volume.mount_point, volume.owner, volume.mode)),
        note=f"Way back: umount {volume.mount_point}.",
    )
    see = Step(
        node=node.node,
        title=f"See {volume.mount_point} mounted",
        kind=Kind.WAITS,
        stage=Stage.SERVE,
        wait=mounted(volume, bound=10),
    )
    if node.mount(volume.mount_point) is not None:
        return unchanged(mount, "it is mounted"), unchanged(see, "it is mounted")
    return mount, see


def _how(volume: DesiredVolume) -> str:
    return f"thin in {volume.pool}, " if volume.pool else ""


def _fits(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], node: NodeObserved, volume: DesiredVolume
) -> list[Finding]:
    group = node.vg(desired.resource.vg)
    if group is None:
        text = f"The volume group {desired.resource.vg} was not seen on {node.node}."
        return [blocker("vg.unseen", text, hint="Read the node again.", node=node.node)]
    extent = group.extent_size or EXTENT
    need = -(-volume.size // extent) * extent
    if lv := node.lv(group.name, volume.name):
        return [_there_already(node, lv, volume, need)]
    if volume.pool:
        found = [
            *thin.ready(observed, node, group.name, volume.pool),
            *thin.promise(node, group.name, volume.pool, need),
        ]
        return [*found, *_too_small(volume)]
    if need > group.free:
        return [
            blocker(
                "volume.no-room",
                f"{volume.name} needs {words.size(need)}; {group.name} has {words.size(group.free)} free.",
                hint="Make it smaller, or make room in the group.",
            )
        ]
    return _too_small(volume) or [fine("volume.fits", f"{group.name} has {words.size(group.free)} free")]


def _too_small(volume: DesiredVolume) -> list[Finding]:
    if volume.fstype != "xfs" or volume.size >= XFS_LEAST:
        return []
    text = f"{volume.name}: XFS needs at least 300 MiB."
    return [blocker("volume.too-small", text, hint="Make it larger, or take ext4.")]


def _there_already(node: NodeObserved, lv: LogicalVolume, volume: DesiredVolume, size: int) -> Finding:
    """A volume of that name is taken up again only when an earlier try of this panel made it, as it is asked for now."""
    which, hint = (
        f"{lv.vg} has a volume {lv.name} already",
        "Take another name, or remove it by hand when nobody needs it.",
    )
    if node.mount(volume.mount_point) is not None and volumes.NEW in lv.tags:
        return blocker(
            "volume.left-mounted",
            f"{lv.name} is mounted at {volume.mount_point} from a try that broke off.",
            hint="Unmount it: this job makes its file system anew.",
            fix=f"umount {volume.mount_point}",
            node=node.node,
        )
    if node.mount(volume.mount_point) is not None:
        return fine("volume.mounted", f"{lv.name} is mounted at {volume.mount_point}")
    if not {volumes.NEW, volumes.MADE} & set(lv.tags):
        return blocker(
            "volume.exists",
            f"{which}, which this panel did not make.",
            hint=hint,
            fix=f"lvs {lv.vg}/{lv.name}",
            node=node.node,
        )
    if lv.pool != volume.pool:
        made = f"thin in {lv.pool}" if lv.pool else "with all of its room"
        text = f"{which}, made {made}, from an earlier try."
        return blocker("volume.exists", text, hint=hint, fix=f"lvs {lv.vg}/{lv.name}", node=node.node)
    if lv.size != size:
        text = f"{which}, with {words.size(lv.size)}, from an earlier try."
        return blocker(
            "volume.exists",
            text,
            hint=f"Ask for {words.size(lv.size)}, or remove it by hand.",
            fix=f"lvs {lv.vg}/{lv.name}",
            node=node.node,
        )
    seen = lv_device(node, lv.vg, lv.name)
    if volumes.MADE in lv.tags and seen and seen.fstype not in ("", volume.fstype):
        return blocker(
            "volume.exists",
            f"{which}, with {seen.fstype}, from an earlier try.",
            hint=hint,
            fix=f"lvs {lv.vg}/{lv.name}",
            node=node.node,
        )
    return fine("volume.half-made", f"{lv.name} is there from an earlier try, and is finished")


def _free(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> list[Finding]:
    mount = node.mount(volume.mount_point)
    own = (f"/dev/{desired.resource.vg}/{volume.name}", mapper(desired.resource.vg, volume.name))
    if mount is not None and mount.source not in own:
        return [
            blocker("mount.point-taken", f"{mount.source} is mounted at {mount.target} on {node.node}.", node=node.node,
                    hint="Take another mount point.", fix=f"findmnt {mount.target}", hazard=10)
        ]  # fmt: skip
    named = [source for source, target in node.fstab or () if target == volume.mount_point]
    if named:
        return [
            blocker("fstab.names-it", f"/etc/fstab of {node.node} mounts {named[0]} at {volume.mount_point}.", node=node.node,
                    hint="Take the line out, or take another mount point.", fix="editor /etc/fstab", hazard=10)
        ]  # fmt: skip
    if mount is None and node.directory(volume.mount_point) == "full":
        return [
            blocker("mount.point-holds-files", f"{volume.mount_point} of {node.node} holds files already.", node=node.node,
                    hint="The volume would hide them. Take another mount point, or move them away.", fix=f"ls -la {volume.mount_point}",
                    hazard=17)
        ]  # fmt: skip
    unseen = list(places.not_looked_into(node, volume.mount_point))
    return unseen or [fine("mount.point-free", f"{volume.mount_point} is free on {node.node}", node=node.node)]


def _free_now(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str | None, volume: DesiredVolume
) -> str:
    if active and volume.pool:
        return thin.now(observed[active], desired.resource.vg, volume.pool)
    group = observed[active].vg(desired.resource.vg) if active else None
    return f" {group.name} has {words.size(group.free)} free." if group else ""
