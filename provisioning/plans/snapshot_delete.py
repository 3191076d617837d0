"""The plan that deletes a snapshot. Nobody is interrupted; what it held is gone for good. Pure.

1. Of one that a failover closed: take away its lines and the member of the service group, as closing does. 2. Look again that it is a snapshot
of this volume and not a volume. 3. Remove it. 4. See it gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from clusters.findings import Finding, blocker, blockers, warning
from clusters.states import Danger
from provisioning.checks.placed import undescribed
from provisioning.desired import DesiredCluster, DesiredSnapshot
from provisioning.ha.base import Backend, active_node
from provisioning.intents import DeleteSnapshot
from provisioning.observed import NodeObserved
from provisioning.plans import snapshot_open
from provisioning.plans.parts import snapshots, words
from provisioning.steps import Impact, Plan, Step, in_order


def plan(
    intent: DeleteSnapshot, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    snapshot = desired.snapshot(intent.volume, intent.name)
    active = active_node(desired, observed)
    findings = snapshots.ready(desired, observed, backend, alone=True)
    steps: tuple[Step, ...] = ()
    first = ""
    if snapshot is None:
        text = f"{intent.volume} has no snapshot {intent.name}."
        findings.append(blocker("snapshot.unknown", text, hint="It was deleted already."))
    elif active and not snapshots.ill_formed(findings):
        findings += _reasons(desired, observed[active], snapshot)
        found, closes = _closes(desired, observed, active, snapshot, backend)
        findings += found
        first = " What is left of its export goes first." if closes else ""
        steps = in_order([*closes, *snapshots.remove(desired, observed[active], snapshot)])
    runs = any(step.runs for step in steps)
    return Plan(
        title=f"Delete snapshot {intent.volume}@{intent.name}",
        summary=f"{intent.volume} itself is not touched. Nobody is interrupted; what the snapshot held is gone for good.{first}"
        if runs else "It is not there any more; only the panel's list names it.",
        now=words.now(desired, observed),
        after=f"{intent.volume} has no snapshot {intent.name}, and the volume group has its room back.",
        steps=steps,
        findings=tuple(findings),
        danger=Danger.DESTROYS if runs else Danger.NONE,
        typed_name=intent.name if runs else "",
        button=f"Delete {intent.name}" if runs or blockers(findings) else "Take it off the list",
        impact=Impact(pause="none", takes="a few seconds"),
    )  # fmt: skip


def _closes(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    active: str,
    snapshot: DesiredSnapshot,
    backend: Backend,
) -> tuple[list[Finding], list[Step]]:
    """What is left of an opened one that is not mounted any more goes with it: a failover took the mount only."""
    if not snapshot.opened or snapshots.mounted_elsewhere(desired, observed[active], snapshot):
        return [], []
    if len(observed) < 2:
        other = desired.peer(active).name
        text = f"{snapshot.name} was opened, and what exports it stands in files of both nodes; {other} was not read."
        return [blocker("snapshot.opened", text, hint=f"Wait until {other} answers.", node=other)], []
    findings, steps = snapshot_open.closing(desired, observed, active, snapshot, backend)
    return [*undescribed(desired, observed), *findings], steps


def _reasons(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> list[Finding]:
    found = snapshots.mounted_elsewhere(desired, node, snapshot)
    if snapshots.taking_back(desired, node, snapshot.volume):
        text = f"{snapshot.volume} is being rolled back to a snapshot right now."
        found.append(blocker("snapshot.merging", text, hint="Wait until that has ended.", node=node.node))
    lv = snapshots.seen(desired, node, snapshot)
    if lv is not None and not lv.valid:
        found.append(warning("snapshot.full", f"{snapshot.name} ran full: what it held is lost already."))
    return found
