"""A pair on whole disks, as in the classic guide: set up through the pages, its disks known by names that stay when the kernel's names change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import clients, in_service, machines, network
from tests.lab.panel import Panel, panel_up
from tests.lab.places import EVERY, PAIR
from tests.lab.setting_up import approve, set_up, sign_in
from tests.lab.walk import Stopwatch, Walk, walking

pytestmark = pytest.mark.lab
SNAPSHOT = "whole-disks"


@pytest.fixture(scope="module")
def disks_kept(bare_snapshot: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A pair on whole disks, kept by this run or an earlier one."""
    if in_service.kept(SNAPSHOT):
        return
    machines.load("bare", EVERY)
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


def test_lvm_sees_the_data_through_drbd_only(walk: Walk) -> None:
    for name in PAIR:
        link = f"/dev/disk/by-id/virtio-data-{name}"
        for command in ("cat /etc/drbd.d/r0.res", "lvmconfig --typeconfig full devices/global_filter", "pvs -a", "drbdadm -d adjust r0",
                        "vgs; lvs -a; lsblk -f", f"pvs {link}; pvs /dev/vdb; pvscan --cache /dev/vdb; blkid /dev/vdb", "dmesg | grep -i drbd | tail -5"):
            print(name, command, "\n", machines.run(name, command, check=False), flush=True)
