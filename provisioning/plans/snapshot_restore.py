"""The plan that rolls a volume back to a snapshot. Everything written after it is lost; the snapshot is used up. Pure.

Of a thin volume the snapshot takes its place at once, with the size it had then; nothing is copied.
1. Stop the NFS server: its clients stand still instead of getting errors, and nothing holds the file system. 2. Unmount the volume.
3. Start the merge: from then on LVM shows the old content, while it copies it back block by block. 4. See that it did not put that off.
5. Mount the volume, start the NFS server. 6. See the exports, from outside too. 7. Wait until the merge has ended and the snapshot is gone.
Heartbeat is not stopped: it watches nodes and not services. A failover meanwhile starts the group on the other node, where LVM goes on merging.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers, warning
from clusters.states import Danger
from provisioning.checks.placed import in_the_way
from provisioning.desired import DesiredCluster, DesiredSnapshot, DesiredVolume
from provisioning.ha.base import Backend
from provisioning.intents import RestoreSnapshot
from provisioning.observed import NodeObserved
from provisioning.plans.parts import pausing, snapshots, words
from provisioning.plans.parts.felt import felt
from provisioning.render.lvm import mapper
from provisioning.steps import Expect, Guard, Impact, Kind, Plan, Stage, Step, Wait, cmd, unchanged

PUT_OFF = "A merge into a volume that is open would be put off until it is activated again, at a failover for instance."
SLOWEST = 4 * 1024**2  # bytes per second at which a merge surely goes
LEAST = 600  # seconds a merge is waited for at least
IN_FORCE = 'set -e; dmsetup table --target snapshot-merge "$1"; lvs --noheadings --all --options lv_name --select "lv_name=$2" "$3"'


def plan(
    intent: RestoreSnapshot, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    snapshot, volume = desired.snapshot(intent.volume, intent.name), desired.volume(intent.volume)
    name = snapshots.holder(desired, observed)
    begun = snapshot is not None and snapshot.removing
    pool = snapshots.pool_of(desired, observed[name], intent.volume) if name else ""
    away = bool(name and snapshot and _is_away(desired, observed[name], snapshot))
    reasons = snapshots.ready(desired, observed, backend)
    findings = [f for f in reasons if not (begun and name and f.code == "service.nowhere")]
    steps: tuple[Step, ...] = ()
    if snapshot is None or volume is None:
        text = f"{intent.volume} has no snapshot {intent.name}."
        findings.append(blocker("snapshot.unknown", text, hint="It was deleted or used up already."))
    elif name and len(observed) == 2 and not snapshots.ill_formed(findings):
        findings += in_the_way(desired, observed[name], volume)
        findings += _reasons(desired, observed[name], snapshot)
        findings += pausing.below(observed[name], volume) if away else []
        steps = tuple(_steps(desired, observed[name], snapshot, volume))
    destroys = any(step.runs and step.kind is Kind.DESTROYS for step in steps)
    runs = any(step.runs for step in steps)
    touches = any(step.runs and step.commands for step in steps)
    waits = bool(steps) and runs and not touches
    return Plan(
        title=f"Roll {intent.volume} back to {intent.name}",
        summary=_summary(intent, destroys=destroys, begun=begun, runs=runs, waits=waits),
        now=words.now(desired, observed) + _now(desired, observed, name, snapshot),
        after=f"{intent.volume} holds what it held when {intent.name} was taken, on both nodes. {intent.name} is used up by it. "
        f"Other snapshots of it stay{'' if pool else ', and fill by what is rolled back'}. "
        "Files made since then are gone: a client that holds one open gets an error for it (stale file handle).",
        steps=steps,
        findings=tuple(findings),
        danger=Danger.DESTROYS if destroys else Danger.INTERRUPTS if touches else Danger.NONE,
        typed_name=intent.volume if destroys else "",
        button=_button(intent, runs=runs or bool(blockers(findings)), waits=waits),
        impact=_impact(desired, observed, felt_by_all=touches or not steps, waits=waits, thin=bool(pool)),
    )  # fmt: skip


def _button(intent: RestoreSnapshot, *, runs: bool, waits: bool) -> str:
    if waits:
        return f"Wait until {intent.volume} is rolled back"
    return f"Roll {intent.volume} back" if runs else "Nothing to do"


def _impact(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], *, felt_by_all: bool, waits: bool, thin: bool
) -> Impact:
    if not felt_by_all:
        return Impact(takes="as long as the merge in the background" if waits else "nothing to run")
    return felt(
        desired, observed, takes="under a minute" if thin else "under a minute, then the merge in the background",
        pause=f"about 10 s, and then up to {desired.nfs.grace_time} s of grace",
        notes=(pausing.STANDS_STILL,),
    )  # fmt: skip


def _summary(intent: RestoreSnapshot, *, destroys: bool, begun: bool, runs: bool, waits: bool) -> str:
    if destroys:
        return (
            f"Everything written to {intent.volume} after {intent.name} was taken is lost for good. "
            "The NFS server is stopped for a moment, so every client of the pair stands still."
        )
    if waits:
        return (
            f"{intent.volume} is served, and LVM was told to roll it back. "
            "This looks whether it copies the old content back, and waits for the end of that."
        )
    if begun and not runs:
        return f"{intent.volume} is rolled back and served. Running this takes {intent.name} off the list."
    if begun:
        return f"LVM was told to roll {intent.volume} back; what is left is to see that it does, and to serve it again."
    return "There is nothing to go back to."


def _now(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], name: str | None, snapshot: DesiredSnapshot | None
) -> str:
    lv = snapshots.seen(desired, observed[name], snapshot) if name and snapshot else None
    if lv is None or lv.filled is None or lv.pool:
        return ""
    return f" About {words.size(int(lv.size * lv.filled / 100))} of {lv.origin} changed since the snapshot."


def _reasons(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> list[Finding]:
    found = snapshots.mounted_elsewhere(desired, node, snapshot)
    if snapshot.opened and not found:
        text = f"{snapshot.name} is opened, though a failover has closed it on {node.node}."
        found.append(
            blocker(
                "snapshot.opened",
                text,
                hint="Press “Close it” on its page, so that its export goes too; then roll back.",
            )
        )
    if desired.nfs.state_volume == snapshot.volume:
        text = f"{snapshot.volume} carries what NFS clients hold; rolled back, the server would know of other clients than it serves."
        found.append(blocker("snapshot.nfs-state", text, hint="Keep that on another volume first.", hazard=8))
    lv, merging = snapshots.seen(desired, node, snapshot), snapshots.taking_back(desired, node, snapshot.volume)
    if lv is None and not merging and not snapshot.removing:
        text = f"LVM on {node.node} shows no snapshot {snapshot.lv} of {snapshot.volume}."
        found.append(blocker("snapshot.gone", text, hint="Somebody removed it. Delete it here to take it off the list.", node=node.node))  # fmt: skip
    if lv is not None and merging:
        text = f"{snapshot.volume} is being rolled back to another snapshot right now."
        found.append(blocker("snapshot.merging", text, hint="Wait until that has ended.", node=node.node))
    if lv is not None and not lv.valid:
        text = f"{snapshot.name} ran full: what it held is lost, and nothing can be rolled back to it."
        found.append(blocker("snapshot.full", text, hint="Delete it.", node=node.node))
    elif lv is not None:
        found.append(snapshots.whole(snapshot, lv))
    if lv is not None and lv.pool and not lv.origin:
        text = f"LVM does not know any more that {snapshot.name} is a snapshot of {snapshot.volume}, since that was rolled back."
        hint = "What it holds is whole: open it, and copy the files out of it."
        found.append(blocker("snapshot.orphaned", text, hint=hint, node=node.node))
    later = [one.name for one in node.snapshots_of(desired.resource.vg, snapshot.volume) if one.name != snapshot.lv]
    origin = node.lv(desired.resource.vg, snapshot.volume)
    if lv is not None and lv.pool and origin is not None and lv.size != origin.size:
        text = (
            f"{snapshot.volume} has {words.size(origin.size)} now and gets back the {words.size(lv.size)} it had then."
        )
        found.append(warning("snapshot.other-size", text, hint="Grow it again afterwards if that is too little."))
    if lv is not None and later and lv.pool:
        text = f"{words.listed(later)} can be opened and deleted afterwards, and not be rolled back to any more."
        found.append(
            warning(
                "snapshot.others-orphaned", text, hint="LVM forgets of which volume they are once it was rolled back."
            )
        )
    elif lv is not None and later:
        found.append(
            warning("snapshot.others-fill", f"Rolling back fills the other snapshots of {snapshot.volume}: {words.listed(later)}.",
                    hint="One that has less room than what changed since then runs full and is lost.")
        )  # fmt: skip
    return found


def _is_away(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> bool:
    """Whether the old content is still to come: LVM has the snapshot, and was not told to merge one."""
    return snapshots.seen(desired, node, snapshot) is not None and not snapshots.taking_back(
        desired, node, snapshot.volume
    )


def _steps(
    desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, volume: DesiredVolume
) -> Iterator[Step]:
    lv, merging = snapshots.seen(desired, node, snapshot), snapshots.taking_back(desired, node, volume.name)
    if lv is None and not merging and not snapshot.removing:
        return
    away = _is_away(desired, node, snapshot)
    here, served = node.mount(volume.mount_point) is not None, bool(node.nfsd_threads)
    begun = "LVM was told to roll it back already"
    stop, unmount, closed, merge = _before(desired, node, snapshot, volume)
    if away:
        yield stop if served else unchanged(stop, "it does not run")
        yield unmount if here else unchanged(unmount, "it is not mounted")
        yield from (closed, merge)
    else:
        yield from (unchanged(step, begun) for step in (stop, unmount, closed, merge))
    force = _in_force(desired, node, snapshot, volume)
    yield force if away or merging else unchanged(force, "it has ended")
    if not away and served and not here:  # it was put off, and the others are served meanwhile
        yield from pausing.mounted_again(desired, node, volume)
    else:
        mount, start = pausing.mounting(desired, node, volume), pausing.starting(desired, node)
        yield mount if away or not here else unchanged(mount, "it is mounted")
        yield start if away or not served else unchanged(start, "it runs")
    yield from _looks(
        desired, node, snapshot, volume, done=not away and here and served, merged=not away and not merging
    )


def _before(
    desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, volume: DesiredVolume
) -> tuple[Step, Step, Step, Step]:
    stop = pausing.stopping(desired, node, volume.mount_point)
    possible = _possible(desired, node, snapshot, volume)  # asked while the volume can still be brought back as it was
    nobody = Step(
        node=node.node,
        title=f"See that nothing has {volume.name} open",
        kind=Kind.WAITS,
        stage=Stage.LIVE,
        guards=possible,
        wait=Wait(
            f"nothing has {volume.name} open", _closed(desired, volume.name).command, Expect(one_of=("",)), bound=10
        ),
        if_it_fails=pausing.all_again(desired, volume),
    )
    return (
        replace(stop, guards=(*stop.guards, *possible)),
        pausing.unmounting(desired, node, volume, PUT_OFF),
        nobody,
        _merge(desired, node, snapshot, volume),
    )


def _possible(
    desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, volume: DesiredVolume
) -> tuple[Guard, ...]:
    thin = bool(snapshots.pool_of(desired, node, volume.name))
    return (
        snapshots.is_whole(desired, node, snapshot),
        *((snapshots.is_of(desired, snapshot),) if thin else ()),
        _closed(desired, snapshot.lv, "", "unknown"),  # of one that is not active, as thin ones are, LVM does not know
    )


def _closed(desired: DesiredCluster, lv: str, *said: str) -> Guard:
    ask = cmd("lvs", "--noheadings", "--options", "lv_device_open", f"{desired.resource.vg}/{lv}")
    return Guard(f"nothing has {lv} open", ask, Expect(one_of=said or ("",)))


def _in_force(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, volume: DesiredVolume) -> Step:
    """lvconvert ends with 0 too when it put the merge off: the kernel's own table tells whether it goes on."""
    vg, thin = desired.resource.vg, bool(snapshots.pool_of(desired, node, volume.name))
    gone = snapshots.gone(desired, snapshot, bound=20, says=f"{snapshot.lv} has taken the place of {volume.name}")
    ask = cmd("sh", "-c", IN_FORCE, "in-force", mapper(vg, volume.name), snapshot.lv, vg)
    begun = Wait(
        f"the merge of {snapshot.lv} goes on, or has ended",
        ask,
        Expect(matches=" snapshot-merge |^ +$"),  # nothing at all: neither that target nor the snapshot
        bound=20,
    )
    return Step(
        node=node.node,
        title="See that LVM did not put it off",
        kind=Kind.WAITS,
        stage=Stage.LIVE,
        wait=replace(gone if thin else begun, in_vain=_put_off(desired, node, snapshot, volume)),
        if_it_fails=pausing.nfs_again(desired),
        note="If it did, the volume is not mounted: what would be written to it until then is lost.",
    )


def _put_off(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, volume: DesiredVolume) -> str:
    vg, name = desired.resource.vg, volume.name
    begin = f"activate {name} anew (lvchange --activate n {vg}/{name}, then lvchange --activate y {vg}/{name}) and plan again."
    if node.mount(volume.mount_point) is not None and snapshots.taking_back(desired, node, name):
        return (
            f"LVM put the rollback off until {name} is activated again, at a failover for instance, and {name} is mounted and served: "
            f"what is written to it until then is lost. Tell its people, stop NFS (systemctl stop {pausing.NFS}), unmount it "
            f"(umount {volume.mount_point}), {begin}"
        )
    return (
        f"LVM put the rollback off until {name} is activated again, at a failover for instance: something has {name} or {snapshot.lv} open. "
        f"Whatever is written to {name} until then is lost, so do not mount it; the other volumes are served. "
        f"See who has it open (lvs --all --options lv_name,lv_device_open {vg}), close that, {begin}"
    )


def _merge(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, volume: DesiredVolume) -> Step:
    vg = desired.resource.vg
    thin = bool(snapshots.pool_of(desired, node, volume.name))
    how = () if thin else ("--background",)
    return Step(
        node=node.node,
        title=f"Roll {volume.name} back to {snapshot.name}",
        kind=Kind.DESTROYS,
        stage=Stage.LIVE,
        guards=(*_possible(desired, node, snapshot, volume), _closed(desired, volume.name)),
        commands=(cmd("lvconvert", "--merge", *how, f"{vg}/{snapshot.lv}", timeout=300),),
        if_it_fails=pausing.nfs_again(desired),
        assumes=(f"{snapshot.lv} is a whole snapshot of {volume.name}",),
        note="No way back. The snapshot takes the volume's place; what was there is removed."
        if thin
        else "No way back. LVM shows the old content at once and copies it back in the background.",
    )


def _looks(
    desired: DesiredCluster,
    node: NodeObserved,
    snapshot: DesiredSnapshot,
    volume: DesiredVolume,
    *,
    done: bool,
    merged: bool,
) -> Iterator[Step]:
    for step in pausing.looks(desired, node, volume):
        yield unchanged(step, "it is served") if done else step
    end = Step(
        node=node.node,
        title="Wait until the merge has ended",
        kind=Kind.WAITS,
        stage=Stage.TIDY,
        wait=snapshots.gone(
            desired, snapshot, bound=max(LEAST, snapshot.size // SLOWEST), says=f"{snapshot.lv} is merged and gone"
        ),
        note=""
        if snapshots.pool_of(desired, node, volume.name)
        else "The volume is served meanwhile. Its snapshot disappears when everything was copied back.",
    )
    yield unchanged(end, "it has ended") if merged else end
