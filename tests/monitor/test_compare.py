"""What the history says of a sequence of readings."""

from dataclasses import replace
from datetime import timedelta

from provisioning.monitor.compare import GroupKnown, group_change, node_changes
from provisioning.monitor.seen import alike
from tests.health.test_judge import ALICE, BOB, GOOD, NOW, pair
from tests.pair import desired

IDLE = replace(ALICE, role="Secondary", holds_ip=False, nfsd=0, mounted=(), exported=())
SERVING_BOB = replace(ALICE, name="bob", boot_id="b1")
KNOWN = GroupKnown("alice", "alice", NOW - timedelta(seconds=5))


def test_nothing_changed_is_nothing():
    assert node_changes(ALICE, ALICE) == []
    assert group_change(GOOD, GOOD, KNOWN, NOW) is None


def test_states_are_told_old_to_new():
    changes = node_changes(BOB, replace(BOB, disk="Outdated", connection="Connecting"))
    assert [(c.subject, c.old, c.new, c.node) for c in changes] == [
        ("disk", "UpToDate", "Outdated", "bob"),
        ("connection", "Connected", "Connecting", "bob"),
    ]


def test_a_value_that_was_not_seen_is_no_change():
    assert node_changes(BOB, replace(BOB, disk="", role="")) == []


def test_a_node_that_falls_silent_is_one_change_and_the_group_stays_where_it_was():
    silent = replace(ALICE, reachable=False, error="timed out")
    assert [(c.subject, c.new) for c in node_changes(ALICE, silent)] == [("reachable", "not seen")]
    assert group_change(GOOD, pair(silent), KNOWN, NOW) is None


def test_a_failover_is_told_with_its_pause():
    silent = replace(ALICE, reachable=False)
    group = replace(KNOWN, served_at=NOW - timedelta(seconds=94))
    change = group_change(pair(silent), pair(silent, SERVING_BOB), group, NOW)
    assert (change.old, change.new, change.cause, change.pause) == ("alice", "bob", "failover", 94)
    assert "took over" in change.why


def test_a_group_seen_to_be_gone_is_told_and_then_its_return():
    gone = group_change(GOOD, pair(IDLE), KNOWN, NOW)
    assert (gone.old, gone.new, gone.cause) == ("alice", "", "stop")
    assert "service IP" in gone.why
    after = GroupKnown("", "alice", NOW - timedelta(seconds=60))
    moved = group_change(pair(IDLE), pair(IDLE, SERVING_BOB), after, NOW)
    assert (moved.old, moved.new, moved.cause, moved.pause) == ("alice", "bob", "switchover", 60)
    back = group_change(pair(IDLE), GOOD, after, NOW)
    assert (back.old, back.new, back.cause) == ("alice", "alice", "start")


def test_a_fact_that_could_not_be_read_does_not_make_the_group_vanish():
    assert group_change(GOOD, pair(replace(ALICE, exported=None)), KNOWN, NOW) is None


def test_two_primaries_make_it_unclean():
    both = pair(replace(ALICE, holds_ip=False), SERVING_BOB)
    assert group_change(GOOD, both, KNOWN, NOW).cause == "unclean"


def test_a_primary_that_is_only_remembered_makes_it_a_failover():
    """Alice had lost the address, missed this sweep, and bob took over."""
    remembered = replace(ALICE, holds_ip=False, nfsd=0, age=6.0)
    change = group_change(pair(remembered), pair(remembered, SERVING_BOB), KNOWN, NOW)
    assert change is not None
    assert (change.cause, change.why) == ("failover", "alice did not answer; bob took over.")


def test_a_restart_of_the_node_is_told():
    silent = replace(ALICE, reachable=False)
    changes = node_changes(silent, replace(ALICE, boot_id="a2"))
    assert [c.subject for c in changes] == ["reachable", "boot"]
    assert changes[0].why == "Back after a start of the node."


def test_the_main_exports_file_is_compared_between_the_nodes():
    assert "/etc/exports" in alike(desired())
