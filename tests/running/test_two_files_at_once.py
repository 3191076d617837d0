"""Files of one step, and the halves of two nodes: neither is left alone, whatever refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clusters.states import JobStatus
from provisioning.models import Job
from provisioning.steps import Command, Expect, Kind, Stage, Step, Text, Wait, WriteFile, cmd
from provisioning.transport.world import NodeRefused, Result, Unreachable
from tests.running.conftest import Pair, silent_at
from tests.running.test_back_on_both import PATH, SHOW, TAKE, carried, sha, writing

__all__ = ["carried"]
GROUP = "/etc/ha.d/haresources"
OLD, NEW = b"old\n", b"new\n"
BOTH_OLD = {("alice", PATH): OLD, ("bob", PATH): OLD}


def file(path: str) -> WriteFile:
    return WriteFile(path, Text.of("new\n"), before=sha(OLD), before_text="old\n")


def two(node: str, *, load: Command | None = None, **more: Any) -> Step:
    stage = Stage.LIVE if load else Stage.EXPORTS
    files = (file(PATH), file(GROUP))
    return Step(node, f"Write on {node}", Kind.WRITES, stage, files=files, load=load, both=load is not None, **more)


def test_the_first_file_of_the_standby_node_goes_back_when_its_second_is_refused(
    carried: Callable[..., Job], pair: Pair
) -> None:
    pair.world.files = {("bob", PATH): OLD, ("bob", GROUP): b"by hand\n"}
    job = carried(two("bob"))
    assert job.status == JobStatus.FAILED
    assert pair.world.files == {("bob", PATH): OLD, ("bob", GROUP): b"by hand\n"}
    assert f"{PATH} was put back." in job.problem


def test_files_go_back_on_both_when_the_node_does_not_even_begin_to_load_them(
    carried: Callable[..., Job], pair: Pair
) -> None:
    pair.world.files = dict(BOTH_OLD)
    pair.world.answers[str(TAKE)] = [NodeRefused("alice", "no room for its notes")]
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert pair.world.files == BOTH_OLD
    assert f"no room for its notes. {PATH} was put back. On bob it was put back." in job.problem


def test_the_other_node_keeps_its_file_when_this_one_keeps_it(carried: Callable[..., Job], pair: Pair) -> None:
    """A half that goes back alone would make the nodes disagree, for no good."""
    pair.world.files = dict(BOTH_OLD)
    pair.world.answers[str(TAKE)] = [Result(1, "", "bad line")]
    put = pair.world.put

    def refusing(node: Any, path: str, content: bytes, *rest: Any, **more: Any) -> str | None:
        if node.name == "alice" and content == OLD:
            raise NodeRefused("alice", "no room")
        return put(node, path, content, *rest, **more)

    pair.world.put = refusing  # type: ignore[method-assign]
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert set(pair.world.files.values()) == {NEW}
    assert "to be put back and loaded again, which failed, too: no room" in job.problem
    assert "On bob it was put back" not in job.problem


def test_a_node_that_is_silent_after_it_took_the_files_is_not_called_one_that_refused(
    carried: Callable[..., Job], pair: Pair
) -> None:
    """The other one may serve by now, with the new files: they stay."""
    pair.world.files = dict(BOTH_OLD)
    pair.world.answers[str(SHOW)] = [Unreachable("alice", "no answer")]
    seen = Wait("it is exported", SHOW, Expect(contains=("/srv/new",)), bound=3)
    job = carried(writing("bob", load=False), replace(writing("alice", load=True), wait=seen))
    assert job.status == JobStatus.INTERRUPTED
    assert set(pair.world.files.values()) == {NEW}


def test_a_way_back_runs_in_the_place_of_loading(carried: Callable[..., Job], pair: Pair) -> None:
    pair.world.files = {(name, path): OLD for name in ("alice", "bob") for path in (PATH, GROUP)}
    rename, back = cmd("lvrename", "vg", "homes", "houses"), cmd("lvrename", "vg", "houses", "homes", exits=(0, 5))
    pair.world.answers[str(rename)] = [Result(5, "", "Failed to write VG")]
    pair.world.answers[str(back)] = [Result(5, "", "no such volume")]
    job = carried(two("bob"), two("alice", load=rename, way_back=(back,)))
    assert set(pair.world.files.values()) == {OLD}
    assert [line for line in pair.world.executed if "lvrename" in line] == [f"alice$ {rename}", f"alice$ {back}"]
    assert "Failed to write VG. The previous files were put back. On bob it was put back." in job.problem


@pytest.mark.parametrize("after", ["bob", "alice"])
def test_a_job_is_not_called_off_between_two_halves(carried: Callable[..., Job], pair: Pair, after: str) -> None:
    pair.world.files = dict(BOTH_OLD)
    put = pair.world.put

    def calling_off(node: Any, *rest: Any, **more: Any) -> str | None:
        if node.name == after:
            Job.objects.update(cancel_requested=True)
        return put(node, *rest, **more)

    pair.world.put = calling_off  # type: ignore[method-assign]
    last = Step("alice", "See it", Kind.WAITS, Stage.TIDY, wait=Wait("it is there", cmd("true"), Expect(), bound=1))
    job = carried(writing("bob", load=False), writing("alice", load=True), last)
    assert job.status == JobStatus.CANCELLED
    assert set(pair.world.files.values()) == {NEW}
    assert f"alice$ {TAKE}" in pair.world.executed


@pytest.mark.parametrize(
    ("role", "stays"), [("Secondary/Primary", OLD), ("Secondary/Unknown", NEW), ("Primary/Unknown", NEW), ("", NEW)]
)
def test_the_other_half_goes_back_when_the_node_is_not_reached_unless_it_takes_over(
    carried: Callable[..., Job], pair: Pair, role: str, stays: bytes
) -> None:
    """Nothing was loaded: a standby node that kept its half would start something else than what is."""
    pair.world.files = dict(BOTH_OLD)
    pair.world.answers["drbdadm role r0"] = [Result(0, f"{role}\n")]
    silent_at(pair, "alice")
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert job.status == JobStatus.FAILED
    assert pair.world.files == {("alice", PATH): OLD, ("bob", PATH): stays}
    assert ("On bob it was put back." in job.problem) is (stays is OLD)
    assert ("What was written on bob stays there: " in job.problem) is (stays is NEW)


def test_a_way_back_that_fails_leaves_the_other_node_as_it_is(carried: Callable[..., Job], pair: Pair) -> None:
    pair.world.files = {(name, path): OLD for name in ("alice", "bob") for path in (PATH, GROUP)}
    rename, back = cmd("lvrename", "vg", "homes", "houses"), cmd("lvs", "vg/homes")
    pair.world.answers[str(rename)] = [Result(5, "", "Failed to resume")]
    pair.world.answers[str(back)] = [Result(5, "", "Failed to find logical volume")]
    job = carried(two("bob"), two("alice", load=rename, way_back=(back,)))
    assert pair.world.files["bob", GROUP] == NEW
    assert "Failed to find logical volume" in job.problem
    assert "On bob it was put back" not in job.problem


@pytest.mark.parametrize("refused", ["load", "file"])
def test_what_was_there_for_the_files_only_goes_when_they_are_refused(
    carried: Callable[..., Job], pair: Pair, refused: str
) -> None:
    away = cmd("umount", "--lazy", "/srv/houses")
    pair.world.files = dict(BOTH_OLD) | ({("alice", PATH): b"by hand\n"} if refused == "file" else {})
    pair.world.answers[str(TAKE)] = [Result(1, "", "bad line"), Result(0, "")]
    carried(writing("bob", load=False), replace(writing("alice", load=True), if_it_fails=away))
    assert pair.world.executed[-2:].count(f"alice$ {away}") == 1
    assert pair.world.files["bob", PATH] == OLD
