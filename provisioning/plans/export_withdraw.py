"""The plan of withdrawing an export: its clients lose it at their next request, nobody else notices, no file is deleted. Pure.

The steps are those of a new export (`parts.exporting`), with a line less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers
from clusters.states import Danger
from provisioning.checks import exporting as checks
from provisioning.checks.known import gaps
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster, DesiredExport
from provisioning.ha.base import Backend, active_node
from provisioning.intents import WithdrawExport
from provisioning.observed import NodeObserved
from provisioning.plans.parts import exporting, words
from provisioning.plans.parts.felt import felt
from provisioning.render import nfs
from provisioning.steps import Plan, in_order


def plan(
    intent: WithdrawExport, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    path = intent.path
    known = next((e for e in desired.exports if e.path == path), None)
    after = replace(desired, exports=tuple(e for e in desired.exports if e.path != path))
    change = nfs.Change.of(desired, after)
    active = active_node(desired, observed)
    findings = [*running(desired, observed, backend), *(gap for node in observed.values() for gap in gaps(node))]
    findings += _reasons(intent, known)
    if active:
        findings += checks.taking(change, observed, active)
    ready = active and len(observed) == 2
    steps = in_order(exporting.on_both(change, observed, active, path)) if ready and active else ()
    todo = [step for step in steps if step.runs]
    clients = words.listed([client.client for client in known.clients]) if known else "nobody"
    return Plan(
        title=f"Withdraw the export {path}",
        summary=f"{clients} may not mount {path} any more. What is in it stays. {words.counted(len(todo), 'step')}.",
        now=words.now(desired, observed) + f" {words.counted(len(desired.exports), 'export')} now.",
        after=f"{path} is not exported; its files stay on {known.volume if known else 'the volume'}. "
        f"{words.counted(len(after.exports), 'export')} {'is' if len(after.exports) == 1 else 'are'} left. fsid {intent.fsid} is not given again.",
        steps=steps,
        findings=tuple(findings),
        danger=Danger.INTERRUPTS if todo else Danger.NONE,
        button=f"Withdraw {path}" if todo or blockers(findings) else "Nothing to do",
        impact=felt(
            desired, observed, pause="for its clients, for good", takes="a few seconds", path=path,
            notes=("Whoever has it mounted gets “stale file handle” at the next request, for files that are open, too. Unmount it there first.",),
        ),
    )  # fmt: skip


def _reasons(intent: WithdrawExport, known: DesiredExport | None) -> list[Finding]:
    if known is not None and known.fsid != intent.fsid:
        return [
            blocker(
                "export.fsid-changed",
                f"{intent.path} has fsid {known.fsid} now: it is another export.",
                hint="Open its page again.",
                hazard=7,
            )
        ]
    return []
