"""Exports changed on simulated machines: each step is enough to go on from, and what exportfs refuses reaches no file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.findings import blockers
from provisioning.desired import ExportClient
from provisioning.intents import EditExport, ProvisionCluster, PublishExport, WithdrawExport
from provisioning.plans import export, export_edit, export_withdraw, provision
from provisioning.plans.parts import exporting
from provisioning.render import nfs
from provisioning.steps import Kind, Plan
from tests.pair import HEARTBEAT
from tests.plans.exports import AGAIN, homes
from tests.plans.simulated import Machines


def carry_out(machines: Machines, plan: Plan) -> None:
    assert blockers(plan.findings) == []
    for step in plan.todo():
        machines.do(step)


@pytest.fixture
def machines() -> Machines:
    machines = Machines()
    wanted = machines.wanted()
    carry_out(machines, provision.plan(ProvisionCluster(wanted.name), wanted, machines.read(wanted), HEARTBEAT))
    return machines


def served(machines: Machines, path: str) -> list[str]:
    return [client for at, client, _ in machines.pair.machines["alice"].exported if at == path]


def test_an_edit_on_machines_goes_on_from_every_step(machines: Machines) -> None:
    pair, wanted = machines.wanted(), homes()
    plan = export_edit.plan(EditExport(pair.name, wanted), pair, machines.read(pair), HEARTBEAT)
    approved = [step.digest() for step in plan.todo()]
    for number, step in enumerate(plan.todo(), start=1):
        machines.do(step)
        again = export_edit.plan(EditExport(pair.name, wanted), pair, machines.read(pair), HEARTBEAT)
        assert blockers(again.findings) == [], step.title
        assert {s.digest() for s in again.todo() if s.kind not in AGAIN} <= set(approved[number:]), step.title
    assert again.todo() == ()
    assert again.button == "Nothing to do"
    assert served(machines, "/srv/homes") == ["192.0.2.0/24", "192.0.2.77"]
    assert served(machines, "/srv/media") == ["192.0.2.0/24"]


def test_a_withdrawal_on_machines_goes_on_from_every_step(machines: Machines) -> None:
    pair = machines.wanted()
    asked = WithdrawExport(pair.name, "/srv/media", 102)
    plan = export_withdraw.plan(asked, pair, machines.read(pair), HEARTBEAT)
    approved = [step.digest() for step in plan.todo()]
    for number, step in enumerate(plan.todo(), start=1):
        machines.do(step)
        again = export_withdraw.plan(asked, pair, machines.read(pair), HEARTBEAT)
        assert blockers(again.findings) == [], step.title
        assert {s.digest() for s in again.todo() if s.kind not in AGAIN} <= set(approved[number:]), step.title
    assert [step.title for step in again.todo()] == ["Let exportfs try the other lines"]
    assert served(machines, "/srv/media") == []
    assert served(machines, "/srv/homes") == ["192.0.2.0/24"]


def test_a_withdrawn_export_can_be_published_again(machines: Machines) -> None:
    pair = machines.wanted()
    carry_out(
        machines,
        export_withdraw.plan(WithdrawExport(pair.name, "/srv/media", 102), pair, machines.read(pair), HEARTBEAT),
    )
    left = replace(pair, exports=pair.exports[:1])
    new = replace(pair.exports[1], fsid=103)
    carry_out(machines, export.plan(PublishExport(pair.name, new), left, machines.read(left), HEARTBEAT))
    assert served(machines, "/srv/media") == ["192.0.2.0/24"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/srv/x 192.0.2.1(rw,xprtsec=tls)", "unknown keyword"), ("/srv/x nobody.invalid(rw)", "Failed to resolve nobody.invalid"),
    ],
)  # fmt: skip
def test_a_line_that_exportfs_would_stumble_over_never_reaches_a_file(machines: Machines, line: str, says: str) -> None:
    before = {name: dict(machine.files) for name, machine in machines.pair.machines.items()}
    table = list(machines.pair.machines["alice"].exported)
    answer = machines.run("alice", exporting.try_line(line))
    pair = machines.wanted()
    named = replace(pair.exports[0], path="/srv/x", clients=(ExportClient("nobody.invalid"),))
    trial = exporting.trial(nfs.Change.of(pair, pair), "alice", None, [named]).wait
    assert trial is not None
    assert says in answer.stdout
    assert not trial.expect.holds(answer.exit, answer.stdout)
    assert table == machines.pair.machines["alice"].exported
    assert before == {name: machine.files for name, machine in machines.pair.machines.items()}


def test_a_bad_line_of_somebody_else_stops_the_job_before_it_changes_anything(machines: Machines) -> None:
    pair = machines.wanted()
    plan = export_withdraw.plan(WithdrawExport(pair.name, "/srv/media", 102), pair, machines.read(pair), HEARTBEAT)
    machines.pair.machines["alice"].files["/etc/exports"].text += "/opt *(bogus)\n"
    with pytest.raises(AssertionError, match="Let exportfs try"):
        carry_out(machines, plan)
    assert served(machines, "/srv/media") == ["192.0.2.0/24"]


def test_compare_and_mend_takes_the_exports_when_the_table_lacks_a_client(machines: Machines) -> None:
    pair, table = machines.wanted(), machines.pair.machines["alice"].exported
    table[0][2] = table[0][2].replace("rw", "ro")
    plan = provision.plan(ProvisionCluster(pair.name), replace(pair, in_service=True), machines.read(pair), HEARTBEAT)
    assert [step.title for step in plan.todo() if step.kind is Kind.WRITES] == ["Take the exports"]
    carry_out(machines, plan)
    assert provision.plan(ProvisionCluster(pair.name), pair, machines.read(pair), HEARTBEAT).todo() == ()
