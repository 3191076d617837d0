"""What the sentence says in each state a pair can be in."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters.health import NodeView, PairView, judge
from clusters.states import ConnectionState, DiskState, Health, ReplicationState, Role

NOW = datetime(2026, 11, 22, 12, 7, 0, tzinfo=UTC)
ALICE = NodeView(
    "alice", reachable=True, age=0, role="Primary", disk="UpToDate", connection="Connected", replication="Established",
    holds_ip=True, nfsd=8, mounted=("/srv/homes",), exported=("/srv/homes",), manager_running=True, manager_says="all",
    links=(("bob", "eth1", "up"),), files=(("/etc/exports", "aa"),), clock_offset=0.0, boot_id="a1",
)  # fmt: skip
BOB = replace(
    ALICE, name="bob", role="Secondary", holds_ip=False, nfsd=0, mounted=(), exported=(), manager_says="none",
    links=(("alice", "eth1", "up"),), boot_id="b1",
)  # fmt: skip
GOOD = PairView((ALICE, BOB), mount_points=("/srv/homes",), exports=("/srv/homes",))


def pair(alice=ALICE, bob=BOB, **more):
    return replace(GOOD, nodes=(alice, bob), **more)


def test_it_says_redundant_only_when_all_was_seen():
    judgement = judge(GOOD, NOW, last_pause=41)
    assert judgement.health is Health.OK
    assert judgement.sentence == "Redundant. A failover now would work, about 41 s pause."
    assert (judgement.active, judgement.failover_works) == ("alice", True)


def test_a_failover_is_not_called_two_primaries_while_the_lost_node_is_remembered():
    """One sweep missed alice: what she was is as old as that, and bob has taken over since."""
    took_over = replace(ALICE, name="bob", connection="Connecting", links=(), boot_id="b1")
    judgement = judge(pair(replace(ALICE, age=6.0), took_over), NOW)
    codes = {finding.code for finding in judgement.reasons}
    assert not codes & {"drbd.both-primary", "group.both", "group.incomplete"}
    assert "The service group runs on bob." in {finding.text for finding in judgement.reasons}
    assert judgement.health is Health.RISK and judgement.sentence == "Not redundant: alice and bob do not replicate."
    same_sweep = judge(pair(replace(ALICE, age=6.0), replace(took_over, age=6.0)), NOW)
    assert {"drbd.both-primary", "group.both"} <= {finding.code for finding in same_sweep.reasons}


BOTH = (("drbd.both-primary", 6.0), ("group.both", 6.0))


def test_two_primaries_stand_while_one_of_them_misses_a_sweep():
    """Both were read as Primary six seconds ago, and alice did not answer since: nothing says that it is over."""
    bob = replace(ALICE, name="bob", connection="StandAlone")
    for alice in (replace(ALICE, age=6.0), replace(ALICE, age=6.0, reachable=False)):
        judgement = judge(pair(alice, bob, dangers=BOTH[::-1]), NOW)  # PostgreSQL keeps them in an order of its own
        assert judgement.health is Health.DANGER and not judgement.failover_works
        assert judgement.sentence == "Both nodes were Primary when both were last read, 6 s ago."
        assert judgement.remembered == {"drbd.both-primary", "group.both"}


def test_two_primaries_stand_while_nobody_answers():
    gone = [replace(ALICE, name=name, age=200.0, reachable=False) for name in ("alice", "bob")]
    judgement = judge(pair(*gone, dangers=(("drbd.split-brain", 200.0),)), NOW)
    assert judgement.sentence == "Split brain when both nodes were last read, 3 min ago."
    assert "node.unreachable" in {finding.code for finding in judgement.reasons}


def test_two_primaries_are_over_when_both_nodes_say_so():
    judgement = judge(pair(dangers=BOTH), NOW)
    assert judgement.health is Health.OK and judgement.remembered == frozenset()


def test_a_node_that_does_not_tell_its_role_does_not_say_that_it_is_over():
    judgement = judge(pair(bob=replace(BOB, role=""), dangers=BOTH), NOW)
    assert judgement.remembered == {"drbd.both-primary"}


def test_what_is_seen_now_is_told_before_what_is_remembered():
    alice = replace(ALICE, host_key_changed=True, error="it showed another host key", reachable=False, age=6.0)
    judgement = judge(pair(alice, dangers=BOTH), NOW)
    assert judgement.remembered == {"drbd.both-primary", "group.both"}
    assert judgement.health is Health.DANGER and "host key" in judgement.sentence


def test_what_is_seen_now_is_not_said_twice():
    judgement = judge(pair(ALICE, replace(ALICE, name="bob"), dangers=BOTH), NOW)
    codes = [finding.code for finding in judgement.reasons]
    assert codes.count("drbd.both-primary") == codes.count("group.both") == 1 and not judgement.remembered
    assert judgement.sentence == "Both nodes are Primary."


def test_it_tells_when_the_resync_will_end():
    bob = replace(
        BOB, disk="Inconsistent", replication="SyncTarget", percent=62.4, eta=8000, speed=1, left=1, still_for=0
    )
    alice = replace(ALICE, replication="SyncSource", percent=62.4, eta=8000)
    judgement = judge(pair(alice, bob), NOW)
    assert judgement.health is Health.RISK
    assert judgement.sentence == "Not redundant until about 14:20: resync 62 %."
    assert "bob has no complete copy" in judgement.detail
    assert not judgement.failover_works


def test_it_tells_a_resync_that_stands_still():
    bob = replace(BOB, disk="Inconsistent", replication="SyncTarget", percent=62.4, eta=8000, still_for=240)
    assert judge(pair(ALICE, bob), NOW).sentence == "Not redundant: the resync makes no progress for 4 min."


def test_it_is_never_green_when_a_node_is_not_seen():
    bob = replace(BOB, reachable=False, age=170)
    judgement = judge(pair(ALICE, bob), NOW)
    assert judgement.health is Health.UNKNOWN
    assert judgement.sentence == "No word from bob for 3 min."
    assert judgement.detail == "alice serves; what is shown for bob is from 12:04:10."


def test_it_is_never_green_when_the_manager_did_not_answer():
    judgement = judge(pair(ALICE, replace(BOB, manager_running=None, error="heartbeat: did not answer in time")), NOW)
    assert judgement.health is Health.UNKNOWN
    assert judgement.sentence == "Not known whether a failover would work: Heartbeat on bob did not answer."
    assert not judgement.failover_works


def test_an_address_that_was_not_seen_is_not_called_gone():
    alice = replace(ALICE, holds_ip=None)
    judgement = judge(pair(alice, BOB), NOW)
    assert judgement.health is Health.UNKNOWN
    assert judgement.sentence == "Whether alice holds the service IP was not seen."


def test_a_set_up_that_stopped_is_not_called_under_way():
    assert judge(pair(being_made=True, changing=True), NOW).sentence == "Being set up."
    assert judge(pair(being_made=True), NOW).sentence == "The set-up stopped half way."


def test_a_split_brain_outranks_everything():
    alice = replace(ALICE, connection="StandAlone", marks=("1-split-brain",))
    bob = replace(BOB, connection="StandAlone", role="Primary", marks=("1-split-brain",))
    judgement = judge(pair(alice, bob), NOW)
    assert judgement.health is Health.DANGER
    assert judgement.reasons[0].hazard in (1, 2)
    assert {"drbd.split-brain", "drbd.both-primary"} <= {finding.code for finding in judgement.reasons}


def test_a_manual_disconnect_is_not_called_a_split_brain():
    alice, bob = replace(ALICE, connection="StandAlone"), replace(BOB, connection="Connecting")
    judgement = judge(pair(alice, bob), NOW)
    assert judgement.health is Health.RISK
    assert "drbd.split-brain" not in {finding.code for finding in judgement.reasons}


def test_what_the_manager_believes_does_not_count():
    alice = replace(ALICE, holds_ip=False, nfsd=0, mounted=(), exported=(), manager_says="all")
    judgement = judge(pair(alice), NOW)
    assert judgement.health is Health.DANGER
    assert judgement.sentence == "Nobody serves."


def test_a_dead_nfs_server_is_seen_although_heartbeat_does_not_watch_it():
    judgement = judge(pair(replace(ALICE, nfsd=0)), NOW)
    assert judgement.health is Health.DANGER
    assert "the NFS server does not run" in judgement.detail.lower() or "NFS server" in judgement.detail


def test_a_standby_without_the_manager_cannot_take_over():
    judgement = judge(pair(bob=replace(BOB, manager_running=False)), NOW)
    assert (judgement.health, judgement.failover_works) == (Health.RISK, False)


def test_a_node_that_cannot_know_whose_copy_is_newer_is_said_to_wait():
    alone = replace(BOB, manager_running=False, disk="Consistent", connection="Connecting")
    judgement = judge(pair(replace(ALICE, reachable=False, age=90.0), alone), NOW)
    assert "manager.waits" in {finding.code for finding in judgement.reasons}
    assert "manager.down" not in {finding.code for finding in judgement.reasons}


def test_a_heartbeat_that_only_believes_to_serve_is_a_danger_whether_its_peer_is_seen_or_not():
    believes = replace(BOB, manager_says="all")
    for alice in (replace(ALICE, holds_ip=False, manager_says="none"), replace(ALICE, reachable=False, age=90.0)):
        judgement = judge(pair(alice, believes), NOW)
        assert judgement.health is Health.DANGER
        found = next(finding for finding in judgement.reasons if finding.code == "manager.believes")
        assert found.node == "bob"
        assert "under way may look the same: leave it alone for two minutes" in found.hint
    assert "manager.believes" not in {f.code for f in judge(pair(), NOW).reasons}


def test_files_that_differ_want_settling():
    judgement = judge(pair(bob=replace(BOB, files=(("/etc/exports", "bb"),))), NOW)
    assert judgement.health is Health.WARN
    assert "/etc/exports" in judgement.detail


def test_another_host_key_is_danger():
    bob = replace(BOB, reachable=False, host_key_changed=True)
    assert judge(pair(bob=bob), NOW).sentence == "bob shows another host key. Nothing is sent to it."


words = [s.value for e in (Role, DiskState, ConnectionState, ReplicationState) for s in e] + ["", "nonsense"]
maybe = st.none() | st.booleans()
nodes = st.builds(
    NodeView, name=st.sampled_from(["alice", "bob"]), reachable=maybe, age=st.none() | st.floats(0, 1e9),
    host_key_changed=st.booleans(), role=st.sampled_from(words), disk=st.sampled_from(words), connection=st.sampled_from(words),
    replication=st.sampled_from(words), percent=st.none() | st.floats(-50, 500), eta=st.none() | st.integers(0, 10**8),
    still_for=st.none() | st.floats(0, 1e6), holds_ip=maybe, nfsd=st.none() | st.integers(0, 64),
    mounted=st.none() | st.just(("/srv/homes",)) | st.just(()), exported=st.none() | st.just(("/srv/homes",)),
    manager_running=maybe, marks=st.just(()) | st.just(("m",)),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws slowly; that is no finding
@given(nodes, nodes)
def test_blind_is_never_green_and_percent_never_passes_100(a, b):
    judgement = judge(replace(GOOD, nodes=(replace(a, name="alice"), replace(b, name="bob"))), NOW)
    if not (a.seen and b.seen):
        assert judgement.health is not Health.OK
        assert not judgement.failover_works
    if judgement.health is Health.OK:
        assert a.disk == b.disk == "UpToDate"
        assert a.connection == b.connection == "Connected"
    assert "500" not in judgement.sentence
    assert judgement.sentence


def test_what_is_remembered_never_says_that_something_is_missing():
    """A volume was made after the last answer of a node that has just missed one sweep."""
    view = pair(replace(ALICE, age=5), mount_points=("/srv/homes", "/srv/new"))
    judgement = judge(view, NOW)
    assert judgement.health is Health.OK
    assert judgement.sentence == "Redundant when it was last read."
    assert judge(replace(view, nodes=(ALICE, BOB)), NOW).health is Health.DANGER


def test_a_main_exports_file_that_differs_is_left_to_a_person():
    alice = replace(ALICE, files=(("/etc/exports", "ab"),))
    hints = {finding.code: finding.hint for finding in judge(pair(alice=alice), NOW).reasons}
    assert "/etc/exports is left to you" in hints["files.differ"]
