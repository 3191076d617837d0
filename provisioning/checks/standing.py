"""What can go wrong with how a node is set up while nobody plans anything (rows 3, 5, 10, 17, 19, 27). Pure; needs a whole reading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clusters.findings import Finding, Severity, blocker, warning
from clusters.states import Role
from provisioning.checks import disks, host, lvm, placed, served
from provisioning.checks.links import named
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render import paths
from provisioning.render.lvm import own_patterns

MEND = "“Compare and mend” puts it right."
HINTS = {  # where the hint of a set-up would be wrong for a pair in service
    "nfs.enabled-at-boot": MEND,
    "drbd.version-unproven": "What is told of it and planned on it was not tried with this one. Go back to the module of Debian's kernel.",
    "lvm.devices-file": "The replicated disk could be activated beside DRBD.",
    "mount.point-taken": "A failover could not mount the volume there. Unmount it.",
}
KEPT = frozenset(
    {
        "nfs.enabled-at-boot", "drbd.module-missing-next-boot", "fstab.names-it", "mount.point-taken", "lvm.past-drbd", "lvm.devices-file",
        "lvm.filter-foreign", "lvm.filter-hides-drbd", "export.table-differs", "drbd.version-unproven",
    }
)  # fmt: skip


def standing(desired: DesiredCluster, node: NodeObserved) -> tuple[Finding, ...] | None:
    """Say what is wrong now; None when the reading did not ask for everything. What could not be read is said nowhere here."""
    if node.units is None or node.lvs is None:
        return None
    wanted = named(desired, {node.node: node})
    found = [
        *host.nfs_at_boot(node),
        *host.drbd(node),
        *disks.mount_points(wanted, node),
        *lvm.visibility(wanted, node),
        *served.differing(desired, node),
    ]
    told = [f for f in found if f.code in KEPT and f.severity is not Severity.OK]
    told += [*placed.unnamed(desired, node), *placed.twice(desired, node)]
    told += [*_past(desired, node, told), *_active(desired, node), *_filter(wanted, node), *_handlers(node)]
    return tuple(replace(f, hint=_hint(f)) for f in told)


def _hint(finding: Finding) -> str:
    """Give hint and command in one, as the cluster page shows them."""
    hint = HINTS.get(finding.code, finding.hint)
    return f"{hint} On the node: {finding.fix}" if finding.fix else hint


def _past(desired: DesiredCluster, node: NodeObserved, told: list[Finding]) -> Iterator[Finding]:
    """The group's physical volume seen under any name that is not DRBD's: the backing device, a copy of it, a snapshot below."""
    r = desired.resource
    if any(finding.code == "lvm.past-drbd" for finding in told):
        return
    for pv in node.pvs or ():
        if pv.vg == r.vg and pv.path != r.device and not pv.path.startswith("/dev/drbd") and not pv.missing:
            yield blocker(
                "lvm.past-drbd", f"LVM on {node.node} sees {pv.vg} on {pv.path}, past DRBD.", node=node.node, hazard=5,
                hint=f"Deactivate the group there before anything is written. {MEND}", fix=f"vgchange --activate n {pv.vg}",
            )  # fmt: skip


def _active(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """DRBD lets nobody open a Secondary's device, so a volume that is active there was reached some other way."""
    replica, vg = node.replica(desired.resource.name), desired.resource.vg
    if replica is None or replica.role is not Role.SECONDARY:
        return
    names = [lv.name for lv in node.lvs or () if lv.vg == vg and lv.active]
    if names:
        yield blocker(
            "lvm.active-on-standby", f"On {node.node}, which is Secondary, {vg} is active: {', '.join(names[:3])}.", node=node.node, hazard=5,
            hint="What is written there goes past DRBD, and the copies differ. Deactivate it at once.", fix=f"vgchange --activate n {vg}",
        )  # fmt: skip


def _filter(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    own = own_patterns(desired, desired.node(node.node))
    if node.lvm_filter is not None and not set(own) <= set(node.lvm_filter):
        yield warning(
            "lvm.filter-missing", f"LVM's filter on {node.node} is not the one that was written for this pair.", node=node.node, hazard=5,
            hint=MEND, fix=f"lvmconfig --typeconfig full devices/global_filter; cat {paths.LVM_LOCAL}",
        )  # fmt: skip


def _handlers(node: NodeObserved) -> Iterator[Finding]:
    """Only a file that was looked for and is not there is missing."""
    gone = {file.path for file in node.files if file.sha256 is None}
    if lost := [path for path in paths.HANDLERS if path in gone]:
        yield warning(
            "fencing.handler-missing", f"{', '.join(lost)} is not there on {node.node}.", node=node.node, hazard=3,
            hint=f"A node left alone would not mark the other copy Outdated, or could not be told to. {MEND}",
        )  # fmt: skip
    if lost := [path for path in paths.WAITS if path in gone]:
        yield warning(
            "manager.wait-missing", f"{', '.join(lost)} is not there on {node.node}.", node=node.node, hazard=27,
            hint=f"Heartbeat would start before a copy is known to be current, and may give up. {MEND}",
        )  # fmt: skip
    if paths.WHOLE_MESSAGES in gone:
        yield warning(
            "manager.messages-torn", f"{paths.WHOLE_MESSAGES} is not there on {node.node}.", node=node.node, hazard=27,
            hint=f"Heartbeat's scripts may tear each other's messages, and then nothing is started. {MEND}",
        )  # fmt: skip
