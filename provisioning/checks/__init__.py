"""Reasons not to. Pure: what was seen on the nodes and what is wanted, in; findings, out. docs/hazards.md names the rows.

`preflight` works with partial knowledge: without `desired` it tells the facts about the nodes alone, and a node that was not read is a finding.
"""

from __future__ import annotations

from collections.abc import Mapping

from clusters.findings import Finding, blocker
from provisioning.checks import disks, exporting, files, host, known, left_out, links, lvm, network, settings, spelling
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved


def preflight(desired: DesiredCluster | None, observed: Mapping[str, NodeObserved]) -> list[Finding]:
    """Check the nodes by themselves, then as a pair, then against what is wanted of them."""
    findings: list[Finding] = []
    for node in observed.values():
        findings += alone(node)
    findings += host.same_machine(observed)
    findings += host.clocks(observed)
    if desired is not None:
        findings += wanted(links.named(desired, observed), observed)
    return findings


def alone(node: NodeObserved) -> list[Finding]:
    checks = (host.system, host.drbd, host.name, host.packages, host.managers, host.nfs_at_boot)
    return [*known.gaps(node, known.FOR_SET_UP), *(finding for check in checks for finding in check(node))]


def wanted(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> list[Finding]:
    findings = [
        blocker(
            "node.not-read",
            f"{node.name} was not read.",
            hint="Both nodes must answer before anything is planned.",
            node=node.name,
        )
        for node in desired.nodes
        if node.name not in observed
    ]
    refused = list(spelling.cluster(desired))
    if refused:  # what is not even spelled right cannot be compared with anything
        return findings + refused
    ours = {name: node for name, node in observed.items() if name in {n.name for n in desired.nodes}}
    for node in ours.values():
        for check in (
            disks.chosen, links.names, disks.metadata, disks.mount_points, network.ports, network.fencing_way, lvm.groups, lvm.visibility,
            files.foreign, exporting.foreign, left_out.contents,
        ):  # fmt: skip
            findings += check(desired, node)
    findings += disks.sizes(desired, ours)
    findings += network.addresses(desired, ours)
    findings += network.heartbeat_paths(desired, ours)
    findings += settings.under_way(desired, ours)
    findings += network.service_ip(desired, ours)
    findings += network.fencing(desired)
    return findings
