"""Exports changed on a pair that runs: what is refused, who is named, what proves it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.findings import Severity, blockers
from clusters.states import Danger
from provisioning.desired import DesiredExport, ExportClient
from provisioning.intents import PublishExport
from provisioning.observed import NfsClient, NfsUse
from provisioning.plans import export
from provisioning.plans.parts import exporting
from provisioning.render import nfs
from provisioning.render.paths import EXPORTS
from provisioning.simulator import nfs_words
from tests.pair import HEARTBEAT, desired, finished, with_file
from tests.plans.exports import HOMES, NAMES, RO, codes, edit, homes, on_alice, withdraw


def test_who_only_gains_interrupts_nobody() -> None:
    plan = edit(homes(ExportClient("192.0.2.0/24"), ExportClient("198.51.100.77", RO)), finished())
    assert blockers(plan.findings) == []
    assert (plan.danger, plan.impact.interrupted) == (Danger.NONE, "nobody")
    assert plan.summary.startswith("New: 198.51.100.77 may only read, root squashed.")


def test_a_line_of_its_own_can_take_from_a_client_what_its_network_gave() -> None:
    plan = edit(homes(), finished())
    says = "New: 192.0.2.77 may only read, root squashed; 192.0.2.0/24 gave more until now."
    assert plan.danger is Danger.INTERRUPTS and says in plan.summary and says in plan.impact.notes


def test_a_host_within_a_network_is_noted_and_asks_for_nothing() -> None:
    plan = edit(homes(ExportClient("192.0.2.0/24", RO), ExportClient("192.0.2.77")), finished())
    told = next(finding for finding in plan.findings if finding.code == "export.singled-out")
    assert told.severity is Severity.OK and "which wins wherever it stands: it may read and write" in told.text


def test_clients_that_keep_what_they_have_are_not_called_interrupted() -> None:
    busy = (NfsUse("/srv/homes", opens=14, locks=2),)
    clients = tuple(NfsClient(f"192.0.2.{n}", "4.2", "", "confirmed", 3.0, True, busy) for n in (77, 78))
    observed = finished()
    seen = {**observed, "alice": replace(observed["alice"], nfs_clients=clients)}
    fewer = edit(homes(ExportClient("192.0.2.77")), seen)
    assert [one.address for one in fewer.impact.clients] == ["192.0.2.78"]
    for wanted, lost in ((homes(), ["192.0.2.77"]), (homes(ExportClient("192.0.0.0/16")), [])):
        assert [one.address for one in edit(wanted, seen).impact.clients] == lost
    wider = edit(homes(ExportClient("192.0.0.0/16")), seen)
    assert wider.danger is Danger.NONE
    assert "192.0.2.0/24 has no line of its own any more; by 192.0.0.0/16 it may read and write" in wider.summary


@pytest.mark.parametrize(
    ("clients", "says"),
    [
        ((ExportClient("192.0.2.0/24", RO),), "192.0.2.0/24 may only read from now on."),
        ((ExportClient("192.0.2.77"),), "192.0.2.0/24 may not mount it any more."),
        ((ExportClient("192.0.2.0/24", ("rw", "sec=krb5p")),), "192.0.2.0/24 is refused with sec=sys from now on."),
    ],
)
def test_who_loses_something_is_named_and_a_reason_is_asked_for(clients: tuple[ExportClient, ...], says: str) -> None:
    plan = edit(homes(*clients), finished())
    assert plan.danger is Danger.INTERRUPTS
    assert says in plan.summary
    assert says in plan.impact.notes


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("async", "At a failover 192.0.2.0/24 may lose what it was told is written."),
        ("subtree_check", "192.0.2.0/24 may get errors for files it has open or renames from now on."),
    ],
)
def test_a_risk_that_is_switched_on_is_warned_of_and_asks_for_a_reason(word: str, says: str) -> None:
    risky = ExportClient("192.0.2.0/24", ("rw", word, "root_squash"))
    plan = edit(homes(risky), finished())
    assert plan.danger is Danger.INTERRUPTS and says in plan.impact.notes
    assert f"export.risk-{word.replace('_', '-')}" in codes(plan, Severity.WARNING)
    wanted = replace(desired(), exports=(homes(risky), *desired().exports[1:]))
    again = edit(homes(risky, replace(risky, client="192.0.2.77")), finished(wanted), wanted)
    assert again.danger is Danger.NONE


def test_an_edit_without_a_change_is_nothing_to_approve_unless_a_node_differs() -> None:
    plan = edit(HOMES, finished())
    assert plan.idle and not plan.todo()
    assert plan.summary == "Nothing is changed: both nodes have it as it is asked for."
    by_hand = on_alice(lambda node: with_file(node, EXPORTS, "/srv/homes *(rw)\n"))
    assert not edit(HOMES, by_hand).idle
    assert not edit(HOMES, {"alice": finished()["alice"]}).idle
    asked_for = replace(HOMES, clients=NAMES[:1])
    wanted = replace(desired(), exports=(asked_for, *desired().exports[1:]))
    there_already = edit(asked_for, finished(wanted))  # the panel does not know it so yet: it is written down
    assert not there_already.idle and not there_already.todo()


def test_only_the_line_of_that_export_changes() -> None:
    plan = edit(homes(), finished())
    for step in plan.todo():
        for file in step.files:
            before, now = (file.before_text or "").splitlines(), str(file.content).splitlines()
            assert [line for line in before if line not in now] == [nfs.line(desired(), HOMES)]
            assert [line for line in now if line not in before] == [nfs.line(desired(), homes())]


def test_the_line_is_tried_before_any_file_is_written() -> None:
    for plan in (edit(homes(), finished()), withdraw(finished())):
        assert [bool(step.files) for step in plan.todo()[:2]] == [False, True]
        assert plan.todo()[0].wait is not None
        argv = plan.todo()[0].wait.command.argv  # type: ignore[union-attr]
        assert argv[:4] == ("unshare", "--mount", "--propagation", "slave")  # what the node unmounts is not kept open
        assert [step.node for step in plan.todo() if step.files] == ["bob", "alice"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"fsid": 109}, "export.fsid-changed"), ({"volume": "media"}, "export.fsid-changed"), ({"path": "/srv/nowhere"}, "export.unknown"),
        ({"clients": ()}, "export.no-client"), ({"clients": (ExportClient("192.0.2.1"), ExportClient("192.0.2.1", RO))}, "export.client-twice"),
        ({"clients": (ExportClient("192.0.2.1", ("rw", "bogus")),)}, "spelling.refused"),
    ],
)  # fmt: skip
def test_what_an_edit_may_not_do(change: dict[str, object], code: str) -> None:
    assert code in codes(edit(replace(HOMES, **change), finished()))  # type: ignore[arg-type]


@pytest.mark.parametrize(("length", "too_long"), [(60, False), (195, True)])
def test_a_client_that_nfs_would_write_down_and_not_read_again(length: int, too_long: bool) -> None:
    """With `mountpoint=` of a long path the client is longer in exportfs' table than in the file."""
    deep = replace(desired().volumes[0], mount_point="/" + "x" * length)
    below = replace(homes(ExportClient("*." + ".".join(["a" * 60] * 2) + ".org")), path=f"{deep.mount_point}/ada")
    pair = replace(desired(), volumes=(deep, desired().volumes[1]), exports=(below, desired().exports[1]))
    assert ("export.too-long" in codes(edit(below, finished(pair), pair))) is too_long


def test_an_option_that_nobody_knows_stays_when_it_was_there() -> None:
    strange = ("rw", "sync", "no_subtree_check", "from_the_future=3")
    pair = replace(desired(), exports=(homes(ExportClient("192.0.2.0/24", strange)), desired().exports[1]))
    kept = homes(ExportClient("192.0.2.0/24", (*strange, "insecure")))
    plan = edit(kept, finished(pair), pair)
    assert blockers(plan.findings) == []
    assert "from_the_future=3" in str(plan.todo()[1].files[0].content)


def test_withdrawing_another_export_of_that_path_is_refused() -> None:
    assert codes(withdraw(finished(), fsid=55)) == {"export.fsid-changed"}


@pytest.mark.parametrize(
    ("rows", "holds"),
    [
        (("192.0.2.5", "five.example.org"), True), (("five.example.org", "192.0.2.5"), True), (("192.0.2.5", "other.example.org"), True),
        (("192.0.2.5",), False), (("five.example.org",), False), (("192.0.2.5", "five.example.org", "six.example.org"), False),
    ],
)  # fmt: skip
def test_a_name_is_proven_by_a_row_of_its_own(rows: tuple[str, ...], holds: bool) -> None:
    pair = replace(desired(), exports=(homes(*NAMES),))
    options = ",".join(nfs.options_of(pair, pair.exports[0], NAMES[0]))
    listing = nfs_words.listing([["/srv/homes", client, options] for client in rows])
    for step in (
        exporting.trial(nfs.Change.of(pair, pair), "alice", None, pair.exports),
        exporting._table_stands(pair, "alice", "/srv/homes", pair.exports[0], pair.exports[0]),
    ):
        assert step.wait is not None
        assert step.wait.expect.holds(0, listing) is holds


KEEPS = replace(desired(), nfs=replace(desired().nfs, state_volume="media"))


@pytest.mark.parametrize(
    ("path", "code", "severity"),
    [
        ("/srv/media/.nfs-state", "nfs.state-directory", Severity.BLOCKER), ("/srv/media/.nfs-state/x", "nfs.state-directory", Severity.BLOCKER),
        ("/srv/media/x", "nfs.state-exported", Severity.WARNING),
    ],
)  # fmt: skip
def test_what_the_server_keeps_of_its_clients_is_not_exported_unsaid(path: str, code: str, severity: Severity) -> None:
    one = DesiredExport(path, 110, (ExportClient("192.0.2.5"),), "media")
    plan = export.plan(PublishExport(KEEPS.name, one), KEEPS, finished(KEEPS), HEARTBEAT)
    assert code in codes(plan, severity)


@pytest.mark.parametrize(
    ("clients", "says"),
    [
        (("192.0.2.7", "fd00::/64"), "192.0.2.7 can mount 192.0.2.10:/srv/homes."),
        (("fd00::/64",), "Nobody yet can mount 192.0.2.10:/srv/homes."),
    ],
)
def test_who_cannot_come_in_is_not_said_to_mount_it(clients: tuple[str, ...], says: str) -> None:
    wanted = homes(*(ExportClient(client) for client in clients))
    plan = export.plan(PublishExport("web-files", wanted), desired(), finished(), HEARTBEAT)
    assert plan.after.startswith(says)
