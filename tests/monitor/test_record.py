"""What a sweep leaves in the database: observed rows, history, and the judgement."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clusters import apart
from clusters.health import judge
from clusters.models import ClusterState, NodeState, Replica, StateChange, VolumeUsage
from clusters.states import ConnectionState, DiskState, ReplicationState, Role
from provisioning import codec
from provisioning.desired import DesiredVolume
from provisioning.intents import EditVolume
from provisioning.models import Job
from provisioning.monitor.record import record
from provisioning.observed import (
    ActiveExport,
    FileState,
    HeartbeatReading,
    Interface,
    Mount,
    NodeObserved,
    Progress,
    ReplicaReading,
    VolumeGroup,
)
from provisioning.render import paths
from provisioning.snapshot import desired_of
from provisioning.transport.world import HostKeyChanged, Unreachable
from tests import factories
from tests.health.test_judge import ALICE, BOB, pair
from tests.plans.given import plan_of

T0 = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MOUNTS = ("web_files", "media")
PLANS = Path(__file__).parents[1] / "plans"


def reading(
    name, *, serves, boot="b-1", progress=None, replication=ReplicationState.ESTABLISHED, disk=DiskState.UP_TO_DATE
):
    addresses = (f"10.10.0.{11 if name == 'alice' else 12}/24", *(("10.10.0.50/24",) if serves else ()))
    mounts = tuple(Mount(f"/dev/mapper/vg_data-{m}", f"/srv/{m}", "ext4", ("rw",), 1000, 910) for m in MOUNTS)
    return NodeObserved(
        name, T0.timestamp(), node_clock=T0.timestamp() + 0.01, boot_id=boot,
        interfaces=(Interface("ens3", "UP", addresses),),
        mounts=mounts if serves else (),
        exports=(ActiveExport("/srv/web_files", "10.10.0.0/24", ("rw", "fsid=1")),) if serves else (),
        nfsd_threads=8 if serves else 0,
        heartbeat=HeartbeatReading(True, "all" if serves else "none"),
        vgs=(VolumeGroup("vg_data", 100, 40, 4),) if serves else (),
        replicas=(
            ReplicaReading("r0", 0, Role.PRIMARY if serves else Role.SECONDARY, disk, ConnectionState.CONNECTED, replication,
                           progress=progress),
        ),
    )  # fmt: skip


def sweep(cluster, seconds, alice, bob):
    cluster = type(cluster).objects.get(pk=cluster.pk)
    record(cluster, desired_of(cluster), {"alice": alice, "bob": bob}, T0 + timedelta(seconds=seconds))
    return ClusterState.objects.get(cluster=cluster)


GOOD = (reading("alice", serves=True), reading("bob", serves=False))
SILENT = Unreachable("alice", "timed out")


def test_the_first_sweep_says_where_it_is_served(web_files):
    state = sweep(web_files, 0, *GOOD)
    assert (state.health, state.active_node.name, state.failover_works) == ("warn", "alice", True)
    assert "91 % full" in state.sentence
    assert VolumeUsage.objects.filter(used=910).count() == 2
    assert StateChange.objects.get(subject="group").cause == "start"
    assert NodeState.objects.get(node__name="alice").vg_free == 40


def test_an_unchanged_pair_leaves_no_history(web_files):
    sweep(web_files, 0, *GOOD)
    before = StateChange.objects.count()
    sweep(web_files, 5, *GOOD)
    assert StateChange.objects.count() == before


def test_one_miss_is_not_unreachable_two_are_and_the_values_stay(web_files):
    sweep(web_files, 0, *GOOD)
    state = sweep(web_files, 5, SILENT, GOOD[1])
    assert NodeState.objects.get(node__name="alice").reachable is True
    state = sweep(web_files, 10, SILENT, GOOD[1])
    node = NodeState.objects.get(node__name="alice")
    assert (node.reachable, node.read_at, node.mounted) == (False, T0, ["/srv/media", "/srv/web_files"])
    assert (state.health, state.active_node.name) == ("unknown", "alice")
    assert Replica.objects.get(node__name="alice").role == "Primary"


def test_two_primaries_are_said_until_both_nodes_are_read_again(web_files):
    """One sweep of each node is missed meanwhile; what both showed stands, with the time both were last read."""
    bob = reading("bob", serves=True)
    sweep(web_files, 0, *GOOD)
    assert sweep(web_files, 5, GOOD[0], bob).sentence == "Both nodes are Primary."
    for second, answers in (
        (10, (SILENT, bob)),
        (15, (GOOD[0], SILENT)),
        (20, (SILENT, SILENT)),
        (25, (SILENT, SILENT)),
    ):
        state = sweep(web_files, second, *answers)
        assert (state.health, second) == ("danger", second)
        assert {"drbd.both-primary", "group.both"} <= {reason["code"] for reason in state.reasons}
    assert state.sentence == "Both nodes were Primary when both were last read, 20 s ago."
    assert apart.why_not(state) and not state.failover_works
    state = sweep(web_files, 30, *GOOD)
    assert state.health == "warn" and state.dangers == {}
    assert StateChange.objects.filter(subject="health").count() == 2


def test_readings_of_two_moments_make_no_danger_that_stands(web_files):
    """alice answers at once and hands over; bob's answer, seconds later, tells the same of himself. Then alice is off."""
    late = replace(reading("bob", serves=True), read_at=GOOD[0].read_at + 4)
    sweep(web_files, 0, *GOOD)
    assert sweep(web_files, 5, GOOD[0], late).dangers == {}
    assert sweep(web_files, 10, SILENT, reading("bob", serves=True)).health != "danger"


def test_what_a_node_tells_at_length_is_cut_to_what_is_kept(web_files):
    """SQLite takes any length, PostgreSQL refuses: then nothing of the pair would be recorded any more."""
    told = replace(
        GOOD[0], kernel="k" * 200, os_id="o" * 200, boot_id="b" * 200, heartbeat=HeartbeatReading(True, "all" * 50)
    )
    sweep(web_files, 0, told, GOOD[1])
    state = NodeState.objects.get(node__name="alice")
    assert [len(text) for text in (state.kernel, state.os, state.boot_id, state.manager_says)] == [80, 60, 40, 20]


def test_a_failover_is_no_danger_of_both_nodes(web_files):
    """alice serves, falls silent, and bob takes over before two sweeps missed her: she is only remembered as Primary."""
    sweep(web_files, 0, *GOOD)
    for second in (5, 10, 15):
        state = sweep(web_files, second, SILENT, reading("bob", serves=True))
        assert state.dangers == {} and state.health != "danger"


def test_new_files_beside_a_silent_node_are_no_difference(web_files):
    """A job wrote both nodes' files, and one node fell silent before it could be read again."""

    def with_file(node, sha256):
        return replace(node, files=(FileState("/etc/ha.d/haresources", sha256),))

    sweep(web_files, 0, *(with_file(node, "old") for node in GOOD))
    state = sweep(web_files, 5, SILENT, with_file(GOOD[1], "new"))
    assert "files.differ" not in {reason["code"] for reason in state.reasons}
    state = sweep(web_files, 10, with_file(GOOD[0], "other"), with_file(GOOD[1], "new"))
    assert "files.differ" in {reason["code"] for reason in state.reasons}


def test_a_failover_is_one_row_with_its_pause(web_files):
    sweep(web_files, 0, *GOOD)
    for second in (5, 10, 15):
        sweep(web_files, second, SILENT, GOOD[1])
    state = sweep(web_files, 40, SILENT, reading("bob", serves=True))
    row = StateChange.objects.filter(subject="group").first()
    assert (row.old, row.new, row.cause, row.pause) == ("alice", "bob", "failover", 40)
    assert state.active_node.name == "bob"
    sweep(web_files, 45, reading("alice", serves=False, boot="b-2"), reading("bob", serves=True))
    assert StateChange.objects.filter(subject="group").count() == 2
    assert StateChange.objects.filter(subject="boot", node_name="alice").count() == 1


def test_a_changed_host_key_is_danger_at_once(web_files):
    sweep(web_files, 0, *GOOD)
    state = sweep(web_files, 5, GOOD[0], HostKeyChanged("bob", "another key"))
    assert state.health == "danger"
    assert NodeState.objects.get(node__name="bob").host_key_changed is True


@pytest.mark.parametrize(("left", "moved"), [(900, 3), (1000, 0)])
def test_it_remembers_when_the_resync_last_moved(web_files, left, moved):
    def syncing(left):
        progress = Progress(10.0, left, 2000, 100, 60)
        return reading(
            "bob",
            serves=False,
            progress=progress,
            replication=ReplicationState.SYNC_TARGET,
            disk=DiskState.INCONSISTENT,
        )

    sweep(web_files, 0, GOOD[0], syncing(1000))
    sweep(web_files, 3, GOOD[0], syncing(left))
    replica = Replica.objects.get(node__name="bob")
    assert replica.moved_at == T0 + timedelta(seconds=moved)
    assert replica.sync_started_at == T0
    sweep(web_files, 4, *GOOD)
    replica.refresh_from_db()
    assert (replica.percent, replica.sync_started_at) == (None, None)


def test_what_came_into_service_after_the_question_is_not_missed(web_files):
    sweep(web_files, 0, *GOOD)
    asked = type(web_files).objects.prefetch_related("volumes__usage", "exports").get(pk=web_files.pk)
    assert len(asked.volumes.all()) == 2
    factories.make_volume(web_files, "extra")  # a job ends while the answers are on their way
    record(asked, desired_of(asked), {"alice": GOOD[0], "bob": GOOD[1]}, T0 + timedelta(seconds=5))
    assert ClusterState.objects.get().active_node.name == "alice"
    assert StateChange.objects.filter(subject="group").count() == 1


def test_files_may_differ_while_a_job_is_at_work():
    alice, bob = replace(ALICE, files=(("/etc/exports", "aa"),)), replace(BOB, files=(("/etc/exports", "bb"),))
    assert judge(pair(alice, bob), T0).health == "warn"
    assert judge(pair(alice, bob, changing=True), T0).health == "ok"


def elsewhere(node, point, source="vg_data-media"):
    """The reading with media mounted at another place or under another name."""
    mount = Mount(f"/dev/mapper/{source}", point, "xfs", ("rw",), 1000, 910)
    return replace(node, mounts=tuple(m for m in node.mounts if m.target != "/srv/media") + (mount,))


def test_a_volume_renamed_while_it_is_mounted_is_still_in_service(web_files):
    assert sweep(web_files, 0, *GOOD).active_node.name == "alice"
    web_files.volumes.filter(name="media").update(name="films")
    assert sweep(web_files, 5, *GOOD).active_node.name == "alice"  # the kernel goes on saying vg_data-media
    foreign = elsewhere(GOOD[0], "/srv/media", "vg_other-media")
    assert sweep(web_files, 10, foreign, GOOD[1]).active_node is None


def test_a_volume_on_the_move_is_no_failure_while_its_job_runs(web_files):
    sweep(web_files, 0, *GOOD)
    moved = elsewhere(GOOD[0], "/srv/films")
    now = DesiredVolume("media", 20 << 30, "xfs", "/srv/films")
    job = Job.objects.create(
        cluster=web_files, action="volume.edit", title="Change volume media", status="running", idempotency_key="k",
        intent=codec.dump(EditVolume("web-files", "media", now)), created_by="olga",
    )  # fmt: skip
    assert sweep(web_files, 5, moved, GOOD[1]).active_node.name == "alice"
    Job.objects.filter(pk=job.pk).update(status="failed")
    assert sweep(web_files, 10, moved, GOOD[1]).active_node is None


def test_room_below_drbd_and_the_last_write_are_kept(web_files):
    local = (VolumeGroup("vg_local", 900, 300, 4),)
    alice = replace(GOOD[0], vgs=GOOD[0].vgs + local)
    sweep(web_files, 0, alice, GOOD[1])
    assert NodeState.objects.get(node__name="alice").local_free == 300
    assert VolumeUsage.objects.get(volume__name="media").written_at is None
    more = replace(alice, mounts=tuple(replace(m, used=920) if m.target == "/srv/media" else m for m in alice.mounts))
    sweep(web_files, 5, more, GOOD[1])
    assert VolumeUsage.objects.get(volume__name="media").written_at == T0 + timedelta(seconds=5)
    assert VolumeUsage.objects.get(volume__name="web_files").written_at is None


def whole(node, **more):
    """A reading that asked for everything; the standby's carries what is set up wrong there."""
    return replace(node, units=(), lvs=(), kernels=(), **more)


def test_what_is_set_up_wrong_is_told_until_a_whole_reading_finds_it_right(web_files):
    codes = lambda state: {reason["code"]: reason["node"] for reason in state.reasons}  # noqa: E731
    missing = FileState(paths.FENCE_PEER, None)
    state = sweep(web_files, 0, whole(GOOD[0]), whole(GOOD[1], fstab=(("/dev/vdx", "/srv/media"),), files=(missing,)))
    assert codes(state)["fstab.names-it"] == codes(state)["fencing.handler-missing"] == "bob"
    assert state.health == "risk" and not state.failover_works
    assert "fstab.names-it" in codes(sweep(web_files, 5, *GOOD))  # a light reading does not ask
    assert "fencing.handler-missing" in codes(sweep(web_files, 7, SILENT, whole(GOOD[1], files=(missing,))))
    state = sweep(web_files, 60, whole(GOOD[0]), whole(GOOD[1], fstab=()))
    assert not {"fstab.names-it", "fencing.handler-missing"} & codes(state).keys()


def test_handlers_may_differ_between_the_nodes(web_files):
    """Each names its peer, so only the files that must be alike are compared."""
    mine, theirs = (FileState(paths.FENCE_PEER, digest) for digest in ("aa", "bb"))
    state = sweep(web_files, 0, whole(GOOD[0], files=(mine,)), whole(GOOD[1], files=(theirs,)))
    assert "files.differ" not in {reason["code"] for reason in state.reasons}


def test_one_answer_that_was_held_up_is_no_clock_that_is_behind(web_files):
    late = replace(GOOD[1], node_clock=T0.timestamp() - 3)
    seen = []
    for second, bob in enumerate((late, GOOD[1], late, late, GOOD[1])):
        state = sweep(web_files, 5 * second, GOOD[0], bob)
        seen.append("clock.skew" in {reason["code"] for reason in state.reasons})
    assert seen == [False, False, False, True, False]


HOSTILE = "\x1b[31mwel\u202ecome\x07"
HIDDEN = "\x1b\u202e\x07"


def raw(client, person):
    """What the pages about a pair send that no page should."""
    client.force_login(person)
    pages = ("/", "/c/web-files/", "/c/web-files/failovers/")
    return [(page, sign) for page in pages for sign in HIDDEN if sign in client.get(page, follow=True).content.decode()]


def test_what_a_node_says_at_the_login_is_cleaned(web_files, client, ada):
    sweep(web_files, 0, *GOOD)
    for second in (5, 10):
        sweep(web_files, second, Unreachable("alice", f"it says: {HOSTILE}"), GOOD[1])
    state = NodeState.objects.get(node__name="alice")
    assert state.error == "it says: wel⟨U+202E⟩come␇"
    assert StateChange.objects.exclude(why="").exists()
    assert raw(client, ada) == []


def test_what_a_node_calls_itself_is_cleaned(web_files, client, ada):
    sweep(web_files, 0, replace(GOOD[0], os_id=HOSTILE, os_version="12", kernel=HOSTILE), GOOD[1])
    assert NodeState.objects.get(node__name="alice").os == "wel⟨U+202E⟩come␇ 12"
    assert raw(client, ada) == []


CHECK, TRIM = "volume-check/itself/given.toml", "volume-trim/not-told/given.toml"
STOPPED = replace(GOOD[0], nfsd_threads=0)


def job_of(cluster, given):
    plan = plan_of(PLANS / given)
    return Job.objects.create(
        cluster=cluster, action="volume.check", title="A job", status="running", idempotency_key="k", intent={},
        plan=codec.dump(plan), created_by="olga",
    )  # fmt: skip


def causes():
    return [row.cause for row in StateChange.objects.filter(subject="group").order_by("at", "pk")][1:]


def paused_by(cluster, monkeypatch, given):
    monkeypatch.setattr("provisioning.monitor.record._unsettled", lambda *_: ())
    sweep(cluster, 0, *GOOD)
    job = job_of(cluster, given)
    sweep(cluster, 5, STOPPED, GOOD[1])
    Job.objects.filter(pk=job.pk).update(status="succeeded")


@pytest.mark.parametrize(("given", "named"), [(CHECK, ["pause", "pause"]), (TRIM, ["stop", "start"])])
def test_what_a_job_stops_and_starts_on_one_node_is_a_pause(web_files, monkeypatch, given, named):
    paused_by(web_files, monkeypatch, given)
    sweep(web_files, 10, *GOOD)
    assert causes() == named


def test_a_switchover_after_a_pause_is_still_a_move(web_files, monkeypatch):
    paused_by(web_files, monkeypatch, CHECK)
    sweep(web_files, 10, reading("alice", serves=False), reading("bob", serves=True))
    assert causes() == ["pause", "switchover"]
