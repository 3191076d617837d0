"""The plan of a new export on a running pair: nobody is interrupted. Pure.

1. The directory, when it lies below the volume's root. 2. The exports file, the standby node first. 3. The active node takes it at once; if it
refuses, the previous file is put back. 4. Read back, and seen from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers, fine, warning
from provisioning.checks import spelling
from provisioning.checks.files import exports as foreign_exports
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster, DesiredExport, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import PublishExport
from provisioning.observed import NodeObserved
from provisioning.plans.parts import owning, serving, words
from provisioning.plans.parts.known import gaps
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.steps import Expect, Guard, Impact, Kind, Plan, Stage, Step, Wait, cmd, in_order, unchanged


def plan(
    intent: PublishExport, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    export = intent.export
    others = tuple(e for e in desired.exports if e.path != export.path)
    after = replace(desired, exports=(*others, export))
    volume = desired.volume(export.volume)
    active = active_node(desired, observed)
    refused = list(spelling.cluster(after))
    findings = [*refused, *running(desired, observed, backend)]
    findings += [gap for node in observed.values() for gap in gaps(node)]
    findings += _reasons(replace(desired, exports=others), export, volume, observed)
    ready = active and volume and len(observed) == 2 and not refused
    steps = in_order(_steps(after, export, volume, observed, active)) if ready and volume and active else ()
    todo = [step for step in steps if step.runs]
    clients = words.listed([client.client for client in export.clients])
    return Plan(
        title=f"Export {export.path}",
        summary=f"{export.path} for {clients}, with fsid {export.fsid}. {words.counted(len(todo), 'step')}. "
        "Nobody is interrupted and nothing is destroyed.",
        now=words.now(desired, observed) + f" {words.counted(len(others), 'export')} now.",
        after=f"{clients} can mount {desired.service_ip}:{export.path}. The same file is on both nodes, so it stays so after a failover.",
        steps=steps,
        findings=tuple(findings),
        button=f"Export {export.path}" if todo or blockers(findings) else "Nothing to do",
        impact=Impact(pause="none; NFS is not restarted", takes="a few seconds", notes=(f"New for {clients}.",)),
    )


def _steps(
    after: DesiredCluster,
    export: DesiredExport,
    volume: DesiredVolume,
    observed: Mapping[str, NodeObserved],
    active: str,
) -> list[Step]:
    node, standby = observed[active], after.peer(active).name
    live = any(seen.path == export.path and seen.fsid == str(export.fsid) for seen in node.exports or ())
    file = nfs.exports(after)
    steps = [
        write(
            observed[standby],
            [file],
            title="Write the exports",
            stage=Stage.EXPORTS,
            note="The standby node first; it reads the file when it takes over.",
        ),
        write(
            node,
            [file],
            title="Write the exports and take them",
            stage=Stage.LIVE,
            load=cmd("exportfs", "-r"),
            note="If the node refuses them, the previous file is put back.",
        ),
    ]
    if export.path != volume.mount_point or export.owner or export.mode:
        directory = _directory(active, export, volume)
        asked = list(owning.asked((standby, active), export.owner, Stage.MOUNTS))
        steps[:0] = [unchanged(s, "it is exported already") if live else s for s in (*asked, directory)]
    if live and not steps[-1].runs:
        return [*steps, *(unchanged(step, "it is exported already") for step in _seen(after, active, export))]
    if not steps[-1].runs:
        steps.append(_take(active))
    return [*steps, *_seen(after, active, export)]


def _take(node: str) -> Step:
    """The file is right, yet the server does not export it: it was written and not taken."""
    return Step(
        node=node, title="Take the exports", kind=Kind.WRITES, stage=Stage.LIVE, commands=(cmd("exportfs", "-r"),)
    )


def _directory(node: str, export: DesiredExport, volume: DesiredVolume) -> Step:
    given = owning.words(export.owner, export.mode)
    below = export.path != volume.mount_point
    make = (cmd("mkdir", "--parents", export.path),) if below else ()
    title = f"Make the directory {export.path}" + (f" and give it to {given}" if given else "")
    return Step(
        node=node,
        title=title if below else f"Give {export.path} to {given}",
        kind=Kind.WRITES,
        stage=Stage.MOUNTS,
        guards=(
            Guard(f"{volume.name} is mounted at {volume.mount_point}", cmd("mountpoint", volume.mount_point), Expect()),
            *owning.known(export.owner),
        ),
        commands=(*make, *owning.commands(export.path, export.owner, export.mode)),
        note="What is in it already stays" + (", and keeps its owners." if given else "."),
    )


def _seen(after: DesiredCluster, node: str, export: DesiredExport) -> tuple[Step, Step]:
    listed = Step(
        node=node,
        title="See it exported",
        kind=Kind.WAITS,
        stage=Stage.SERVE,
        wait=Wait(
            f"{export.path} is exported with fsid {export.fsid}",
            cmd("exportfs", "-v"),
            Expect(contains=(f"{nfs.quoted(export.path)} ", f"fsid={export.fsid},")),
            bound=10,
        ),
    )
    return listed, serving.probe(after)


def _reasons(
    desired: DesiredCluster, export: DesiredExport, volume: DesiredVolume | None, observed: Mapping[str, NodeObserved]
) -> list[Finding]:
    if volume is None:
        return [blocker("export.no-volume", f"There is no volume {export.volume}.", hint="Create it first.")]
    findings: list[Finding] = []
    if export.path != volume.mount_point and not export.path.startswith(f"{volume.mount_point}/"):
        findings.append(
            blocker("export.outside", f"{export.path} is not on {volume.name}, which is mounted at {volume.mount_point}.",
                    hint="Only what is on a replicated volume moves with the service.")
        )  # fmt: skip
    taken = next((other for other in desired.exports if other.fsid == export.fsid), None)
    if taken is not None or export.fsid < 1:
        findings.append(
            blocker("export.fsid-taken", f"fsid {export.fsid} {f'belongs to {taken.path}' if taken else 'is not possible'}.",
                    hint="The panel gives a free one; draft the export again.", hazard=7)
        )  # fmt: skip
    else:
        findings.append(fine("export.fsid-free", f"fsid {export.fsid} is free on both nodes", hazard=7))
    if any("no_root_squash" in client.options for client in export.clients):
        findings.append(
            warning("export.no-root-squash", f"root of a client is root on {export.path}.", hazard=21,
                    hint="Leave no_root_squash out unless a client needs it.")
        )  # fmt: skip
    findings += owning.nobody_may_write(export, volume)
    only = replace(desired, exports=(export,))
    return findings + [
        f for node in observed.values() for f in foreign_exports(only, node) if f.code != "export.foreign"
    ]
