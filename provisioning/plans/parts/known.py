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


def installed(node: NodeObserved, package: str) -> bool:
    return dict(node.packages or ()).get(package) is not None


def missing(node: NodeObserved) -> tuple[str, ...]:
    return tuple(package for package, version in node.packages or () if version is None)


def gaps(node: NodeObserved) -> list[Finding]:
    """Name every fact that a plan would stand on and that was not seen."""
    why = dict(node.unreadable)
    unseen = [
        fact for fact, package in NEEDS if getattr(node, fact) is None and (not package or installed(node, package))
    ]
    loaded = node.drbd is not None and node.drbd.kernel is not None
    if node.replicas is None and loaded and installed(node, "drbd-utils"):
        unseen.append("replicas")
    return [
        blocker(
            "facts.unseen",
            f"{node.node} did not tell its {fact}{': ' + why[fact] if fact in why else ''}.",
            hint="Nothing is planned on a guess. Read the node again.",
            node=node.node,
        )
        for fact in unseen
    ]
