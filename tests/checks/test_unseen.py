"""What was not seen of a node is said, on the preflight page and in the plan alike: unknown is never taken for "nothing there"."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from clusters.findings import Finding, Severity
from provisioning.checks import preflight
from provisioning.desired import BackingKind
from provisioning.intents import ProvisionCluster
from provisioning.observed import NodeObserved
from provisioning.plans import provision
from tests.checks.found import B, W, changed, found
from tests.pair import HEARTBEAT, NAMES, bare, desired, fresh

NO_REASON_STANDS_ON_IT = {
    "node", "read_at", "files", "unreadable",  # never None
    "kernel", "machine", "boot_id", "uptime",  # told, not judged
    "exports", "nfsd_threads", "nfs_clients", "nfs_pool", "nfs_running",  # only say what a change costs a pair in service
    "heartbeat",  # whether it runs is told by its unit
    "marks",  # of the monitor
    "immutable", "directories", "file_system_size", "quotas", "thin_tools", "accounts", "quota_tools", "layers",  # asked for by other actions
    "keytab", "principals",  # of exports with Kerberos
    "available",  # below: only where a package is missing
    "disk_links",  # below: only where a whole disk is given away
}  # fmt: skip
JUDGED = [field.name for field in fields(NodeObserved) if field.name not in NO_REASON_STANDS_ON_IT]


def told(findings: list[Finding]) -> set[tuple[str, str, str]]:
    return {(f.code, f.node, f.text) for f in findings if f.severity is not Severity.OK}


@pytest.mark.parametrize("fact", JUDGED)
@pytest.mark.parametrize("nodes", [("bob",), NAMES], ids=["on one node", "on both"])
def test_a_fact_that_was_not_seen_is_said(fact: str, nodes: tuple[str, ...]) -> None:
    observed = {name: replace(node, **{fact: None}) if name in nodes else node for name, node in fresh().items()}
    new = told(preflight(desired(), observed)) - told(preflight(desired(), fresh()))
    assert {node for _, node, _ in new} >= set(nodes)
    plan = provision.plan(ProvisionCluster("web-files"), desired(), observed, HEARTBEAT)
    assert new <= told(list(plan.findings))


@pytest.mark.parametrize(
    "fact", ["disks", "units", "mounts", "pvs", "vgs", "lvs", "drbd_defined", "replicas", "machine_id", "node_clock"]
)
def test_the_preflight_of_a_draft_without_disks_says_it_too(fact: str) -> None:
    assert ("facts.unseen", "bob") in {(f.code, f.node) for f in preflight(None, changed("bob", **{fact: None}))}


@pytest.mark.parametrize(
    "fact",
    ["service_ip_answers", "listening", "lvm_filter", "lvm_devices_file", "node_clock", "fstab", "machine_id", "export_files"],
)  # fmt: skip
def test_what_a_block_stands_on_blocks(fact: str) -> None:
    observed = {name: replace(node, **{fact: None}) for name, node in fresh().items()}
    assert {node for (_, node), severity in found(observed).items() if severity is B} == set(NAMES)


def test_one_node_that_asked_for_the_service_ip_is_enough() -> None:
    assert found(changed("bob", service_ip_answers=None))[("service-ip.unseen", "bob")] is W


def test_what_cannot_be_there_is_not_missed() -> None:
    """Without lvm2 nobody can ask for its groups or its filter."""
    observed = {name: bare(name) for name in NAMES}
    assert not [code for code, _ in found(observed) if "unseen" in code]


def test_facts_that_only_some_pairs_need() -> None:
    lacking = {name: replace(bare(name), available=None) for name in NAMES}
    assert found(lacking)[("package.unknown", "bob")] is B
    assert found(changed("bob", disk_links=None), desired(BackingKind.DISK))[("disk.names-unseen", "bob")] is B
