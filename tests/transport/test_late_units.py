"""Units that systemd starts later than the panel waits for: what was called off never runs, and what was begun is followed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from provisioning.steps import cmd
from provisioning.transport import frames
from provisioning.transport.world import NodeAddress, NodeRefused
from tests.transport.sshd import Sshd
from tests.transport.test_units import BOOT, UNIT, append

pytestmark = pytest.mark.services
HEAD = '#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do shift; done\n'
LATE = 'setsid sh -c \'sleep 4; "$@"; touch "$0"\' "$(dirname "$0")/came" "$@" </dev/null >/dev/null 2>&1 &\n'
HANGS = f"{LATE}sleep 60\n"
# A step that was begun: `started` is there before anybody looks, its text never comes, and the end comes late.
STALLS = (
    'touch "$3/started"; cd "$3"\n'
    "setsid sh -c 'sleep 2.5; printf \"\\0\\0\\0\\0010\\0\\0\\0\\0011\\0\\0\\0\\0010\" >0.end; echo once >0.out; touch result' "
    "</dev/null >/dev/null 2>&1 &\n"
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    text = frames.SERVE
    for slow, fast in ((b"$PATIENCE = 15;", b"$PATIENCE = 1;"), (b"$LAUNCH   = 30;", b"$LAUNCH = 1;")):
        assert slow in text
        text = text.replace(slow, fast)
    monkeypatch.setattr(frames, "SERVE", text)


@pytest.mark.parametrize(
    ("launcher", "said"), [(LATE, "the unit did not begin"), (HANGS, "could not be started")], ids=["late", "hangs"]
)
def test_a_unit_that_comes_too_late_runs_nothing(
    sshd: Sshd, alice: NodeAddress, tmp_path: Path, launcher: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sshd.write("late", HEAD + launcher, 0o755)
    world = sshd.world(launcher=[str(sshd.directory / "late")])
    commands = [cmd(*append(tmp_path / "log", "once"))]
    with pytest.raises(NodeRefused, match=said):
        world.run(alice, commands, UNIT)
    came = sshd.directory / "came"
    give_up = time.monotonic() + 30
    while not came.exists():
        assert time.monotonic() < give_up, "the late unit never came"
        time.sleep(0.05)
    assert not (tmp_path / "log").exists()
    assert not world.runs(alice, [UNIT])
    monkeypatch.undo()
    assert sshd.world().run(alice, commands, UNIT)[0].exit == 0
    assert (tmp_path / "log").read_text() == "once\n"
    world.close()


def test_a_unit_that_was_begun_and_stalls_is_followed(sshd: Sshd, alice: NodeAddress, tmp_path: Path) -> None:
    sshd.write("stalls", HEAD + STALLS, 0o755)
    world = sshd.world(launcher=[str(sshd.directory / "stalls")])
    [result] = world.run(alice, [cmd(*append(tmp_path / "log", "twice"))], UNIT)
    assert (result.exit, result.stdout) == (0, "once\n")
    assert not (tmp_path / "log").exists()
    world.close()


def test_a_step_that_was_called_off_and_not_put_aside_is_begun_anew(
    sshd: Sshd, alice: NodeAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel may break between the two."""
    monkeypatch.undo()
    home = tmp_path / "sshd" / "state" / "jobs" / UNIT.cluster / f"j7-s3-{BOOT}"
    home.mkdir(parents=True)
    (home / "started").write_text("void")
    world = sshd.world()
    assert world.run(alice, [cmd(*append(tmp_path / "log", "once"))], UNIT)[0].exit == 0
    assert (tmp_path / "log").read_text() == "once\n"
    world.close()
