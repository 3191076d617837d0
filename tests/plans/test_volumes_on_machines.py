"""Changes of volumes in service, carried out step by step on simulated machines and planned again after every step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioning.desired import DesiredCluster
from provisioning.facts import Asked
from provisioning.intents import GrowVolume, ProvisionCluster
from provisioning.plans import provision, volume_grow
from provisioning.simulator.state import Lv
from provisioning.steps import Kind, Plan
from tests.pair import GIB, HEARTBEAT
from tests.plans.simulated import Machines

AGAIN = (Kind.READS, Kind.WAITS, Kind.OBSERVES)


@pytest.fixture
def pair() -> tuple[Machines, DesiredCluster]:
    machines = Machines()
    wanted = machines.wanted()
    for step in provision.plan(ProvisionCluster(wanted.name), wanted, machines.read(wanted), HEARTBEAT).todo():
        machines.do(step)
    machines.now += 3600
    machines.read(wanted)  # the first copy is complete
    return machines, wanted


def carry_out(machines: Machines, plan: Callable[[], Plan]) -> Plan:
    """Do every step; after each, only the rest may be left. Returns the plan that was carried out."""
    first = plan()
    assert [f.text for f in first.findings if f.severity == "blocker"] == []
    approved = [step.digest() for step in first.todo()]
    for number, step in enumerate(first.todo(), start=1):
        machines.do(step)
        left = {s.digest() for s in plan().todo() if s.kind not in AGAIN}
        assert left <= set(approved[number:]), step.title
    assert plan().todo() == ()
    return first


def grown(machines: Machines, wanted: DesiredCluster, name: str, size: int) -> Plan:
    volume = wanted.volume(name)
    assert volume
    asked = Asked(fstype=volume.fstype, device=f"/dev/{wanted.resource.vg}/{name}", mount_point=volume.mount_point)
    return volume_grow.plan(GrowVolume(wanted.name, name, size), wanted, machines.read(wanted, asked), HEARTBEAT)


@pytest.mark.parametrize("name", ["homes", "media"])
def test_a_volume_grows_with_its_file_system(pair: tuple[Machines, DesiredCluster], name: str) -> None:
    machines, wanted = pair
    carry_out(machines, lambda: grown(machines, wanted, name, 20 * GIB))
    lv: Lv = machines.pair.inside.lvs[name]
    assert (lv.size, lv.fs_size) == (20 * GIB, 20 * GIB)
    assert [step.unchanged != "" for step in grown(machines, wanted, name, 20 * GIB).steps] == [True] * 4


def test_a_full_group_refuses(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    assert "volume.no-room" in {f.code for f in grown(machines, wanted, "homes", 900 * GIB).findings}
