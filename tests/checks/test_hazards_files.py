"""Situations of docs/hazards.md about files of others, exports and the NFS server's settings."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from clusters.findings import Severity
from provisioning.checks import preflight
from provisioning.checks.ours import exact
from provisioning.observed import ActiveExport, FileState
from provisioning.render.paths import AUTHKEYS, AUTHORIZED_KEYS, FOREIGN_EXPORTS, HARESOURCES, LVM_LOCAL
from tests.checks.found import OK, B, W, blocks, found
from tests.pair import desired, fresh, installed, with_file, with_unit


@pytest.mark.parametrize("path", [HARESOURCES, AUTHKEYS, "/etc/drbd.d/r0.res", "/etc/ha.d/ha.cf"])
def test_somebody_elses_file_is_not_overwritten(path: str) -> None:
    observed = fresh()
    observed["bob"] = with_file(observed["bob"], path, "written by hand\n")
    assert found(observed)[("file.foreign", "bob")] is B


@pytest.mark.parametrize("path", [AUTHORIZED_KEYS, LVM_LOCAL])
@pytest.mark.parametrize("text", [None, "ssh-ed25519 KEY caf\ufffd\n"])
def test_a_shared_file_that_was_not_read_byte_for_byte_is_not_rewritten(path: str, text: str | None) -> None:
    observed = fresh()
    files = (*(f for f in observed["bob"].files if f.path != path), FileState(path, "ab" * 32, text, "0600"))
    observed["bob"] = replace(observed["bob"], files=files)
    assert found(observed)[("file.inexact", "bob")] is B


def test_a_last_line_without_an_end_stays_as_it_is() -> None:
    file = FileState(AUTHORIZED_KEYS, hashlib.sha256(b"one\ntwo").hexdigest(), "one\ntwo\n", "0600")
    assert exact(file) == "one\ntwo"


def test_a_shared_file_with_other_lines_is_fine() -> None:
    observed = fresh()
    observed["bob"] = with_file(observed["bob"], LVM_LOCAL, "# shipped by the package\nlocal {\n}\n")
    assert blocks(found(observed)) == set()


def test_exports_of_others_stay_but_must_not_collide() -> None:
    observed = fresh()
    observed["bob"] = with_file(observed["bob"], FOREIGN_EXPORTS, "# old\n/old *(rw,fsid=7)\n")
    findings = found(observed)
    assert findings[("export.foreign", "bob")] is W
    assert blocks(findings) == set()
    observed["bob"] = with_file(observed["bob"], FOREIGN_EXPORTS, "/srv/homes *(rw)\n/old *(rw,fsid=102)\n")
    assert {("export.path-taken", "bob"), ("export.fsid-taken", "bob")} <= blocks(found(observed))


def test_a_fsid_twice_blocks() -> None:
    wanted = desired()
    twice = tuple(replace(e, fsid=101) for e in wanted.exports)
    assert found(fresh(), replace(wanted, exports=twice))[("export.fsid-twice", "")] is B


def test_nfs_enabled_at_boot_warns_and_names_what_is_exported() -> None:
    live = with_unit(
        replace(installed("bob"), exports=(ActiveExport("/old", "*", ("rw",)),)),
        "nfs-server.service",
        "active",
        "enabled",
    )
    texts = [
        f.text
        for f in preflight(desired(), {"alice": installed("alice"), "bob": live})
        if f.code == "nfs.enabled-at-boot"
    ]
    assert len(texts) == 2
    assert "/old" in texts[1]


@pytest.mark.parametrize(("lease", "severity"), [(5, B), (20, W), (45, OK)])
def test_a_short_lease(lease: int, severity: Severity) -> None:
    wanted = desired()
    findings = found(fresh(), replace(wanted, nfs=replace(wanted.nfs, lease_time=lease)))
    assert findings[("nfs.lease" if severity is OK else "nfs.lease-short", "")] is severity
