"""Who may write to a volume and to an export: given with the wish, or said to be nobody."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from clusters.findings import blockers
from provisioning.actions import ACTIONS
from provisioning.desired import DesiredCluster, DesiredExport, DesiredVolume, ExportClient
from provisioning.facts import Asked
from provisioning.intents import CreateVolume, ProvisionCluster, PublishExport
from provisioning.observed import Account, NodeObserved
from provisioning.plans import export, provision, volume
from provisioning.plans.parts import owning
from provisioning.steps import Command, Plan
from tests.pair import HEARTBEAT, MIB, desired, finished, fresh
from tests.plans.simulated import Machines

WEB = DesiredVolume("web", 100 * MIB, "ext4", "/srv/web", owner="1000:staff", mode="2775")
RO = ExportClient("192.0.2.5", ("ro", "sync", "no_subtree_check"))
ROOT = ExportClient("192.0.2.6", ("rw", "sync", "no_subtree_check", "no_root_squash"))
USUAL = ExportClient("192.0.2.7")
Observed = dict[str, NodeObserved]


ADA, STAFF = Account("passwd", "ada", 1000), Account("group", "staff", 50)


def published(
    path: str, *clients: ExportClient, owner: str = "", mode: str = "", observed: Observed | None = None
) -> Plan:
    wanted = desired()
    one = DesiredExport(path, 103, clients, "homes", owner, mode)
    seen = observed or known(ADA, STAFF)
    return export.plan(PublishExport(wanted.name, one), replace(wanted, exports=()), seen, HEARTBEAT)


def known(*accounts: Account) -> Observed:
    return {name: replace(node, accounts=accounts) for name, node in finished().items()}


def warned(plan: Plan) -> bool:
    return "export.root-owned" in {finding.code for finding in plan.findings}


def commands(plan: Plan) -> list[str]:
    return [f"{step.node}: {command}" for step in plan.todo() for command in step.commands]


@pytest.mark.parametrize(
    ("clients", "owner", "mode", "said"),
    [
        ([USUAL], "", "", True), ([RO], "", "", False), ([ROOT], "", "", False), ([RO, USUAL], "", "", True),
        ([USUAL], "ada", "", False), ([USUAL], "", "1777", False),
    ],
)  # fmt: skip
def test_an_export_that_nobody_could_write_to_is_said(
    clients: list[ExportClient], owner: str, mode: str, said: bool
) -> None:
    assert warned(published("/srv/homes/ada", *clients, owner=owner, mode=mode)) is said


def test_a_volume_that_was_given_away_is_enough() -> None:
    wanted = desired()
    given = replace(wanted, volumes=(replace(wanted.volumes[0], mode="1777"), wanted.volumes[1]), exports=())
    whole = DesiredExport("/srv/homes", 103, (USUAL,), "homes")
    below = replace(whole, path="/srv/homes/ada")
    plans = [export.plan(PublishExport(wanted.name, e), given, finished(), HEARTBEAT) for e in (whole, below)]
    assert [warned(plan) for plan in plans] == [False, True]


def test_a_volumes_root_is_given_only_where_it_is_mounted() -> None:
    plan = published("/srv/homes", USUAL, owner="ada:staff", mode="2775")
    assert commands(plan) == [
        f"alice: {owning.inside('/srv/homes', *argv, '.')}"
        for argv in (("chown", "--no-dereference", "ada:staff"), ("chmod", "2775"))
    ]
    step = next(step for step in plan.todo() if step.commands)
    assert [str(guard.command) for guard in step.guards] == [
        "mountpoint /srv/homes",
        "getent passwd ada",
        "getent group staff",
    ]
    asked = [(s.node, str(s.wait.command)) for s in plan.todo() if s.wait and s.title.startswith("See that the")]
    names = ("getent passwd ada", "getent group staff")
    assert asked == [(node, name) for node in ("bob", "alice") for name in names]


def test_without_an_owner_nothing_is_touched() -> None:
    assert commands(published("/srv/homes", USUAL)) == []
    assert commands(published("/srv/homes/ada", USUAL)) == ["alice: mkdir --parents /srv/homes/ada"]


def test_a_set_up_gives_and_warns_once() -> None:
    wanted = desired()
    given = replace(wanted, volumes=(replace(wanted.volumes[0], owner="1000"), wanted.volumes[1]))
    first = provision.plan(ProvisionCluster(wanted.name), given, fresh(), HEARTBEAT)
    assert f"alice: {owning.inside('/srv/homes', 'chown', '--no-dereference', '1000', '.')}" in commands(first)
    assert not warned(first)
    assert warned(provision.plan(ProvisionCluster(wanted.name), wanted, fresh(), HEARTBEAT))
    assert not warned(provision.plan(ProvisionCluster(wanted.name), wanted, finished(), HEARTBEAT))
    assert provision.plan(ProvisionCluster(wanted.name), given, finished(given), HEARTBEAT).todo() == ()


def read_for(machines: Machines, wanted: DesiredCluster) -> Observed:
    return machines.read(wanted, Asked(accounts=(("passwd", "www-data"), ("group", "staff"))))


def carry_out(machines: Machines, plan: Plan) -> None:
    assert blockers(plan.findings) == []
    for step in plan.todo():
        machines.do(step)


def test_it_is_carried_out_on_simulated_machines_and_not_twice() -> None:
    machines = Machines()
    wanted: DesiredCluster = machines.wanted()
    given = replace(
        wanted, volumes=(replace(wanted.volumes[0], owner="www-data:staff", mode="2775"), wanted.volumes[1])
    )
    carry_out(machines, provision.plan(ProvisionCluster(wanted.name), given, read_for(machines, given), HEARTBEAT))
    carry_out(machines, volume.plan(CreateVolume(wanted.name, WEB), given, read_for(machines, given), HEARTBEAT))
    after = replace(given, volumes=(*given.volumes, WEB))
    assert volume.plan(CreateVolume(wanted.name, WEB), given, machines.read(after), HEARTBEAT).todo() == ()
    one = DesiredExport("/srv/web/pages", 110, (USUAL,), "web", "www-data", "2770")
    carry_out(machines, export.plan(PublishExport(wanted.name, one), after, read_for(machines, after), HEARTBEAT))
    both = replace(after, exports=(*after.exports, one))
    assert export.plan(PublishExport(wanted.name, one), after, machines.read(both), HEARTBEAT).todo() == ()


def test_a_name_that_is_not_known_blocks_and_stops_before_anything_is_done() -> None:
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, provision.plan(ProvisionCluster(wanted.name), wanted, machines.read(wanted), HEARTBEAT))
    intent = CreateVolume(wanted.name, replace(WEB, owner="mallory"))
    asked = ACTIONS["volume.create"].asks(intent, wanted)
    plan = volume.plan(intent, wanted, machines.read(wanted, asked), HEARTBEAT)
    assert said(plan) == [f"{node} knows no user mallory." for node in ("alice", "bob")]
    with pytest.raises(AssertionError, match="getent passwd mallory"):  # removed since it was planned
        carry_out(machines, replace(plan, findings=()))
    assert machines.pair.inside.lvs.keys() == {"homes", "media"}


def said(plan: Plan) -> list[str]:
    return [finding.text for finding in blockers(plan.findings)]


def test_a_name_with_another_number_on_the_other_node_blocks() -> None:
    observed = known(ADA, STAFF)
    observed["bob"] = replace(observed["bob"], accounts=(replace(ADA, number=1001), STAFF))
    differs = ["The user ada is 1000 on alice and 1001 on bob."]
    assert said(published("/srv/homes/ada", USUAL, owner="ada:staff", observed=observed)) == differs
    new = replace(WEB, size=4 * MIB, owner="ada:staff")
    assert said(volume.plan(CreateVolume("web-files", new), desired(), observed, HEARTBEAT)) == differs
    given = replace(desired(), volumes=(replace(desired().volumes[0], owner="ada:staff"), desired().volumes[1]))
    bare = {name: replace(node, accounts=observed[name].accounts) for name, node in fresh().items()}
    assert said(provision.plan(ProvisionCluster("web-files"), given, bare, HEARTBEAT)) == differs
    assert said(published("/srv/homes/ada", USUAL, owner="1000:staff", observed=observed)) == []
    assert said(published("/srv/homes/ada", USUAL, owner="root:root", observed=finished())) == []


def test_a_number_that_was_not_seen_is_not_taken_for_the_same() -> None:
    observed = known(ADA)
    observed["bob"] = replace(finished()["bob"], unreadable=(("accounts", "getent did not answer in time"),))
    plan = published("/srv/homes/ada", USUAL, owner="ada", observed=observed)
    assert said(plan) == ["bob did not tell which number the user ada has: getent did not answer in time."]


@pytest.mark.parametrize("action", ["volume.create", "export.publish", "cluster.provision"])
def test_the_nodes_are_asked_for_the_names_and_for_no_number(action: str) -> None:
    one = DesiredExport("/srv/web", 110, (USUAL,), "web", "1000:staff")
    wanted = replace(desired(), volumes=(WEB,), exports=(replace(one, owner="staff:ada"),))
    asked = {
        "volume.create": (CreateVolume("web-files", WEB), (("group", "staff"),)),
        "export.publish": (PublishExport("web-files", one), (("group", "staff"),)),
        "cluster.provision": (
            ProvisionCluster("web-files"), (("group", "staff"), ("passwd", "staff"), ("group", "ada"))
        ),
    }  # fmt: skip
    intent, names = asked[action]
    assert ACTIONS[action].asks(intent, wanted).accounts == names


@pytest.mark.parametrize("owner", ["www-data", ""])
@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({"/srv/homes/shared": "/etc"}, "/srv/homes/shared"), ({"/srv/homes/shared": "../../etc"}, "/srv/homes/shared/new"),
        ({"/srv/homes/a": "b", "/srv/homes/b": "/etc"}, "/srv/homes/a/x"),
    ],
)  # fmt: skip
def test_a_link_that_a_client_put_there_is_not_followed(links: dict[str, str], path: str, owner: str) -> None:
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, provision.plan(ProvisionCluster(wanted.name), wanted, machines.read(wanted), HEARTBEAT))
    machines.pair.machines["alice"].links |= links
    one = DesiredExport(path, 110, (USUAL,), "homes", owner)
    plan = export.plan(PublishExport(wanted.name, one), wanted, read_for(machines, wanted), HEARTBEAT)
    before = list(machines.pair.machines["alice"].directories)
    with pytest.raises(AssertionError, match="readlink --canonicalize-missing"):
        carry_out(machines, plan)
    assert machines.pair.machines["alice"].directories == before


@pytest.mark.parametrize("owner", ["www-data", ""])
def test_a_link_put_there_between_two_steps_is_not_followed_either(owner: str) -> None:
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, provision.plan(ProvisionCluster(wanted.name), wanted, machines.read(wanted), HEARTBEAT))
    one = DesiredExport("/srv/homes/shared", 110, (USUAL,), "homes", owner)
    plan = export.plan(PublishExport(wanted.name, one), wanted, read_for(machines, wanted), HEARTBEAT)
    made = next(number for number, step in enumerate(plan.todo()) if step.title.startswith("Make the directory"))
    for step in plan.todo()[: made + 1]:
        machines.do(step)
    machines.pair.machines["alice"].links["/srv/homes/shared"] = "/etc"
    with pytest.raises(AssertionError, match="readlink --canonicalize-missing"):
        machines.do(plan.todo()[made + 1])


def run(command: Command) -> int:
    return subprocess.run(command.argv, capture_output=True, check=False, timeout=30).returncode


@pytest.mark.parametrize("name", ["plain", "with a blank and a '", "-dash"])
def test_what_is_done_inside_a_directory_is_done_to_that_one(tmp_path: Path, name: str) -> None:
    there = tmp_path.resolve() / name
    there.mkdir(mode=0o700)
    (there / "kept").touch(mode=0o600)
    assert run(owning.inside(str(there), "chmod", "0750", ".")) == 0
    assert (there.stat().st_mode & 0o7777, (there / "kept").stat().st_mode & 0o7777) == (0o750, 0o600)


@pytest.mark.parametrize("asked", ["link", "link/below", "real/../real", "missing", "file"])
def test_nothing_is_done_where_a_link_leads_elsewhere(tmp_path: Path, asked: str) -> None:
    home = tmp_path.resolve()
    (home / "real/below").mkdir(parents=True, mode=0o700)
    (home / "file").touch(mode=0o600)
    (home / "link").symlink_to(home / "real")
    before = {path: path.stat().st_mode for path in home.rglob("*")}
    assert run(owning.inside(f"{home}/{asked}", "chmod", "0777", ".")) != 0
    assert {path: path.stat().st_mode for path in home.rglob("*")} == before


@pytest.mark.parametrize(("asked", "ends"), [("real", 0), ("real/new/deep", 0), ("link", 1), ("link/new", 1)])
def test_a_set_up_makes_no_directory_behind_a_link(tmp_path: Path, asked: str, ends: int) -> None:
    home = tmp_path.resolve()
    (home / "real").mkdir()
    (home / "link").symlink_to(home / "real")
    assert run(owning.no_link(f"{home}/{asked}")) == ends
