"""The lab itself: its machines are what a stranger's two servers are, and the observer stands on their network."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.lab import machines
from tests.lab.places import EVERY, MACHINES, OBSERVER_ADDRESS, PAIR

pytestmark = pytest.mark.lab


def test_the_pair_is_bare(bare: None) -> None:
    for name in PAIR:
        assert machines.run(name, "uname --nodename") == name
        disks = json.loads(machines.run(name, "lsblk --json --bytes --nodeps -o NAME,SERIAL,SIZE,FSTYPE"))[
            "blockdevices"
        ]
        data = next(disk for disk in disks if disk["serial"] == f"data-{name}")
        assert (data["name"], data["size"], data["fstype"]) == ("vdb", 2 << 30, None)
        assert machines.run(name, "modinfo --field version drbd") == "8.4.11"
        assert not machines.answers(name, "dpkg --status heartbeat")


def test_each_machine_has_its_own_host_key(bare: None) -> None:
    keys = {machines.run(name, "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[1] for name in EVERY}
    assert len(keys) == len(EVERY)


def test_the_observer_reaches_the_service_network(bare: None) -> None:
    for name in PAIR:  # -w: asked again until the first answer
        subprocess.run(["ping", "-c", "1", "-w", "20", MACHINES[name].lan], check=True, capture_output=True)
    assert machines.answers("client", f"ping -c 1 -w 20 {OBSERVER_ADDRESS.split('/')[0]}")


def test_a_cut_cable_and_a_power_cut_are_felt(bare: None) -> None:
    peer = MACHINES["beta"].replication
    assert machines.answers("alpha", f"ping -c 1 -W 5 {peer}")
    machines.cable("alpha", "repl", False)
    assert not machines.answers("alpha", f"ping -c 1 -W 3 {peer}")
    machines.cut_power("beta")
    assert machines.running("beta") is None
    assert not machines.answers("alpha", f"ping -c 1 -W 3 {MACHINES['beta'].lan}")
