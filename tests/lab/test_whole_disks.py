"""A pair on whole disks, as in the classic guide: set up through the pages, its disks known by names that stay when the kernel's names change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.render.lvm import OTHER_NAMES
from tests.lab import clients, in_service, machines, network
from tests.lab.panel import panel_up
from tests.lab.places import EVERY, PAIR
from tests.lab.places import SNAPSHOT as BARE
from tests.lab.setting_up import approve, set_up, sign_in
from tests.lab.walk import Stopwatch, Walk, walking

pytestmark = pytest.mark.lab
SNAPSHOT = "whole-disks"
GIB = 2**30


@pytest.fixture(scope="module")
def disks_kept(bare_snapshot: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A pair on whole disks, kept by this run or an earlier one."""
    if in_service.kept(SNAPSHOT):
        return
    machines.load(BARE, EVERY)
    network.observe()
    home = tmp_path_factory.mktemp("disks")
    with panel_up(home / "var") as panel, walking(panel.address, home / "pictures") as walk:
        set_up(walk, panel, Stopwatch(), whole_disks=True)
        in_service.keep(panel, SNAPSHOT)
        assert walk.troubles == []
    machines.cut_power(*EVERY)


@pytest.fixture
def walk(disks_kept: None, tmp_path: Path) -> Iterator[Walk]:
    """Ada, signed in to the panel that set the pair up; both copies are UpToDate."""
    machines.load(SNAPSHOT, EVERY)
    network.observe()
    with (
        panel_up(tmp_path / "var", in_service.archive(SNAPSHOT)) as panel,
        walking(panel.address, tmp_path / "pictures") as walk,
    ):
        sign_in(walk)
        yield walk
    machines.cut_power(*EVERY)


def test_the_disks_are_found_when_the_kernel_calls_them_otherwise(walk: Walk) -> None:
    """A disk plugged in before the data disk makes vdb vdc: on the standby node first, then on the one that serves, which loses power for it."""
    watch = Stopwatch()
    only_through_drbd("alpha", "vdb", serves=True)
    only_through_drbd("beta", "vdb", serves=False)
    clients.mount()
    clients.begin_to_write()
    machines.cut_power("beta")
    machines.start("beta", spare=True)
    machines.wait_ssh("beta")
    machines.until("beta's copy is UpToDate again", lambda: in_service.redundant("beta"), 300, 2)
    only_through_drbd("beta", "vdc", serves=False)
    watch.lap("beta found its disk as vdc")
    machines.cut_power("alpha")
    machines.until("beta serves from vdc", lambda: in_service.serves("beta"), 400, 2)
    clients.writes_on()
    report = clients.stop_writing()
    watch.lap(f"failed over (the client stood still for {report['stalls']} s)")
    machines.start("alpha", spare=True)
    machines.wait_ssh("alpha")
    machines.until("both copies UpToDate", lambda: in_service.redundant("beta"), 300, 2)
    only_through_drbd("alpha", "vdc", serves=False)
    only_through_drbd("beta", "vdc", serves=True)
    clients.checksums_agree()
    watch.lap("alpha found its disk as vdc")
    walk.go("/c/lab-files/mend/")
    walk.press(walk.page.locator("main form.ceremony"), to="/jobs/")
    walk.until("the pair is as it was set up", "Everything is as it should be", 120, instead_of="could not")
    walk.picture("mended")
    watch.lap("compared")
    assert walk.troubles == []


def test_disks_that_became_larger_are_used(walk: Walk) -> None:
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    machines.grow_disk("alpha", 3 * GIB)
    ask_for_more(walk)
    walk.until("one larger disk is not enough", "would grow by less than", 120, instead_of="To run it:")
    machines.grow_disk("beta", 3 * GIB)
    ask_for_more(walk)
    approve(walk, "resource", 180)
    for name in PAIR:
        assert number(name, "cat /sys/block/drbd0/size") * 512 > 3 * GIB - 2**20
    assert number("alpha", "pvs --noheadings --units b --nosuffix --options pv_size /dev/drbd0") > 3 * GIB - 2**24
    machines.until("what is new is copied", lambda: in_service.redundant("alpha"), 180, 1)
    watch.lap("grew the device by 1 GiB on both nodes, and it is redundant again")
    only_through_drbd("alpha", "vdb", serves=True)
    only_through_drbd("beta", "vdb", serves=False)
    walk.go("/c/lab-files/volumes/homes/grow/")
    walk.fill(how="to", size="2", unit="GiB")
    walk.send("size", to="/jobs/")
    approve(walk, "homes", 180)
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"grew homes into it (the client stood still for {report['stalls']} s)")
    machines.reboot("beta")
    machines.wait_ssh("beta")
    machines.until("beta finds its metadata at the new end", lambda: in_service.redundant("beta"), 300, 2)
    watch.lap("beta restarted with it")
    assert walk.troubles == []


def ask_for_more(walk: Walk) -> None:
    walk.go("/c/lab-files/resource/grow/")
    walk.press(walk.page.locator("#resource-form"), to="/jobs/")


def only_through_drbd(name: str, disk: str, *, serves: bool) -> None:
    """The disk has this name now, DRBD has it by the one that stays, and LVM sees the group on DRBD or not at all."""
    link = f"/dev/disk/by-id/virtio-data-{name}"
    assert machines.run(name, f"readlink --canonicalize {link}") == f"/dev/{disk}"
    assert link in machines.run(name, "drbdsetup show r0")
    assert machines.run(name, "drbdadm -d adjust r0") == ""
    told = machines.run(name, "lvmconfig --typeconfig full devices/global_filter")
    assert told == f'global_filter=["a|^/dev/drbd0$|","{OTHER_NAMES}","r|^{link}$|"]'
    seen = json.loads(machines.run(name, "pvs --all --reportformat json --options pv_name,vg_name"))["report"][0]["pv"]
    assert [pv["pv_name"] for pv in seen if pv["vg_name"]] == (["/dev/drbd0"] if serves else [])
    assert not [pv for pv in seen if pv["pv_name"] == f"/dev/{disk}"]
    for path in (f"/dev/{disk}", link):
        assert not machines.answers(name, f"pvs {path}")
        assert "online" not in machines.run(name, f"pvscan --cache {path}", check=False)  # as udev reports a disk
    assert machines.answers(name, "test -e /dev/vg_data/homes") is serves


def number(name: str, command: str) -> int:
    return int(machines.run(name, command))
