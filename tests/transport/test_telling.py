"""A step tells who follows it when a command has ended; who does not hear it looks."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from provisioning.steps import cmd
from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import NodeAddress
from tests.transport.sshd import Sshd
from tests.transport.test_units import UNIT, wait_for

pytestmark = pytest.mark.services


def test_the_end_of_a_command_is_told_and_seen_without_it(world: SshWorld, sshd: Sshd, alice: NodeAddress) -> None:
    """Another ear takes the follower's place, so the follower hears nothing and has to look."""
    home = sshd.directory / "state" / "jobs" / UNIT.cluster
    answers: list[list[int | None]] = []
    commands = [cmd("sleep", "3"), cmd("true")]
    running = threading.Thread(target=lambda: answers.append([r.exit for r in world.run(alice, commands, UNIT)]))
    running.start()
    wait_for(lambda: bool(list(home.glob("j7-s3-*/told"))))
    [path] = home.glob("j7-s3-*/told")
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear, contextlib.chdir(path.parent):
        ear.bind("told")
        ear.settimeout(20)
        assert [ear.recv(16) for _ in range(3)] == [b"."] * 3  # two commands, then the step
    running.join(20)
    assert answers == [[0, 0]]
