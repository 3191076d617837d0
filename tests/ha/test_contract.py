"""What every backend promises to the planner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.ha import BACKENDS
from provisioning.ha.base import Backend, active_node
from provisioning.observed import HeartbeatReading, Unit
from provisioning.steps import Kind, Stage
from tests.pair import desired, finished, fresh, serving, standby

BACKEND = pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS.keys())


@BACKEND
def test_it_knows_its_name(backend: Backend) -> None:
    assert BACKENDS[backend.name] is backend


@BACKEND
def test_nothing_is_released_while_a_manager_runs(backend: Backend) -> None:
    for step in backend.start(desired(), finished()):
        assert step.unchanged, step.title


@BACKEND
def test_a_fresh_pair_is_handed_over_before_it_is_started(backend: Backend) -> None:
    steps = [step for step in backend.start(desired(), fresh()) if step.runs]
    assert [(step.node, step.stage) for step in steps][:1] == [("alice", Stage.HANDOVER)]
    started = [step.node for step in steps if step.stage is Stage.START]
    assert started == ["alice", "bob", "alice", "bob"]


@BACKEND
def test_mounted_volumes_are_released_from_the_inside(backend: Backend) -> None:
    wanted = desired()
    observed = finished()
    stopped = {
        name: replace(
            node, heartbeat=HeartbeatReading(False), units=(Unit("heartbeat.service", "inactive", "enabled"),)
        )
        for name, node in observed.items()
    }
    release = backend.start(wanted, stopped)[0]
    assert release.runs
    assert [c.argv[0] for c in release.commands] == ["umount", "umount", "vgchange", "udevadm", "drbdadm"]
    assert release.guards


@BACKEND
def test_serving_is_judged_by_what_is(backend: Backend) -> None:
    waits = backend.serve(desired(), fresh())
    assert {step.kind for step in waits} == {Kind.WAITS}
    asked = " ".join(str(step.wait.command) for step in waits if step.wait)
    for fact in ("address", "findmnt", "/proc/fs/nfsd/threads", "exportfs"):
        assert fact in asked
    assert "cl_status" not in asked
    assert all(step.unchanged for step in backend.serve(desired(), finished()))


@BACKEND
def test_a_waits_condition_tells_one_fsid_from_a_longer_one(backend: Backend) -> None:
    wanted = desired()
    short = replace(wanted, exports=(replace(wanted.exports[0], fsid=10),))
    wait = backend.serve(short, fresh())[-1].wait
    assert wait is not None
    assert not wait.expect.holds(0, "/srv/homes 192.0.2.0/24(sync,fsid=101,sec=sys)")
    assert wait.expect.holds(0, "/srv/homes 192.0.2.0/24(sync,fsid=10,sec=sys)")


@BACKEND
def test_it_knows_its_members(backend: Backend) -> None:
    node = standby("bob")
    assert backend.holds_volume(desired(), node, "homes")
    assert not backend.holds_volume(desired(), node, "home")
    assert not backend.holds_volume(replace(desired(), name="other"), node, "homes")


def test_the_active_node_is_the_one_that_does_everything() -> None:
    wanted, observed = desired(), finished()
    assert active_node(wanted, observed) == "alice"
    assert active_node(wanted, {"bob": standby("bob"), "alice": replace(serving("alice"), nfsd_threads=0)}) is None
    assert active_node(wanted, {"bob": serving("bob"), "alice": serving("alice")}) is None
