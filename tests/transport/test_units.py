"""Steps as units on the node: run once, read back, followed over a broken connection, refused to a late worker."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.steps import cmd
from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import (
    ClaimRefused,
    EndNotSeen,
    NodeAddress,
    NodeRefused,
    NodeRestarted,
    UnitKey,
    Unreachable,
)
from tests.transport.sshd import Sshd

pytestmark = pytest.mark.services
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
UNIT = UnitKey("web-files", 7, 3, 1, BOOT)


def append(path: Path, word: str) -> tuple[str, ...]:
    return ("sh", "-c", f'echo "$0" >> {path}; echo said "$0"', word)


def test_a_step_runs_its_commands_in_order(world: SshWorld, sshd: Sshd, alice: NodeAddress, tmp_path: Path) -> None:
    results = world.run(alice, [cmd(*append(tmp_path / "log", "a b")), cmd(*append(tmp_path / "log", "$c"))], UNIT)
    assert [(r.exit, r.stdout) for r in results] == [(0, "said a b\n"), (0, "said $c\n")]
    assert (tmp_path / "log").read_text() == "a b\n$c\n"
    assert sshd.launched == ["storagepanel-j7-s3"]


def test_it_stops_at_the_first_unexpected_exit(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    commands = [cmd("sh", "-c", "exit 3", exits=(0, 3)), cmd("sh", "-c", "echo bad >&2; exit 4"), cmd("touch", str(tmp_path / "never"))]  # fmt: skip
    results = world.run(alice, commands, UNIT)
    assert [(r.exit, r.stderr) for r in results] == [(3, ""), (4, "bad\n")]
    assert not (tmp_path / "never").exists()


def test_the_same_unit_is_read_back(world: SshWorld, sshd: Sshd, alice: NodeAddress, tmp_path: Path) -> None:
    commands = [cmd(*append(tmp_path / "log", "once"))]
    first = world.run(alice, commands, UNIT)
    again = world.run(alice, commands, replace(UNIT, claim=2))
    assert again == first
    assert (tmp_path / "log").read_text() == "once\n"
    assert len(sshd.launched) == 1


def test_ten_deliveries_at_once_run_it_once(sshd: Sshd, alice: NodeAddress, tmp_path: Path) -> None:
    commands = [cmd(*append(tmp_path / "log", "once")), cmd("sleep", "0.3")]
    answers: list[object] = []

    def deliver() -> None:
        world = sshd.world()
        answers.append(world.run(alice, commands, UNIT))
        world.close()

    threads = [threading.Thread(target=deliver) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "log").read_text() == "once\n"
    assert len(answers) == 10 and all(answer == answers[0] for answer in answers)


def test_output_is_told_while_it_runs(world: SshWorld, alice: NodeAddress) -> None:
    heard: list[tuple[float, int, str]] = []
    began = time.monotonic()
    world.run(
        alice,
        [cmd("echo", "zero"), cmd("sh", "-c", "printf 'on\\303'; sleep 1; printf '\\251e'")],
        UNIT,
        on_output=lambda index, text: heard.append((time.monotonic() - began, index, text)),
    )
    assert "".join(text for _, index, text in heard if index == 0) == "zero\n"
    assert "".join(text for _, index, text in heard if index == 1) == "onée"
    assert heard[-1][0] - heard[0][0] > 0.5


def test_a_broken_connection_is_taken_up_again(sshd: Sshd, world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    heard: list[str] = []
    commands = [cmd(*append(tmp_path / "log", "once")), cmd("sh", "-c", "echo one; sleep 2; echo two")]

    def cut() -> None:
        wait_for(lambda: "one\n" in heard)
        sshd.drop_connections()

    cutter = threading.Thread(target=cut)
    cutter.start()
    results = world.run(alice, commands, UNIT, on_output=lambda _, text: heard.append(text))
    cutter.join()
    assert [r.exit for r in results] == [0, 0]
    assert "".join(heard) == "said once\none\ntwo\n"
    assert (tmp_path / "log").read_text() == "once\n"
    assert sshd.log.count("Accepted publickey") == 2


def test_a_node_that_stays_away_in_the_middle(sshd: Sshd, alice: NodeAddress) -> None:
    world = sshd.world(reattach_for=3.0)
    stopper = threading.Thread(target=lambda: (wait_for(lambda: bool(sshd.launched)), sshd.stop()))
    stopper.start()
    with pytest.raises(Unreachable, match="in the middle of the step"):
        world.run(alice, [cmd("sleep", "5")], UNIT)
    stopper.join()


def test_logins_that_are_refused_while_a_node_boots_are_waited_for(
    world: SshWorld, sshd: Sshd, alice: NodeAddress
) -> None:
    keys = (sshd.directory / "authorized_keys").read_text()

    def boot() -> None:
        wait_for(lambda: bool(sshd.launched))
        sshd.write("authorized_keys", "")
        sshd.drop_connections()
        wait_for(lambda: "Failed publickey" in sshd.log or "Connection closed by authenticating" in sshd.log)
        sshd.write("authorized_keys", keys)

    booting = threading.Thread(target=boot)
    booting.start()
    results = world.run(alice, [cmd("sleep", "5")], UNIT)
    booting.join()
    assert [r.exit for r in results] == [0]


def test_another_host_key_in_the_middle_is_no_failure_of_the_step(
    world: SshWorld, sshd: Sshd, alice: NodeAddress
) -> None:
    """The unit may still be at work, so nothing may be said of its end, and nothing is sent to whoever answers now."""

    def exchange() -> None:
        wait_for(lambda: bool(sshd.launched))
        sshd.new_host_key()
        sshd.drop_connections()
        sshd.reload()

    exchanger = threading.Thread(target=exchange)
    exchanger.start()
    with pytest.raises(EndNotSeen, match="another host key"):
        world.run(alice, [cmd("sleep", "5")], UNIT)
    exchanger.join()


def test_a_late_worker_is_refused(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    world.run(alice, [cmd("true")], replace(UNIT, claim=2))
    touch = cmd("touch", str(tmp_path / "never"))
    with pytest.raises(ClaimRefused):
        world.run(alice, [touch], replace(UNIT, step=4, claim=1))
    world.run(alice, [cmd("true")], replace(UNIT, job=8, claim=1))
    with pytest.raises(ClaimRefused):
        world.run(alice, [touch], replace(UNIT, step=4, claim=9))
    with pytest.raises(ClaimRefused):
        world.put(alice, str(tmp_path / "never"), b"", replace(UNIT, claim=9), mode="0644", owner="root:root", before=None)  # fmt: skip
    world.run(alice, [cmd("true")], replace(UNIT, cluster="media"))
    assert not (tmp_path / "never").exists()


def test_after_a_restart_of_the_node_nothing_runs(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    with pytest.raises(NodeRestarted):
        world.run(alice, [cmd("touch", str(tmp_path / "never"))], replace(UNIT, attempt="00000000-another"))
    assert not (tmp_path / "never").exists()


def test_other_commands_under_the_same_name_are_refused(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    world.run(alice, [cmd("sleep", "0")], UNIT)
    (tmp_path / "sshd" / "state" / "jobs" / "web-files" / f"j7-s3-{BOOT}" / "result").unlink()
    with pytest.raises(NodeRefused, match="other commands"):
        world.run(alice, [cmd("touch", str(tmp_path / "never"))], UNIT)


def test_a_unit_that_is_killed_says_so(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    started = tmp_path / "sshd" / "state" / "jobs" / "web-files" / f"j7-s3-{BOOT}" / "started"

    def kill() -> None:
        wait_for(lambda: (started.parent / "1.out").exists())
        os.kill(int(started.read_text()), 9)

    killer = threading.Thread(target=kill)
    killer.start()
    results = world.run(alice, [cmd("true"), cmd("sleep", "5"), cmd("true")], UNIT)
    killer.join()
    assert [r.exit for r in results] == [0, None]
    assert "the unit ended before this command did" in results[1].stderr


def test_a_command_that_does_not_end_is_stopped(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    commands = [cmd("sh", "-c", "echo begun; sleep 60", timeout=1), cmd("touch", str(tmp_path / "never"))]
    [result] = world.run(alice, commands, UNIT)
    assert (result.exit, result.stdout) == (None, "begun\n")
    assert "no end after 1 seconds" in result.stderr
    assert not (tmp_path / "never").exists()


def test_two_steps_never_run_at_the_same_time(sshd: Sshd, alice: NodeAddress, tmp_path: Path) -> None:
    first, second = sshd.world(), sshd.world()
    thread = threading.Thread(target=lambda: first.run(alice, [cmd("sleep", "2")], UNIT))
    thread.start()
    wait_for(lambda: (tmp_path / "sshd" / "state" / "jobs" / "web-files" / f"j7-s3-{BOOT}" / "0.out").exists())
    with pytest.raises(NodeRefused, match="an earlier step still runs here"):
        second.run(alice, [cmd("true")], replace(UNIT, job=8))
    thread.join()
    assert second.run(alice, [cmd("true")], replace(UNIT, job=8))[0].exit == 0


def test_another_worker_sees_what_was_left_behind(sshd: Sshd, alice: NodeAddress, tmp_path: Path) -> None:
    """In a unit of its own or in that of an earlier step, of which the name says nothing."""
    first, second = sshd.world(), sshd.world()
    later = replace(UNIT, step=4)
    asked = replace(later, claim=2, attempt="")  # who takes a job up does not know yet which boot it was planned on
    first.run(alice, [cmd("true")], UNIT)
    assert not second.runs(alice, [replace(asked, step=3), asked])
    thread = threading.Thread(target=lambda: first.run(alice, [cmd("sleep", "30")], later))
    thread.start()
    wait_for(lambda: second.runs(alice, [replace(asked, step=20_004), asked]))
    assert sshd.launched == ["storagepanel-j7-s3"]
    assert not second.runs(alice, [replace(asked, step=3)]) and not second.runs(alice, [replace(asked, job=8)])
    os.kill(process_of(tmp_path, UNIT), signal.SIGKILL)
    thread.join()
    assert not second.runs(alice, [asked])
    first.close()
    second.close()


def test_what_old_jobs_left_is_tidied(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    for job in (7, 30, 58):
        world.run(alice, [cmd("true")], replace(UNIT, job=job, attempt=""))
    home = tmp_path / "sshd" / "state" / "jobs" / "web-files"
    assert sorted(path.name for path in home.glob("j*")) == ["j30-s3", "j30.next", "j58-s3", "j58.next"]


def test_a_unit_that_cannot_start(sshd: Sshd, alice: NodeAddress) -> None:
    world = sshd.world(launcher=["false"])
    with pytest.raises(NodeRefused, match="could not be started"):
        world.run(alice, [cmd("true")], UNIT)
    world = sshd.world()
    assert world.run(alice, [cmd("true")], UNIT)[0].exit == 0


def test_the_steps_of_a_job_share_a_unit(world: SshWorld, sshd: Sshd, alice: NodeAddress, tmp_path: Path) -> None:
    for step in (3, 4, 5):
        [result] = world.run(alice, [cmd(*append(tmp_path / "log", str(step)))], replace(UNIT, step=step))
        assert (result.exit, result.stdout) == (0, f"said {step}\n")
    assert (tmp_path / "log").read_text() == "3\n4\n5\n"
    assert sshd.launched == ["storagepanel-j7-s3"]
    world.run(alice, [cmd("true")], replace(UNIT, job=8))
    assert sshd.launched == ["storagepanel-j7-s3", "storagepanel-j8-s3"]


def test_a_unit_that_died_between_two_steps_is_replaced(
    world: SshWorld, sshd: Sshd, alice: NodeAddress, tmp_path: Path
) -> None:
    world.run(alice, [cmd("true")], UNIT)
    os.kill(process_of(tmp_path, UNIT), signal.SIGKILL)
    assert world.run(alice, [cmd(*append(tmp_path / "log", "once"))], replace(UNIT, step=4))[0].exit == 0
    assert (tmp_path / "log").read_text() == "once\n"
    assert sshd.launched == ["storagepanel-j7-s3", "storagepanel-j7-s4"]


def test_a_unit_that_sleeps_is_not_waited_for_and_runs_nothing_later(
    world: SshWorld, sshd: Sshd, alice: NodeAddress, tmp_path: Path
) -> None:
    world.run(alice, [cmd("true")], UNIT)
    asleep = process_of(tmp_path, UNIT)
    os.kill(asleep, signal.SIGSTOP)
    try:
        assert world.run(alice, [cmd(*append(tmp_path / "log", "once"))], replace(UNIT, step=4))[0].exit == 0
    finally:
        os.kill(asleep, signal.SIGCONT)
    assert world.run(alice, [cmd(*append(tmp_path / "log", "more"))], replace(UNIT, step=5))[0].exit == 0
    time.sleep(0.5)
    assert (tmp_path / "log").read_text() == "once\nmore\n"
    assert sshd.launched == ["storagepanel-j7-s3", "storagepanel-j7-s4"]


def test_a_unit_ends_when_nothing_more_comes(sshd: Sshd, alice: NodeAddress, tmp_path: Path) -> None:
    world = sshd.world(linger=1)
    world.run(alice, [cmd("true")], UNIT)
    waiting = process_of(tmp_path, UNIT)
    socket = tmp_path / "sshd" / "state" / "jobs" / "web-files" / "j7.next"
    assert socket.is_socket()
    wait_for(lambda: not socket.exists())
    wait_for(
        lambda: not Path(f"/proc/{waiting}").exists() or "Z" in Path(f"/proc/{waiting}/stat").read_text().split()[2]
    )
    world.close()


def process_of(tmp_path: Path, unit: UnitKey) -> int:
    return int(
        (
            tmp_path / "sshd" / "state" / "jobs" / unit.cluster / f"j{unit.job}-s{unit.step}-{BOOT}" / "started"
        ).read_text()
    )


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)
