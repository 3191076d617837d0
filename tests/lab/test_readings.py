"""What the panel reads from real nodes over SSH, in one round trip per node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from paramiko import Ed25519Key

from provisioning.facts import Wanted, assemble, full_readings
from provisioning.steps import cmd
from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import NodeAddress, UnitKey
from tests.lab import machines
from tests.lab.places import KEY, MACHINES, SERVICE_IP

pytestmark = pytest.mark.lab
WANTED = ("drbd-utils", "lvm2", "heartbeat", "chrony")


@pytest.fixture
def world(bare: None) -> Iterator[SshWorld]:
    machines.let_in("alpha", "sysop")
    world = SshWorld(Ed25519Key.from_private_key_file(str(KEY)))
    yield world
    world.close()


def address(name: str, user: str = "root") -> NodeAddress:
    host_key = " ".join(machines.run(name, "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    return NodeAddress(name, "127.0.0.1", MACHINES[name].port, user, host_key)


@pytest.mark.parametrize("user", ["root", "sysop"])
def test_a_bare_node_is_read_with_one_gap(world: SshWorld, user: str) -> None:
    wanted = Wanted("alpha", ("/etc/exports",), ("/etc/ha.d/authkeys",), WANTED, SERVICE_IP, "eth1")
    readings = full_readings(wanted)
    results = world.read(address("alpha", user), [reading.command for reading in readings])
    seen = assemble("alpha", readings, results, 1000.0)
    assert seen.unreadable == (("clock", "chronyc is not installed"),)
    assert (seen.nodename, seen.os_id, seen.os_version) == ("alpha", "debian", "12")
    assert seen.drbd is not None and seen.drbd.kernel == "8.4.11"
    disk = seen.disk("/dev/vdb")
    assert disk is not None and (disk.serial, disk.size, disk.fstype) == ("data-alpha", 2 << 30, "")
    assert dict(seen.packages or ())["heartbeat"] is None
    assert (dict(seen.available or ())["heartbeat"] or "").startswith("1:3.0.6-")
    assert seen.service_ip_answers is False
    assert seen.lvm_filter == ("a|.*|",)  # what LVM does when nothing is written


def test_a_step_runs_once_however_often_it_is_asked_for(world: SshWorld) -> None:
    unit = UnitKey("pair", 1, 1, 1)
    commands = (cmd("sh", "-c", "date +%s%N; echo made >> /root/once"), cmd("false"), cmd("true"))
    first = world.run(address("alpha", "sysop"), commands, unit)
    again = world.run(address("alpha", "sysop"), commands, unit)
    assert [result.exit for result in first] == [0, 1]
    assert [result.stdout for result in again] == [result.stdout for result in first]
    assert machines.run("alpha", "cat /root/once") == "made"
