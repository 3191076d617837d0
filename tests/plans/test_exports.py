"""Exports changed on a pair that runs: what is refused, what is left alone, and that each step is enough to go on from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from clusters.findings import Severity, blockers
from clusters.states import Danger
from provisioning.desired import DesiredCluster, DesiredExport, ExportClient
from provisioning.intents import EditExport, EditVolume, ProvisionCluster, PublishExport, WithdrawExport
from provisioning.observed import ActiveExport, FileState, NodeObserved
from provisioning.plans import export, export_edit, export_withdraw, provision, volume_edit
from provisioning.plans.parts import exporting
from provisioning.render import nfs
from provisioning.render.paths import EXPORTS, FOREIGN_EXPORTS
from provisioning.simulator import nfs_words
from provisioning.steps import Kind, Plan
from tests.pair import HEARTBEAT, desired, finished, with_file
from tests.plans.simulated import Machines

Observed = dict[str, NodeObserved]
AGAIN = (Kind.READS, Kind.WAITS, Kind.OBSERVES)
HOMES = desired().exports[0]
RO = ("ro", "sync", "no_subtree_check", "root_squash")


def homes(*clients: ExportClient) -> DesiredExport:
    return replace(HOMES, clients=clients or (ExportClient("192.0.2.0/24"), ExportClient("192.0.2.77", RO)))


def edit(wanted: DesiredExport, observed: Observed, pair: DesiredCluster | None = None) -> Plan:
    return export_edit.plan(EditExport("web-files", wanted), pair or desired(), observed, HEARTBEAT)


def withdraw(observed: Observed, path: str = "/srv/media", fsid: int = 102) -> Plan:
    return export_withdraw.plan(WithdrawExport("web-files", path, fsid), desired(), observed, HEARTBEAT)


def codes(plan: Plan, severity: Severity = Severity.BLOCKER) -> set[str]:
    return {finding.code for finding in plan.findings if finding.severity is severity}


def on_alice(change: Callable[[NodeObserved], NodeObserved]) -> Observed:
    observed = finished()
    return {**observed, "alice": change(observed["alice"])}


def main_file(text: str) -> Callable[[NodeObserved], NodeObserved]:
    return lambda node: with_file(node, FOREIGN_EXPORTS, text)


def test_who_only_gains_interrupts_nobody() -> None:
    plan = edit(homes(), finished())
    assert blockers(plan.findings) == []
    assert (plan.danger, plan.impact.interrupted) == (Danger.NONE, "nobody")
    assert plan.summary.startswith("New: 192.0.2.77 may only read, root squashed.")


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
        assert plan.todo()[0].wait.command.argv[:2] == ("unshare", "--mount")  # type: ignore[union-attr]
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


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        ("/srv/homes *(ro)\n", "export.path-taken", Severity.BLOCKER), ("/srv/x *(ro,fsid=101)\n", "export.fsid-taken", Severity.BLOCKER),
        ("/srv *(ro,fsid=0)\n", "export.foreign-root", Severity.BLOCKER), ("/srv *(ro,fsid=root)\n", "export.foreign-root", Severity.BLOCKER),
        ("/srv *(ro)\n", "export.foreign-nested", Severity.WARNING), ("/srv/homes/x *(ro)\n", "export.foreign-nested", Severity.WARNING),
        ("/opt host (rw)\n", "export.blank", Severity.WARNING), ("/opt *(ro)\n", "export.pending", Severity.WARNING),
    ],
)  # fmt: skip
def test_lines_of_others_that_collide(text: str, code: str, severity: Severity) -> None:
    assert code in codes(edit(homes(), on_alice(main_file(text))), severity)
    beside = on_alice(lambda node: replace(node, export_files=(("/etc/exports.d/other.exports", text),)))
    assert code in codes(edit(homes(), beside), severity)


def test_a_line_of_somebody_else_that_is_in_service_is_no_reason() -> None:
    there = ActiveExport("/opt", "192.0.2.9", ("ro",))
    observed = on_alice(
        lambda node: replace(main_file("/opt 192.0.2.9(ro)\n")(node), exports=(*(node.exports or ()), there))
    )
    assert codes(edit(homes(), observed)) == set()
    assert "export.pending" not in codes(edit(homes(), observed), Severity.WARNING)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("# old \\\n/opt/a 192.0.2.9(ro)\n", "/opt/a"), ("/opt/c#1 192.0.2.9(ro)\n", "/opt/c#1"), ('/opt/"a b" 192.0.2.9(ro)\n', "/opt/a b"),
    ],
)  # fmt: skip
def test_a_served_line_of_somebody_else_is_not_taken_for_one_by_hand(text: str, path: str) -> None:
    there = ActiveExport(path, "192.0.2.9", ("ro",))
    observed = on_alice(lambda node: replace(main_file(text)(node), exports=(*(node.exports or ()), there)))
    plan = edit(homes(), observed)
    assert codes(plan) == set()
    assert "export.pending" not in codes(plan, Severity.WARNING)


def test_a_line_below_a_comment_that_ends_in_a_backslash_collides_as_any_other() -> None:
    assert "export.path-taken" in codes(edit(homes(), on_alice(main_file("# old \\\n/srv/homes *(ro)\n"))))


def test_what_was_exported_by_hand_is_not_ended_unasked() -> None:
    by_hand = ActiveExport("/srv/homes", "2001:db8::/64", ("ro",))
    plan = edit(homes(), on_alice(lambda node: replace(node, exports=(*(node.exports or ()), by_hand))))
    assert codes(plan) == {"export.by-hand"}
    assert next(f.fix for f in plan.findings if f.code == "export.by-hand") == "exportfs -u [2001:db8::]/64:/srv/homes"


def test_without_its_main_file_exportfs_always_fails() -> None:
    gone = on_alice(lambda node: replace(node, files=(*node.files, FileState(FOREIGN_EXPORTS, None))))
    assert codes(edit(homes(), gone)) == codes(withdraw(gone)) == {"export.main-missing"}


def in_our_file(name: str, changed: Callable[[str], str]) -> Observed:
    observed = finished()
    text = observed[name].file(EXPORTS).text or ""  # type: ignore[union-attr]
    return {**observed, name: with_file(observed[name], EXPORTS, changed(text))}


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace("/srv/media 192.0.2.0/24(ro", "/srv/media 192.0.2.0/24(rw"), lambda text: text + "/srv/media *(ro)\n",
        lambda text: text + '"/srv/open quote\n', lambda text: text + "/srv/x \\\n192.0.2.9(rw)\n",
    ],
)  # fmt: skip
def test_what_contradicts_the_panel_in_its_own_file_stops_the_change(changed: Callable[[str], str]) -> None:
    for name in ("alice", "bob"):
        observed = in_our_file(name, changed)
        assert "export.hand-edited" in codes(edit(homes(), observed))
        assert "export.hand-edited" in codes(withdraw(observed, "/srv/homes", 101))


LINES = ("# do not touch:  ticket 12 \\", "/opt/iso\t192.0.2.9(ro,fsid=7)  # täglich", "", "   ", '"/srv/a b" *(ro)')


@pytest.mark.parametrize("name", ["alice", "bob"])
@pytest.mark.parametrize("at", [0, 2, 3, 4])
def test_lines_of_others_in_our_file_stay_byte_for_byte(name: str, at: int) -> None:
    def changed(text: str) -> str:
        lines = text.splitlines()
        return "".join(f"{line}\n" for line in (*lines[:at], *LINES, *lines[at:]))

    observed = in_our_file(name, changed)
    for plan, kept in (edit(homes(), observed), ["/srv/homes", "/srv/media"]), (withdraw(observed), ["/srv/homes"]):
        assert codes(plan) == set()
        assert "export.lines-by-hand" in codes(plan, Severity.WARNING)
        files = {step.node: str(step.files[0].content) for step in plan.todo() if step.files}
        lines = files[name].splitlines()
        begin = lines.index(LINES[0])
        assert tuple(lines[begin : begin + len(LINES)]) == LINES
        assert [line.split()[0] for line in lines if line not in LINES and "#" not in line] == kept
        other = next(text for node, text in files.items() if node != name)
        assert not set(other.splitlines()) & set(LINES)


def test_lines_of_others_in_our_file_are_tried_with_the_new_one() -> None:
    plan = edit(homes(), in_our_file("alice", lambda text: text + "/opt *(bogus)\n"))
    assert plan.todo()[0].wait.command.argv[-1] == "/opt *(bogus)"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        ("/srv/x *(ro,fsid=101)\n", "export.fsid-taken", Severity.BLOCKER), ("/srv *(ro,fsid=0)\n", "export.foreign-root", Severity.BLOCKER),
        ("/opt *(ro)\n", "export.pending", Severity.WARNING), ("/srv/homes/x *(ro)\n", "export.foreign-nested", Severity.WARNING),
    ],
)  # fmt: skip
def test_lines_of_others_in_our_file_are_judged_like_those_of_other_files(
    text: str, code: str, severity: Severity
) -> None:
    assert code in codes(edit(homes(), in_our_file("alice", lambda ours: ours + text)), severity)


def test_lines_that_were_not_read_byte_for_byte_stop_the_change() -> None:
    observed = in_our_file("alice", lambda text: text + "/opt/\N{REPLACEMENT CHARACTER} *(ro)\n")
    file = observed["alice"].file(EXPORTS)
    files = tuple(replace(one, sha256="0" * 64) if one == file else one for one in observed["alice"].files)
    assert codes(edit(homes(), {**observed, "alice": replace(observed["alice"], files=files)})) == {
        "export.hand-edited"
    }


def test_setting_up_again_says_which_lines_of_others_go() -> None:
    observed = in_our_file("bob", lambda text: text + "/opt *(ro)\n")
    plan = provision.plan(ProvisionCluster("web-files"), desired(), observed, HEARTBEAT)
    [finding] = [finding for finding in plan.findings if finding.code == "export.lines-taken-out"]
    assert finding.text == f"{EXPORTS} on bob loses a line that was written by hand: /opt *(ro)"


def test_an_export_that_somebody_took_out_by_hand_does_not_come_back_unasked() -> None:
    def without_media(node: NodeObserved) -> NodeObserved:
        lines = (node.file(EXPORTS).text or "").splitlines()[:-1]  # type: ignore[union-attr]
        exports = tuple(entry for entry in node.exports or () if entry.path != "/srv/media")
        return replace(with_file(node, EXPORTS, "\n".join(lines) + "\n"), exports=exports)

    assert codes(edit(homes(), on_alice(without_media))) == {"export.hand-edited"}


def test_withdrawing_another_export_of_that_path_is_refused() -> None:
    assert codes(withdraw(finished(), fsid=55)) == {"export.fsid-changed"}


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
    trial = exporting._trial(machines.wanted(), "alice", None).wait
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


NAMES = (ExportClient("192.0.2.5"), ExportClient("five.example.org"))


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
        exporting._trial(pair, "alice", pair.exports[0]),
        exporting._table_stands(pair, "alice", "/srv/homes", pair.exports[0], pair.exports[0]),
    ):
        assert step.wait is not None
        assert step.wait.expect.holds(0, listing) is holds


def test_a_name_that_the_table_has_beside_those_of_the_files_is_by_hand() -> None:
    pair = replace(desired(), exports=(homes(*NAMES), desired().exports[1]))
    observed, more = finished(pair), ActiveExport("/srv/homes", "six.example.org", RO)
    alice = replace(observed["alice"], exports=(*(observed["alice"].exports or ()), more))
    wanted = homes(*NAMES, ExportClient("192.0.2.9"))
    assert codes(edit(wanted, observed, pair)) == set()
    assert codes(edit(wanted, {**observed, "alice": alice}, pair)) == {"export.by-hand"}


def test_compare_and_mend_takes_the_exports_when_the_table_lacks_a_client(machines: Machines) -> None:
    pair, table = machines.wanted(), machines.pair.machines["alice"].exported
    table[0][2] = table[0][2].replace("rw", "ro")
    plan = provision.plan(ProvisionCluster(pair.name), replace(pair, in_service=True), machines.read(pair), HEARTBEAT)
    assert [step.title for step in plan.todo() if step.kind is Kind.WRITES] == ["Take the exports"]
    carry_out(machines, plan)
    assert provision.plan(ProvisionCluster(pair.name), pair, machines.read(pair), HEARTBEAT).todo() == ()


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
    "others", [("/etc/exports.d/other.exports", "/opt *(ro)\n"), (FOREIGN_EXPORTS, "/opt *(ro)\n")]
)
def test_files_of_others_that_differ_between_the_nodes_are_said(others: tuple[str, str]) -> None:
    empty = {name: replace(main_file("")(node), export_files=()) for name, node in finished().items()}
    assert "file.differs" not in codes(edit(homes(), empty), Severity.WARNING)
    path, text = others
    alice = empty["alice"]
    alice = main_file(text)(alice) if path == FOREIGN_EXPORTS else replace(alice, export_files=(others,))
    assert "file.differs" in codes(edit(homes(), {**empty, "alice": alice}), Severity.WARNING)


def moved(observed: Observed) -> Plan:
    now = replace(desired().volumes[0], mount_point="/srv/elsewhere")
    return volume_edit.plan(EditVolume("web-files", "homes", now), desired(), observed, HEARTBEAT)


def test_moving_a_volume_ends_no_export_that_was_made_by_hand() -> None:
    by_hand = ActiveExport("/opt", "192.0.2.9", ("ro",))
    plan = moved(on_alice(lambda node: replace(node, exports=(*(node.exports or ()), by_hand))))
    assert "export.by-hand" in codes(plan)
    assert "export.path-taken" in codes(moved(on_alice(main_file("/srv/elsewhere *(ro)\n"))))
    assert "export.by-hand" not in codes(moved(finished()))


def test_moved_exports_are_taken_only_with_every_client_in_the_table() -> None:
    [step] = [step for step in moved(finished()).todo() if step.load]
    assert step.both and step.wait is not None
    options = ",".join(nfs.options_of(desired(), HOMES, HOMES.clients[0]))
    for rows, holds in (
        ([["/srv/elsewhere", "192.0.2.0/24", options]], True), ([["/srv/elsewhere", "192.0.2.0/24", options.replace("rw", "ro")]], False),
        ([["/srv/homes", "192.0.2.0/24", options]], False), ([[path, "192.0.2.0/24", options] for path in ("/srv/elsewhere", "/srv/homes")], False),
    ):  # fmt: skip
        assert step.wait.expect.holds(0, nfs_words.listing(rows)) is holds, rows
