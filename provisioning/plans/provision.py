"""The plan of a whole pair: from two bare servers to a mounted export. Pure.

1. Packages without their services, LVM's filter, DRBD's module, the clock, NFS out of the boot sequence.
2. The handlers and their keys, tried both ways before any disk is written; then what DRBD writes to.
3. The resource: file, metadata, up, connected; one side forced Primary, once.
4. Volume group, volumes, file systems, mount points.
5. Exports, NFS settings, the manager's files; the standby node first.
6. Everything released again, the manager started, the group seen to serve, and seen from outside.
"""

from __future__ import annotations

from collections.abc import Mapping

from clusters.findings import Finding, blocker
from clusters.states import Danger
from provisioning.checks import preflight
from provisioning.checks.exporting import taken_out, taking
from provisioning.checks.links import named
from provisioning.checks.ours import finished_once, has_generation
from provisioning.checks.placed import lost
from provisioning.checks.served import differing
from provisioning.desired import DesiredCluster
from provisioning.ha.base import Backend, active_node
from provisioning.intents import ProvisionCluster
from provisioning.observed import NodeObserved
from provisioning.plans.parts import backing, handlers, owning, packages, replication, serving, volumes, words
from provisioning.render import nfs
from provisioning.steps import Impact, Kind, Plan, Stage, Step, in_order, unchanged


def plan(
    intent: ProvisionCluster, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend
) -> Plan:
    desired = named(desired, observed)
    findings = preflight(desired, observed)
    findings += [finding for node in observed.values() for finding in taken_out(desired, node)]
    active = active_node(desired, observed)
    if active and next(differing(desired, observed[active]), None):  # then the table is taken anew
        findings += taking(nfs.Change.of(desired, desired), observed, active)
    findings += lost(desired, observed) if desired.in_service else ()
    findings += _keys(desired) + _hidden(desired, observed)
    if not finished_once(desired, observed):
        findings += [f for e in desired.exports for f in owning.nobody_may_write(e, desired.volume(e.volume))]
        owners = dict.fromkeys(owner for _, owner, _, _ in owning.owned(desired))
        findings += dict.fromkeys(f for owner in owners for f in owning.same(observed, owner))
    whole = all(node.name in observed for node in desired.nodes)
    possible = whole and not any(finding.code == "spelling.refused" for finding in findings)
    steps = in_order(_steps(desired, observed, backend)) if possible else ()
    todo = [step for step in steps if step.runs]
    destroys = any(step.kind is Kind.DESTROYS for step in todo)
    return Plan(
        title=words.provision_title(desired.name, in_service=desired.in_service),
        summary=words.provision_summary(desired, steps),
        now=words.now(desired, observed),
        after=words.provision_after(desired),
        steps=steps,
        findings=tuple(findings),
        danger=Danger.DESTROYS if destroys else Danger.NONE,
        button=_button(desired, todo),
        typed_name=desired.name if destroys else "",
        impact=_impact(desired, todo, destroys=destroys, serves=active is not None),
    )


def _steps(desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> list[Step]:
    steps: list[Step] = []
    for node in desired.nodes:
        steps += packages.steps(desired, observed[node.name])
    steps += handlers.steps(desired, observed)
    for node in desired.nodes:
        steps += backing.steps(desired, observed[node.name])
    steps += replication.steps(desired, observed)
    for volume in desired.volumes:
        steps += [volumes.mount_point(desired, observed[node.name], volume, backend) for node in desired.nodes]
    steps += volumes.steps(desired, observed, backend)
    steps += serving.files(desired, observed, backend)
    steps += backend.start(desired, observed)
    steps += backend.serve(desired, observed)
    probe = serving.probe(desired)
    serves = active_node(desired, observed)
    settled = serves and not any(step.runs for step in steps)
    steps.append(unchanged(probe, f"{serves} serves, and nothing is changed") if settled else probe)
    return steps


def _keys(desired: DesiredCluster) -> list[Finding]:
    """Without the fencing keys and the pinned host keys the handlers could not reach the peer."""
    return [
        blocker(
            "fencing.key-missing",
            f"{node.name} has no {'pinned host key' if not node.host_key else 'fencing key'} yet.",
            hint="Confirm the host key on the nodes page, then plan again.",
            node=node.name,
            hazard=27,
        )
        for node in desired.nodes
        if not node.host_key or not node.fence_key
    ]


def _hidden(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> list[Finding]:
    """A set-up that broke off and a reboot since: what is on the DRBD device cannot be seen while neither node is Primary."""
    if not has_generation(desired, observed) or finished_once(desired, observed):
        return []
    if replication.primary(desired, observed) is not None:
        return []
    return [
        blocker(
            "lvm.unseen",
            f"Neither node is Primary, so nobody can see what is on {desired.resource.device}.",
            hint=f"Make {desired.first_source} Primary and plan again. Nothing is formatted on a guess.",
            fix=f"drbdadm primary {desired.resource.name}",
            node=desired.first_source,
        )
    ]


def _button(desired: DesiredCluster, todo: list[Step]) -> str:
    if not todo:
        return "Nothing to do"
    if not any(step.kind is Kind.DESTROYS for step in todo):
        return f"Mend {desired.name}" if desired.in_service else f"Finish setting up {desired.name}"
    disks = " and ".join(f"{node.backing.disk} of {node.name}" for node in desired.nodes)
    return f"Set up {desired.name} on {disks}"


def _while_serving(todo: list[Step]) -> Impact:
    restarts = [step.node for step in todo if step.stage is Stage.MANAGER and step.load]
    note = f"Heartbeat restarts in place on {words.listed(restarts)}: for some seconds a failure there is not answered."
    return Impact(
        pause="none meant: nothing of the group is stopped",
        takes="a few minutes",
        notes=(note,) if restarts else (),
    )


def _impact(desired: DesiredCluster, todo: list[Step], *, destroys: bool, serves: bool) -> Impact:
    if not todo:
        return Impact(takes="nothing to run")
    if serves and not destroys:
        return _while_serving(todo)
    source, target = desired.first_source, desired.peer(desired.first_source).name
    notes = ["A failover that fails to stop the group reboots the node it fails on: that is Heartbeat's rule."]
    if destroys:
        disks = ", ".join(f"{node.backing.disk} ({node.backing.disk_serial}) of {node.name}" for node in desired.nodes)
        notes = [
            f"Whatever is on {disks} is gone afterwards.",
            f"The first copy goes from {source} to {target}.",
            *notes,
        ]
    return Impact(
        interrupted="nobody; clients can connect afterwards",
        takes="3 to 10 min, more where packages are fetched; the first copy goes on by itself",
        notes=tuple(notes),
    )
