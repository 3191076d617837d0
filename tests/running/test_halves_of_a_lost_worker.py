"""A worker is lost, or its node, between the two halves of a change: the next one ends it on both nodes, or on neither, or says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from clusters.findings import blocker
from clusters.states import JobStatus
from provisioning import jobs, worker
from provisioning.models import Job
from provisioning.steps import Expect, Kind, Stage, Step, Text, Wait, WriteFile, cmd
from provisioning.transport.world import HostKeyChanged, NodeRefused, Result, Unreachable
from tests.jobs.conftest import request_of
from tests.running.conftest import Pair, fresh, silent_at
from tests.running.test_back_on_both import PATH, SHOW, TAKE, carried, sha, writing
from tests.running.test_two_files_at_once import BOTH_OLD, GROUP, NEW, OLD, two

__all__ = ["carried"]
ROLE, TAKE_LINE = "drbdadm role r0", str(TAKE)
TRIAL = Step("alice", "Try it", Kind.WAITS, Stage.EXPORTS, wait=Wait("it is taken", cmd("try"), Expect(), bound=0))
RENAME, BACK = cmd("lvrename", "vg", "homes", "houses"), cmd("lvrename", "vg", "houses", "homes", exits=(0, 5))


@pytest.fixture
def lost(draft: Callable[[], Job], pair: Pair) -> Callable[..., Job]:
    """The worker of a job of these steps dies when the node's file is written; the job is free for the next one."""

    def lose(node: str, *steps: Step) -> Job:
        put = pair.world.put

        def dying(where: Any, *rest: Any, **more: Any) -> str | None:
            kept = put(where, *rest, **more)
            if where.name == node:
                raise KeyboardInterrupt
            return kept

        pair.extra = steps
        job = draft()
        worker.propose(job.pk)
        jobs.approve(request_of(get_user_model().objects.get(username="olga")), fresh(job))
        pair.world.put = dying  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            worker.run(job.pk)
        pair.world.put = put  # type: ignore[method-assign]
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        return job

    return lose


def go_on(job: Job) -> Job:
    worker.run(job.pk)
    return fresh(job)


@pytest.mark.parametrize("role", ["Secondary/Primary", "Secondary/Unknown", "Primary/Unknown"])
def test_a_new_name_does_not_stay_on_the_other_node_whatever_it_is_about_to_do(
    carried: Callable[..., Job], pair: Pair, role: str
) -> None:
    """LVM has the old name: with the new one in its service group the node could start nothing."""
    pair.world.files = {(name, path): OLD for name in ("alice", "bob") for path in (PATH, GROUP)}
    pair.world.answers[ROLE] = [Result(0, f"{role}\n")]
    silent_at(pair, "alice")
    job = carried(two("bob"), two("alice", load=RENAME, way_back=(BACK,)))
    assert set(pair.world.files.values()) == {OLD}
    assert "On bob it was put back." in job.problem


def test_what_a_node_refuses_stays_on_the_other_one_when_that_one_serves_by_now(
    carried: Callable[..., Job], pair: Pair
) -> None:
    pair.world.files = dict(BOTH_OLD)
    pair.world.answers[TAKE_LINE] = [Result(1, "", "bad line"), Result(0, "")]
    pair.world.answers[ROLE] = [Result(0, "Primary/Unknown\n")]
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert pair.world.files == {("alice", PATH): OLD, ("bob", PATH): NEW}
    assert "What was written on bob stays there: it serves, or is about to." in job.problem


def test_a_refused_login_after_the_load_is_no_reason_to_put_anything_back(
    carried: Callable[..., Job], pair: Pair
) -> None:
    pair.world.files = dict(BOTH_OLD)
    pair.world.answers[str(SHOW)] = [HostKeyChanged("alice", "another key")]
    seen = Wait("it is exported", SHOW, Expect(contains=("/srv/new",)), bound=3)
    job = carried(writing("bob", load=False), replace(writing("alice", load=True), wait=seen))
    assert job.status == JobStatus.INTERRUPTED
    assert set(pair.world.files.values()) == {NEW}


def test_a_file_goes_back_byte_for_byte(carried: Callable[..., Job], pair: Pair) -> None:
    """What was read of it is text: with an end of its last line, and without what is not UTF-8."""
    was = b"# f\xfcr alle\nold"
    file = WriteFile(PATH, Text.of("new\n"), before=sha(was), before_text="# f\N{REPLACEMENT CHARACTER}r alle\nold\n")
    pair.world.files = {("alice", PATH): was, ("bob", PATH): was}
    pair.world.answers[f"base64 --wrap=0 -- /kept{PATH}"] = [Result(0, "IyBm/HIgYWxsZQpvbGQ=")]
    pair.world.answers[TAKE_LINE] = [Result(1, "", "bad line"), Result(0, "")]
    steps = [replace(writing(node, load=node == "alice"), files=(file,)) for node in ("bob", "alice")]
    job = carried(*steps)
    assert set(pair.world.files.values()) == {was}
    assert "On bob it was put back." in job.problem


def test_called_off_while_nobody_had_it_both_get_it_first(lost: Callable[..., Job], pair: Pair) -> None:
    """The next worker begins with the trial, which is no half."""
    pair.world.files = dict(BOTH_OLD)
    last = Step("alice", "See it", Kind.WAITS, Stage.TIDY, wait=Wait("it is there", cmd("true"), Expect(), bound=1))
    job = lost("bob", TRIAL, writing("bob", load=False), writing("alice", load=True), last)
    pair.extra = (TRIAL, writing("alice", load=True), last)
    Job.objects.update(cancel_requested=True)
    assert go_on(job).status == JobStatus.CANCELLED
    assert set(pair.world.files.values()) == {NEW}
    assert f"alice$ {TAKE}" in pair.world.executed


def test_what_the_trial_refuses_then_goes_back_on_the_other_node(lost: Callable[..., Job], pair: Pair) -> None:
    pair.world.files = dict(BOTH_OLD)
    job = lost("bob", TRIAL, writing("bob", load=False), writing("alice", load=True))
    pair.extra = (TRIAL, writing("alice", load=True))
    pair.world.answers["try"] = [Result(1, "", "bad line")]
    assert "On bob it was put back." in go_on(job).problem
    assert pair.world.files == BOTH_OLD


def test_what_a_lost_worker_wrote_goes_back_with_the_rest(lost: Callable[..., Job], pair: Pair) -> None:
    """It died between the two files of alice, so a fresh plan has the second one only."""
    pair.world.files = {(name, path): OLD for name in ("alice", "bob") for path in (PATH, GROUP)}
    alice = two("alice", load=TAKE)
    job = lost("alice", two("bob"), alice)
    assert (pair.world.files["alice", PATH], pair.world.files["alice", GROUP]) == (NEW, OLD)
    pair.extra = (replace(alice, files=alice.files[1:]),)
    pair.world.answers[TAKE_LINE] = [Result(1, "", "bad line"), Result(0, "")]
    done = go_on(job)
    assert "The previous files were put back and loaded again. On bob it was put back." in done.problem
    assert set(pair.world.files.values()) == {OLD}


def test_a_rename_that_lost_its_worker_takes_everything_back_when_it_is_refused(
    lost: Callable[..., Job], pair: Pair
) -> None:
    """Both groups have the new name already, so a fresh plan has the rename only."""
    pair.world.files = {(name, PATH): OLD for name in ("alice", "bob")}
    alice = replace(writing("alice", load=False), load=RENAME, way_back=(BACK,))
    job = lost("alice", writing("bob", load=False), alice)
    pair.extra = (replace(alice, files=(), load=None, way_back=(), commands=(RENAME,)),)
    pair.world.answers[str(RENAME)] = [Result(5, "", "Failed to write VG")]
    done = go_on(job)
    assert "The previous files were put back. On bob it was put back." in done.problem
    assert set(pair.world.files.values()) == {OLD}


@pytest.mark.parametrize("why", ["silent", "blocked", "other"])
def test_a_job_that_cannot_go_on_leaves_no_half_that_nobody_else_has(
    lost: Callable[..., Job], pair: Pair, why: str
) -> None:
    pair.world.files = dict(BOTH_OLD)
    job = lost("bob", writing("bob", load=False), writing("alice", load=True))
    if why == "silent":
        pair.away = Unreachable("alice", "no answer")
    if why == "blocked":
        pair.findings = (blocker("volume.gone", "There is no volume.", hint="Look."),)
    pair.extra = (writing("alice", load=True),) if why == "blocked" else ()
    if why == "other":
        pair.extra = (Step("alice", "Something else", Kind.WRITES, Stage.LIVE, commands=(cmd("else"),)),)
    assert "On bob it was put back." in go_on(job).problem
    assert pair.world.files == BOTH_OLD


def test_a_half_that_the_lost_worker_may_have_written_is_told(lost: Callable[..., Job], pair: Pair) -> None:
    pair.world.files = dict(BOTH_OLD)
    job = lost("alice", writing("bob", load=False), writing("alice", load=True))
    pair.away = Unreachable("alice", "no answer")
    assert "What was written on bob stays there, and alice may not have it" in go_on(job).problem
    assert set(pair.world.files.values()) == {NEW}


def test_a_refusal_to_begin_names_what_stays(carried: Callable[..., Job], pair: Pair) -> None:
    """Bob's role cannot be read: it may serve."""
    pair.world.files = dict(BOTH_OLD)
    pair.world.answers[TAKE_LINE] = [NodeRefused("alice", "no room for its notes")]
    pair.world.answers[ROLE] = [Unreachable("bob", "no answer")]
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert pair.world.files == {("alice", PATH): OLD, ("bob", PATH): NEW}
    assert "What was written on bob stays there:" in job.problem


def test_a_file_that_may_be_written_all_the_same_is_told(carried: Callable[..., Job], pair: Pair) -> None:
    """The answer was lost, not the question."""
    pair.world.files = dict(BOTH_OLD)
    put = pair.world.put

    def cut(node: Any, *rest: Any, **more: Any) -> str | None:
        kept = put(node, *rest, **more)
        if node.name == "alice":
            lost = Unreachable("alice", "no answer")
            lost.sent = True
            raise lost
        return kept

    pair.world.put = cut  # type: ignore[method-assign]
    job = carried(writing("bob", load=False), writing("alice", load=True))
    assert pair.world.files == {("alice", PATH): NEW, ("bob", PATH): OLD}
    assert "On bob it was put back. alice may have its file all the same: look whether they differ." in job.problem
