"""Settings that change under a running pair: what a plan takes to the nodes at once, what later, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.findings import Severity, blockers
from clusters.states import Danger
from provisioning.desired import DesiredCluster, ExportClient
from provisioning.intents import ConfigureManager, ConfigureNfs, EditVolume, ProvisionCluster
from provisioning.observed import HeartbeatReading, NodeObserved
from provisioning.plans import manager, nfs_server, provision, volume_edit
from provisioning.render.paths import AUTHKEYS, EXPORTS, HA_CF, HARESOURCES
from provisioning.steps import Kind, Plan
from tests.pair import HEARTBEAT, NAMES, desired, finished, with_file, with_unit
from tests.plans.given_nfs import facts

RELOAD = ("/usr/libexec/heartbeat/heartbeat", "-r")


def with_times(**times: int) -> DesiredCluster:
    return replace(desired(), heartbeat=replace(desired().heartbeat, **times))


def planned(wanted: DesiredCluster, observed: dict[str, NodeObserved] | None = None) -> Plan:
    return provision.plan(ProvisionCluster(wanted.name), wanted, observed or finished(), HEARTBEAT)


def codes(plan: Plan) -> dict[tuple[str, str], Severity]:
    return {(f.code, f.node): f.severity for f in plan.findings}


def stopped() -> dict[str, NodeObserved]:
    return {
        name: replace(
            with_unit(node, "heartbeat.service", "inactive", "enabled"), heartbeat=HeartbeatReading(False)
        )
        for name, node in finished().items()
    }  # fmt: skip


def test_new_times_are_taken_on_the_standby_node_before_the_one_that_serves() -> None:
    plan = planned(with_times(deadtime=20))
    assert blockers(plan.findings) == []
    parameter, peer, rest = "hbparameter", "nodestatus", "rscstatus"
    asked = [(s.node, s.load.argv if s.load else s.wait.command.argv[1]) for s in plan.todo()[:10] if s.load or s.wait]
    assert asked == [
        (name, what) for name in ("bob", "alice") for what in (rest, RELOAD, parameter, peer, rest)
    ]  # alice is in transition for some seconds after bob's restart
    assert {f.path for step in plan.todo() for f in step.files} == {HA_CF}
    assert all(step.guards for step in plan.todo() if step.load)
    assert codes(plan)[("heartbeat.reload", "alice")] is Severity.WARNING


def test_an_action_of_its_own_changes_the_times_and_nothing_else() -> None:
    """Whatever else of the set-up differs is left alone."""
    new = with_times(deadtime=20).heartbeat
    observed = {name: with_file(node, EXPORTS, "somebody changed it") for name, node in finished().items()}
    plan = manager.plan(ConfigureManager("web-files", new), desired(), observed, HEARTBEAT)
    assert list(blockers(plan.findings)) == []
    assert [(s.node, s.load and s.load.argv) for s in plan.todo() if s.kind is Kind.WRITES] == [
        ("bob", RELOAD),
        ("alice", RELOAD),
    ]
    assert {f.path for step in plan.todo() for f in step.files} == {HA_CF}
    assert not [code for code, _ in codes(plan) if code == "manager.settings-differ"]
    again = manager.plan(ConfigureManager("web-files", new), desired(), finished(with_times(deadtime=20)), HEARTBEAT)
    assert (again.todo(), again.button) == ((), "Nothing to do")
    wrong = manager.plan(ConfigureManager("web-files", replace(new, warntime=30)), desired(), finished(), HEARTBEAT)
    assert [f.code for f in blockers(wrong.findings)] == ["heartbeat.times"]
    moved = manager.plan(ConfigureManager("web-files", replace(new, udpport=695)), desired(), finished(), HEARTBEAT)
    assert {f.code for f in blockers(moved.findings)} == {"heartbeat.not-live"}


def test_the_running_one_itself_must_name_the_new_value() -> None:
    waits = [step.wait for step in planned(with_times(deadtime=20)).todo() if step.wait]
    asked = next(wait for wait in waits if "hbparameter" in wait.command.argv)
    assert asked.command.argv == ("cl_status", "hbparameter", "-p", "deadtime")
    assert asked.expect.holds(0, "20\n")
    assert asked.expect.holds(0, "Heartbeat parameter deadtime's value: 20\n")
    assert not any(asked.expect.holds(*answer) for answer in ((0, "12\n"), (0, "200\n"), (1, "20\n"), (1, "")))


def test_a_peer_that_was_not_heard_before_is_not_waited_for() -> None:
    observed = finished()
    alone = HeartbeatReading(True, "all", (("alice", "active"), ("bob", "dead")))
    observed["alice"] = replace(observed["alice"], heartbeat=alone)
    observed["bob"] = stopped()["bob"]
    steps = [step for step in planned(with_times(deadtime=20), observed).todo() if step.node == "alice"]
    assert not [step for step in steps if step.wait and "nodestatus" in step.wait.command.argv]
    assert [len(step.guards) for step in steps if step.load] == [1]


def test_a_heartbeat_that_does_not_run_is_told_nothing() -> None:
    plan = planned(with_times(deadtime=20), stopped())
    assert not any(step.load for step in plan.todo())
    assert not [code for code, _ in codes(plan) if code in ("heartbeat.reload", "heartbeat.not-live")]


@pytest.mark.parametrize("running", [True, False])
def test_what_both_nodes_must_share_is_not_changed_while_one_runs(running: bool) -> None:
    other = with_times(udpport=695)
    assert (
        codes(planned(other, None if running else stopped())).get(("heartbeat.not-live", "bob")) is not None
    ) is running
    moved = replace(desired(), nodes=(desired().nodes[0], replace(desired().nodes[1], replication_interface="eth1")))
    assert (("heartbeat.not-live", "bob") in codes(planned(moved, None if running else stopped()))) is running


def test_a_missing_file_under_a_running_heartbeat_is_not_guessed() -> None:
    observed = finished()
    observed["bob"] = with_file(observed["bob"], HA_CF, None)
    assert codes(planned(desired(), observed))[("heartbeat.not-live", "bob")] is Severity.BLOCKER


def test_the_group_alone_needs_no_reload() -> None:
    observed = finished()
    observed["bob"] = with_file(observed["bob"], HARESOURCES, None)
    [step] = [step for step in planned(desired(), observed).todo() if step.files]
    assert ([file.path for file in step.files], step.load) == ([HARESOURCES], None)


def test_a_lost_key_is_written_and_read_later() -> None:
    observed = finished()
    observed["bob"] = with_file(observed["bob"], AUTHKEYS, None)
    plan = planned(desired(), observed)
    assert codes(plan)[("heartbeat.keys-later", "bob")] is Severity.WARNING
    assert not any(step.load for step in plan.todo())


@pytest.mark.parametrize("name", NAMES)
def test_two_keys_are_not_read_together_with_new_times(name: str) -> None:
    observed = finished()
    observed[name] = with_file(observed[name], AUTHKEYS, "auth 1\n1 sha1 another\n", "0600")
    assert codes(planned(with_times(deadtime=20), observed))[("heartbeat.keys-not-live", name)] is Severity.BLOCKER


def test_exports_are_taken_by_the_node_that_serves_and_the_nfs_servers_settings_later() -> None:
    opened = replace(desired().exports[0], clients=(ExportClient("192.0.2.99"),))
    plan = planned(replace(desired(), exports=(opened, desired().exports[1])))
    writes = [(s.node, str(s.load)) for s in plan.todo() if EXPORTS in [f.path for f in s.files]]
    assert writes == [("bob", "None"), ("alice", "exportfs -r")]
    more = planned(replace(desired(), nfs=replace(desired().nfs, threads=16)))
    assert codes(more)[("nfs.not-live", "alice")] is Severity.WARNING
    assert ("nfs.not-live", "bob") not in codes(more)
    assert not any(step.load for step in more.todo())


def test_a_plan_that_mends_a_pair_in_service_does_not_say_that_it_sets_one_up() -> None:
    wanted = replace(desired(), in_service=True)
    edited = {**finished(), "bob": with_file(finished()["bob"], EXPORTS, "# by hand\n")}
    mends, nothing = planned(wanted, edited), planned(wanted)
    assert mends.title == nothing.title == "Compare web-files with what it is meant to be and mend it"
    assert (
        mends.summary.startswith("2 steps mend what differs; 66 steps are done already. No disk")
        and mends.button == "Mend web-files"
    )
    assert "first copy" not in mends.after and "/srv/homes and /srv/media at 192.0.2.10" in mends.after
    assert nothing.button == "Nothing to do"
    assert mends.fingerprint() == planned(desired(), edited).fingerprint()


def test_a_form_sent_without_a_change_is_nothing_to_approve() -> None:
    wanted, observed = desired(), facts(finished(), {})
    homes = wanted.volumes[0]
    for plan in (
        manager.plan(ConfigureManager("web-files", wanted.heartbeat), wanted, observed, HEARTBEAT),
        nfs_server.plan(ConfigureNfs("web-files", wanted.nfs), wanted, observed, HEARTBEAT),
        volume_edit.plan(EditVolume("web-files", "homes", homes), wanted, observed, HEARTBEAT),
    ):
        assert (plan.idle, plan.todo(), plan.danger) == (True, (), Danger.NONE), plan.title


def test_what_a_node_holds_otherwise_is_something_to_approve() -> None:
    wanted, observed = desired(), facts(finished(), {})
    by_hand = {**observed, "alice": with_file(observed["alice"], HARESOURCES, "alice nfs-kernel-server\n")}
    assert not volume_edit.plan(EditVolume("web-files", "homes", wanted.volumes[0]), wanted, by_hand, HEARTBEAT).idle
