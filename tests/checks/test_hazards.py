"""Each test sets a situation of docs/hazards.md up and sees that the panel blocks or warns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from clusters.findings import Severity
from provisioning.checks import choosable, preflight, spelling
from provisioning.checks.links import named, stable_link
from provisioning.checks.ours import exact
from provisioning.desired import BackingKind, DesiredCluster
from provisioning.intents import ProvisionCluster
from provisioning.observed import (
    ActiveExport,
    Clock,
    Disk,
    DrbdVersion,
    FileState,
    Kernel,
    Mount,
    NodeObserved,
    PhysicalVolume,
    VolumeGroup,
)
from provisioning.plans import provision
from provisioning.render.paths import AUTHKEYS, AUTHORIZED_KEYS, FOREIGN_EXPORTS, HARESOURCES, LVM_LOCAL, PACKAGES
from tests.pair import GIB, HEARTBEAT, MIB, NAMES, bare, desired, finished, fresh, installed, with_file, with_unit

B, W, OK = Severity.BLOCKER, Severity.WARNING, Severity.OK


def found(
    observed: Mapping[str, NodeObserved], wanted: DesiredCluster | None = None
) -> dict[tuple[str, str], Severity]:
    return {(f.code, f.node): f.severity for f in preflight(wanted or desired(), observed)}


def changed(name: str, **fields: object) -> dict[str, NodeObserved]:
    observed = fresh()
    observed[name] = replace(observed[name], **fields)
    return observed


def blocks(findings: Mapping[tuple[str, str], Severity]) -> set[tuple[str, str]]:
    return {key for key, severity in findings.items() if severity is B}


@pytest.mark.parametrize(
    "observed", [fresh(), {n: bare(n) for n in NAMES}, finished()], ids=["installed", "bare", "finished"]
)
def test_a_good_pair_is_not_blocked(observed: dict[str, NodeObserved]) -> None:
    assert blocks(found(observed)) == set()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"os_id": "ubuntu", "os_version": "24.04"}, "os.unsupported"),
        ({"os_version": "13"}, "os.unsupported"),
        ({"os_id": None}, "os.unknown"),
        ({"drbd": DrbdVersion(None, None, None)}, "drbd.module-missing"),
        ({"drbd": DrbdVersion(None, "9.2.3", None)}, "drbd.version-unproven"),
        ({"drbd": None}, "drbd.module-missing"),
        ({"kernels": (Kernel("6.1", True), Kernel("6.9", False, default=True))}, "drbd.module-missing-next-boot"),
        ({"nodename": "robert"}, "node.name-differs"),
        ({"nodename": None}, "node.name-unknown"),
        ({"packages": None}, "package.unknown"),
        ({"disks": None}, "disk.unknown"),
        ({"interfaces": None}, "network.unknown"),
        ({"lvm_devices_file": True}, "lvm.devices-file"),
        ({"lvm_filter": ("a|^/dev/vd.*|", "r|.*|")}, "lvm.filter-foreign"),
        ({"lvm_filter": ("r|^/dev/drbd|",)}, "lvm.filter-hides-drbd"),
        ({"drbd_defined": (("other", 0, 7000),)}, "drbd.minor-taken"),
        ({"drbd_defined": (("other", 5, 7788),)}, "port.taken"),
        ({"drbd_defined": (("r0", 5, 7000),)}, "drbd.name-taken"),
        ({"listening": (("0.0.0.0", 7788),)}, "port.taken"),
        ({"listening_udp": (("127.0.0.1", 694),)}, "heartbeat.port-taken"),
        ({"fstab": (("/dev/vg_data/homes", "/srv/homes"),)}, "fstab.names-it"),
        ({"fstab": (("/dev/vdb", "/mnt"),)}, "fstab.names-it"),
        ({"mounts": (Mount("/dev/vdc", "/srv/homes", "ext4", ()),)}, "mount.point-taken"),
        ({"vgs": (VolumeGroup("vg_data", GIB, GIB, 4 * MIB),)}, "vg.name-taken"),
        ({"vgs": (VolumeGroup("vg_local", GIB, GIB, 4 * MIB),)}, "vg.name-taken"),
    ],
)  # fmt: skip
def test_a_fact_about_bob_blocks(fields: dict[str, object], code: str) -> None:
    findings = found(changed("bob", **fields))
    assert findings[(code, "bob")] is B
    assert (code, "alice") not in findings


def test_heartbeats_port_is_a_udp_port() -> None:
    assert found(changed("bob", listening=(("0.0.0.0", 694),)))[("heartbeat.port-free", "bob")] is OK
    assert found(changed("bob", listening_udp=None))[("heartbeat.port-unseen", "bob")] is W


def test_a_running_heartbeat_of_ours_has_its_own_port_and_not_the_next_one() -> None:
    assert not [code for code, _ in found(finished()) if code.startswith("heartbeat.port")]
    other = replace(desired(), heartbeat=replace(desired().heartbeat, udpport=695))
    pair = finished()
    pair["bob"] = replace(pair["bob"], listening_udp=(("0.0.0.0", 694), ("::", 695)))
    assert found(pair, other)[("heartbeat.port-taken", "bob")] is B


def test_a_kernel_that_is_not_booted_next_only_warns() -> None:
    kernels = (Kernel("6.1", True, default=True), Kernel("5.10", False))
    assert found(changed("bob", kernels=kernels))[("drbd.module-missing-next-boot", "bob")] is W


@pytest.mark.parametrize(
    ("disk", "says"),
    [
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", mountpoints=("/backup",)), "mounted at /backup"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", fstype="ext4"), "carries ext4"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", fstype="linux_raid_member"), "carries linux_raid_member"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", fstype="LVM2_member"), "carries LVM2_member"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", fstype="drbd"), "carries drbd"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", readonly=True), "read-only"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", partition_table="gpt"), "partition table"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", children=(Disk("/dev/md0", "raid1", GIB),)), "/dev/md0 lies on it"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", children=(Disk("/dev/vdb1", "part", GIB, mountpoints=("/",)),)), "running system"),
    ],
)  # fmt: skip
def test_a_disk_in_use_cannot_be_chosen(disk: Disk, says: str) -> None:
    findings = preflight(desired(), changed("bob", disks=(disk,)))
    assert [says in f.text for f in findings if f.code == "disk.in-use" and f.node == "bob"] == [True]


def test_a_physical_volume_of_another_group_cannot_be_chosen() -> None:
    assert found(changed("bob", pvs=(PhysicalVolume("/dev/vdb", "vg_mail", GIB, 0),)))[("disk.in-use", "bob")] is B


def test_the_form_offers_empty_disks_only() -> None:
    offered = {disk.path: why for disk, why in choosable(installed("bob"))}
    assert offered == {
        "/dev/vda": "it holds the running system",
        "/dev/vda1": "it holds the running system",
        "/dev/vdb": "",
    }


def test_another_disk_under_the_old_name_is_not_taken() -> None:
    other = Disk("/dev/vdb", "disk", GIB, serial="somebody-elses")
    assert found(changed("bob", disks=(other,)))[("disk.missing", "bob")] is B
    moved = Disk("/dev/vdc", "disk", GIB, serial="data-bob")
    assert found(changed("bob", disks=(other, moved)))[("disk.moved", "bob")] is B
    grown = Disk("/dev/vdb", "disk", 2 * GIB, serial="data-bob")
    assert found(changed("bob", disks=(grown,)))[("disk.size-changed", "bob")] is B


@pytest.mark.parametrize(
    ("links", "code", "severity"),
    [
        ((("/dev/disk/by-id/wwn-0x5", "/dev/vdb"), ("/dev/disk/by-id/wwn-0x6", "/dev/vdc")), "disk.stable-name", OK),
        ((("/dev/disk/by-id/lvm-pv-uuid-0aY1", "/dev/vdb"), ("/dev/disk/by-id/wwn-0x6", "/dev/vdc")), "disk.no-stable-name", W),
        ((), "disk.no-stable-name", W),
        (None, "disk.names-unseen", B),
    ],
)  # fmt: skip
def test_a_whole_disk_needs_a_name_that_stays(
    links: tuple[tuple[str, str], ...] | None, code: str, severity: Severity
) -> None:
    observed = changed("bob", disk_links=links)
    assert found(observed, desired(BackingKind.DISK))[(code, "bob")] is severity
    assert not [each for each, _ in found(observed) if "name" in each and each.startswith("disk.")]


def test_a_disk_chosen_by_its_stable_name_is_followed() -> None:
    link, gone = "/dev/disk/by-id/virtio-data-bob", "/dev/disk/by-id/virtio-data-eve"
    wanted = named(desired(BackingKind.DISK), fresh())
    assert wanted.node("bob").backing.link == link
    other = Disk("/dev/vdb", "disk", GIB, serial="somebody-elses")
    moved = Disk("/dev/vdc", "disk", GIB, serial="data-bob")
    observed = changed("bob", disks=(other, moved), disk_links=((link, "/dev/vdc"), (gone, "/dev/vdb")))
    assert named(wanted, observed).node("bob").backing.disk == "/dev/vdc"
    findings = found(observed, wanted)
    assert findings[("disk.free", "bob")] is findings[("disk.stable-name", "bob")] is OK
    assert named(desired(BackingKind.DISK), observed).node("bob").backing.link == ""  # vdb is another one by now
    swapped = changed("bob", disks=(other, replace(moved, serial="x")), disk_links=((link, "/dev/vdc"),))
    assert found(swapped, wanted)[("disk.missing", "bob")] is B


def test_a_partition_whose_stable_name_is_gone_is_not_taken_for_another_one() -> None:
    """Partitions have no serial number: only the name tells them apart."""
    wanted = desired(BackingKind.DISK)
    alice, bob = wanted.nodes
    part = replace(bob.backing, disk="/dev/vdb1", disk_serial="", link="/dev/disk/by-id/virtio-data-bob-part1")
    wanted = replace(wanted, nodes=(alice, replace(bob, backing=part)))
    disks = (Disk("/dev/vdb", "disk", GIB, serial="x", children=(Disk("/dev/vdb1", "part", GIB),)),)
    links = (("/dev/disk/by-id/virtio-x-part1", "/dev/vdb1"),)
    assert found(changed("bob", disks=disks, disk_links=links), wanted)[("disk.missing", "bob")] is B
    links = ((part.link, "/dev/vdb1"),)
    assert ("disk.missing", "bob") not in found(changed("bob", disks=disks, disk_links=links), wanted)


def test_of_several_names_the_one_with_the_serial_number_is_taken() -> None:
    links = (
        ("/dev/disk/by-id/nvme-eui.0025385", "/dev/nvme0n1"),
        ("/dev/disk/by-id/nvme-SAMSUNG_MZ_S3EV", "/dev/nvme0n1"),
        ("/dev/disk/by-id/nvme-SAMSUNG_MZ_S3EV-part1", "/dev/nvme0n1p1"),
        ("/dev/disk/by-id/wwn-0x6", "/dev/sda"),
        ("/dev/disk/by-id/scsi-36", "/dev/sda"),
    )
    node = replace(installed("bob"), disk_links=links)
    assert stable_link(node, "/dev/nvme0n1", "S3EV") == "/dev/disk/by-id/nvme-SAMSUNG_MZ_S3EV"
    assert stable_link(node, "/dev/nvme0n1p1", "") == "/dev/disk/by-id/nvme-SAMSUNG_MZ_S3EV-part1"
    assert stable_link(node, "/dev/sda", "") == "/dev/disk/by-id/scsi-36"
    assert stable_link(node, "/dev/sdb", "S3EV") == ""


def test_drbd_metadata_that_is_not_ours_is_never_a_target() -> None:
    wanted = desired(BackingKind.DISK)
    copy = Disk("/dev/vdb", "disk", GIB, serial="data-bob", fstype="drbd")
    assert found(changed("bob", disks=(copy,)), wanted)[("drbd.foreign-metadata", "bob")] is B
    assert ("drbd.foreign-metadata", "bob") not in found(finished(wanted), wanted)


def test_backing_devices_of_two_sizes_warn_and_one_that_is_too_large_blocks() -> None:
    wanted = desired()
    alice, bob = wanted.nodes
    smaller = replace(wanted, nodes=(alice, replace(bob, backing=replace(bob.backing, size=600 * MIB))))
    assert found(fresh(), smaller)[("backing.sizes-differ", "")] is W
    larger = replace(wanted, nodes=(alice, replace(bob, backing=replace(bob.backing, size=2 * GIB))))
    assert found(fresh(), larger)[("backing.too-large", "bob")] is B
    full = replace(wanted, nodes=(alice, replace(bob, backing=replace(bob.backing, size=1000 * MIB))))
    assert found(fresh(), full)[("backing.little-snapshot-room", "bob")] is W
    assert found(fresh(), desired(BackingKind.DISK))[("backing.no-snapshot", "bob")] is W


def test_volumes_must_fit_on_the_replicated_device() -> None:
    wanted = desired()
    many = replace(wanted, volumes=(replace(wanted.volumes[0], size=900 * MIB),))
    assert found(fresh(), many)[("volume.no-room", "")] is B
    exact = replace(wanted, volumes=(replace(wanted.volumes[0], size=792 * MIB),))
    assert ("volume.no-room", "") not in found(fresh(), exact)
    tiny = replace(wanted, volumes=(replace(wanted.volumes[1], size=100 * MIB),))
    assert found(fresh(), tiny)[("volume.too-small", "")] is B


def test_heartbeat_on_the_replication_link_only_warns() -> None:
    wanted = desired()
    alice, bob = wanted.nodes
    one = replace(bob, replication_interface="eth1", replication_address="192.0.2.22")
    assert found(fresh(), replace(wanted, nodes=(alice, one)))[("heartbeat.single-path", "")] is W
    assert found(fresh())[("heartbeat.two-paths", "")] is OK


def test_heartbeats_times_must_fit() -> None:
    wanted = desired()
    assert (
        found(fresh(), replace(wanted, heartbeat=replace(wanted.heartbeat, initdead=12)))[("heartbeat.times", "")] is B
    )
    assert (
        found(fresh(), replace(wanted, heartbeat=replace(wanted.heartbeat, warntime=20)))[("heartbeat.times", "")] is B
    )


@pytest.mark.parametrize(("skew", "severity"), [(0.2, OK), (1.0, W), (3.0, B), (-3.0, B)])
def test_clocks_apart(skew: float, severity: Severity) -> None:
    observed = fresh()
    observed["bob"] = replace(observed["bob"], node_clock=(observed["bob"].node_clock or 0) + skew)
    findings = found(observed)
    assert findings[("clock.together" if severity is OK else "clock.skew", "")] is severity


def test_a_clock_that_follows_no_source_warns() -> None:
    assert found(changed("bob", clock=Clock(False, None)))[("clock.unsynchronised", "bob")] is W


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


def test_names_addresses_and_networks() -> None:
    wanted = desired()
    alice, bob = wanted.nodes
    gone = replace(wanted, nodes=(alice, replace(bob, replication_address="10.9.9.9")))
    assert found(fresh(), gone)[("network.address-missing", "bob")] is B
    interfaces = tuple(
        replace(i, addresses=("10.88.0.2/24",)) if i.name == "eth2" else i for i in installed("bob").interfaces or ()
    )
    routed = replace(wanted, nodes=(alice, replace(bob, replication_address="10.88.0.2")))
    assert found(changed("bob", interfaces=interfaces), routed)[("network.not-together", "")] is B


def test_the_service_ip_must_be_free_and_at_home_in_the_network() -> None:
    wanted = desired()
    assert found(changed("bob", service_ip_answers=True))[("service-ip.answered", "bob")] is B
    assert found(fresh(), replace(wanted, service_ip="198.51.100.1"))[("service-ip.outside", "bob")] is B
    assert found(fresh(), replace(wanted, service_ip="192.0.2.12"))[("service-ip.is-node-address", "bob")] is B
    assert found(fresh(), replace(wanted, service_prefix=25))[("service-ip.prefix", "bob")] is W
    assert found(finished())[("service-ip.ours", "")] is OK


def test_two_servers_with_one_machine_id_are_no_pair() -> None:
    assert found(changed("bob", machine_id="machine-of-alice"))[("node.same-machine", "")] is B


def test_a_second_manager_blocks() -> None:
    observed = fresh()
    observed["bob"] = with_unit(observed["bob"], "corosync.service", "inactive", "enabled")
    assert found(observed)[("manager.other-enabled", "bob")] is B


def test_a_package_nobody_offers_blocks() -> None:
    node = bare("bob")
    lost = replace(node, available=tuple((p, v) for p, v in node.available or () if p != "heartbeat"))
    assert found({"alice": bare("alice"), "bob": lost})[("package.unavailable", "bob")] is B


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


@pytest.mark.parametrize(("lease", "severity"), [(5, B), (20, W), (45, OK)])
def test_a_short_lease(lease: int, severity: Severity) -> None:
    wanted = desired()
    findings = found(fresh(), replace(wanted, nfs=replace(wanted.nfs, lease_time=lease)))
    assert findings[("nfs.lease" if severity is OK else "nfs.lease-short", "")] is severity


def test_a_system_on_lvm_gets_the_filter_into_its_initramfs() -> None:
    root = Disk("/dev/mapper/vg0-root", "lvm", GIB, fstype="ext4", mountpoints=("/",))
    system = Disk("/dev/vda", "disk", 3 * GIB, children=(Disk("/dev/vda2", "part", GIB, children=(root,)),))
    data = Disk("/dev/vdb", "disk", GIB, serial="data-bob")
    observed = changed("bob", disks=(system, data))
    findings = found(observed)
    assert findings[("lvm.initramfs", "bob")] is W
    assert ("lvm.initramfs", "alice") not in findings
    plan = provision.plan(ProvisionCluster("web-files"), desired(), observed, HEARTBEAT)
    loads = {step.node: step.load for step in plan.todo() if any(f.path == LVM_LOCAL for f in step.files)}
    assert {node: load and load.argv for node, load in loads.items()} == {
        "alice": None,
        "bob": ("update-initramfs", "-u"),
    }
    observed = finished()
    observed["bob"] = replace(observed["bob"], disks=(system, *(observed["bob"].disks or ())[1:]))
    assert ("lvm.initramfs", "bob") not in found(observed)
    assert provision.plan(ProvisionCluster("web-files"), desired(), observed, HEARTBEAT).todo() == ()


def test_a_whole_disk_gets_the_filter_into_an_initramfs_that_has_lvm_already() -> None:
    """The label of the replicated group lies on the disk itself, and the initramfs has lvm2 with the settings of before."""
    wanted = desired(BackingKind.DISK)
    observed = changed("bob", packages=tuple((p, None if p == "lvm2" else "1.0") for p in PACKAGES))
    findings = found(observed, wanted)
    assert findings[("lvm.initramfs", "alice")] is W
    assert ("lvm.initramfs", "bob") not in findings  # installing lvm2 makes it, with the filter
    plan = provision.plan(ProvisionCluster("web-files"), wanted, observed, HEARTBEAT)
    loads = {step.node: step.load is not None for step in plan.todo() if any(f.path == LVM_LOCAL for f in step.files)}
    assert loads == {"alice": True, "bob": False}
    assert provision.plan(ProvisionCluster("web-files"), wanted, finished(wanted), HEARTBEAT).todo() == ()


def test_lvm_that_goes_past_drbd_blocks() -> None:
    wanted = desired(BackingKind.DISK)
    observed = finished(wanted)
    observed["bob"] = replace(observed["bob"], pvs=(PhysicalVolume("/dev/vdb", "vg_data", GIB, 0),))
    assert found(observed, wanted)[("lvm.past-drbd", "bob")] is B


@pytest.mark.parametrize(
    "change",
    [
        {"service_ip": "not an address"},
        {"name": "Web Files"},
        {"volumes": (replace(desired().volumes[0], mount_point="/srv/a b"),)},
        {"volumes": (replace(desired().volumes[0], mount_point="/srv/a::b"),)},
        {"volumes": (replace(desired().volumes[0], name="../x"),)},
        {"exports": (replace(desired().exports[0], path="/srv/homes (rw"),)},
    ],
)
def test_what_no_form_would_take_is_not_planned(change: dict[str, object]) -> None:
    wanted = replace(desired(), **change)  # type: ignore[arg-type]
    codes = [f.code for f in spelling.cluster(wanted)]
    assert codes == ["spelling.refused"]


def test_a_node_that_was_not_read_blocks() -> None:
    assert found({"alice": installed("alice")})[("node.not-read", "bob")] is B


def test_without_a_wish_the_nodes_alone_are_told() -> None:
    codes = {f.code for f in preflight(None, fresh())}
    assert {"os.supported", "drbd.module", "node.name", "clock.together", "nfs.enabled-at-boot"} <= codes
    assert not any(code.startswith(("disk.", "service-ip.", "heartbeat.")) for code in codes)


def test_every_reason_says_what_to_do() -> None:
    observed = changed("bob", os_id="ubuntu", drbd=None, nodename="x", lvm_devices_file=True, service_ip_answers=True)
    for finding in preflight(desired(), observed):
        assert finding.severity is OK or finding.hint, finding.code
        assert finding.text.endswith(".") or finding.severity is OK, finding.text
