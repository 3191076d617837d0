"""Secrets leave a text wherever it is cut: between two pieces of output, and where the node left out the middle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.masking import NOT_SHOWN, Flow, Mask
from provisioning.place import StepFailed
from provisioning.runner import execute
from provisioning.steps import Expect, Guard, Wait, cmd
from provisioning.transport.world import Result, Unreachable
from tests.running.fakes import FakeTime, FakeWorld, Lines
from tests.running.test_runner import place, step

SECRET = "3b1f0a77c2d94e5586aa"
KEY = b"-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\nQyNTUxOQAAACBk\n-----END KEY-----\n"
MASK = Mask([SECRET.encode(), KEY])
SHOW = cmd("show")


def test_a_key_is_hidden_line_by_line() -> None:
    assert MASK(f"a {SECRET}, b AAAAB3NzaC1yc2E\n-----END KEY-----") == (
        f"a {NOT_SHOWN}, b {NOT_SHOWN}\n-----END KEY-----"
    )


@given(st.lists(st.integers(0, 60), max_size=6))
def test_in_pieces_as_in_one(cuts: list[int]) -> None:
    text = f"one 3b1f {SECRET} and {SECRET}, QyNTUxOQAAACBk\n"
    edges = [0, *sorted(cuts), len(text)]
    flow = Flow(MASK)
    assert "".join(flow.more(text[a:b]) for a, b in zip(edges, edges[1:], strict=False)) == MASK(text)


def test_nothing_is_held_back_that_begins_no_secret() -> None:
    assert Flow(MASK).more("Reading…") == "Reading…"


@pytest.mark.parametrize("at", range(8, 13))
def test_what_is_left_of_one_around_a_cut_is_hidden(at: int) -> None:
    note = "\n[17 bytes left out]\n"
    shown = MASK.result(Result(0, f"head {SECRET[:at]}{note}{SECRET[at:]} tail", truncated=True)).stdout
    assert shown == f"head {NOT_SHOWN}{note}{NOT_SHOWN} tail"


def test_guards_and_waits_hide_it_too() -> None:
    world, lines = FakeWorld(), Lines()
    world.answers["show"] = [Result(1, SECRET)]
    guard = Guard("it is so", SHOW, Expect())
    with pytest.raises(StepFailed) as failed:
        execute(place(world, mask=MASK), step(guards=(guard,)), lines)
    assert SECRET not in failed.value.text
    world.answers["show"] = [Result(1, SECRET), Unreachable("alice", SECRET)]
    with pytest.raises(StepFailed) as failed:
        execute(place(world, mask=MASK, time=FakeTime()), step(wait=Wait("so", SHOW, Expect(), bound=5)), lines)
    assert SECRET not in failed.value.text + repr(lines.lines)
    assert NOT_SHOWN in repr(lines.lines)
