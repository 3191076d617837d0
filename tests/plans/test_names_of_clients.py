"""Other clients that are given by their names are asked for before exportfs makes its table anew, and before NFS is started anew."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from clusters.findings import blockers
from provisioning.desired import DesiredCluster, DesiredExport, ExportClient
from provisioning.intents import ConfigureNfs, EditExport, ProvisionCluster, WithdrawExport
from provisioning.plans import export_edit, export_withdraw, nfs_server, provision
from provisioning.plans.parts import naming
from provisioning.steps import Plan
from tests.pair import HEARTBEAT
from tests.plans.exports import homes
from tests.plans.simulated import Machines

NAME = "nas.example.org"
ASKS = "Ask for the names of clients"


@pytest.fixture
def pair() -> DesiredCluster:
    base = Machines().wanted()
    clients = (*base.exports[1].clients, ExportClient(NAME))
    return replace(base, exports=(base.exports[0], replace(base.exports[1], clients=clients)))


@pytest.fixture
def machines(pair: DesiredCluster) -> Machines:
    machines = Machines()
    carry_out(machines, provision.plan(ProvisionCluster(pair.name), pair, machines.read(pair), HEARTBEAT))
    return machines


def carry_out(machines: Machines, plan: Plan) -> None:
    assert blockers(plan.findings) == []
    for step in plan.todo():
        machines.do(step)


def editing(machines: Machines, pair: DesiredCluster, export: DesiredExport | None = None) -> Plan:
    return export_edit.plan(EditExport(pair.name, export or homes()), pair, machines.read(pair), HEARTBEAT)


def test_names_of_other_exports_are_asked_for_before_any_file(machines: Machines, pair: DesiredCluster) -> None:
    plan = editing(machines, pair)
    first = plan.todo()[0]
    assert (first.node, first.title) == ("alice", ASKS)
    assert first.wait
    assert first.wait.command == naming.ask(NAME)
    carry_out(machines, plan)
    again = editing(machines, pair)
    assert again.todo() == ()
    assert again.button == "Nothing to do"


def test_a_name_service_that_is_away_ends_the_job_before_any_file(machines: Machines, pair: DesiredCluster) -> None:
    plan = editing(machines, pair)
    alice = machines.pair.machines["alice"]
    before, table = (
        {name: dict(machine.files) for name, machine in machines.pair.machines.items()},
        list(alice.exported),
    )
    machines.pair.faults["alice perl"] = (
        f"The name service gives no answer about {NAME}: Temporary failure in name resolution."
    )
    with pytest.raises(AssertionError, match=ASKS):
        carry_out(machines, plan)
    assert before == {name: machine.files for name, machine in machines.pair.machines.items()}
    assert table == alice.exported


def test_a_name_that_the_trial_holds_is_left_to_it(machines: Machines, pair: DesiredCluster) -> None:
    media = replace(pair.exports[1], clients=(*pair.exports[1].clients, ExportClient("other.example.org")))
    assert ASKS not in [step.title for step in editing(machines, pair, media).steps]


def test_a_name_that_one_export_loses_and_another_keeps_is_asked_for(machines: Machines, pair: DesiredCluster) -> None:
    """exportfs would end it for the other one when nobody answers."""
    named = replace(pair.exports[0], clients=(*pair.exports[0].clients, ExportClient(NAME)))
    both = replace(pair, exports=(named, pair.exports[1]))
    lost = pair.exports[0]
    plan = export_edit.plan(EditExport(pair.name, lost), both, machines.read(both), HEARTBEAT)
    assert ASKS in [step.title for step in plan.steps]
    gone = export_withdraw.plan(WithdrawExport(pair.name, named.path, named.fsid), both, machines.read(both), HEARTBEAT)
    assert ASKS in [step.title for step in gone.steps]


def test_a_pair_that_names_nobody_asks_nobody() -> None:
    machines = Machines()
    plain = machines.wanted()
    carry_out(machines, provision.plan(ProvisionCluster(plain.name), plain, machines.read(plain), HEARTBEAT))
    assert ASKS not in [step.title for step in editing(machines, plain).steps]


def test_a_withdrawal_asks_for_the_names_that_stay(machines: Machines, pair: DesiredCluster) -> None:
    for export, asks in ((pair.exports[0], True), (pair.exports[1], False)):
        intent = WithdrawExport(pair.name, export.path, export.fsid)
        plan = export_withdraw.plan(intent, pair, machines.read(pair), HEARTBEAT)
        assert (ASKS in [step.title for step in plan.todo()]) is asks


def test_a_restart_of_nfs_asks_first(machines: Machines, pair: DesiredCluster) -> None:
    settings = replace(pair.nfs, grace_time=60)
    plan = nfs_server.plan(ConfigureNfs(pair.name, settings), pair, machines.read(pair), HEARTBEAT)
    titles = [step.title for step in plan.todo()]
    assert titles[0] == ASKS
    more = replace(pair.nfs, threads=pair.nfs.threads * 2)
    plan = nfs_server.plan(ConfigureNfs(pair.name, more), pair, machines.read(pair), HEARTBEAT)
    assert ASKS not in [step.title for step in plan.steps]


def test_compare_and_mend_asks_before_it_takes_the_exports(machines: Machines, pair: DesiredCluster) -> None:
    table = machines.pair.machines["alice"].exported
    table[0][2] = table[0][2].replace("rw", "ro")
    wanted = replace(pair, in_service=True)
    plan = provision.plan(ProvisionCluster(pair.name), wanted, machines.read(pair), HEARTBEAT)
    titles = [step.title for step in plan.todo()]
    assert titles.index(ASKS) < titles.index("Take the exports")


def test_perl_itself_passes_over_a_name_that_nobody_has_and_one_that_is_there() -> None:
    """What it says of a name service that is away is seen in `tests/lab/test_faults_of_names.py`."""
    asked = subprocess.run(naming.ask("localhost", "nobody..example").argv, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, "", "")
