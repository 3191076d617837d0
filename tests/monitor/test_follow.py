"""Between two sweeps only the progress of a resync is read: one process per node, and nothing else grows younger by it."""

import threading
import time
from types import SimpleNamespace

import pytest

from clusters.models import ClusterState, NodeState, Replica, StateChange
from provisioning.models import Job
from provisioning.monitor import sweep
from provisioning.simulator import store
from provisioning.simulator.physics import start_resync
from provisioning.simulator.state import Drbd
from provisioning.simulator.world import SimulatedWorld
from provisioning.snapshot import desired_of


@pytest.fixture
def syncing(transactional_db, worker_keys, web_files):
    """The simulated web-files in the middle of a resync, swept once."""
    web_files.simulated = True
    web_files.save()
    with store.opened(web_files.pk) as pair:
        for name, machine in pair.machines.items():
            web_files.nodes.filter(name=name).update(host_key=machine.host_key)
            machine.module = True
            machine.packages["drbd-utils"] = "9.22.0-1"
            machine.drbd = sweep_drbd(name)
        pair.connected = True
        start_resync(pair, "alice", 60 * 1024**3, time.time())
    assert sweep.sweep_cluster(web_files.pk)
    return web_files


def sweep_drbd(name):
    return Drbd("r0", "/dev/drbd0", 0, "/dev/vdb", meta=True, fresh=False, up=True, disk="UpToDate", role="Secondary")


def set_up(cluster, status):
    return Job.objects.create(cluster=cluster, action="cluster.provision", title="Set up", status=status, intent={})


def test_it_reads_the_progress_and_nothing_else(syncing, monkeypatch):
    type(syncing).objects.update(inventory="creating")
    sweep.sweep_cluster(syncing.pk)
    asked = []
    read = SimulatedWorld.read
    monkeypatch.setattr(
        SimulatedWorld, "read", lambda self, node, commands: asked.extend(commands) or read(self, node, commands)
    )
    before = {state.node.name: state.read_at for state in NodeState.objects.all()}
    left = Replica.objects.get(node__name="bob").sync_left
    with store.opened(syncing.pk) as pair:
        pair.resync.left -= 10 * 1024**3
    assert sweep.read_progress(syncing.pk)
    assert [command.argv for command in asked] == [("cat", "/proc/drbd")] * 2
    bob = Replica.objects.get(node__name="bob")
    assert bob.sync_left < left and 16 < bob.percent < 18
    assert {state.node.name: state.read_at for state in NodeState.objects.all()} == before
    assert ClusterState.objects.get().sentence == "Being set up: first full copy 17 %."


@pytest.mark.parametrize(
    ("inventory", "status", "everything"),
    [("creating", "running", False), ("creating", "failed", True), ("present", "running", True)],
)
def test_a_pair_being_set_up_is_asked_only_for_what_moves(syncing, monkeypatch, inventory, status, everything):
    """Its job needs the nodes, and nobody judges it by their files and links yet."""
    type(syncing).objects.update(inventory=inventory)
    set_up(syncing, status)
    monkeypatch.setattr(sweep, "_the_pool", lambda: SimpleNamespace(submit=lambda *_: None))
    sweep.sweep_all()
    sweep._under_way.clear()
    sweep._full_at.clear()
    asked = []
    read = SimulatedWorld.read
    monkeypatch.setattr(
        SimulatedWorld, "read", lambda self, node, commands: asked.extend(commands) or read(self, node, commands)
    )
    sweep.read_node(syncing, syncing.nodes.get(name="alice"), desired_of(syncing))
    assert any(command.argv[0] == "lvmconfig" for command in asked) == everything


def test_it_says_when_nothing_moves_any_more(syncing):
    with store.opened(syncing.pk) as pair:
        pair.resync.left = 1
    assert not sweep.read_progress(syncing.pk)
    assert not sweep.sweep_cluster(syncing.pk)
    assert Replica.objects.get(node__name="bob").percent is None


def test_what_a_sweep_saw_wrong_stays_until_the_next_sweep(syncing):
    """The progress is read without the service: it must not take a danger back, nor write history each second."""
    ClusterState.objects.update(health="danger", health_order=0, sentence="alice does not serve everything.")
    history = StateChange.objects.count()
    assert sweep.read_progress(syncing.pk)
    state = ClusterState.objects.get()
    assert (state.health, state.sentence) == ("danger", "alice does not serve everything.")
    assert StateChange.objects.count() == history


@pytest.mark.django_db(transaction=True)  # a sweep ends its connection, also one that a test before it left open
def test_many_resyncs_leave_the_sweeps_their_threads(monkeypatch):
    """Each one is followed beside the pool; those beyond the limit are swept like any other pair."""
    halt, begun = threading.Event(), threading.Semaphore(0)
    monkeypatch.setattr(sweep, "FOLLOWED", 2)
    monkeypatch.setattr(sweep, "EVERY", 0.0)
    monkeypatch.setattr(sweep, "_under_way", set())
    monkeypatch.setattr(sweep, "_followed", set())
    monkeypatch.setattr(sweep, "sweep_cluster", lambda pk: not halt.is_set())
    monkeypatch.setattr(sweep, "read_progress", lambda pk: begun.release() or not halt.wait(5))
    for pk in (1, 2, 3):
        sweep._under_way.add(pk)
        sweep._sweep(pk)
    assert begun.acquire(timeout=5) and begun.acquire(timeout=5)
    assert (sweep._followed, sweep._under_way) == ({1, 2}, {1, 2})
    halt.set()
    deadline = time.monotonic() + 5
    while sweep._under_way and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (sweep._followed, sweep._under_way) == (set(), set())


def test_a_pair_that_is_being_made_is_swept_less_often(syncing, monkeypatch):
    begun = []
    monkeypatch.setattr(
        sweep, "_the_pool", lambda: type("Pool", (), {"submit": lambda self, work, pk: begun.append(pk)})()
    )
    monkeypatch.setattr(sweep, "_under_way", set())
    monkeypatch.setattr(sweep, "_begun_at", {})
    type(syncing).objects.update(inventory="creating")
    job = set_up(syncing, "running")
    assert (sweep.sweep_all(), sweep.sweep_all()) == (1, 0)
    sweep._under_way.clear()
    assert sweep.sweep_all() == 0
    job.status = "failed"
    job.save()
    assert sweep.sweep_all() == 1, "a set-up that stopped half way is watched as any pair"
