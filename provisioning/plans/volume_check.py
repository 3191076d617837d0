"""The plans that look whether a file system is whole, and that repair one. Pure.

In a snapshot, which is the usual way: 1. take a snapshot. 2. Mount it once out of the way, so that its journal is replayed into the
snapshot, and check it. 3. See that it did not run full meanwhile. 4. Remove it. Nobody is interrupted.
Of the volume itself, when the group has no room: 1. stop the NFS server. 2. Unmount. 3. Check. 4. Mount, start, see it served.
A repair is a choice of its own, made after a check: between 3 and 4 the file system is changed and checked once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers
from clusters.states import Danger
from provisioning.desired import DesiredCluster, DesiredSnapshot, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import CheckVolume, RepairVolume
from provisioning.observed import NodeObserved
from provisioning.plans.parts import checking, copies, growing, pausing, snapshots, volumes, words
from provisioning.plans.parts.felt import felt
from provisioning.render import snapshots as render
from provisioning.steps import Impact, Kind, Plan, Stage, Step, Wait, cmd, in_order

LOOKED_AT = "/run/storagepanel-check"  # where a snapshot is mounted for a moment
MOUNT_OPTIONS = {"ext4": (), "xfs": ("--options", "nouuid")}  # its origin is mounted under the same UUID
LONG = "minutes; with many millions of files an hour and more"
CAREFUL = "Repairs what can be repaired without losing anything; what would need a decision is left and told."
FORCED = {
    "ext4": "Answers yes to every question of e2fsck: what it cannot place ends in lost+found or is lost.",
    "xfs": "Throws the log of XFS away (xfs_repair -L): the latest changes of names and directories in it are lost, and files may be.",
}
IN_SNAPSHOT = "A check in a snapshot needs none."
Found = tuple[tuple[Step, ...], list[Finding]]
ONLY_ITS_OWN = Impact(
    pause="none; only clients of this volume are without it, and are already", takes=LONG, notes=(pausing.STAY,)
)
SAYS_ALL = "What it prints is kept with the job; what it found stands on the volume's page."


def snapshot_of(volume: str, size: int) -> DesiredSnapshot:
    """Name the snapshot of a check: no person's, so it is in no list."""
    return DesiredSnapshot(volume, "check", growing.of_a_check(volume), size)


def plan(intent: CheckVolume, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    volume = desired.volume(intent.name)
    if intent.room:
        steps, findings = _in_snapshot(intent, desired, observed, backend)
    else:
        steps, findings = _itself(desired, observed, backend, volume, lambda node, one: [_look(desired, node, one)])
    if volume is None:
        findings.append(blocker("volume.unknown", f"There is no volume {intent.name}.", hint="Draft the change again."))
    runs = any(step.runs for step in steps)
    if intent.room:
        summary = f"Checks {intent.name} as it is at one moment, in a snapshot. Nobody is interrupted; the volume stays in use."
        impact, danger = _nobody(intent), Danger.NONE
    else:
        out = _is_out(desired, observed, volume)
        summary = f"Checks {intent.name} itself. {_how(out)}"
        impact = ONLY_ITS_OWN if out else _stands_still(desired, observed)
        danger = Danger.NONE if out else Danger.INTERRUPTS
    return Plan(
        title=f"Check the file system of {intent.name}",
        summary=summary,
        now=words.now(desired, observed),
        after=f"It is known whether the file system of {intent.name} is whole. Nothing in it was changed. {SAYS_ALL}",
        steps=steps,
        findings=tuple(findings),
        danger=danger if runs else Danger.NONE,
        button=f"Check {intent.name}" if runs or blockers(findings) else "Nothing to do",
        impact=impact,
    )


def _stands_still(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Impact:
    return felt(
        desired,
        observed,
        pause=f"as long as it takes, and then up to {desired.nfs.grace_time} s of grace",
        takes=LONG,
        notes=(pausing.STANDS_STILL, pausing.STAY),
    )


def _nobody(intent: CheckVolume) -> Impact:
    return Impact(
        pause="none; writes wait for a moment while the file system is frozen",
        takes=LONG,
        notes=(
            f"The check reads much from the disks: {intent.name} may be slower meanwhile.",
            "When more than the snapshot's room changes meanwhile, the check is void and has to be made again; the volume is not harmed.",
            pausing.STAY,
        ),
    )


def _in_snapshot(
    intent: CheckVolume, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Found:
    snapshot, volume = snapshot_of(intent.name, intent.room), desired.volume(intent.name)
    findings = snapshots.ready(snapshots.with_one(desired, snapshot), observed, backend)
    active = active_node(desired, observed)
    if active is None or volume is None or len(observed) < 2 or snapshots.ill_formed(findings):
        return (), findings
    node = observed[active]
    findings += snapshots.volume_ready(desired, node, intent.name)
    findings += snapshots.fits(desired, observed, node, snapshot)
    return in_order(_snapshot_steps(desired, node, volume, snapshot)), findings


def _snapshot_steps(
    desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, snapshot: DesiredSnapshot
) -> Iterator[Step]:
    left = snapshots.seen(desired, node, snapshot)
    if left is not None:  # of a check that broke off: what is in it is old, or lost
        yield from _gone(desired, node, snapshot, Stage.QUIET)
        node = replace(node, lvs=tuple(lv for lv in node.lvs or () if lv is not left))
    yield from snapshots.take(desired, node, snapshot)
    device, either = render.device(desired, snapshot), (0, 32)
    whole = snapshots.is_whole(desired, node, snapshot)
    away = cmd("lvremove", "--yes", f"{desired.resource.vg}/{snapshot.lv}", timeout=120)
    yield Step(
        node=node.node,
        title=f"Check the file system in the snapshot of {volume.name}",
        kind=Kind.READS,
        stage=Stage.PROVE,
        guards=(whole,),
        commands=(
            *snapshots.activated(desired, node, snapshot),
            cmd("mkdir", "--parents", LOOKED_AT),
            cmd("mount", "--types", volume.fstype, *MOUNT_OPTIONS[volume.fstype], device, LOOKED_AT, timeout=300, exits=either),
            cmd("umount", LOOKED_AT, timeout=300, exits=either),
            checking.look(volume.fstype, device),
        ),
        if_it_fails=away,
        note="Mounted once out of everybody's way: its journal is replayed into the snapshot's own room, as after a power cut.",
    )  # fmt: skip
    yield Step(
        node=node.node,
        title="See that the snapshot did not run full",
        kind=Kind.WAITS,
        stage=Stage.PROVE,
        wait=Wait(
            "what was checked is the volume as it was",
            whole.command,
            whole.expect,
            bound=5,
        ),
        if_it_fails=away,
        note="If it did, what was found means nothing. Plan again with more room.",
    )
    yield from _gone(desired, node, snapshot, Stage.TIDY)


def _gone(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, stage: Stage) -> Iterator[Step]:
    """Remove the check's own snapshot: nothing of anybody's is lost with it."""
    for step in snapshots.removal(desired, node, snapshot, note="Only the check's own; the volume is not touched."):
        yield replace(step, stage=stage, kind=Kind.WRITES if step.commands else step.kind, assumes=())


def _itself(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    backend: Backend,
    volume: DesiredVolume | None,
    steps: Callable[[NodeObserved, DesiredVolume], Iterable[Step]],
    *,
    mounts: bool = False,
) -> Found:
    """Take the volume out of service, do `steps` with its device, and bring it back. Of one that is out already nobody is interrupted.

    `mounts`: it is mounted then too, since it may be mounted again after a repair; a check alone leaves it as it is.
    """
    findings = pausing.ready(desired, observed, backend, volume)
    name = pausing.holder(desired, observed)
    if volume is None or name is None or len(observed) < 2 or snapshots.ill_formed(findings):
        return (), findings
    node = observed[name]
    if node.lv(desired.resource.vg, volume.name) is None:
        text = f"{volume.name} was not seen on {name}."
        return (), [*findings, blocker("volume.unseen", text, hint="Plan again when it is there.", node=name)]
    left = snapshot_of(volume.name, 0)
    gone = list(_gone(desired, node, left, Stage.LIVE)) if snapshots.seen(desired, node, left) else []
    findings += pausing.below(node, volume, "Take it away first, or check in a snapshot, which needs no unmount.")
    if pausing.out_already(node, volume):
        return (*gone, *steps(node, volume), *(pausing.serve_again(desired, node, volume) if mounts else ())), findings
    if node.mount(volume.mount_point) is not None:
        findings += pausing.keeps_state(desired, volume, IN_SNAPSHOT)
    # What only looked leaves the volume as it was; what was to mend it may have left it half mended.
    back = pausing.nfs_again(desired) if mounts else pausing.all_again(desired, volume)
    done = (replace(step, if_it_fails=back) for step in steps(node, volume))
    return (*gone, *pausing.leave(desired, node, volume), *done, *pausing.come_back(desired, node, volume)), findings


def _is_out(desired: DesiredCluster, observed: Mapping[str, NodeObserved], volume: DesiredVolume | None) -> bool:
    name = pausing.holder(desired, observed)
    return volume is not None and name is not None and pausing.out_already(observed[name], volume)


def _how(out: bool) -> str:
    if out:
        return "It must not be mounted for it, and is not: the NFS server goes on, and nobody is interrupted."
    return "It must not be mounted for it: the NFS server is stopped until it is done. Every client of the pair stands still."


def _look(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> Step:
    return Step(
        node=node.node,
        title=f"Check the file system of {volume.name}",
        kind=Kind.READS,
        stage=Stage.LIVE,
        guards=(pausing.primary_here(desired), *pausing.unmounted(desired, volume)),
        commands=(checking.look(volume.fstype, _device(desired, volume)),),
        note="Changes nothing.",
    )


def _device(desired: DesiredCluster, volume: DesiredVolume) -> str:
    return f"/dev/{desired.resource.vg}/{volume.name}"


def repair(
    intent: RepairVolume, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    """Plan what changes the file system: only what needs no question, or, when a person says so, everything, which may lose files."""
    volume = desired.volume(intent.name)

    def steps(node: NodeObserved, volume: DesiredVolume) -> Iterator[Step]:
        if volume.fstype == "xfs" and not intent.forced and node.mount(volume.mount_point) is None:
            yield _replay(desired, node, volume)
        yield _mend(desired, node, volume, forced=intent.forced)
        yield replace(_look(desired, node, volume), title="Check it once more")

    done, findings = _itself(desired, observed, backend, volume, steps, mounts=True)
    out = _is_out(desired, observed, volume)
    if volume is None:
        findings.append(blocker("volume.unknown", f"There is no volume {intent.name}.", hint="Draft the change again."))
    runs = any(step.runs for step in done)
    destroys = intent.forced and runs
    how = FORCED.get(volume.fstype if volume else "", "") if intent.forced else CAREFUL
    return Plan(
        title=f"Repair the file system of {intent.name}" + (" whatever it costs" if intent.forced else ""),
        summary=f"{how} {_how(out)}",
        now=words.now(desired, observed),
        after=f"The file system of {intent.name} is repaired as far as it could be, and checked once more. {SAYS_ALL}",
        steps=done,
        findings=tuple(findings),
        danger=Danger.DESTROYS if destroys else Danger.INTERRUPTS if runs and not out else Danger.NONE,
        typed_name=intent.name if destroys else "",
        button=f"Repair {intent.name}" if runs or blockers(findings) else "Nothing to do",
        impact=ONLY_ITS_OWN if out else _stands_still(desired, observed),
    )


def _replay(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> Step:
    return Step(
        node=node.node,
        title="Replay its log",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        guards=(pausing.primary_here(desired), *pausing.unmounted(desired, volume)),
        commands=(volumes.mount(desired, volume), cmd("umount", volume.mount_point, timeout=300)),
        note="xfs_repair works on a log that was replayed only: mounting it once does that.",
    )


def _mend(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, *, forced: bool) -> Step:
    device = _device(desired, volume)
    return Step(
        node=node.node,
        title=f"Repair the file system of {volume.name}",
        kind=Kind.DESTROYS if forced else Kind.WRITES,
        stage=Stage.LIVE,
        guards=(pausing.primary_here(desired), *pausing.unmounted(desired, volume)),
        commands=(checking.repair(volume.fstype, device, forced=forced),),
        assumes=(f"{device} is not mounted anywhere",) if forced else (),
        note=f"No way back. {copies.linked(desired, node, 'DRBD writes it to both copies.')} A snapshot taken before keeps what was." if forced
        else "What would need a decision is left as it is and told.",
    )  # fmt: skip
