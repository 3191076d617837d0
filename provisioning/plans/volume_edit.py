"""The plan of other mount options, another mount point or another name for a volume in service. Pure.

1. Options: in place where the kernel takes them so; else NFS is stopped for the seconds of a fresh mount, which is the only thing here that
clients feel. 2. The mount point: the same file system is mounted at the new place as well, the
exports move there with their fsid, and the old place is let go; who has it mounted goes on, since a file handle names the fsid and not the path.
Every file on both nodes, the standby node first; exports and service group of a node in one step, since a failover needs both to name the same
place. Then the old mount points go. 3. The name, in a job of its own: the standby node's service group, then on the node that serves its service
group and the logical volume in one step. What is refused is put back on both nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, blockers
from clusters.states import Danger
from provisioning.checks import exporting, spelling
from provisioning.checks.export_line import too_long
from provisioning.checks.known import gaps
from provisioning.checks.placed import undescribed
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster, DesiredExport, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import EditVolume
from provisioning.observed import NodeObserved
from provisioning.plans.parts import moving, pausing, words
from provisioning.plans.parts.felt import exported, felt, going_on
from provisioning.render import nfs
from provisioning.render.mounting import needs_a_fresh_mount
from provisioning.steps import Impact, Plan, Step


def plan(intent: EditVolume, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    was, now = desired.volume(intent.name) or intent.volume, intent.volume
    after = changed(desired, was, now)
    active = active_node(desired, observed) or active_node(after, observed)
    refused = list(spelling.cluster(after))
    judged = after if active and moving.named_already(desired, observed[active], was, now) else desired
    findings = [
        *refused,
        *(f for f in running(judged, observed, backend) if active is None or f.code != "service.nowhere"),
    ]
    findings += undescribed(desired, observed, (was.mount_point, now.mount_point))
    findings += [gap for node in observed.values() for gap in gaps(node)]
    findings += _reasons(desired, observed, active, was, now)
    change = moving.Change(desired, after, was, now, observed, active or "", backend)
    both = was.name != now.name and was.mount_point != now.mount_point
    ready = active and len(observed) == 2 and not refused and not both
    steps: tuple[Step, ...] = tuple(moving.steps(change)) if ready else ()
    todo = [step for step in steps if step.runs]
    idle = words.idle(steps, findings, same=was == now)
    felt_by, danger = _impact(desired, observed, was, now, todo)
    has_exports = any(one.volume == was.name for one in desired.exports)
    return Plan(
        title=f"Change volume {was.name}",
        summary=words.IDLE
        if idle
        else f"{_what(was, now, has_exports=has_exports)} {words.counted(len(todo), 'step')}. {_price(danger, was, now)}",
        now=words.now(desired, observed) + f" {was.name} is mounted at {was.mount_point} with {_options(was)}.",
        after=f"{now.name} is mounted at {now.mount_point} with {_options(now)} on {active or 'the active node'}, and after a failover too.",
        steps=steps,
        findings=tuple(findings),
        danger=danger,
        button=f"Change {was.name}" if todo or blockers(findings) else "Nothing to do",
        impact=felt_by,
        idle=idle,
    )


def changed(desired: DesiredCluster, was: DesiredVolume, now: DesiredVolume) -> DesiredCluster:
    """The cluster afterwards: every row keeps its place, and exports below the mount point move with it."""
    volumes = tuple(now if volume.name == was.name else volume for volume in desired.volumes)
    return replace(desired, volumes=volumes, exports=tuple(_moved(export, was, now) for export in desired.exports))


def _moved(export: DesiredExport, was: DesiredVolume, now: DesiredVolume) -> DesiredExport:
    if export.volume != was.name:
        return export
    return replace(export, volume=now.name, path=now.mount_point + export.path.removeprefix(was.mount_point))


def _impact(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    was: DesiredVolume,
    now: DesiredVolume,
    todo: list[Step],
) -> tuple[Impact, Danger]:
    writes = any(step.commands for step in todo)
    if writes and needs_a_fresh_mount(was, now):
        pause = f"some seconds, and up to {desired.nfs.grace_time} s of grace for files that are open"
        note = f"Clients of every export wait: NFS is stopped while {was.name} is mounted anew."
        return felt(desired, observed, pause=pause, takes="about 20 s", notes=(note,)), Danger.INTERRUPTS
    if writes and was.mount_point != now.mount_point and exported(desired, observed, (was.mount_point,)):
        note = (
            f"Who has it mounted goes on without a pause: the fsid stays. Who mounts {was.mount_point} anew, at a boot or by autofs, "
            f"does not find it: change /etc/fstab there to {now.mount_point}."
        )
        pause = "none while mounted; for good for a new mount of the old path"
        who = felt(desired, observed, pause=pause, takes="about 20 s", notes=(note,), mount_points=(was.mount_point,))
        return going_on(who, f"goes on; its next mount needs {now.mount_point}"), Danger.INTERRUPTS
    notes = ("Between the new name and the files that carry it a failover would not find the volume: some seconds.",)
    return Impact(pause="none", takes="some seconds", notes=notes if was.name != now.name else ()), Danger.NONE


def _reasons(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    active: str | None,
    was: DesiredVolume,
    now: DesiredVolume,
) -> list[Finding]:
    found: list[Finding] = []
    if desired.volume(was.name) is None:
        found.append(blocker("volume.unknown", f"There is no volume {was.name}.", hint="Draft the change again."))
    if (was.size, was.fstype) != (now.size, now.fstype):
        found.append(
            blocker(
                "volume.not-the-same", "Size and file system are not changed here.", hint="Grow it, or make a new one."
            )
        )
    if fresh := needs_a_fresh_mount(was, now) if (was.name, was.mount_point) != (now.name, now.mount_point) else ():
        found.append(
            blocker("volume.two-at-once", f"{words.listed(fresh)} {'needs' if len(fresh) == 1 else 'need'} a fresh mount.",
                    hint="Change the options first, then name or mount point: each keeps its way back then.")
        )  # fmt: skip
    if was.name != now.name and was.mount_point != now.mount_point:
        text = f"{was.name} cannot get another name and another mount point in one job."
        hint = "Change the name first, then the mount point: each keeps its way back then."
        found.append(blocker("volume.two-at-once", text, hint=hint))
    if needs_a_fresh_mount(was, now):
        found += pausing.keeps_state(desired, was)
    for other in desired.volumes:
        if other.name != was.name and was.mount_point != now.mount_point and _overlap(other.mount_point, was, now):
            found.append(
                blocker(
                    "volume.holds-a-mount",
                    f"{other.name} is mounted at {other.mount_point}.",
                    hint="Mount points must not lie in each other.",
                )
            )
    if active:
        found += moving.reasons(desired, observed, active, was, now)
    if was.mount_point != now.mount_point:
        after = changed(desired, was, now)
        moved = replace(after, exports=tuple(export for export in after.exports if export.volume == now.name))
        found += [f for node in observed.values() for f in exporting.foreign(moved, node) if f.code != "export.foreign"]
        found += [f for export in moved.exports for f in too_long(after, export)]
        found += exporting.taking(nfs.Change.of(desired, after), observed, active) if active else []
    return found


def _overlap(other: str, was: DesiredVolume, now: DesiredVolume) -> bool:
    new = now.mount_point
    return other == new or other.startswith((f"{was.mount_point}/", f"{new}/")) or new.startswith(f"{other}/")


def _what(was: DesiredVolume, now: DesiredVolume, *, has_exports: bool) -> str:
    parts = []
    if was.name != now.name:
        parts.append(f"{was.name} becomes {now.name}")
    if was.mount_point != now.mount_point:
        below = ", with the exports below it" if has_exports else ""
        parts.append(f"it moves from {was.mount_point} to {now.mount_point}{below}")
    if was.mount_options != now.mount_options:
        parts.append(f"it is mounted with {_options(now)}")
    text = words.listed(parts) or f"Nothing of {was.name} changes"
    return f"{text[0].upper() if text.startswith('it ') else text[0]}{text[1:]}."


def _price(danger: Danger, was: DesiredVolume, now: DesiredVolume) -> str:
    if danger is Danger.NONE:
        return "Nobody is interrupted and nothing is destroyed."
    if needs_a_fresh_mount(was, now):
        return "NFS stands still for some seconds; nothing is destroyed."
    return "Clients that have it mounted go on; nothing is destroyed."


def _options(volume: DesiredVolume) -> str:
    return ",".join(volume.mount_options) or "the default options"
