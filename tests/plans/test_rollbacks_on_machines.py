"""Rollbacks carried out on simulated machines, also such that LVM puts off because something is open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.findings import blockers
from provisioning.desired import DesiredCluster, DesiredSnapshot
from provisioning.intents import RestoreSnapshot
from provisioning.plans import snapshot_restore
from provisioning.plans.parts import snapshots
from provisioning.simulator.state import Lv
from provisioning.steps import Plan, Step
from tests.pair import GIB, HEARTBEAT
from tests.plans.simulated import Machines
from tests.plans.test_volumes_on_machines import pair  # noqa: F401  a fixture

Given = tuple[Machines, DesiredCluster]
BEFORE = DesiredSnapshot("homes", "before", "homes-before", GIB)
FORCE, MOUNT, STOP, MERGE = (
    "See that LVM did not put it off",
    "Mount homes again",
    "Stop the NFS server for the moment",
    "Roll homes back to before",
)


@pytest.fixture(params=["thick", "thin"])
def taken(request: pytest.FixtureRequest, pair: Given) -> Given:  # noqa: F811
    """The pair with a snapshot of homes."""
    machines, wanted = pair
    if request.param == "thin":
        machines.pair.inside.lvs["pool0"] = Lv(20 * GIB, is_pool=True)
        machines.pair.inside.lvs["homes"].pool = "pool0"
    for step in snapshots.take(wanted, machines.read(wanted)["alice"], BEFORE):
        machines.do(step)
    return machines, replace(wanted, snapshots=(BEFORE,))


def ask(given: Given, *, begun: bool = False) -> Plan:
    machines, wanted = given
    wanted = replace(wanted, snapshots=(replace(BEFORE, removing=begun),))
    intent = RestoreSnapshot(wanted.name, "homes", "before")
    return snapshot_restore.plan(intent, wanted, machines.read(wanted), HEARTBEAT)


def do(given: Given, plan: Plan, *, until: str = "") -> list[Step]:
    """Do its steps, in a rollback up to one; give what is left."""
    assert [finding.text for finding in blockers(plan.findings)] == []
    todo = list(plan.todo())
    while todo and todo[0].title != until:
        given[0].do(todo.pop(0))
    return todo


def put_off(given: Given) -> Step:
    """Somebody opens the snapshot after the guards were asked; LVM says 0 all the same. Give the step that finds it."""
    machines, _ = given
    alice = machines.pair.machines["alice"]
    merge, force, *_ = do(given, ask(given), until=MERGE)
    alice.held.append("homes-before")
    assert machines.run("alice", merge.commands[0]).exit == 0
    return force


def test_it_is_carried_out(taken: Given) -> None:
    do(taken, ask(taken))
    assert "homes-before" not in taken[0].pair.inside.lvs
    assert ask(taken, begun=True).todo() == ()


def test_an_open_snapshot_stops_it_before_anybody_waits(taken: Given) -> None:
    taken[0].pair.machines["alice"].held.append("homes-before")
    stop = next(step for step in ask(taken).todo() if step.title == STOP)
    answers = [(guard, taken[0].run("alice", guard.command)) for guard in stop.guards]
    assert [guard.says for guard, seen in answers if not guard.expect.holds(seen.exit, seen.stdout)] == [
        "nothing has homes-before open"
    ]


def test_one_that_is_put_off_is_not_taken_for_one_that_runs(taken: Given) -> None:
    machines, _ = taken
    alice = machines.pair.machines["alice"]
    force = put_off(taken)
    assert force.title == FORCE and force.wait and force.if_it_fails
    seen = machines.run("alice", force.wait.command)
    assert not force.wait.expect.holds(seen.exit, seen.stdout) and "put the rollback off" in force.wait.in_vain
    assert machines.run("alice", force.if_it_fails).exit == 0
    assert alice.nfsd and "/srv/homes" not in alice.mounts

    again = [step for step in ask(taken, begun=True).todo() if step.kind != "observes"]
    assert [step.title for step in again[:2]] == [FORCE, MOUNT], "nothing is mounted before it is known"
    assert again[0].wait and not again[0].wait.expect.holds(seen.exit, seen.stdout)


def test_one_that_was_put_off_is_finished_by_planning_again(taken: Given) -> None:
    machines, _ = taken
    alice = machines.pair.machines["alice"]
    exported = list(alice.exported)
    force = put_off(taken)
    assert force.if_it_fails
    machines.run("alice", force.if_it_fails)
    alice.exported = exported  # a real table keeps a line whose mount point is not mounted
    alice.held.clear()
    machines.pair.inside.lvs["homes"].used = 7
    for state in ("n", "y"):
        machines.run("alice", replace(force.if_it_fails, argv=("lvchange", "--activate", state, "vg_data/homes")))
    do(taken, ask(taken, begun=True))
    assert "/srv/homes" in alice.mounts and "homes-before" not in machines.pair.inside.lvs
    assert machines.pair.inside.lvs["homes"].used != 7


def test_one_that_waits_is_told_though_the_volume_is_served(taken: Given) -> None:
    """As an older panel left it: people write on, and lose it at the next failover."""
    machines, _ = taken
    alice = machines.pair.machines["alice"]
    mount = list(alice.mounts["/srv/homes"])
    put_off(taken)
    alice.mounts["/srv/homes"] = mount
    alice.nfsd = 8
    plan = ask(taken, begun=True)
    (force, *_) = plan.todo()
    assert force.title == FORCE and "was told to" in plan.summary


def test_what_is_mounted_inside_keeps_it_from_being_rolled_back(taken: Given) -> None:
    taken[0].pair.machines["alice"].mounts["/srv/homes/usb"] = ["/dev/sdc1", "ext4", ""]
    assert [finding.code for finding in blockers(ask(taken).findings)] == ["volume.mounted-inside"]
