"""One step: guards before it, files put back when the node refuses them, bounded waits, a probe that proves."""

from __future__ import annotations

import hashlib

import pytest

from provisioning.observer import Seen
from provisioning.place import Place, StepFailed
from provisioning.runner import execute
from provisioning.steps import Expect, Guard, Kind, Probe, SecretRef, Stage, Step, Text, Wait, WriteFile, cmd
from provisioning.transport.world import FileChanged, LoginRefused, NodeRestarted, Result, UnitKey, Unreachable
from tests.running.fakes import ALICE, FakeTime, FakeWorld, Lines

UNIT = UnitKey("web-files", 7, 3, 1)
EXPORTFS = cmd("exportfs", "-ra")


def place(world: FakeWorld, **changes: object) -> Place:
    fields: dict[str, object] = {
        "world": world, "address": ALICE, "unit": UNIT, "resolve_secret": lambda name: f"<{name}>".encode(),
        "time": FakeTime(),
    }  # fmt: skip
    return Place(**{**fields, **changes})  # type: ignore[arg-type]


def step(**parts: object) -> Step:
    return Step("alice", "A step", Kind.WRITES, Stage.VOLUMES, **parts)  # type: ignore[arg-type]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_commands_in_order_with_their_output() -> None:
    world, lines = FakeWorld(), Lines()
    world.answers["lvs"] = [Result(0, "web_files\n")]
    assert execute(place(world), step(commands=(cmd("lvs"), cmd("mkfs", "-t", "ext4"))), lines) == ""
    assert world.executed == ["alice$ lvs", "alice$ mkfs -t ext4"]
    assert lines.lines == [["run", "lvs", 0, "web_files\n"], ["run", "mkfs -t ext4", 0, ""]]


def test_a_failing_command_says_what_was_seen() -> None:
    world, lines = FakeWorld(), Lines()
    world.answers["pvcreate /dev/drbd0"] = [Result(5, "", "  Device is  busy\n")]
    with pytest.raises(StepFailed, match="pvcreate /dev/drbd0 on alice: exit 5: Device is busy"):
        execute(place(world), step(commands=(cmd("pvcreate", "/dev/drbd0"), cmd("never"))), lines)
    assert lines.short == [("run", "pvcreate /dev/drbd0", 5), ("run", "never", "open")]


@pytest.mark.parametrize("again", [0, 1])
def test_what_a_failing_step_would_leave_is_taken_away(again: int) -> None:
    world, lines, away = FakeWorld(), Lines(), cmd("rm", "--", "/policy")
    world.answers["apt-get"] = [Result(100, "", "no room")]
    world.answers[str(away)] = [Result(again, "", "read-only")]
    with pytest.raises(StepFailed, match="apt-get on alice: exit 100: no room") as failed:
        execute(place(world), step(commands=(cmd("apt-get"),), if_it_fails=away), lines)
    assert world.executed == ["alice$ apt-get", "alice$ rm -- /policy"]
    assert ("read-only" in failed.value.text) is bool(again)


def test_a_guard_and_a_wait_that_fail_bring_back_what_the_step_was_done_in() -> None:
    """Of a step between "stop the server" and "start it" whatever fails must bring the server back."""
    start = cmd("systemctl", "start", "nfs-server.service")
    guard = Guard("nothing has it open", cmd("lvs"), Expect(one_of=("",)))
    wait = Wait("the merge goes on", cmd("lvs"), Expect(one_of=("",)), bound=2, in_vain="LVM put it off.")
    for failing in (step(guards=(guard,), if_it_fails=start), step(wait=wait, if_it_fails=start)):
        world = FakeWorld()
        world.answers["lvs"] = [Result(0, "open\n")]
        with pytest.raises(StepFailed) as failed:
            execute(place(world), failing, Lines())
        assert world.executed == ["alice$ systemctl start nfs-server.service"]
        assert failed.value.hint == ("LVM put it off." if failing.wait else "Plan again to see what is true now.")


def test_a_step_that_does_not_fail_takes_nothing_away() -> None:
    world = FakeWorld()
    execute(place(world), step(commands=(cmd("apt-get"),), if_it_fails=cmd("rm")), Lines())
    assert world.executed == ["alice$ apt-get"]


def test_a_guard_that_does_not_hold_stops_everything() -> None:
    world, lines = FakeWorld(), Lines()
    world.answers["lsblk"] = [Result(0, "data-bob\n")]
    guard = Guard("vdb is the disk data-alice", cmd("lsblk"), Expect(contains=("data-alice",)))
    with pytest.raises(StepFailed, match="not true now: vdb is the disk data-alice. Seen: exit 0: data-bob"):
        execute(place(world), step(guards=(guard,), commands=(cmd("mkfs"),)), lines)
    assert world.executed == []
    assert lines.short == [("guard", "lsblk", 0)]


def test_guards_that_hold_let_it_run() -> None:
    world = FakeWorld()
    guard = Guard("it is empty", cmd("wipefs"), Expect(one_of=("",)))
    execute(place(world), step(guards=(guard, guard), commands=(cmd("mkfs"),)), Lines())
    assert world.executed == ["alice$ mkfs"]


def test_files_are_written_with_their_secrets() -> None:
    world, lines = FakeWorld(), Lines()
    file = WriteFile("/etc/ha.d/authkeys", Text.of("auth 1\n1 sha1 ", SecretRef("authkeys"), "\n"), "0600")
    execute(place(world), step(files=(file,)), lines)
    assert world.files["alice", "/etc/ha.d/authkeys"] == b"auth 1\n1 sha1 <authkeys>\n"
    assert "authkeys>" not in repr(lines.lines)


def test_a_file_changed_by_hand_fails_the_step() -> None:
    world = FakeWorld(files={("alice", "/etc/exports"): b"by hand"})
    with pytest.raises(FileChanged):
        execute(place(world), step(files=(WriteFile("/etc/exports", Text.of("new"), before=sha(b"old")),)), Lines())
    assert world.files["alice", "/etc/exports"] == b"by hand"


def test_files_that_the_node_refuses_are_put_back() -> None:
    world, lines = FakeWorld(files={("alice", "/etc/exports"): b"old\n"}), Lines()
    world.answers["exportfs -ra"] = [Result(1, "", "bad line 1"), Result(0, "")]
    files = (
        WriteFile("/etc/exports", Text.of("new\n"), before=sha(b"old\n"), before_text="old\n"),
        WriteFile("/etc/exports.d/new.exports", Text.of("newer\n")),
    )
    with pytest.raises(StepFailed, match="bad line 1. The previous files were put back and loaded again"):
        execute(place(world), step(files=files, load=EXPORTFS), lines)
    assert world.files == {("alice", "/etc/exports"): b"old\n"}
    assert world.executed == [
        "alice> /etc/exports 0644",
        "alice> /etc/exports.d/new.exports 0644",
        "alice$ exportfs -ra",
        "alice> /etc/exports 0644",
        "alice$ rm --force -- /etc/exports.d/new.exports",
        "alice$ exportfs -ra",
    ]


def test_previous_content_that_the_plan_does_not_hold_is_read_from_where_it_is_kept() -> None:
    world = FakeWorld(files={("alice", "/etc/secret"): b"old"})
    world.answers["exportfs -ra"] = [Result(1, ""), Result(0, "")]
    world.answers["base64 --wrap=0 -- /kept/etc/secret"] = [Result(0, "b2xk")]
    file = WriteFile("/etc/secret", Text.of(SecretRef("x")), before=sha(b"old"))
    with pytest.raises(StepFailed, match="put back"):
        execute(place(world), step(files=(file,), load=EXPORTFS), Lines())
    assert world.files["alice", "/etc/secret"] == b"old"


def test_a_wait_asks_until_it_holds() -> None:
    world, time, lines = FakeWorld(), FakeTime(), Lines()
    world.answers["drbdadm cstate r0"] = [Result(0, "WFConnection\n"), Unreachable("alice", "away"), Result(0, "Connected\n")]  # fmt: skip
    wait = Wait("the nodes are connected", cmd("drbdadm", "cstate", "r0"), Expect(one_of=("Connected",)), bound=30)
    execute(place(world, time=time), step(wait=wait), lines)
    assert time.at == 1002.0
    assert lines.lines[0][2:] == [0, "exit 0: WFConnection\naway\n"]


def test_a_wait_in_vain_tells_what_was_seen_last() -> None:
    world, time = FakeWorld(), FakeTime()
    world.answers["cat /proc/drbd"] = [Result(0, "cs:StandAlone\n")]
    wait = Wait("the nodes are connected", cmd("cat", "/proc/drbd"), Expect(contains=("Connected",)), bound=5)
    with pytest.raises(StepFailed, match=r"Waited 5 s in vain on alice: .*Seen last: exit 0: cs:StandAlone"):
        execute(place(world, time=time), step(wait=wait), Lines())
    assert time.at == 1005.0


def test_a_wait_ends_when_the_node_stays_away() -> None:
    world, time = FakeWorld(), FakeTime()
    world.answers["lvs"] = [Result(0, "media-before\n"), Unreachable("alice", "no route to host")]
    wait = Wait("it is merged", cmd("lvs"), Expect(one_of=("",)), bound=3000)
    with pytest.raises(
        StepFailed, match="alice has not answered for 120 s. Waited for: it is merged. Seen last: no ro"
    ):
        execute(place(world, time=time), step(wait=wait), Lines())
    assert time.at == 1121.0


@pytest.mark.parametrize("boot", ["boot-a", "boot-b"])
def test_a_node_that_was_away_goes_on_unless_it_was_restarted(boot: str) -> None:
    world = FakeWorld()
    world.answers["lvs"] = [Unreachable("alice", "away"), Result(5, "", "not found"), Result(0, "")]
    world.answers["cat /proc/sys/kernel/random/boot_id"] = [Result(0, f"{boot}\n")]
    wait = Wait("it is merged", cmd("lvs"), Expect(one_of=("",)), bound=3000)
    here = place(world, unit=UnitKey("web-files", 7, 3, 1, "boot-a"))
    if boot == "boot-a":
        assert execute(here, step(wait=wait), Lines()) == ""
    else:
        with pytest.raises(NodeRestarted):
            execute(here, step(wait=wait), Lines())


def test_a_wait_does_not_wait_for_a_refused_login() -> None:
    world = FakeWorld()
    world.answers["true"] = [LoginRefused("alice", "no")]
    with pytest.raises(LoginRefused):
        execute(place(world), step(wait=Wait("x", cmd("true"), Expect(), bound=60)), Lines())


def test_a_probe_that_sees_the_export() -> None:
    sights = [Seen("bob", False, None, "refused"), Seen("bob", True, ()), Seen("bob", True, ("/srv/web",))]
    time = FakeTime()
    look = place(FakeWorld(), address=None, time=time, look=lambda ip, paths: sights.pop(0))
    assert execute(look, step(probe=Probe("10.10.0.50", ("/srv/web",))), Lines()) == "Seen from bob."
    assert time.at == 1002.0


def test_a_probe_in_vain() -> None:
    look = place(FakeWorld(), address=None, look=lambda ip, paths: Seen("bob", True, ("/srv/other",)))
    with pytest.raises(StepFailed, match="bob: NFS answers and lists /srv/other"):
        execute(look, step(probe=Probe("10.10.0.50", ("/srv/web",), bound=3)), Lines())


def test_a_probe_waits_until_what_was_withdrawn_is_gone() -> None:
    sights = [
        Seen("bob", True, ("/srv/a", "/srv/b")),
        Seen("bob", True, None, "no list"),
        Seen("bob", True, ("/srv/a",)),
    ]
    look = place(FakeWorld(), address=None, look=lambda ip, paths: sights.pop(0))
    probe = Probe("10.10.0.50", ("/srv/a",), gone=("/srv/b",))
    assert execute(look, step(probe=probe), Lines()) == "Seen from bob."


def test_what_is_asked_once_is_asked_once() -> None:
    world, time = FakeWorld(), FakeTime()
    world.answers["unshare true"] = [Result(1, 'exportfs: unknown keyword "bogus"\n'), Result(0, "")]
    wait = Wait("exportfs takes the line", cmd("unshare", "true"), Expect(), bound=0)
    with pytest.raises(StepFailed, match=r"Not so on alice: exportfs takes the line. Seen: exit 1: .*bogus") as failed:
        execute(place(world, time=time), step(wait=wait), Lines())
    assert (time.at, failed.value.hint) == (1000.0, "Nothing was changed by this step.")


def test_a_way_back_that_fails_is_said() -> None:
    world = FakeWorld(files={("alice", "/etc/exports"): b"old\n"})
    world.answers["exportfs -ra"] = [Result(1, "", "bad line 1"), Result(1, "", "no table")]
    file = WriteFile("/etc/exports", Text.of("new\n"), before=sha(b"old\n"), before_text="old\n")
    with pytest.raises(StepFailed, match=r"bad line 1. .*which failed, too: .*no table"):
        execute(place(world), step(files=(file,), load=EXPORTFS), Lines())
    assert world.files["alice", "/etc/exports"] == b"old\n"


@pytest.mark.parametrize(
    ("seen", "so"),
    [
        ("204801\n", True),
        ("2048000\n", True),
        ("204800\n", False),
        ("2048\n", False),
        ("", False),
        ("204801 B", False),
        ("-1", False),
    ],
)
def test_larger_than_before_is_a_number_and_not_another_text(seen: str, so: bool) -> None:
    assert Expect(at_least=204801).holds(0, seen) is so


def test_a_part_that_begins_with_a_blank_begins_at_a_word() -> None:
    table = "/data/srv/homes 10.0.0.0/8(ro)\n/srv/media   10.0.0.0/8(rw)\n"
    assert not Expect(contains=(" /srv/homes 10.0.0.0/8(",)).holds(0, table)
    assert Expect(contains=(" /srv/media 10.0.0.0/8(rw)",), lacks=(" /srv/homes ",)).holds(0, table)
    assert Expect(contains=(" /data/srv/homes ",)).holds(0, table)
