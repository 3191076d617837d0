"""Exports changed on a pair that runs beside those of others: lines in files, what was exported by hand, what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from clusters.findings import Severity
from provisioning.desired import ExportClient
from provisioning.intents import EditVolume, ProvisionCluster
from provisioning.observed import ActiveExport, FileState, NodeObserved
from provisioning.plans import provision, volume_edit
from provisioning.render import nfs
from provisioning.render.paths import EXPORTS, FOREIGN_EXPORTS
from provisioning.simulator import nfs_words
from provisioning.steps import Plan
from tests.pair import HEARTBEAT, desired, finished, with_file
from tests.plans.exports import HOMES, NAMES, RO, Observed, codes, edit, homes, main_file, on_alice, withdraw


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


def test_a_name_that_the_table_has_beside_those_of_the_files_is_by_hand() -> None:
    pair = replace(desired(), exports=(homes(*NAMES), desired().exports[1]))
    observed, more = finished(pair), ActiveExport("/srv/homes", "six.example.org", RO)
    alice = replace(observed["alice"], exports=(*(observed["alice"].exports or ()), more))
    wanted = homes(*NAMES, ExportClient("192.0.2.9"))
    assert codes(edit(wanted, observed, pair)) == set()
    assert codes(edit(wanted, {**observed, "alice": alice}, pair)) == {"export.by-hand"}


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
