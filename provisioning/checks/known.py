"""What is known well enough to plan on. Pure. An unseen fact is never taken for "nothing there"."""

from __future__ import annotations

from clusters.findings import Finding, blocker
from provisioning.observed import NodeObserved

NEEDS = (  # fact, the package without which it cannot be seen and cannot exist
    ("disks", ""),
    ("units", ""),
    ("mounts", ""),
    ("packages", ""),
    ("pvs", "lvm2"),
    ("vgs", "lvm2"),
    ("lvs", "lvm2"),
    ("drbd_defined", "drbd-utils"),
)
FOR_SET_UP = (  # what the reasons not to set a pair up stand on besides: unseen, they would find nothing
    *NEEDS,
    ("machine_id", ""),
    ("node_clock", ""),
    ("fstab", ""),
    ("listening", ""),
    ("export_files", ""),
    ("lvm_filter", "lvm2"),
    ("lvm_devices_file", "lvm2"),
)
WORDS = {
    "pvs": "physical volumes",
    "vgs": "volume groups",
    "lvs": "logical volumes",
    "drbd_defined": "DRBD resources",
    "replicas": "copies",
    "machine_id": "machine id",
    "node_clock": "clock",
    "fstab": "/etc/fstab",
    "listening": "listening TCP ports",
    "export_files": "files below /etc/exports.d",
    "lvm_filter": "LVM filter",
    "lvm_devices_file": "setting of LVM's devices file",
}


def installed(node: NodeObserved, package: str) -> bool:
    return dict(node.packages or ()).get(package) is not None


def missing(node: NodeObserved) -> tuple[str, ...]:
    return tuple(package for package, version in node.packages or () if version is None)


def gaps(node: NodeObserved, needs: tuple[tuple[str, str], ...] = NEEDS) -> list[Finding]:
    """Name every fact that a plan would stand on and that was not seen."""
    why = dict(node.unreadable)
    unseen = [
        fact for fact, package in needs if getattr(node, fact) is None and (not package or installed(node, package))
    ]
    loaded = node.drbd is not None and node.drbd.kernel is not None
    if node.replicas is None and loaded and installed(node, "drbd-utils"):
        unseen.append("replicas")
    return [
        blocker(
            "facts.unseen",
            f"{node.node} did not tell its {WORDS.get(fact, fact)}{': ' + why[fact] if fact in why else ''}.",
            hint="Nothing is planned on a guess. Read the node again.",
            node=node.node,
        )
        for fact in unseen
    ]
