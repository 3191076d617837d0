"""Checks, repairs and trims carried out on simulated machines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.findings import blockers
from clusters.fsck import Verdict, verdict
from provisioning.desired import DesiredCluster
from provisioning.facts import Asked
from provisioning.intents import CheckVolume, EditQuota, RepairVolume, TrimVolume
from provisioning.plans import quota_edit, volume_check, volume_trim
from provisioning.simulator.state import Lv
from provisioning.steps import Expect, Plan
from tests.pair import GIB, HEARTBEAT
from tests.plans.simulated import Machines
from tests.plans.test_volumes_on_machines import pair  # noqa: F401  a fixture

Given = tuple[Machines, DesiredCluster]


def carry_out(machines: Machines, plan: Plan) -> None:
    """Do every step of it. A check or a trim is made again each time it is asked for: nothing of it is ever done already."""
    assert [finding.text for finding in blockers(plan.findings)] == []
    for step in plan.todo():
        machines.do(step)


def check(given: Given, name: str, room: int = GIB) -> Plan:
    machines, wanted = given
    return volume_check.plan(CheckVolume(wanted.name, name, room), wanted, machines.read(wanted), HEARTBEAT)


def repair(given: Given, name: str, forced: bool = False) -> Plan:
    machines, wanted = given
    return volume_check.repair(RepairVolume(wanted.name, name, forced), wanted, machines.read(wanted), HEARTBEAT)


def trim(given: Given, name: str) -> Plan:
    machines, wanted = given
    observed = machines.read(wanted, Asked(discards=True))
    return volume_trim.plan(TrimVolume(wanted.name, name), wanted, observed, HEARTBEAT)


@pytest.mark.parametrize("name", ["homes", "media"])
@pytest.mark.parametrize("room", [GIB, 0])
def test_a_check_leaves_everything_as_it_was(name: str, room: int, pair: Given) -> None:  # noqa: F811
    before = pair[0].read(pair[1])
    carry_out(pair[0], check(pair, name, room))
    after = pair[0].read(pair[1])
    for node in ("alice", "bob"):
        assert (before[node].lvs, before[node].exports, before[node].nfsd_threads) == (
            after[node].lvs,
            after[node].exports,
            after[node].nfsd_threads,
        )
        assert {m.target for m in before[node].mounts or ()} == {m.target for m in after[node].mounts or ()}
    assert not any(step.unchanged for step in check(pair, name, room).steps)


@pytest.mark.parametrize("name", ["homes", "media"])
@pytest.mark.parametrize("forced", [False, True])
def test_damage_is_found_and_repaired(name: str, forced: bool, pair: Given) -> None:  # noqa: F811
    lv: Lv = pair[0].pair.inside.lvs[name]
    lv.damaged = True
    carry_out(pair[0], check(pair, name))
    assert lv.damaged
    carry_out(pair[0], repair(pair, name, forced))
    assert not lv.damaged


def test_a_check_that_broke_off_is_begun_anew(pair: Given) -> None:  # noqa: F811
    machines, _ = pair
    plan = check(pair, "homes")
    take = next(step for step in plan.steps if "lvcreate" in step.commands[0].argv)
    machines.run(take.node, take.commands[0])
    again = [step.title for step in check(pair, "homes").steps]
    assert again[0] == again[-2] == "Remove the snapshot check of homes"
    carry_out(machines, check(pair, "homes"))
    assert set(machines.pair.inside.lvs) == {"homes", "media"}


def test_a_service_that_an_earlier_try_left_stopped_comes_back(pair: Given) -> None:  # noqa: F811
    machines, wanted = pair
    plan = check(pair, "homes", 0)
    for step in plan.steps[:2]:
        machines.run(step.node, step.commands[0])
    again = check(pair, "homes", 0)
    assert [step.unchanged != "" for step in again.steps[:3]] == [True, True, False]
    assert not blockers(again.findings) and "service.halfway" in {f.code for f in again.findings}
    carry_out(machines, check(pair, "homes", 0))
    observed = machines.read(wanted)
    assert "service.halfway" not in {f.code for f in check(pair, "homes", 0).findings}
    assert observed["alice"].nfsd_threads


def test_a_volume_that_is_out_already_costs_the_others_nothing(pair: Given) -> None:  # noqa: F811
    alice = pair[0].pair.machines["alice"]
    mount = alice.mounts.pop("/srv/media")
    plan = check(pair, "media", 0)
    assert [step.title for step in plan.steps] == ["Check the file system of media"]
    carry_out(pair[0], plan)
    assert "/srv/media" not in alice.mounts
    mended = repair(pair, "media", True)
    assert not any("nfs-server" in str(command) for step in mended.steps for command in step.commands)
    carry_out(pair[0], mended)
    assert alice.mounts["/srv/media"][:2] == mount[:2]


def test_what_is_mounted_inside_keeps_a_volume_from_being_unmounted(pair: Given) -> None:  # noqa: F811
    pair[0].pair.machines["alice"].mounts["/srv/homes/usb"] = ["/dev/sdc1", "ext4", ""]
    assert [f.code for f in blockers(check(pair, "homes", 0).findings)] == ["volume.mounted-inside"]
    assert not blockers(check(pair, "homes").findings)


def test_the_volume_that_keeps_what_clients_hold_is_not_unmounted(pair: Given) -> None:  # noqa: F811
    """nfsdcld has its list open there, so the plan could never be carried out: it stopped at its first guard, however often it was made anew."""
    machines, wanted = pair
    kept = machines, replace(wanted, nfs=replace(wanted.nfs, state_volume="media"))
    machines.pair.machines["alice"].mounts["/srv/media"][2] = (
        "noatime"  # XFS without limits: a quota takes a fresh mount
    )
    for plan in (check(kept, "media", 0), repair(kept, "media"), quota(kept, "media", hard=5)):
        (why,) = blockers(plan.findings)
        assert why.code == "volume.keeps-nfs-state" and "Set up the NFS server" in why.hint
    for plan in (check(kept, "media"), check(kept, "homes", 0), quota(kept, "homes", hard=5)):
        assert not blockers(plan.findings)


def test_a_trim_runs_where_every_layer_takes_discards(pair: Given) -> None:  # noqa: F811
    carry_out(pair[0], trim(pair, "media"))


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_layer_that_takes_none_is_named(name: str, pair: Given) -> None:  # noqa: F811
    machine = pair[0].pair.machines[name]
    machine.deaf = [machine.disks[1].path]
    (why,) = blockers(trim(pair, "media").findings)
    assert (why.code, why.node) == ("trim.unsupported", name)
    assert why.text.startswith(machine.disks[1].path)


def test_snapshots_stand_in_the_way_of_a_trim(pair: Given) -> None:  # noqa: F811
    machines, _ = pair
    machines.pair.inside.lvs["media-x"] = replace(machines.pair.inside.lvs["media"], origin="media", size=GIB)
    assert [f.code for f in blockers(trim(pair, "media").findings)] == ["trim.snapshots"]


def quota(given: Given, name: str, who: str = "1234", **limits: int) -> Plan:
    machines, wanted = given
    volume = wanted.volume(name)
    assert volume
    intent = EditQuota(wanted.name, name, "user", who, **limits)
    observed = machines.read(wanted, Asked(quotas=volume.mount_point, accounts=quota_edit.accounts(intent)))
    return quota_edit.plan(intent, wanted, observed, HEARTBEAT)


def test_a_quota_of_somebody_whom_the_node_does_not_know(pair: Given) -> None:  # noqa: F811
    plans = [quota(pair, "homes", who, hard=1024) for who in ("ines", "backup", "4711")]
    assert [[finding.code for finding in blockers(plan.findings)] for plan in plans] == [
        ["quota.holder-unknown"],
        [],
        [],
    ]
    assert blockers(plans[0].findings)[0].text == "alice knows no user ines."


@pytest.mark.parametrize("name", ["homes", "media"])
def test_a_quota_is_set_once_and_taken_back(name: str, pair: Given) -> None:  # noqa: F811
    machines, wanted = pair
    carry_out(machines, quota(pair, name, soft=1000, hard=2000, files_hard=7))
    assert machines.pair.inside.lvs[name].quotas == {"user 1234": [1000, 2000, 0, 7]}
    again = quota(pair, name, soft=1000, hard=2000, files_hard=7)
    assert again.todo() == () or name == "homes"
    volume = wanted.volume(name)
    assert volume
    (use,) = [
        u for u in machines.read(wanted, Asked(quotas=volume.mount_point))["alice"].quotas or () if u.who == "1234"
    ]
    assert (use.soft, use.hard, use.files_hard) == (1000 * 1024, 2000 * 1024, 7)
    carry_out(machines, quota(pair, name))
    assert machines.pair.inside.lvs[name].quotas == {"user 1234": [0, 0, 0, 0]}


def _limits_seen(given: Given) -> Expect:
    (see,) = [step.wait for step in quota(given, "media").steps if step.title == "See the limits"]
    assert see
    return see.expect


@pytest.mark.parametrize(
    ("row", "so"),
    [
        ("/dev/x 50 0 0 0 3 0 0 0", True),
        ("/dev/x 50* 0 0 3 0 0", True),  # without grace times
        ("/dev/x 50 100 200 0 3 0 0 0", False),  # files have none, space still has
        ("/dev/x 0 0 0 0 3 100 200 0", False),
        ("/dev/x 0 0 100 0 0 0 0 0", False),
    ],
)
def test_that_limits_are_gone_is_looked_for_in_each_column(row: str, so: bool, pair: Given) -> None:  # noqa: F811
    head = "Disk quotas for user #1234 (uid 1234): \nFilesystem blocks quota limit grace files quota limit grace\n"
    assert _limits_seen(pair).holds(0, head + row) is so


@pytest.mark.parametrize("days", [1, 14])
def test_a_grace_time_is_read_back(days: int, pair: Given) -> None:  # noqa: F811
    carry_out(pair[0], quota(pair, "media", who="", grace=days * 86_400))
    assert pair[0].pair.inside.lvs["media"].graces == {"user": days * 86_400}
    plan = quota(pair, "media", who="", grace=21 * 86_400)
    assert plan.steps[-1].title == "See the grace time" and plan.steps[-1].wait
    seen = pair[0].run("alice", plan.steps[-1].wait.command)
    assert not plan.steps[-1].wait.expect.holds(seen.exit, seen.stdout)


def test_ext4_is_switched_on_in_place_and_after_a_failover(pair: Given) -> None:  # noqa: F811
    machines, wanted = pair
    plan = quota(pair, "homes", soft=1000)
    carry_out(machines, plan)
    assert plan.danger == "none" and "usrquota" in machines.pair.machines["alice"].mounts["/srv/homes"][2]
    for machine in machines.pair.machines.values():
        assert "/srv/homes::ext4::usrquota,grpquota" in machine.files["/etc/ha.d/haresources"].text
    after = quota_edit.with_quotas(wanted.volumes[0])
    settled = replace(wanted, volumes=tuple(after if v.name == "homes" else v for v in wanted.volumes))
    assert quota((machines, settled), "homes", soft=1000).todo() == ()


def test_xfs_without_quotas_takes_a_fresh_mount(pair: Given) -> None:  # noqa: F811
    machines, _ = pair
    machines.pair.machines["alice"].mounts["/srv/media"][2] = "noatime"
    plan = quota(pair, "media", hard=5)
    assert plan.danger == "interrupts" and "Stop the NFS server for the moment" in [s.title for s in plan.steps]
    carry_out(machines, plan)
    assert quota(pair, "media", hard=5).todo() == ()


@pytest.mark.parametrize(("name", "limits"), [("media", [1004, 2000, 0, 7]), ("homes", [1001, 1999, 0, 7])])
def test_xfs_gets_whole_blocks(name: str, limits: list[int], pair: Given) -> None:  # noqa: F811
    """It rounds up itself, and what was asked for was never read back."""
    carry_out(pair[0], quota(pair, name, soft=1001, hard=1999, files_hard=7))
    assert pair[0].pair.inside.lvs[name].quotas == {"user 1234": limits}
    assert not any(
        step.title.startswith("Set the limits") for step in quota(pair, name, soft=1001, hard=1999, files_hard=7).todo()
    )


@pytest.mark.parametrize("name", ["homes", "media"])
def test_an_unknown_name_changes_nothing(name: str, pair: Given) -> None:  # noqa: F811
    """A name typed wrong was found out when limits were on already, or NFS had been stopped for them."""
    pair[0].pair.machines["alice"].mounts[f"/srv/{name}"][2] = "noatime"
    first = next(step for step in quota(pair, name, who="carrol", hard=8).todo() if step.node == "alice")
    assert [guard.says for guard in first.guards][0] == "the user carrol is known"


def test_a_check_that_breaks_off_leaves_no_snapshot(pair: Given) -> None:  # noqa: F811
    machines, _ = pair
    for title in ("Check the file system in the snapshot of homes", "See that the snapshot did not run full"):
        todo = list(check(pair, "homes").todo())
        while todo[0].title != title:
            machines.do(todo.pop(0))
        assert todo[0].if_it_fails and machines.run("alice", todo[0].if_it_fails).exit == 0
        assert set(machines.pair.inside.lvs) == {"homes", "media"}


def test_one_that_a_lost_check_left_is_named_and_goes_with_the_next(pair: Given) -> None:  # noqa: F811
    machines, _ = pair
    lvs = machines.pair.inside.lvs
    lvs["homes-storagepanel-check"] = replace(lvs["homes"], origin="homes", size=GIB)
    (why,) = blockers(trim(pair, "homes").findings)
    assert "A check that broke off left it" in why.hint
    carry_out(machines, check(pair, "homes", 0))
    assert set(lvs) == {"homes", "media"}


@pytest.mark.parametrize("done", [1, 2])
def test_a_quota_that_broke_off_while_nfs_was_stopped_is_planned_again(done: int, pair: Given) -> None:  # noqa: F811
    machines, _ = pair
    alice = machines.pair.machines["alice"]
    alice.mounts["/srv/media"][2] = "noatime"
    for step in quota(pair, "media", hard=5).todo()[:done]:
        machines.do(step)
    assert not alice.nfsd
    carry_out(machines, quota(pair, "media", hard=5))
    assert alice.nfsd and quota(pair, "media", hard=5).todo() == ()


def test_a_quota_does_not_stop_nfs_for_what_cannot_be_unmounted(pair: Given) -> None:  # noqa: F811
    alice = pair[0].pair.machines["alice"]
    alice.mounts["/srv/media"][2] = "noatime"
    alice.mounts["/srv/media/usb"] = ["/dev/sdc1", "ext4", ""]
    assert [f.code for f in blockers(quota(pair, "media", hard=5).findings)] == ["volume.mounted-inside"]


@pytest.mark.parametrize(("name", "mounted"), [("check", True), ("repair", False)])
def test_a_step_that_breaks_off_brings_the_service_back(name: str, mounted: bool, pair: Given) -> None:  # noqa: F811
    """e2fsck killed for its memory, for instance. What was half mended stays out; what was only looked at comes back."""
    machines, _ = pair
    alice = machines.pair.machines["alice"]
    todo = list((check(pair, "homes", 0) if name == "check" else repair(pair, "homes", forced=True)).todo())
    while "e2fsck" not in todo[0].commands[0].argv:
        machines.do(todo.pop(0))
    assert not alice.nfsd and 137 not in todo[0].commands[0].exits
    assert todo[0].if_it_fails and machines.run("alice", todo[0].if_it_fails).exit == 0
    assert alice.nfsd and ("/srv/homes" in alice.mounts) is mounted


def test_nothing_is_started_where_the_other_node_serves_by_now(pair: Given) -> None:  # noqa: F811
    machines, _ = pair
    alice = machines.pair.machines["alice"]
    unmount = next(step for step in check(pair, "homes", 0).todo() if step.title == "Unmount homes")
    alice.nfsd, address = 0, alice.service_ip
    alice.service_ip = ""  # the first to go, with DRBD still Primary here
    assert unmount.if_it_fails and machines.run("alice", unmount.if_it_fails).exit == 0
    assert not alice.nfsd
    alice.service_ip, alice.drbd.role = address, "Secondary"  # type: ignore[union-attr]
    assert machines.run("alice", unmount.if_it_fails).exit == 0
    assert not alice.nfsd


@pytest.mark.parametrize("program", ["repquota"])
def test_missing_tools_are_installed_on_both_nodes(program: str, pair: Given) -> None:  # noqa: F811
    machines, wanted = pair
    observed = machines.read(wanted, Asked(quotas="/srv/media"))
    observed = {name: replace(node, quotas=None, quota_tools=False) for name, node in observed.items()}
    intent = EditQuota(wanted.name, "media", "user", "1234", 5)
    plan = quota_edit.plan(intent, wanted, observed, HEARTBEAT)
    assert [(s.node, s.title) for s in plan.steps[:2]] == [(n, "Install the quota tools") for n in ("bob", "alice")]


@pytest.mark.parametrize(
    ("program", "exit_code", "means"),
    [
        ("e2fsck", 0, Verdict.CLEAN), ("e2fsck", 4, Verdict.DAMAGED), ("e2fsck", 12, Verdict.DAMAGED), ("e2fsck", 8, Verdict.UNKNOWN),
        ("e2fsck", 32, Verdict.UNKNOWN), ("e2fsck", None, Verdict.UNKNOWN), ("xfs_repair", 0, Verdict.CLEAN),
        ("xfs_repair", 1, Verdict.DAMAGED), ("xfs_repair", 2, Verdict.UNKNOWN), ("mount", 1, Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_exits_mean_what_the_manuals_say(program: str, exit_code: int | None, means: Verdict) -> None:
    assert verdict(program, exit_code) is means
