"""Disks and networks as a draft offers them, and the space they leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.desired import Backing, BackingKind
from provisioning.observed import Disk, Interface, LogicalVolume, NodeObserved, PhysicalVolume
from provisioning.pages import disks, fingerprints, networks, space

GIB = 2**30


def node(*interfaces: tuple[str, str], name: str = "alice", found: tuple[Disk, ...] = ()) -> NodeObserved:
    return NodeObserved(name, 0.0, disks=found, interfaces=tuple(Interface(i, "UP", (a,)) for i, a in interfaces))


@pytest.mark.parametrize(
    ("disk", "refused"),
    [
        (Disk("/dev/vdb", "disk", GIB), ""),
        (Disk("/dev/vdb1", "part", GIB), ""),
        (Disk("/dev/vda", "disk", GIB, children=(Disk("/dev/vda1", "part", GIB, mountpoints=("/boot",)),)), "holds the system"),
        (
            Disk("/dev/vda", "disk", GIB, children=(
                Disk("/dev/vda2", "part", GIB, fstype="LVM2_member", children=(Disk("/dev/mapper/vg-root", "lvm", GIB, mountpoints=("/",)),)),
            )),
            "holds the system",
        ),
        (Disk("/dev/vda", "disk", GIB, children=(Disk("/dev/vda5", "part", GIB, mountpoints=("[SWAP]",)),)), "holds the system"),
        (Disk("/dev/vdc", "disk", GIB, mountpoints=("/mnt/x",)), "is mounted at /mnt/x"),
        (Disk("/dev/vdc", "disk", GIB, fstype="ext4", label="old"), "is not empty"),
        (Disk("/dev/vdc", "disk", GIB, fstype="linux_raid_member"), "is not empty"),
        (Disk("/dev/vdc", "disk", GIB, fstype="drbd"), "is not empty"),
        (Disk("/dev/vdc", "disk", GIB, partition_table="gpt"), "is not empty"),
        (Disk("/dev/vdc", "disk", GIB, children=(Disk("/dev/md0", "raid1", GIB),)), "carries md0"),
        (Disk("/dev/vdc", "disk", GIB, readonly=True), "is read-only"),
        (Disk("/dev/vdc", "disk", 1024), "is too small"),
        (Disk("/dev/md0", "raid1", GIB), "is a raid1 device"),
    ],
)  # fmt: skip
def test_a_disk_in_use_cannot_be_chosen(disk: Disk, refused: str):
    choice = disks.choices(node(found=(disk,)))[0]
    assert choice.refused.startswith(refused) and bool(choice.refused) == bool(refused)


@pytest.mark.parametrize(
    "disk",
    [
        Disk("/dev/sr0", "rom", GIB),
        Disk("/dev/loop0", "loop", GIB),
        Disk("/dev/zram0", "disk", GIB),
        Disk("/dev/drbd0", "disk", GIB),
    ],
)
def test_what_is_no_disk_is_not_shown(disk: Disk):
    assert disks.choices(node(found=(disk,))) == []


OWN = Backing(BackingKind.LV, "/dev/vdb", "", GIB, vg="vg_local", lv="r0", size=GIB // 2)
R0 = Disk("/dev/mapper/vg_local-r0", "lvm", GIB)
VOLUME = LogicalVolume("r0", "vg_local", GIB // 2, "/dev/vg_local/r0", True)


def member(path: str, *above: Disk, kind: str = "disk") -> Disk:
    return Disk(path, kind, GIB, fstype="LVM2_member", children=above)


def prepared(
    *found: Disk, pvs: tuple[tuple[str, str], ...] | None, lvs: tuple[LogicalVolume, ...] = ()
) -> NodeObserved:
    rows = None if pvs is None else tuple(PhysicalVolume(path, vg, GIB, 0) for path, vg in pvs)
    return replace(node(found=found), pvs=rows, lvs=None if pvs is None else lvs)


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        (prepared(member("/dev/vdb", R0), pvs=(("/dev/vdb", "vg_local"),), lvs=(VOLUME,)), True),
        (prepared(member("/dev/vdb"), pvs=(("/dev/vdb", "vg_local"),)), True),
        (prepared(member("/dev/vdb"), pvs=(("/dev/vdb", ""),)), True),
        (prepared(member("/dev/vdc"), pvs=(("/dev/vdc", "vg_local"),)), True),
        (prepared(member("/dev/vdc"), pvs=(("/dev/vdc", ""),)), False),
        (prepared(member("/dev/vdc"), pvs=(("/dev/vdc", "vg_mail"),)), False),
        (prepared(member("/dev/vdc"), pvs=()), False),
        (prepared(member("/dev/vdc"), pvs=None), False),
        (prepared(member("/dev/vdb", Disk("/dev/mapper/backup-x", "lvm", GIB)), pvs=(("/dev/vdb", "vg_local"),)), False),
        (prepared(member("/dev/vdb"), pvs=(("/dev/vdb", "vg_local"), ("/dev/vdd", "vg_local"))), False),
        (
            prepared(member("/dev/vdb"), pvs=(("/dev/vdb", "vg_local"),), lvs=(replace(VOLUME, name="mail"),)),
            False,
        ),
    ],
    ids=[
        "whole", "before its volume", "before its group", "chosen before", "another one without a group", "another group", "not in pvs",
        "pvs unseen", "another group's volume on it", "two disks", "another volume",
    ],
)  # fmt: skip
def test_only_what_lvm_calls_the_set_up_s_own_may_be_kept_after_a_failure(seen: NodeObserved, kept: bool):
    (choice,) = disks.choices(seen, OWN)
    assert (choice.refused == "", "made by this set-up" in choice.holds) == (kept, kept)
    assert disks.choices(seen)[0].refused


def test_a_hostile_label_is_spelled_out():
    assert (
        "⟨U+202E⟩"
        in disks.choices(node(found=(Disk("/dev/vdb", "disk", GIB, fstype="ext4", label="\u202ex\x1b[31m"),)))[0].holds
    )


def test_two_networks_are_proposed_as_they_come():
    one = node(("ens3", "10.0.0.1/24"), ("ens4", "10.0.1.1/24"))
    other = node(("ens3", "10.0.0.2/24"), ("ens4", "10.0.1.2/24"))
    assert networks.proposed(one, other, {"10.0.0.1", "10.0.0.2"}) == ["10.0.0.0/24", "10.0.1.0/24"]


def test_a_third_network_for_the_panel_alone_is_left_to_it():
    one = node(("ens1", "10.9.0.1/24"), ("ens3", "10.0.0.1/24"), ("ens4", "10.0.1.1/24"))
    other = node(("ens1", "10.9.0.2/24"), ("ens3", "10.0.0.2/24"), ("ens4", "10.0.1.2/24"))
    assert networks.proposed(one, other, {"10.9.0.1", "10.9.0.2"}) == ["10.0.0.0/24", "10.0.1.0/24"]


def test_a_network_in_which_both_have_the_same_address_is_none():
    one = node(("eth0", "10.0.2.15/24"), ("eth1", "192.168.77.11/24"))
    other = node(("eth0", "10.0.2.15/24"), ("eth1", "192.168.77.12/24"))
    assert networks.common_networks(one, other) == ["192.168.77.0/24"]


def test_broken_addresses_are_left_out():
    assert (
        networks.choices(
            node(("eth0", "nonsense"), ("eth1", "fe80::1/64"), ("lo", "127.0.0.1/8"), ("eth2", "169.254.0.1/16"))
        )
        == []
    )


@pytest.mark.parametrize("size", [GIB, 80 * GIB, 2**40, 16 * 2**40])
def test_what_is_left_for_volumes_is_less_than_the_disk_and_whole_extents(size: int):
    room = space.for_volumes(size)
    assert size - size // 1000 - 8 * 2**20 < room < size and room % space.EXTENT == 0


def test_a_gibibyte_has_the_metadata_that_drbdmeta_makes():
    assert space.metadata(GIB) == 36864 + 32768


@pytest.mark.parametrize(
    ("size", "text"),
    [(80 * GIB, ("80", "GiB")), (3 * 2**39, ("1.5", "TiB")), (300 * 2**20, ("300", "MiB")), (0, ("0", "MiB"))],
)
def test_sizes_come_back_as_they_can_be_typed(size: int, text: tuple[str, str]):
    assert space.as_text(size) == text


def test_a_fingerprint_is_that_of_ssh_keygen():
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vUqFzvAXXsLBKFyPC4rTUb7DvRb9yPYVZ9jpY1k2Q panel"
    assert fingerprints.sha256(line).startswith("SHA256:") and len(fingerprints.sha256(line)) == 50
    assert fingerprints.sha256("") == fingerprints.sha256("ssh-ed25519 ???") == fingerprints.sha256("x") == ""
