"""A file that is the same on both nodes, and one of them does not take it: then neither keeps it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model

from clusters.states import JobStatus
from provisioning import jobs, worker
from provisioning.models import Job
from provisioning.steps import Expect, Kind, Stage, Step, Text, Wait, WriteFile, cmd
from provisioning.transport.world import Result, UnitKey
from tests.jobs.conftest import request_of
from tests.running.conftest import Pair, fresh

PATH = "/etc/exports.d/storagepanel.exports"
TAKE = cmd("exportfs", "-r")
SHOW = cmd("exportfs", "-v")


def sha(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def writing(node: str, *, load: bool, both: bool = True, before: str | None = "old\n") -> Step:
    file = WriteFile(PATH, Text.of("new\n"), before=sha(before.encode()) if before else None, before_text=before)
    stage = Stage.LIVE if load else Stage.EXPORTS
    return Step(node, f"Write on {node}", Kind.WRITES, stage, files=(file,), load=TAKE if load else None, both=both)


@pytest.fixture
def carried(draft: Callable[[], Job], pair: Pair) -> Callable[..., Job]:
    """Approve and run a job of these steps."""

    def carry(*steps: Step) -> Job:
        pair.extra = steps
        job = draft()
        worker.propose(job.pk)
        job.refresh_from_db()
        jobs.approve(request_of(get_user_model().objects.get(username="olga")), job)
        worker.run(job.pk)
        done: Job = fresh(job)
        return done

    return carry


def test_what_the_active_node_refuses_is_put_back_on_both(carried: Callable[..., Job], pair: Pair) -> None:
    pair.world.files = {("alice", PATH): b"old\n", ("bob", PATH): b"old\n"}
    pair.world.answers[str(TAKE)] = [Result(1, "", "bad line"), Result(0, "")]
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert job.status == JobStatus.FAILED
    assert set(pair.world.files.values()) == {b"old\n"}
    assert "The previous files were put back and loaded again. On bob it was put back." in job.problem
    bob = job.steps.get(title="Write on bob")
    assert bob.note == "Put back to what it was, because alice does not have it."
    assert [(line.kind, line.output) for line in bob.commands.order_by("position")] == [
        ("put", ""),
        ("put", "put back"),
    ]


def test_a_file_that_was_not_there_goes_again(carried: Callable[..., Job], pair: Pair) -> None:
    pair.world.answers[str(TAKE)] = [Result(1, "", "bad line"), Result(0, "")]
    carried(writing("bob", load=False, before=None), writing("alice", load=True, before=None))
    assert pair.world.files == {}


def test_a_file_changed_by_hand_on_the_active_node_is_left_and_the_other_one_put_back(
    carried: Callable[..., Job], pair: Pair
) -> None:
    pair.world.files = {("alice", PATH): b"by hand\n", ("bob", PATH): b"old\n"}
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert pair.world.files == {("alice", PATH): b"by hand\n", ("bob", PATH): b"old\n"}
    assert job.problem.endswith("On bob it was put back.")


def test_what_cannot_be_put_back_is_said(carried: Callable[..., Job], pair: Pair) -> None:
    pair.world.files = {("alice", PATH): b"old\n", ("bob", PATH): b"old\n"}
    pair.world.answers[str(TAKE)] = [Result(1, "", "bad line"), Result(0, "")]

    def meanwhile(_: UnitKey) -> None:
        if pair.world.files["bob", PATH] == b"new\n":
            pair.world.files["bob", PATH] = b"somebody's\n"

    pair.world.before_run = meanwhile
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert "On bob it could not be put back, so the nodes' files differ" in job.problem
    assert pair.world.files["bob", PATH] == b"somebody's\n"


def test_other_steps_leave_the_other_node_as_it_is(carried: Callable[..., Job], pair: Pair) -> None:
    pair.world.files = {("alice", PATH): b"old\n", ("bob", PATH): b"old\n"}
    pair.world.answers[str(TAKE)] = [Result(1, "", "bad line"), Result(0, "")]
    carried(writing("bob", load=False), writing("alice", load=True, both=False))
    assert pair.world.files == {("alice", PATH): b"old\n", ("bob", PATH): b"new\n"}


def test_a_file_that_was_taken_without_effect_is_put_back_on_both(carried: Callable[..., Job], pair: Pair) -> None:
    """exportfs ends with 0 when it could not write its table: seen on a real node."""
    pair.world.files = {("alice", PATH): b"old\n", ("bob", PATH): b"old\n"}
    pair.world.answers[str(SHOW)] = [Result(0, "/srv/old\n")]
    see = Wait("it is in the table", SHOW, Expect(contains=("/srv/new",)), bound=0)
    job = carried(writing("bob", load=False), replace(writing("alice", load=True), wait=see))
    assert job.status == JobStatus.FAILED
    assert set(pair.world.files.values()) == {b"old\n"}
    assert "it is in the table" in job.problem
    assert "The previous files were put back and loaded again. On bob it was put back." in job.problem


GROUP = "/etc/ha.d/haresources"


def both_files(step: Step) -> Step:
    group = WriteFile(GROUP, Text.of("named new\n"), before=sha(b"named\n"), before_text="named\n")
    return replace(step, files=(*step.files, group))


def named(node: str) -> Step:
    """An earlier step of the same job, which is not taken back."""
    file = WriteFile(GROUP, Text.of("named\n"), before=sha(b"first\n"), before_text="first\n")
    return Step(node, f"Name it on {node}", Kind.WRITES, Stage.MANAGER, files=(file,))


@pytest.mark.parametrize("refused", ["load", "second file"])
def test_files_that_belong_together_go_back_together_to_what_the_last_step_replaced(
    carried: Callable[..., Job], pair: Pair, refused: str
) -> None:
    pair.world.files = {(node, PATH): b"old\n" for node in ("alice", "bob")}
    pair.world.files |= {("alice", GROUP): b"by hand\n" if refused == "second file" else b"named\n"}
    pair.world.files |= {("bob", GROUP): b"first\n"}
    if refused == "load":
        pair.world.answers[str(TAKE)] = [Result(1, "", "bad line"), Result(0, "")]
    job = carried(named("bob"), both_files(writing("bob", load=False)), both_files(writing("alice", load=True)))
    assert job.status == JobStatus.FAILED
    assert {pair.world.files[node, PATH] for node in ("alice", "bob")} == {b"old\n"}
    assert pair.world.files["bob", GROUP] == b"named\n"
    assert pair.world.files["alice", GROUP] == (b"by hand\n" if refused == "second file" else b"named\n")
    assert job.problem.endswith("On bob it was put back.")
    assert (f"{PATH} was put back." in job.problem) is (refused == "second file")
