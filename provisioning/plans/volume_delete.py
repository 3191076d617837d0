"""The plan of a volume that goes for good, with everything on it. Pure.

1. Nobody uses it. 2. Unmounted: as long as nothing else has happened, a failover mounts it again and nothing is lost. 3. Out of the
service group, the standby node first: from here no failover starts it. 4. The logical volume goes: the first step without a way back.
5. Its mount points go on both nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers, fine, warning
from clusters.states import Danger
from provisioning.checks import spelling
from provisioning.checks.known import gaps
from provisioning.checks.placed import in_the_way, undescribed
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import DeleteVolume
from provisioning.observed import NodeObserved
from provisioning.plans.parts import growing, places, serving, snapshots, words
from provisioning.plans.parts.felt import felt
from provisioning.steps import Expect, Guard, Kind, Plan, Stage, Step, Wait, cmd, unchanged

UNDO = "No way back but a backup. Until something new is made in the group, LVM's own archive may bring the volume back: vgcfgrestore --list."


def plan(intent: DeleteVolume, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    volume = intent.volume
    after = replace(desired, volumes=tuple(v for v in desired.volumes if v.name != volume.name))
    refused = list(spelling.volume(volume))
    active = active_node(after, observed)
    findings = [
        *refused,
        *running(after, observed, backend),
        *undescribed(after, observed, (volume.mount_point,)),
        *(gap for node in observed.values() for gap in gaps(node)),
    ]
    findings += _reasons(desired, observed, volume, active)
    ready = active and len(observed) == 2 and not refused
    steps = tuple(_steps(after, observed, active, volume, backend)) if ready and active else ()
    todo = [step for step in steps if step.runs]
    destroys = any(step.kind is Kind.DESTROYS for step in todo)
    size = words.size(volume.size)
    return Plan(
        title=f"Delete volume {volume.name}",
        summary=f"{volume.name}, {size}, and everything on it is destroyed on both copies. {words.counted(len(todo), 'step')}.",
        now=words.now(after, observed) + _now(observed, active, volume),
        after=f"{volume.name} is gone, {_freed(desired, volume)}, and neither node names it any more. {UNDO}",
        steps=steps,
        findings=tuple(findings),
        danger=Danger.DESTROYS if destroys else Danger.NONE,
        typed_name=volume.name if destroys else "",
        button=f"Destroy {volume.name}"
        if destroys or blockers(findings)
        else "Finish the deletion"
        if todo
        else "Nothing to do",
        impact=felt(
            after,
            observed,
            pause="for good, for whoever still has it mounted; everybody else waits for nothing",
            takes="some seconds",
            mount_points=(volume.mount_point,),
        ),
    )


def _freed(desired: DesiredCluster, volume: DesiredVolume) -> str:
    if volume.pool:
        return f"what it had written goes back to the thin pool {volume.pool}"
    return f"{words.size(volume.size)} are free in {desired.resource.vg}"


def _reasons(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], volume: DesiredVolume, active: str | None
) -> Iterator[Finding]:
    exports = [e.path for e in desired.exports if e.volume == volume.name or _below(e.path, volume.mount_point)]
    if exports:
        yield blocker(
            "volume.exported",
            f"{volume.name} is exported: {words.listed(exports)}.",
            hint="Withdraw that first, and tell the people whose clients have it mounted.",
        )
    if inner := [
        v.name for v in desired.volumes if v.name != volume.name and _below(v.mount_point, volume.mount_point)
    ]:
        yield blocker(
            "volume.holds-a-mount",
            f"{words.listed(inner)} is mounted below {volume.mount_point}.",
            hint="Move that first.",
        )
    if not growing.redundant(desired, observed):
        yield blocker(
            "volume.last-copy",
            "The two copies are not both UpToDate and connected: this would delete the only good one.",
            hint="Wait until both copies are UpToDate.",
            hazard=14,
        )
    for node in observed.values():
        yield from _on_node(node, volume)
    if active:
        yield from in_the_way(desired, observed[active], volume)
        yield from _in_use(desired, observed[active], volume, exports)


def _on_node(node: NodeObserved, volume: DesiredVolume) -> Iterator[Finding]:
    if named := [source for source, target in node.fstab or () if target == volume.mount_point]:
        yield blocker(
            "fstab.names-it", f"/etc/fstab of {node.node} mounts {named[0]} at {volume.mount_point}.", node=node.node, hazard=10,
            hint="This panel did not write that line. Take it out.", fix="editor /etc/fstab",
        )  # fmt: skip
    if node.mount(volume.mount_point) is None and node.directory(volume.mount_point) == "full":
        yield warning(
            "mount.point-holds-files", f"{volume.mount_point} of {node.node} holds files of that node itself.", node=node.node,
            hint="They are below the mount and were hidden by it. They stay, and so does the directory.", fix=f"ls -la {volume.mount_point}",
        )  # fmt: skip


def _in_use(
    desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, exports: list[str]
) -> Iterator[Finding]:
    vg = desired.resource.vg
    live = sorted({e.path for e in node.exports or () if _below(e.path, volume.mount_point) and e.path not in exports})
    if live:
        yield blocker(
            "volume.exported", f"{node.node} exports {words.listed(live)}, which this panel does not manage.", node=node.node,
            hint="Take it out of the exports there.", fix="exportfs -v",
        )  # fmt: skip
    holding = [
        c.address
        for c in node.nfs_clients or ()
        for use in c.uses or ()
        if use.mount == volume.mount_point and use.opens
    ]
    if holding:
        yield blocker(
            "volume.in-use",
            f"{words.listed(sorted(set(holding)))} still {'has' if len(set(holding)) == 1 else 'have'} files of {volume.name} open.",
            hint="Unmount it there. A client that is gone for good is forgotten after the lease time.",
        )
    known = snapshots.lvs_of(desired, node, volume.name)
    why = (
        "They would be left behind. Delete them first, knowingly."
        if volume.pool
        else "They would go with it. Delete them first, knowingly."
    )
    yield from growing.no_snapshots(node, vg, volume.name, why, known)
    mount = node.mount(volume.mount_point)
    if mount and mount.used is not None:
        yield fine("volume.holds", f"{words.size(mount.used)} are used on {volume.name}")


def _steps(
    after: DesiredCluster, observed: Mapping[str, NodeObserved], active: str, volume: DesiredVolume, backend: Backend
) -> Iterator[Step]:
    node, point = observed[active], volume.mount_point
    order = (after.peer(active).name, active)
    yield places.unused(node, point)
    yield _unmount(node, volume)
    for name in order:
        yield replace(
            serving.group(after, observed[name], backend),
            title=f"Take {volume.name} out of the service group",
            note="The standby node first. From here no failover looks for it.",
        )
    yield from _remove(after, node, volume)
    for name in order:
        yield places.take_away(observed[name], point)


def _unmount(node: NodeObserved, volume: DesiredVolume) -> Step:
    step = Step(
        node=node.node,
        title=f"Unmount {volume.name}",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        commands=(cmd("umount", volume.mount_point, timeout=120),),
        note=f"Way back: mount it at {volume.mount_point}. A failover in this moment would do that by itself.",
    )
    return step if node.mount(volume.mount_point) else unchanged(step, "it is not mounted")


def _remove(after: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> tuple[Step, Step]:
    r, name = after.resource, volume.name
    lv = node.lv(r.vg, name)
    size = lv.size if lv else volume.size
    which = cmd("lvs", "--noheadings", "--options", "lv_name", "--select", f"lv_name={name}", r.vg)
    remove = Step(
        node=node.node,
        title=f"Destroy the volume {name} with everything on it",
        kind=Kind.DESTROYS,
        stage=Stage.HANDOVER,
        guards=(
            growing.role_is(r.name, "Primary/Secondary"),
            *growing.both_good(r.name),
            places.unmounted(volume.mount_point),
            growing.size_is(r.vg, name, size),
            Guard(
                f"{name} has no snapshot",
                cmd("lvs", "--noheadings", "--options", "lv_name", "--select", f"origin={name}", r.vg),
                Expect(one_of=("",)),
            ),
        ),
        commands=(cmd("lvremove", "--yes", f"{r.vg}/{name}", timeout=120),),
        assumes=(f"{r.vg}/{name} has {size} bytes and {volume.fstype}, and nobody needs what is on it",),
        note=UNDO,
    )
    see = Step(
        node=node.node,
        title=f"See that {name} is gone",
        kind=Kind.WAITS,
        stage=Stage.HANDOVER,
        wait=Wait(f"{r.vg} has no volume {name}", which, Expect(one_of=("",)), bound=20),
    )
    if lv is None:
        return unchanged(remove, "it is gone"), unchanged(see, "it is gone")
    return remove, see


def _now(observed: Mapping[str, NodeObserved], active: str | None, volume: DesiredVolume) -> str:
    mount = observed[active].mount(volume.mount_point) if active else None
    if mount is None:
        return f" {volume.name} is not mounted."
    used = f", {words.size(mount.used)} used" if mount.used is not None else ""
    return f" {volume.name} is mounted at {volume.mount_point}{used}."


def _below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")
