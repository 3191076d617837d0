"""The plans that take a snapshot: one a person asks for, and one run of a schedule. Nobody is interrupted. Pure.

1. Take it where the volume group is active. 2. See it. 3. Of a schedule only: remove those of its own that it does not keep any more;
before taking the new one when there is no room otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clusters.findings import Finding, blockers, warning
from provisioning.desired import DesiredCluster, DesiredSnapshot
from provisioning.ha.base import Backend, active_node
from provisioning.intents import CreateSnapshot, KeepSnapshots
from provisioning.observed import NodeObserved
from provisioning.plans.parts import copies, snapshots, thin, words
from provisioning.steps import Impact, Plan, Stage, Step, in_order

NO_BACKUP = (
    "It lies beside the volume on the same two disks: it moves with the service group, and is no backup. "
    "A resync overwrites it together with the volume."
)
FULL = "When what changes in the volume after it exceeds its room, the snapshot is lost; the volume is not harmed."
THIN = (
    "It never runs full by itself, but what it keeps fills the thin pool: when the pool is full, writes to every volume in it fail, "
    "this one among them."
)


def plan(
    intent: CreateSnapshot, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    snapshot = intent.snapshot
    active = active_node(desired, observed)
    findings = _reasons(desired, observed, backend, snapshot, active)
    pool = _pool(desired, observed, active, snapshot.volume)
    steps: tuple[Step, ...] = ()
    if active and not snapshots.ill_formed(findings):
        node = observed[active]
        findings += [*snapshots.fits(desired, observed, node, snapshot), *snapshots.little(desired, node, snapshot)]
        steps = in_order(snapshots.take(desired, node, snapshot))
    return Plan(
        title=f"Snapshot {snapshot.volume}@{snapshot.name}",
        summary=_summary(snapshot, pool),
        now=words.now(desired, observed) + _now(desired, observed, active, snapshot),
        after=f"{snapshot.volume} as it is now can be looked at and gone back to. {_lies(desired, observed, active)} {THIN if pool else FULL}",
        steps=steps,
        findings=tuple(findings),
        button=f"Take {snapshot.name}" if any(s.runs for s in steps) or blockers(findings) else "Nothing to do",
        impact=_impact(snapshot, pool),
    )


def _lies(desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str | None) -> str:
    """Say what it is worth; without the link it is on one node only until that is back."""
    late = copies.linked(desired, observed[active], "") if active else ""
    return f"{NO_BACKUP} {late}".strip()


def _pool(desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str | None, volume: str) -> str:
    return snapshots.pool_of(desired, observed[active], volume) if active else ""


def _summary(snapshot: DesiredSnapshot, pool: str) -> str:
    if pool:
        return f"Nothing is reserved: what changes in {snapshot.volume} after it is taken from the thin pool {pool}. Nobody is interrupted."
    return (
        f"{words.size(snapshot.size)} reserved for what changes in {snapshot.volume} after it. Nobody is interrupted."
    )


def keep(
    intent: KeepSnapshots, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    """Plan one run of a schedule. What it removes was approved with the schedule, so the plan itself asks for nothing more."""
    snapshot = intent.take
    active = active_node(desired, observed)
    findings = _reasons(desired, observed, backend, snapshot, active)
    steps: tuple[Step, ...] = ()
    dropped: list[DesiredSnapshot] = []
    if active and not snapshots.ill_formed(findings):
        node = observed[active]
        dropped, held = _dropped(intent, desired, node)
        findings += held
        freed = sum(lv.size for old in dropped if (lv := snapshots.seen(desired, node, old)) is not None)
        vg = node.vg(desired.resource.vg)
        tight = vg is not None and snapshot.size > vg.free and not snapshots.pool_of(desired, node, snapshot.volume)
        findings += snapshots.fits(desired, observed, node, snapshot, freed)
        takes = snapshots.take(desired, node, snapshot)
        note = f"The schedule of {snapshot.volume} does not keep it any more."
        drops = [step for old in dropped for step in snapshots.remove(desired, node, old, note=note)]
        stage = Stage.BACKING if tight else Stage.TIDY
        steps = in_order([*takes, *(replace(step, stage=stage) for step in drops)])
    names = words.listed([old.name for old in dropped])
    return Plan(
        title=f"Snapshot {snapshot.volume}@{snapshot.name} by schedule",
        summary=f"Takes {snapshot.name}" + (f" and lets {names} go." if dropped else ".") + " Nobody is interrupted.",
        now=words.now(desired, observed) + _now(desired, observed, active, snapshot),
        after=f"{snapshot.volume} has the snapshots its schedule keeps. {_lies(desired, observed, active)}",
        steps=steps,
        findings=tuple(findings),
        button=f"Take {snapshot.name}",
        impact=_impact(snapshot, _pool(desired, observed, active, snapshot.volume)),
    )


def _dropped(
    intent: KeepSnapshots, desired: DesiredCluster, node: NodeObserved
) -> tuple[list[DesiredSnapshot], list[Finding]]:
    """Give those that go, and say which one stays because somebody mounted it by hand: it would stop every run, until the group is full."""
    going, held = [], []
    for name in intent.drop:
        if (old := _may_go(desired, intent.take.volume, name)) is None:
            continue
        if where := snapshots.mounted_elsewhere(desired, node, old):
            hint = f"The schedule does not keep it any more, and lets it go at a run after it is unmounted. {where[0].hint}"
            held.append(warning("snapshot.kept-mounted", where[0].text, hint=hint, node=node.node, fix=where[0].fix))
        else:
            going.append(old)
    return going, held


def _may_go(desired: DesiredCluster, volume: str, name: str) -> DesiredSnapshot | None:
    """What a person took, what somebody has opened, and what is on its way out already is left alone."""
    old = desired.snapshot(volume, name)
    return old if old and old.scheduled and not (old.opened or old.removing) else None


def _reasons(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    backend: Backend,
    snapshot: DesiredSnapshot,
    active: str | None,
) -> list[Finding]:
    findings = snapshots.ready(snapshots.with_one(desired, snapshot), observed, backend, alone=True)
    if active:
        findings += snapshots.volume_ready(desired, observed[active], snapshot.volume)
    return findings


def _now(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str | None, snapshot: DesiredSnapshot
) -> str:
    if active is None:
        return ""
    node, vg = observed[active], desired.resource.vg
    group, others = node.vg(vg), len(node.snapshots_of(vg, snapshot.volume))
    room = f" {vg} has {words.size(group.free)} free." if group else ""
    if pool := snapshots.pool_of(desired, node, snapshot.volume):
        room = thin.now(node, vg, pool)
    return f"{room} {snapshot.volume} has {words.counted(others, 'snapshot') if others else 'no snapshot'}."


def _impact(snapshot: DesiredSnapshot, pool: str) -> Impact:
    return Impact(
        pause="none; writes wait for a moment while the file system is frozen",
        takes="a few seconds",
        notes=() if pool else (f"From then on the first change of each block of {snapshot.volume} is written twice.",),
    )
