"""What is wrong with how a node is set up, and what it makes of the cluster's health. Pure. Found once a minute, not with every sweep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clusters.findings import Finding, Severity
from clusters.sight import NodeView
from clusters.states import Health

# By code: health, and the sentence when nothing worse speaks. What is not named here is told, and does not colour the cluster.
WORDS = {
    "lvm.active-on-standby": (Health.DANGER, "LVM on {node} goes past DRBD."),
    "lvm.past-drbd": (Health.DANGER, "LVM on {node} goes past DRBD."),
    "fencing.handler-missing": (Health.RISK, "{node} cannot mark the other copy Outdated: its handler is not there."),
    "manager.wait-missing": (Health.RISK, "Heartbeat on {node} would not wait for current data at its start."),
    "manager.messages-torn": (
        Health.WARN,
        "Redundant, but Heartbeat's scripts on {node} may tear each other's messages, and then start nothing.",
    ),
    "lvm.filter-missing": (Health.WARN, "Redundant, but LVM on {node} is not kept off what DRBD writes to."),
    "lvm.devices-file": (Health.WARN, "Redundant, but LVM on {node} is not kept off what DRBD writes to."),
    "lvm.filter-foreign": (Health.WARN, "Redundant, but LVM on {node} is not kept off what DRBD writes to."),
    "lvm.filter-hides-drbd": (Health.WARN, "Redundant, but LVM on {node} may not see DRBD."),
    "fstab.names-it": (
        Health.WARN,
        "Redundant, but /etc/fstab of {node} mounts what only the service group may mount.",
    ),
    "mount.point-taken": (Health.WARN, "Redundant, but something else is mounted where a volume goes on {node}."),
    "group.names-missing": (
        Health.RISK,
        "A failover would start nothing: the service group on {node} names a volume that is not there.",
    ),
    "volume.mounted-elsewhere": (Health.WARN, "Redundant, but a volume is mounted at a second place on {node}."),
    "export.table-differs": (Health.WARN, "Redundant, but {node} does not export everything as it was set."),
    "export.unwritten": (Health.WARN, "Redundant, but the exports file of {node} is not as it was set."),
    "nfs.enabled-at-boot": (Health.WARN, "Redundant, but the NFS server of {node} starts at boot."),
    "drbd.module-missing-next-boot": (Health.WARN, "Redundant, but {node} boots a kernel without DRBD next."),
    "drbd.version-unproven": (Health.WARN, "Redundant, but {node} runs a DRBD that was never tried here."),
}


@dataclass(frozen=True, slots=True)
class StandingReason:
    health: Health
    finding: Finding
    sentence: str
    counts: bool


def reasons(node: NodeView) -> Iterator[StandingReason]:
    for finding in node.standing or ():
        health, sentence = WORDS.get(finding.code, (Health.WARN, ""))
        # A kernel that could boot, but does not boot next, is the one finding that has two severities.
        could = finding.code == "drbd.module-missing-next-boot" and finding.severity is Severity.WARNING
        yield StandingReason(health, finding, sentence.format(node=node.name), bool(sentence) and not could)
