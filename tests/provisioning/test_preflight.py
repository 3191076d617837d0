"""A preflight's answer survives the database, and an unreadable one counts as none."""

import json

from clusters.findings import blocker, fine
from provisioning import preflight
from provisioning.observed import Clock, Disk, FileState, Interface, NodeObserved

ALICE = NodeObserved(
    "alice", 1700000000.5, kernel="6.1.0", machine="x86_64", clock=Clock(False, None),
    disks=(Disk("/dev/vda", "disk", 2**33, children=(Disk("/dev/vda1", "part", 2**32, mountpoints=("/",)),)), Disk("/dev/vdb", "disk", 2**34)),
    interfaces=(Interface("ens3", "UP", ("10.10.0.11/24",)),), files=(FileState("/etc/exports", "00", "secret"),),
)  # fmt: skip


def test_it_comes_back_as_it_went_without_the_files():
    findings = [blocker("disk.in-use", "vda is in use.", node="alice", hazard=12), fine("os.known", "Debian 12")]
    stored = json.loads(json.dumps(preflight.dump(findings, {"alice": ALICE})))
    found = preflight.load(stored)
    assert found.findings == tuple(findings)
    assert found.node("alice").disks == ALICE.disks
    assert found.node("alice").files == ()
    assert found.node("bob") is None
    assert "secret" not in str(stored)


def test_what_another_version_wrote_counts_as_not_asked():
    stored = preflight.dump([], {"alice": ALICE})
    stored["nodes"]["alice"]["version"] = 99
    assert preflight.load(stored) is None
    assert preflight.load({"nodes": []}) is None
    assert preflight.load(None) is None
