"""Plans carried out step by step on simulated machines, and made again after every step."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest

from clusters.findings import blockers
from provisioning.desired import BackingKind, DesiredCluster, DesiredExport, DesiredVolume, ExportClient
from provisioning.intents import CreateVolume, ProvisionCluster, PublishExport
from provisioning.plans import export, provision, volume
from provisioning.recording import remaining
from provisioning.resuming import rest
from provisioning.simulator.physics import power_off, power_on
from provisioning.steps import OBSERVER, Kind, Plan
from tests.pair import GIB, HEARTBEAT
from tests.plans.simulated import Machines

AGAIN = (Kind.READS, Kind.WAITS, Kind.OBSERVES)  # looking twice harms nobody
WEB = DesiredVolume("web", 5 * GIB, "xfs", "/srv/web")
EXPORT = DesiredExport("/srv/web/pages", 103, (ExportClient("10.10.0.0/24"),), "web")


def set_up(machines: Machines, wanted: DesiredCluster) -> Plan:
    return provision.plan(ProvisionCluster(wanted.name), wanted, machines.read(wanted), HEARTBEAT)


def carry_out(machines: Machines, plan: Plan) -> None:
    assert blockers(plan.findings) == []
    for step in plan.todo():
        machines.do(step)


def whole_disk(wanted: DesiredCluster) -> DesiredCluster:
    one, other = (
        replace(n, backing=replace(n.backing, kind=BackingKind.DISK, vg="", lv="", size=0)) for n in wanted.nodes
    )
    return replace(wanted, nodes=(one, other))


def below_the_root(wanted: DesiredCluster) -> DesiredCluster:
    return replace(wanted, exports=(replace(wanted.exports[0], path="/srv/homes/ada"), wanted.exports[1]))


def keeping_locks(wanted: DesiredCluster) -> DesiredCluster:
    return replace(wanted, nfs=replace(wanted.nfs, state_volume="homes"))


@pytest.mark.parametrize("shape", [lambda w: w, whole_disk, keeping_locks], ids=["lv", "whole disk", "keeping locks"])
def test_after_every_step_only_the_rest_is_left(shape: Callable[[DesiredCluster], DesiredCluster]) -> None:
    machines = Machines()
    wanted = shape(machines.wanted())
    first = set_up(machines, wanted)
    assert blockers(first.findings) == []
    approved = [step.digest() for step in first.todo()]
    for number, step in enumerate(first.todo(), start=1):
        machines.do(step)
        again = set_up(machines, wanted)
        assert blockers(again.findings) == [], step.title
        extra = [s.title for s in again.todo() if s.digest() not in approved[number:] and s.kind not in AGAIN]
        assert extra == [], f"after “{step.title}” on {step.node}"
        assert {s.digest() for s in again.todo()} <= set(approved)
    assert again.todo() == ()
    assert again.fingerprint() == set_up(machines, wanted).fingerprint()


def test_a_pair_described_anew_gets_its_new_fencing_keys_and_they_are_tried() -> None:
    """It was forgotten, so its nodes hold keys that the panel has no more."""
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, set_up(machines, wanted))
    one, other = (replace(n, fence_key=f"ssh-ed25519 NEWKEYOF{n.name.upper()} fence-{n.name}") for n in wanted.nodes)
    anew = replace(wanted, nodes=(one, other))
    plan = set_up(machines, anew)
    for node, peer in (("alice", "bob"), ("bob", "alice")):
        todo = [step.title for step in plan.todo() if step.node == node]
        assert todo == [
            "Write the fencing key and the peer's host key",
            f"Let {peer}'s fencing key do one thing here",
            f"Try the way to {peer}",
        ]
    carry_out(machines, plan)
    assert set_up(machines, anew).todo() == ()


def test_a_pair_described_anew_keeps_what_it_serves() -> None:
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, set_up(machines, wanted))
    fewer = replace(wanted, volumes=wanted.volumes[:1], exports=wanted.exports[:1])
    why = [f"{finding.code} {finding.node}" for finding in blockers(set_up(machines, fewer).findings)]
    assert why == ["volume.left-out alice", "export.left-out alice", "volume.left-out bob", "export.left-out bob"]
    assert blockers(set_up(machines, wanted).findings) == []


def test_an_export_below_a_volumes_root_gets_its_directory_first() -> None:
    machines = Machines()
    wanted = below_the_root(machines.wanted())
    carry_out(machines, set_up(machines, wanted))
    assert "/srv/homes/ada" in machines.pair.machines["alice"].directories
    assert set_up(machines, wanted).todo() == ()


def test_a_volume_and_an_export_on_the_running_pair() -> None:
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, set_up(machines, wanted))
    made = volume.plan(CreateVolume(wanted.name, WEB), wanted, machines.read(wanted), HEARTBEAT)
    writes = [s.node for s in made.todo() if s.files]
    assert writes == ["bob", "alice"]
    carry_out(machines, made)
    with_web = replace(wanted, volumes=(*wanted.volumes, WEB))
    assert volume.plan(CreateVolume(wanted.name, WEB), wanted, machines.read(with_web), HEARTBEAT).todo() == ()
    published = export.plan(PublishExport(wanted.name, EXPORT), with_web, machines.read(with_web), HEARTBEAT)
    assert [s.node for s in published.todo() if s.files] == ["bob", "alice"]
    carry_out(machines, published)
    both = replace(with_web, exports=(*with_web.exports, EXPORT))
    assert export.plan(PublishExport(wanted.name, EXPORT), with_web, machines.read(both), HEARTBEAT).todo() == ()
    assert set_up(machines, both).todo() == ()


def test_a_volume_half_made_is_finished() -> None:
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, set_up(machines, wanted))
    with_web = replace(wanted, volumes=(*wanted.volumes, WEB))
    plan = volume.plan(CreateVolume(wanted.name, WEB), wanted, machines.read(with_web), HEARTBEAT)
    approved = [step.digest() for step in plan.todo()]
    for number, step in enumerate(plan.todo(), start=1):
        machines.do(step)
        again = volume.plan(CreateVolume(wanted.name, WEB), wanted, machines.read(with_web), HEARTBEAT)
        assert {s.digest() for s in again.todo() if s.kind not in AGAIN} <= set(approved[number:]), step.title
    assert again.todo() == ()


def test_a_failover_later_the_same_plan_has_nothing_to_do() -> None:
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, set_up(machines, wanted))
    machines.now += 7200
    machines.read(wanted)  # the first copy is complete
    power_off(machines.pair, "alice")
    until_served_by(machines, wanted, "bob")
    power_on(machines.pair, "alice", machines.now)
    machines.now += 600
    machines.read(wanted)
    machines.now += 600
    assert [f"{s.node}: {s.title}" for s in set_up(machines, wanted).todo()] == []


def until_served_by(machines: Machines, wanted: DesiredCluster, name: str) -> None:
    for _ in range(60):
        machines.now += 10.0
        if machines.read_node(wanted, name).holds(wanted.service_ip):
            return
    raise AssertionError(f"{name} never took over")


def test_a_step_that_broke_off_after_any_of_its_commands_can_be_gone_on_with() -> None:
    """As after a lost worker or a power cut in the middle of a step: what is left is part of what was approved."""
    machines = Machines()
    wanted = machines.wanted()
    todo = remaining(set_up(machines, wanted))
    done: set[int] = set()
    for number, step in todo:
        if step.node == OBSERVER:
            continue
        machines.do(replace(step, commands=(), load=None, wait=None))
        for command in (*step.commands, *([step.load] if step.load else [])):
            assert machines.run(step.node, command).exit in command.exits, (step.title, str(command))
            before = deepcopy(machines.pair)  # time goes on while one reads
            assert rest(todo, set_up(machines, wanted).todo(), done, {number}) is not None, (step.title, str(command))
            machines.pair = before
        machines.do(replace(step, commands=(), files=(), load=None, guards=()))
        done.add(number)
