"""Situations of docs/hazards.md about disks, DRBD and LVM."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.findings import Severity
from provisioning.checks import preflight
from provisioning.checks.links import named, stable_link
from provisioning.desired import Backing, BackingKind
from provisioning.intents import ProvisionCluster
from provisioning.observed import Disk, PhysicalVolume
from provisioning.pages.disks import choices
from provisioning.plans import provision
from provisioning.render.paths import LVM_LOCAL, PACKAGES
from tests.checks.found import OK, B, W, changed, found
from tests.pair import GIB, HEARTBEAT, MIB, desired, finished, fresh, installed, system_disk


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
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", children=(Disk("/dev/md0", "raid1", GIB),)), "carries md0"),
        (Disk("/dev/vdb", "disk", GIB, serial="data-bob", children=(Disk("/dev/vdb1", "part", GIB, mountpoints=("/",)),)), "holds the system"),
    ],
)  # fmt: skip
def test_a_disk_in_use_cannot_be_chosen(disk: Disk, says: str) -> None:
    findings = preflight(desired(), changed("bob", disks=(disk,)))
    assert [says in f.text for f in findings if f.code == "disk.in-use" and f.node == "bob"] == [True]


def test_a_physical_volume_of_another_group_cannot_be_chosen() -> None:
    assert found(changed("bob", pvs=(PhysicalVolume("/dev/vdb", "vg_mail", GIB, 0),)))[("disk.in-use", "bob")] is B


def test_the_form_offers_empty_disks_only() -> None:
    root = system_disk()
    system = replace(root, children=(*root.children, Disk("/dev/vda2", "part", GIB)))
    parts = Disk("/dev/vdc", "disk", GIB, partition_table="gpt", children=(Disk("/dev/vdc1", "part", GIB),))
    node = replace(installed("bob"), disks=(system, Disk("/dev/vdb", "disk", GIB), parts))
    assert {choice.path: choice.refused for choice in choices(node)} == {
        "/dev/vda": "holds the system; never offered",
        "/dev/vda1": "lies on /dev/vda, which holds the system",
        "/dev/vda2": "lies on /dev/vda, which holds the system",
        "/dev/vdb": "",
        "/dev/vdc": "carries vdc1",
        "/dev/vdc1": "",
    }


def test_an_empty_partition_of_the_system_disk_is_refused_by_the_plan_as_well() -> None:
    wanted, root = desired(BackingKind.DISK), system_disk()
    system = replace(root, children=(*root.children, Disk("/dev/vda2", "part", GIB)))
    alice, bob = wanted.nodes
    wanted = replace(wanted, nodes=(alice, replace(bob, backing=Backing(BackingKind.DISK, "/dev/vda2", "", GIB))))
    findings = found(changed("bob", disks=(system,), disk_links=()), wanted)
    assert findings[("disk.in-use", "bob")] is B and ("disk.free", "bob") not in findings


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
