"""What goes wrong with how a node is set up while nobody plans anything is found by the whole reading of the monitor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from clusters.findings import Severity
from provisioning.checks.standing import standing
from provisioning.desired import ExportClient
from provisioning.observed import (
    ActiveExport,
    DrbdVersion,
    FileState,
    Kernel,
    LogicalVolume,
    Mount,
    NodeObserved,
    PhysicalVolume,
)
from provisioning.render import nfs, paths
from tests.pair import desired, finished, with_unit

WANTED = desired()
R = WANTED.resource
Change = Callable[[NodeObserved], NodeObserved]


def gone(path: str) -> Change:
    def change(node: NodeObserved) -> NodeObserved:
        return replace(node, files=(*(f for f in node.files if f.path != path), FileState(path, None)))

    return change


def fstab(source: str, target: str) -> Change:
    return lambda node: replace(node, fstab=((source, target),))


def active(state: bool | None) -> Change:
    return lambda node: replace(node, lvs=(LogicalVolume("media", R.vg, 1, f"/dev/{R.vg}/media", state),))


def pv(path: str, vg: str = R.vg) -> Change:
    return lambda node: replace(node, pvs=(*(node.pvs or ()), PhysicalVolume(path, vg, 1, 1)))


def kernels(*, default: bool) -> Change:
    return lambda node: replace(node, kernels=(Kernel("6.1.0-99", has_drbd=False, default=default),))


POINT = WANTED.volumes[0].mount_point
CASES: tuple[tuple[str, Change, str, int], ...] = (
    ("a volume active on the Secondary", active(True), "lvm.active-on-standby", 5),
    ("a second physical volume", pv("/dev/vdz"), "lvm.past-drbd", 5),
    ("a filter that was lost", lambda n: replace(n, lvm_filter=("a|.*|",)), "lvm.filter-missing", 5),
    ("a devices file", lambda n: replace(n, lvm_devices_file=True), "lvm.devices-file", 5),
    ("a volume in fstab", fstab("/dev/vdx1", POINT), "fstab.names-it", 10),
    ("the device in fstab", fstab(R.device, "/mnt"), "fstab.names-it", 10),
    ("a foreign mount", lambda n: replace(n, mounts=(Mount("/dev/vdx1", POINT, "ext4", ("rw",)),)), "mount.point-taken", 10),
    ("NFS at boot", lambda n: with_unit(n, "nfs-server.service", "inactive", "enabled"), "nfs.enabled-at-boot", 17),
    ("the next kernel", kernels(default=True), "drbd.module-missing-next-boot", 19),
    ("another DRBD", lambda n: replace(n, drbd=DrbdVersion("9.2.3", "9.2.3", "9.22.0")), "drbd.version-unproven", 0),
    ("the fence handler", gone(paths.FENCE_PEER), "fencing.handler-missing", 3),
    ("what answers it", gone(paths.OUTDATE_HERE), "fencing.handler-missing", 3),
    ("its key", gone(paths.FENCE_KEY), "fencing.handler-missing", 3),
    ("what Heartbeat waits for", gone(paths.WAIT_FOR_DATA), "manager.wait-missing", 27),
    ("what keeps its messages whole", gone(paths.WHOLE_MESSAGES), "manager.messages-torn", 27),
)  # fmt: skip


@pytest.mark.parametrize(("change", "code", "hazard"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_found_on_the_standby(change: Change, code: str, hazard: int):
    found = standing(WANTED, change(finished()["bob"]))
    assert found is not None
    assert [(f.code, f.hazard, f.node) for f in found] == [(code, hazard, "bob")]
    assert found[0].hint and not found[0].fix.startswith(" ")


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_pair_that_is_as_it_was_set_up_has_none(name: str):
    assert standing(WANTED, finished()[name]) == ()


QUIET: dict[str, Change] = {
    "a volume that is not active": active(False),
    "a volume of which that was not seen": active(None),
    "another group's physical volume": pv("/dev/vdz", "vg_other"),
    "another line in fstab": fstab("/dev/vdx1", "/mnt/elsewhere"),
    "a filter with more in it": lambda n: replace(n, lvm_filter=(*(n.lvm_filter or ()), "r|^/dev/sdx$|")),
    "files that were not asked for": lambda n: replace(n, files=()),
}


@pytest.mark.parametrize("change", QUIET.values(), ids=QUIET.keys())
def test_what_is_no_danger_is_not_called_one(change: Change):
    found = standing(WANTED, change(finished()["bob"])) or ()
    assert {f.code for f in found} <= {"lvm.filter-kept"}
    assert not found


def test_the_primary_has_its_volumes_active():
    assert standing(WANTED, finished()["alice"]) == ()


def test_a_kernel_that_could_boot_is_told_more_quietly():
    found = standing(WANTED, kernels(default=False)(finished()["bob"]))
    assert found and found[0].severity is Severity.WARNING


def test_a_light_reading_says_nothing_of_it():
    assert standing(WANTED, replace(finished()["bob"], units=None)) is None


def exported(*rows: tuple[str, str, tuple[str, ...]]) -> Change:
    return lambda node: replace(node, exports=tuple(ActiveExport(*row) for row in rows))


NAMED = replace(
    WANTED, exports=(replace(WANTED.exports[0], clients=(ExportClient("192.0.2.5"), ExportClient("five"))),)
)
HOMES = NAMED.exports[0].path
USUAL = nfs.options_of(NAMED, NAMED.exports[0], NAMED.exports[0].clients[0])
ETAB = (
    f"rw,sync,wdelay,hide,nocrossmnt,secure,root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs,"
    f"fsid={NAMED.exports[0].fsid},mountpoint,anonuid=65534,anongid=65534,sec=sys,rw,secure,root_squash,no_all_squash"
)  # as exportfs writes it down
RO = tuple("ro" if word == "rw" else word for word in USUAL)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("192.0.2.5", USUAL), ("five.example.org", USUAL)], ""), ([("five.example.org", tuple(ETAB.split(","))), ("192.0.2.5", USUAL)], ""),
        ([], ""),  # told as a part of the service that is missing
        ([("192.0.2.5", USUAL)], "a client given by its name is not in the table"), ([("five", USUAL)], "192.0.2.5 is not in the table"),
        ([("192.0.2.5", RO), ("five", USUAL)], "192.0.2.5 gets something else"),
        ([("192.0.2.5", USUAL), ("five", USUAL), ("*", RO)], "everybody is in it, too"),
        ([("192.0.2.5", USUAL), ("five", USUAL), ("six", USUAL)], "a client given by its name is in it, too"),
    ],
)  # fmt: skip
def test_a_table_that_is_not_what_was_set_is_told(rows: list[tuple[str, tuple[str, ...]]], says: str):
    found = standing(NAMED, exported(*((HOMES, *row) for row in rows))(finished()["alice"])) or ()
    assert [f.text for f in found] == ([f"alice does not export {HOMES} as it was set: {says}."] if says else [])
    assert standing(NAMED, exported((HOMES, "192.0.2.5", RO))(finished()["bob"])) == ()  # it does not serve


def test_what_others_export_is_not_compared():
    others = (("/opt", "*", ("ro",)), *((HOMES, each, USUAL) for each in ("192.0.2.5", "five")))
    assert standing(NAMED, exported(*others)(finished()["alice"])) == ()
