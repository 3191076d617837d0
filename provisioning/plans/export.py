"""The plan of a new export on a running pair: nobody is interrupted. Pure.

1. The directory, when it lies below the volume's root; never by a link, which a client could have put there. 2. The line is tried. 3. The exports
file, the standby node first. 4. The active node takes it at once; if it refuses, the previous file is put back. 5. Read back, and seen from outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers
from provisioning.checks import exporting as checks
from provisioning.checks import kerberos, spelling
from provisioning.checks.export_line import line_itself
from provisioning.checks.known import gaps
from provisioning.checks.running import running
from provisioning.checks.served import served
from provisioning.desired import DesiredCluster, DesiredExport, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import PublishExport
from provisioning.observed import NodeObserved
from provisioning.plans.parts import exporting, owning, words
from provisioning.render import nfs
from provisioning.steps import Expect, Guard, Impact, Kind, Plan, Stage, Step, Wait, cmd, in_order, unchanged


def plan(
    intent: PublishExport, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    export = intent.export
    others = tuple(e for e in desired.exports if e.path != export.path)
    before, after = replace(desired, exports=others), replace(desired, exports=(*others, export))
    change = nfs.Change.of(before, after)
    volume = desired.volume(export.volume)
    active = active_node(before, observed)
    refused = list(spelling.cluster(after))
    findings = [*refused, *running(before, observed, backend)]
    findings += [gap for node in observed.values() for gap in gaps(node)]
    findings += _reasons(change, export, volume, observed, active)
    ready = active and volume and len(observed) == 2 and not refused
    steps = in_order(_steps(change, export, volume, observed, active)) if ready and volume and active else ()
    todo = [step for step in steps if step.runs]
    names = [client.client for client in export.clients]
    clients = words.listed(names)
    return Plan(
        title=f"Export {export.path}",
        summary=f"{export.path} for {clients}, with fsid {export.fsid}. {words.counted(len(todo), 'step')}. "
        "Nobody is interrupted and nothing is destroyed.",
        now=words.now(before, observed) + f" {words.counted(len(others), 'export')} now.",
        after=f"{words.can_mount(desired, names, export.path)}. The same file is on both nodes, so it stays so after a failover.",
        steps=steps,
        findings=tuple(findings),
        button=f"Export {export.path}" if todo or blockers(findings) else "Nothing to do",
        impact=Impact(pause="none; NFS is not restarted", takes="a few seconds", notes=(f"New for {clients}.",)),
    )


def _steps(
    change: nfs.Change,
    export: DesiredExport,
    volume: DesiredVolume,
    observed: Mapping[str, NodeObserved],
    active: str,
) -> list[Step]:
    steps = list(exporting.on_both(change, observed, active, export.path))
    if export.path == volume.mount_point and not (export.owner or export.mode):
        return steps
    asked = owning.asked((change.after.peer(active).name, active), export.owner, Stage.MOUNTS)
    directory = tuple(_directory(active, export, volume))
    live = served(change.after, observed[active], export.path)
    return [*(unchanged(s, "it is exported already") if live else s for s in (*asked, *directory)), *steps]


def _directory(node: str, export: DesiredExport, volume: DesiredVolume) -> Iterator[Step]:
    """Clients can change what lies below a volume's root at any moment, so each step looks for links anew."""
    mounted = Guard(
        f"{volume.name} is mounted at {volume.mount_point}", cmd("mountpoint", volume.mount_point), Expect()
    )
    itself = owning.itself(export.path)
    below = export.path != volume.mount_point
    if below:
        yield Step(
            node, f"Make the directory {export.path}", Kind.WRITES, Stage.MOUNTS, guards=(mounted, itself),
            commands=(cmd("mkdir", "--parents", export.path),), note="What is in it already stays.",
        )  # fmt: skip
    if export.owner or export.mode:
        yield Step(
            node, f"Give {export.path} to {owning.words(export.owner, export.mode)}", Kind.WRITES, Stage.MOUNTS,
            guards=(mounted, *([itself] if below else []), *owning.known(export.owner)),
            commands=owning.commands(export.path, export.owner, export.mode), note="What is in it already keeps its owners.",
        )  # fmt: skip
    elif below:
        wait = Wait(itself.says, itself.command, itself.expect, bound=0)
        yield Step(node, f"See that {export.path} is no link", Kind.READS, Stage.MOUNTS, wait=wait)


def _reasons(
    change: nfs.Change,
    export: DesiredExport,
    volume: DesiredVolume | None,
    observed: Mapping[str, NodeObserved],
    active: str | None,
) -> list[Finding]:
    if volume is None:
        return [blocker("export.no-volume", f"There is no volume {export.volume}.", hint="Create it first.")]
    only = replace(change.after, exports=(export,))
    findings = [*line_itself(change.before, export, volume), *owning.nobody_may_write(export, volume)]
    findings += [f for node in observed.values() for f in checks.foreign(only, node) if f.code != "export.foreign"]
    findings += kerberos.ready(observed, (client.options for client in export.clients))
    if not (active and served(change.after, observed[active], export.path)):
        findings += owning.same(observed, export.owner)
    return findings + (list(checks.taking(change, observed, active)) if active else [])
