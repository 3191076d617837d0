"""A move and an opened snapshot write lines of exports too: they are tried, judged beside those of others, and proven like a published one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from provisioning.desired import DesiredCluster, DesiredSnapshot
from provisioning.facts import Asked
from provisioning.intents import CloseSnapshot, CreateSnapshot, EditVolume, OpenSnapshot
from provisioning.observed import NodeObserved
from provisioning.plans import snapshot_open, snapshot_take, volume_edit
from provisioning.plans.parts import exporting
from provisioning.render import nfs
from provisioning.render.paths import EXPORTS, HARESOURCES, SNAPSHOT_EXPORTS, SNAPSHOTS
from provisioning.simulator.state import File
from provisioning.steps import Kind, Plan
from tests.pair import HEARTBEAT, desired, finished, with_file
from tests.plans.exports import AGAIN, codes, main_file
from tests.plans.given import with_snapshots
from tests.plans.simulated import Machines, provisioned

TAKEN = DesiredSnapshot("media", "before", "media-before", 64 * 1024**2)
OPENED = replace(TAKEN, fsid=1_000_001, clients=("192.0.2.7",))
PATH = f"{SNAPSHOTS}/media/before"


def opening(alice: NodeObserved | None = None, opened: DesiredSnapshot = OPENED) -> Plan:
    nodes = finished()
    row = {"volume": TAKEN.volume, "name": TAKEN.name, "size": TAKEN.size}
    alice = with_snapshots(alice or nodes["alice"], [row], {})
    wanted = replace(desired(), snapshots=(TAKEN,))
    return snapshot_open.plan(OpenSnapshot(wanted.name, opened), wanted, {**nodes, "alice": alice}, HEARTBEAT)


def moving(changes: dict[str, object], alice: NodeObserved | None = None) -> Plan:
    wanted, nodes = desired(), finished()
    now = replace(wanted.volumes[0], **changes)  # type: ignore[arg-type]
    observed = {**nodes, "alice": alice or nodes["alice"]}
    return volume_edit.plan(EditVolume(wanted.name, "homes", now), wanted, observed, HEARTBEAT)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("/opt *(ro,fsid=1000001)", "export.fsid-taken"), (f"{PATH} *(rw)", "export.path-taken"), ("/opt *(ro,fsid=0)", "export.foreign-root"),
    ],
)  # fmt: skip
def test_a_snapshot_is_not_opened_against_a_line_of_others(line: str, code: str) -> None:
    alice = finished()["alice"]
    assert code in codes(opening(main_file(f"{line}\n")(alice)))
    text = getattr(alice.file(EXPORTS), "text", "")
    assert code in codes(opening(with_file(alice, EXPORTS, f"{text}{line}\n")))
    assert code in codes(opening(replace(alice, export_files=((SNAPSHOT_EXPORTS, f"{line}\n"),))))
    assert codes(opening()) == set()


def test_two_numbers_of_one_kind_are_not_given_to_two_snapshots() -> None:
    assert "export.fsid-taken" in codes(opening(opened=replace(OPENED, fsid=desired().exports[0].fsid)))


def test_opening_one_keeps_lines_of_others_and_drops_old_ones_of_its_own() -> None:
    alice = finished()["alice"]
    options = "ro,sync,no_subtree_check,root_squash,mountpoint"
    old = f"{SNAPSHOTS}/homes/old 192.0.2.9({options},fsid=1000009)\n{PATH} 192.0.2.9({options},fsid=1000008)\n"
    theirs = f"{SNAPSHOTS}/homes/theirs 192.0.2.9(ro)"
    stood = f"/opt 192.0.2.9(ro)\n{old}{theirs}\n"
    plan = opening(with_file(alice, SNAPSHOT_EXPORTS, stood))
    file = next(file for step in plan.todo() for file in step.files if file.path == SNAPSHOT_EXPORTS)
    assert [line for line in str(file.content).splitlines() if "(" in line] == [
        "/opt 192.0.2.9(ro)", theirs, f"{PATH} 192.0.2.7(ro,sync,no_subtree_check,root_squash,mountpoint,fsid=1000001)",
    ]  # fmt: skip
    trial = next(step.wait for step in plan.todo() if step.title == "Let exportfs try the line")
    assert trial
    assert list(trial.command.argv[-3:]) == [line for line in str(file.content).splitlines() if "(" in line]


def with_snapshots_file(stands: str, /, **seen: object) -> NodeObserved:
    """alice with this text in the file of opened snapshots, and with what else is said of that file."""
    alice = with_file(finished()["alice"], SNAPSHOT_EXPORTS, stands)
    others = tuple(file for file in alice.files if file.path != SNAPSHOT_EXPORTS)
    file = next(file for file in alice.files if file.path == SNAPSHOT_EXPORTS)
    return replace(alice, files=(*others, replace(file, **seen)))  # type: ignore[arg-type]


def closing(alice: NodeObserved) -> Plan:
    wanted = replace(desired(), snapshots=(OPENED,))
    alice = with_snapshots(alice, [{"volume": TAKEN.volume, "name": TAKEN.name, "size": TAKEN.size}], {})
    asked = CloseSnapshot(wanted.name, "media", "before")
    return snapshot_open.close(asked, wanted, {**finished(), "alice": alice}, HEARTBEAT)


@pytest.mark.parametrize("plan", [opening, closing])
@pytest.mark.parametrize(
    ("alice", "says"),
    [
        (with_snapshots_file("", text=None), "was not read"),
        (with_snapshots_file("# f\ufffdr B\u00fcro\n", sha256="0" * 64), "cannot read byte for byte"),
        (with_snapshots_file("/opt 192.0.2.9(ro) \\\n"), "goes on in the next one"),
        (with_snapshots_file(f"{PATH} 192.0.2.9(rw)\n"), f"another line for {PATH}"),
    ],
)
def test_what_others_wrote_beside_the_snapshots_and_cannot_be_kept_stops_both(
    plan: Callable[[NodeObserved], Plan], alice: NodeObserved, says: str
) -> None:
    told = [finding.text for finding in plan(alice).findings if finding.code == "export.hand-edited"]
    assert len(told) == 1
    assert told[0].startswith(f"{SNAPSHOT_EXPORTS} on alice ")
    assert says in told[0]


@pytest.mark.parametrize("plan", [opening, closing])
def test_what_the_panel_wrote_itself_stops_neither(plan: Callable[[NodeObserved], Plan]) -> None:
    line = f"{PATH} 192.0.2.9(ro,sync,no_subtree_check,no_root_squash,mountpoint,fsid=1000008)"
    for text in ("", f"{line}\n", f"# one\n{line}\n/opt 192.0.2.9(ro)\n"):
        assert codes(plan(with_snapshots_file(text))) == set()


def test_lines_are_tried_in_the_order_of_the_file() -> None:
    pair = desired()
    change = nfs.Change.of(pair, pair)
    first, *others = (nfs.line(pair, export) for export in pair.exports)
    stood = "\n".join([*others, "/opt 192.0.2.9(ro) \\", first, ""])
    trial = exporting.trial(change, "alice", stood, [pair.exports[0]]).wait
    assert trial
    assert trial.command.argv[-2:] == ("/opt 192.0.2.9(ro) \\", first)


@pytest.mark.parametrize("line", ["/opt 192.0.2.9(ro,fsid=0) 192.0.2.8(ro,fsid=0)", "/opt 192.0.2.9 (ro)"])
@pytest.mark.parametrize("path", ["/etc/exports", EXPORTS, SNAPSHOT_EXPORTS])
def test_each_finding_about_a_line_of_others_is_told_once(line: str, path: str) -> None:
    alice = finished()["alice"]
    text = getattr(alice.file(path), "text", "") or ""
    alice = with_file(alice, path, f"{text}{line}\n")
    if path == SNAPSHOT_EXPORTS:
        alice = replace(alice, export_files=((path, f"{line}\n"),))
    told = [
        finding.code for finding in opening(alice).findings if finding.code in ("export.foreign-root", "export.blank")
    ]
    assert len(told) == 1


def test_the_lines_are_tried_before_anything_that_a_failover_reads() -> None:
    for plan in (opening(), moving({"mount_point": "/srv/houses"})):
        titles = [step.title for step in plan.todo()]
        tried = titles.index("Let exportfs try the line")
        before = plan.todo()[:tried]
        assert all(command.argv[0] in ("mkdir", "chattr") for step in before for command in step.commands)
        assert not any(step.files for step in before)


@pytest.mark.parametrize(("length", "too_long"), [(60, False), (240, True)])
def test_a_move_that_makes_a_line_too_long_for_nfs_is_refused(length: int, too_long: bool) -> None:
    named = "." + ".".join(["a" * 60] * 2) + ".org"
    wanted = desired()
    below = replace(
        wanted.exports[0], path="/srv/homes/ada", clients=(replace(wanted.exports[0].clients[0], client=f"*{named}"),)
    )
    wanted = replace(wanted, exports=(below, wanted.exports[1]))
    now = replace(wanted.volumes[0], mount_point="/" + "x" * length)
    plan = volume_edit.plan(EditVolume(wanted.name, "homes", now), wanted, finished(wanted), HEARTBEAT)
    assert ("export.too-long" in codes(plan)) is too_long


def test_a_volume_that_only_gets_another_name_tries_no_line() -> None:
    assert not any("exportfs" in step.title for step in moving({"name": "houses"}).steps)


@pytest.fixture
def pair() -> tuple[Machines, DesiredCluster]:
    machines, wanted = provisioned()
    for step in snapshot_take.plan(CreateSnapshot(wanted.name, TAKEN), wanted, machines.read(wanted), HEARTBEAT).todo():
        machines.do(step)
    return machines, replace(wanted, snapshots=(TAKEN,))


def opened(machines: Machines, wanted: DesiredCluster) -> Plan:
    known = replace(wanted, snapshots=(OPENED,))  # as the door says from the moment it is approved
    observed = machines.read(known, Asked((SNAPSHOTS, PATH)))
    return snapshot_open.plan(OpenSnapshot(wanted.name, OPENED), known, observed, HEARTBEAT)


def moved(machines: Machines, wanted: DesiredCluster) -> Plan:
    now = replace(wanted.volumes[0], mount_point="/srv/houses")
    observed = machines.read(wanted, Asked(("/srv/homes", "/srv/houses")))
    return volume_edit.plan(EditVolume(wanted.name, "homes", now), wanted, observed, HEARTBEAT)


def test_opening_goes_on_from_every_step(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    approved = opened(machines, wanted).todo()
    digests = [step.digest() for step in approved]
    for number, step in enumerate(approved, start=1):
        machines.do(step)
        left = {s.digest() for s in opened(machines, wanted).todo() if s.kind not in AGAIN}
        assert left <= set(digests[number:]), step.title
    assert opened(machines, wanted).todo() == ()
    known = replace(wanted, snapshots=(OPENED,))
    for step in snapshot_open.close(
        CloseSnapshot(wanted.name, "media", "before"), known, machines.read(known), HEARTBEAT
    ).todo():
        machines.do(step)
    assert PATH not in {row[0] for row in machines.pair.machines["alice"].exported}


def test_a_table_that_lost_the_snapshot_is_made_anew(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    for step in opened(machines, wanted).todo():
        machines.do(step)
    alice = machines.pair.machines["alice"]
    alice.exported = [row for row in alice.exported if row[0] != PATH]
    plan = opened(machines, wanted)
    assert [step.title for step in plan.todo() if step.kind is Kind.WRITES] == ["Take the exports"]
    for step in plan.todo():
        machines.do(step)
    assert PATH in {row[0] for row in alice.exported}


@pytest.mark.parametrize("line", ["/opt *(bogus)", "/opt/x *(ro,noaccess)"])
@pytest.mark.parametrize("plan", [opened, moved])
def test_what_exportfs_would_stumble_over_stops_both_before_anything_is_written(
    pair: tuple[Machines, DesiredCluster], plan: object, line: str
) -> None:
    machines, wanted = pair
    todo = plan(machines, wanted).todo()  # type: ignore[operator]
    alice = machines.pair.machines["alice"]
    alice.files["/etc/exports"] = File(alice.files["/etc/exports"].text + f"{line}\n", "0644", "root:root", 0)
    files = {name: {p: f.text for p, f in m.files.items()} for name, m in machines.pair.machines.items()}
    mounts, table = dict(alice.mounts), list(alice.exported)
    with pytest.raises(AssertionError, match="Let exportfs try the line"):
        for step in todo:
            machines.do(step)
    assert files == {name: {p: f.text for p, f in m.files.items()} for name, m in machines.pair.machines.items()}
    assert SNAPSHOTS not in alice.files[HARESOURCES].text
    assert (mounts, table) == (dict(alice.mounts), list(alice.exported))


@pytest.mark.parametrize("plan", [opened, moved])
def test_a_name_of_others_that_nobody_can_look_up_stops_both(
    pair: tuple[Machines, DesiredCluster], plan: object
) -> None:
    """What is served to it by name would end with `exportfs -r`, and whether it is gone or the name service is, nobody knows."""
    machines, wanted = pair
    alice = machines.pair.machines["alice"]
    for path in ("/etc/exports", EXPORTS):
        alice.files[path] = File(alice.files[path].text + "/opt gone.invalid(ro)\n", "0644", "root:root", 0)
    table = list(alice.exported)
    with pytest.raises(AssertionError, match="Let exportfs try the line"):
        for step in plan(machines, wanted).todo():  # type: ignore[operator]
            machines.do(step)
    assert list(alice.exported) == table


def test_what_others_wrote_into_the_file_of_the_exports_is_tried_before_a_snapshot_is_taken_in() -> None:
    alice = finished()["alice"]
    text = getattr(alice.file(EXPORTS), "text", "")
    plan = opening(with_file(alice, EXPORTS, f"{text}/opt 192.0.2.9(bogus)\n"))
    trial = next(step.wait for step in plan.todo() if step.title == "Let exportfs try the line")
    assert trial
    assert trial.command.argv[-1] == "/opt 192.0.2.9(bogus)"


def test_every_name_must_be_found_that_the_trial_meets() -> None:
    """Not those of the pair's own exports, which are left out: one that is gone must not keep files from being restored."""
    trial = next(step.wait for step in opening().todo() if step.title == "Let exportfs try the line")
    assert trial
    alone = replace(trial.expect, contains=(), times=())
    assert not alone.holds(0, "exportfs: Failed to resolve one.example.org\n")
    assert f"! -path {EXPORTS} " in trial.command.argv[6]
