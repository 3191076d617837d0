"""The plan of other clients or options for an export that is in service: only that export is touched, NFS is not restarted. Pure.

The steps are those of a new export (`parts.exporting`). A client that loses something feels it at its next request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clusters.export_access import Client, access_of, may, narrower, what_gets
from clusters.export_rights import gave_more, keeps, still_gets
from clusters.findings import Finding, blocker, blockers
from clusters.states import Danger
from provisioning.checks import exporting as checks
from provisioning.checks import kerberos, spelling
from provisioning.checks.export_line import line_itself
from provisioning.checks.known import gaps
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster, DesiredExport
from provisioning.ha.base import Backend, active_node
from provisioning.intents import EditExport
from provisioning.observed import NodeObserved
from provisioning.plans.parts import exporting, words
from provisioning.plans.parts.felt import clients_of, felt
from provisioning.render import nfs
from provisioning.steps import Impact, Plan, Step, in_order


def plan(intent: EditExport, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    export = intent.export
    known = next((e for e in desired.exports if e.path == export.path), None)
    after = replace(desired, exports=tuple(export if e.path == export.path else e for e in desired.exports))
    change = nfs.Change.of(desired, after)
    active = active_node(desired, observed)
    findings = [*spelling.export(export, known), *running(desired, observed, backend)]
    findings += [gap for node in observed.values() for gap in gaps(node)]
    findings += _reasons(change, export, known, observed, active)
    steps: tuple[Step, ...] = ()
    if active and known and len(observed) == 2:
        steps = in_order(exporting.on_both(change, observed, active, export.path))
    todo = [step for step in steps if step.runs]
    changes = list(differences(known, export)) if known else []
    idle = words.idle(steps, findings, same=known == export)
    losing = [sentence for sentence, loses in changes if loses]
    risks = list(risking(known, export)) if known else []
    return Plan(
        title=f"Change the export {export.path}",
        summary=words.IDLE
        if idle
        else f"{' '.join(sentence for sentence, _ in changes) or 'The clients and their options stay as they are.'} "
        f"{words.counted(len(todo), 'step')}. Nothing else is touched and nothing is destroyed.",
        now=words.now(desired, observed) + (f" {_clients_now(known)}" if known else ""),
        after=f"{_clients_now(export)} The same file is on both nodes, so it stays so after a failover.",
        steps=steps,
        findings=tuple(findings),
        danger=Danger.INTERRUPTS if todo and (losing or risks) else Danger.NONE,
        button=f"Change {export.path}" if todo or blockers(findings) else "Nothing to do",
        impact=_impact(desired, observed, export, known, losing, risks),
        idle=idle,
    )


def differences(known: DesiredExport, export: DesiredExport) -> Iterator[tuple[str, bool]]:
    """Say each change in a sentence, and whether somebody loses by it."""
    before = {client.client: client.options for client in known.clients}
    now = {client.client: client.options for client in export.clients}
    for name in [name for name in now if name not in before]:
        more = gave_more((name, now[name]), pairs(known), pairs(export))
        yield f"New: {name} {may(now[name])}{f'; {more} gave more until now' if more else ''}.", bool(more)
    for name in [name for name in before if name not in now]:
        yield _gone(name, before[name], pairs(export))
    for name in [client.client for client in export.clients if client.client in before]:
        if before[name] == now[name]:
            continue
        lost = narrower(access_of(before[name]), access_of(now[name]))
        yield f"{name} {lost}." if lost else f"{name} {may(now[name])} ({','.join(now[name])}).", bool(lost)
    if [n for n in before if n in now] != [n for n in now if n in before]:
        yield "The clients stand in another order, and the first that fits decides.", True


def risking(known: DesiredExport, export: DesiredExport) -> Iterator[str]:
    """Say who is to be answered before a write is on disk and was not until now: clients feel that when the service moves, and not before."""
    before = {client.client: client.options for client in known.clients}
    for client in export.clients:
        had = before.get(client.client) or (still_gets(client.client, pairs(known)) or ("", ()))[1]
        if not access_of(client.options).sync and access_of(had).sync:
            yield f"At a failover {client.client} may lose what it was told is written."


def pairs(export: DesiredExport) -> list[Client]:
    return [(client.client, client.options) for client in export.clients]


def _gone(name: str, options: Sequence[str], now: Sequence[Client]) -> tuple[str, bool]:
    still = still_gets(name, now)
    if still is None:
        return f"{name} may not mount it any more.", True
    lost = narrower(access_of(options), access_of(still[1]))
    return f"{name} has no line of its own any more; by {still[0]} it {lost or may(still[1])}.", bool(lost)


def _clients_now(export: DesiredExport) -> str:
    return f"{export.path}: " + "; ".join(f"{client.client} {may(client.options)}" for client in export.clients) + "."


def _impact(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    export: DesiredExport,
    known: DesiredExport | None,
    losing: list[str],
    risks: list[str],
) -> Impact:
    if known is None or not losing:
        notes = risks or ["Nobody loses anything."]
        return Impact("nobody now" if risks else "nobody", "none; NFS is not restarted", "a few seconds", tuple(notes))
    notes = [
        "A client that loses something feels it at its next request; a file it holds open fails there.",
        *losing,
        *risks,
    ]
    spared = set()
    for client in clients_of(desired, observed) or ():
        will = what_gets(client.address, pairs(export))
        if what_gets(client.address, pairs(known)).sentence != will.sentence:
            notes.append(f"Connected now: {will.sentence}")
        if keeps(client.address, pairs(known), pairs(export)):
            spared.add(client.address)
    return felt(
        desired,
        observed,
        pause="for those who lose something, for good",
        takes="a few seconds",
        notes=notes,
        path=export.path,
        spared=spared,
    )


def _reasons(
    change: nfs.Change,
    export: DesiredExport,
    known: DesiredExport | None,
    observed: Mapping[str, NodeObserved],
    active: str | None,
) -> list[Finding]:
    desired = change.before
    volume = desired.volume(export.volume)
    if known is None or volume is None:
        return [blocker("export.unknown", f"{export.path} is not exported by this pair.", hint="Publish it first.")]
    findings: list[Finding] = []
    if known.fsid != export.fsid or known.volume != export.volume:
        findings.append(
            blocker("export.fsid-changed", f"{export.path} has fsid {known.fsid} on {known.volume}, which never changes.", hazard=7,
                    hint="Clients hold it in every handle: with another one their mounts would be stale. Open the form again.")
        )  # fmt: skip
    others = replace(desired, exports=tuple(e for e in desired.exports if e.path != export.path))
    findings += line_itself(others, export, volume)
    only = replace(change.after, exports=(export,))
    findings += [f for node in observed.values() for f in checks.foreign(only, node) if f.code != "export.foreign"]
    findings += kerberos.ready(observed, (client.options for client in export.clients))
    return findings + (list(checks.taking(change, observed, active)) if active else [])
