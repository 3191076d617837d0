"""The plan of new times of a running pair's manager: written and taken on the standby node first, then on the one that serves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clusters.findings import Finding, blockers
from provisioning.checks import network, settings, spelling
from provisioning.checks.known import gaps
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster
from provisioning.ha.base import Backend, active_node
from provisioning.intents import ConfigureManager
from provisioning.observed import NodeObserved
from provisioning.plans.parts import serving, words
from provisioning.steps import Impact, Plan, Step, in_order


def plan(
    intent: ConfigureManager, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    after = replace(desired, heartbeat=intent.heartbeat)
    wrong = [*spelling.cluster(after), *network.times(after)]
    findings: list[Finding] = [*wrong, *running(after, observed, backend)]
    findings = [finding for finding in findings if finding.code != "manager.settings-differ"]  # that is what it changes
    findings += [gap for node in observed.values() for gap in gaps(node)]
    steps: tuple[Step, ...] = ()
    if len(observed) == 2 and not blockers(wrong):
        findings += settings.manager(after, observed)
        steps = in_order(serving.managers(after, observed, backend))
    todo = [step for step in steps if step.runs]
    nodes = words.listed(list(dict.fromkeys(step.node for step in todo)))
    h = after.heartbeat
    return Plan(
        title=f"Change Heartbeat's times of {desired.name}",
        summary=f"Heartbeat on {nodes} gets new times and restarts in place; what it holds stays where it is."
        if todo
        else "Both nodes run with these times. Nothing would run.",
        now=words.now(desired, observed),
        after=f"A node that is not heard of for {h.deadtime} s counts as dead, and the other one takes over; after a start, {h.initdead} s.",
        steps=steps,
        findings=tuple(findings),
        button="Change the times" if todo or blockers(findings) else "Nothing to do",
        impact=_impact(after, observed, todo),
        idle=words.idle(steps, findings, same=desired.heartbeat == intent.heartbeat),
    )


def _impact(after: DesiredCluster, observed: Mapping[str, NodeObserved], todo: list[Step]) -> Impact:
    if not todo:
        return Impact(takes="nothing to run")
    active = active_node(after, observed)
    note = f"While Heartbeat restarts, a failure of {active or 'a node'} is answered later: by up to {after.heartbeat.initdead} s."
    return Impact(pause="none; nothing of the group is stopped", takes="a minute or two", notes=(note,))
