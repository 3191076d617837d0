"""A batch of readings against a real sshd: one round trip, hostile output, hanging commands."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from provisioning.steps import cmd
from provisioning.transport import link
from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import READ_CAP, NodeAddress, Unreachable
from tests.transport.sshd import Sshd

pytestmark = pytest.mark.services


def test_a_batch_comes_back_in_order(world: SshWorld, alice: NodeAddress) -> None:
    results = world.read(
        alice, [cmd("sh", "-c", "sleep 0.3; echo late"), cmd("echo", "a 'b'\n$HOME `id`"), cmd("sh", "-c", "exit 7")]
    )
    assert [(r.exit, r.stdout) for r in results] == [(0, "late\n"), (0, "a 'b'\n$HOME `id`\n"), (7, "")]


def test_the_last_question_is_asked_at_the_very_end(world: SshWorld, alice: NodeAddress) -> None:
    slow, clock = world.read(alice, [cmd("sh", "-c", "sleep 0.5; date +%s.%N"), cmd("date", "+%s.%N")])
    assert float(slow.stdout) < float(clock.stdout)


def test_the_two_streams_are_apart(world: SshWorld, alice: NodeAddress) -> None:
    [result] = world.read(alice, [cmd("sh", "-c", "printf out; printf err >&2")])
    assert (result.stdout, result.stderr) == ("out", "err")


def test_the_environment_is_clean(world: SshWorld, alice: NodeAddress) -> None:
    [result] = world.read(alice, [cmd("env", DEBIAN_FRONTEND="noninteractive")])
    assert sorted(result.stdout.split()) == [
        "DEBIAN_FRONTEND=noninteractive",
        "HOME=/root",
        "LC_ALL=C",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]


def test_a_missing_program_and_a_signal(world: SshWorld, alice: NodeAddress) -> None:
    missing, killed = world.read(alice, [cmd("no-such-program"), cmd("sh", "-c", "kill -9 $$")])
    assert (missing.exit, killed.exit) == (127, 137)
    assert "No such file" in missing.stderr


def test_output_that_is_not_text(world: SshWorld, alice: NodeAddress) -> None:
    [result] = world.read(alice, [cmd("printf", r"a\377b\0c\033[31m\342\202")])
    assert result.stdout == "a\ufffdb\ufffdc\x1b[31m\ufffd"


def test_the_table_of_a_thousand_exports_comes_whole(world: SshWorld, alice: NodeAddress) -> None:
    [result] = world.read(alice, [cmd("sh", "-c", "yes 0123456789 | head -c 1500000")])
    assert not result.truncated
    assert len(result.stdout) == 1_500_000


def test_fifty_megabytes_are_capped_on_the_node(world: SshWorld, alice: NodeAddress) -> None:
    world.read(alice, [cmd("true")])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    [result] = world.read(alice, [cmd("sh", "-c", "echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo last")])
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert result.truncated and result.exit == 0
    assert result.stdout.startswith("first\n") and result.stdout.endswith("last\n")
    assert "bytes left out" in result.stdout
    assert READ_CAP <= len(result.stdout) < READ_CAP + 200
    assert grown < 20_000  # KiB


def test_an_endless_output_ends_at_its_deadline(world: SshWorld, alice: NodeAddress) -> None:
    [result, other] = world.read(alice, [cmd("yes", timeout=1), cmd("echo", "fine")])
    assert result.exit is None and result.truncated
    assert "no end after 1 seconds" in result.stderr
    assert other.stdout == "fine\n"


def test_a_hanging_reading_does_not_hold_the_others(world: SshWorld, alice: NodeAddress) -> None:
    began = time.monotonic()
    results = world.read(alice, [cmd("sleep", "60", timeout=1), *[cmd("echo", str(n)) for n in range(40)]])
    assert time.monotonic() - began < 30
    assert results[0].exit is None
    assert [r.stdout for r in results[1:]] == [f"{n}\n" for n in range(40)]


def test_a_background_process_does_not_hold_a_reading(world: SshWorld, alice: NodeAddress) -> None:
    began = time.monotonic()
    [result] = world.read(alice, [cmd("sh", "-c", "sleep 20 & echo started")])
    assert (result.exit, result.stdout) == (0, "started\n")
    assert time.monotonic() - began < 15


def test_a_channel_that_died_is_opened_again(sshd: Sshd, world: SshWorld, alice: NodeAddress) -> None:
    world.read(alice, [cmd("true")])
    sshd.drop_connections()
    assert world.read(alice, [cmd("echo", "again")])[0].stdout == "again\n"


def test_a_node_that_falls_silent(
    sshd: Sshd, world: SshWorld, alice: NodeAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "SILENCE", 5)
    assert world.read(alice, [cmd("sh", "-c", "sleep 7; echo long")])[0].stdout == "long\n", "it beats meanwhile"
    began = time.monotonic()
    sshd.freeze_connections()
    with pytest.raises(Unreachable, match="no sign of life"):
        world.read(alice, [cmd("true")])
    assert time.monotonic() - began < 20
    sshd.drop_connections()
    assert world.read(alice, [cmd("echo", "back")])[0].stdout == "back\n"


def test_a_node_that_is_off(sshd: Sshd, world: SshWorld, alice: NodeAddress) -> None:
    sshd.stop()
    with pytest.raises(Unreachable, match=f"alice: no SSH connection to 127.0.0.1 port {alice.port}"):
        world.read(alice, [cmd("true")])


def test_one_connection_serves_many_batches(sshd: Sshd, world: SshWorld, alice: NodeAddress) -> None:
    for _ in range(20):
        world.read(alice, [cmd("true")])
    assert sshd.log.count("Accepted publickey") == 1


def test_what_a_login_script_prints_is_skipped(sshd: Sshd, alice: NodeAddress, world: SshWorld) -> None:
    with (sshd.directory / "sshd_config").open("a") as config:
        config.write('ForceCommand echo "Welcome to alice"; eval "$SSH_ORIGINAL_COMMAND"\n')
    sshd.reload()
    assert world.read(alice, [cmd("echo", "ok")])[0].stdout == "ok\n"


def test_a_line_of_the_kernel_s_reads_as_cat_reads_it(world: SshWorld, alice: NodeAddress) -> None:
    boot, missing = "/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/no-such-line"
    [alone] = world.read(alice, [cmd("cat", boot)])
    beside, _ = world.read(alice, [cmd("cat", boot), cmd("true")])
    [absent] = world.read(alice, [cmd("cat", missing)])
    assert (
        (alone.exit, alone.stdout, alone.stderr)
        == (0, Path(boot).read_text(), "")
        == (beside.exit, beside.stdout, beside.stderr)
    )
    assert (absent.exit, absent.stderr) == (1, f"cat: {missing}: No such file or directory\n")
