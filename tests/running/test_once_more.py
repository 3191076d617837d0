"""A node that gave no answer is asked once more, after a pause; never where that cannot help, and a dead node does not cost twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clusters.models import Node, NodeState
from clusters.states import JobStatus
from provisioning import codec, worker
from provisioning.models import Job
from provisioning.steps import Plan
from provisioning.transport.world import HostKeyChanged, LoginRefused, NodeError, SudoRefused, Unreachable
from tests.running.conftest import Pair, fresh

SILENT = Unreachable("bob", "no sign of life for 15 seconds")


def propose(job: Job) -> Job:
    worker.propose(job.pk)
    return fresh(job)


def test_one_missed_answer_does_not_cost_the_plan(draft: Callable[[], Job], pair: Pair) -> None:
    pair.away, pair.away_for = SILENT, 1
    began = pair.world.time.now()
    job = propose(draft())
    assert job.status == JobStatus.PROPOSED and pair.readings == 2
    assert pair.world.time.now() - began == 2
    told = [finding for finding in codec.load(Plan, job.plan).findings if finding.code == "node.asked-twice"]
    assert [(finding.node, str(finding.severity)) for finding in told] == [("bob", "ok")]
    assert "no sign of life for 15 seconds" in told[0].text


def test_what_was_missed_does_not_change_what_is_approved(draft: Callable[[], Job], pair: Pair) -> None:
    pair.away, pair.away_for = SILENT, 1
    missed = propose(draft()).fingerprint
    pair.away = None
    assert propose(draft()).fingerprint == missed


def test_two_missed_answers_are_said_and_no_third_is_asked_for(draft: Callable[[], Job], pair: Pair) -> None:
    pair.away = SILENT
    job = propose(draft())
    assert (job.status, pair.readings) == (JobStatus.FAILED, 2)
    assert job.problem == "bob: no sign of life for 15 seconds. It was asked twice, 2 s apart."
    assert job.hint == Unreachable.hint


@pytest.mark.parametrize("kind", [HostKeyChanged, LoginRefused, SudoRefused])
def test_a_refusal_is_not_tried_again(draft: Callable[[], Job], pair: Pair, kind: type[NodeError]) -> None:
    pair.away = kind("bob", "no")
    job = propose(draft())
    assert (job.status, job.problem, pair.readings) == (JobStatus.FAILED, "bob: no", 1)


def test_a_refusal_on_the_second_try_is_told_as_it_is(draft: Callable[[], Job], pair: Pair) -> None:
    errors = [SILENT, LoginRefused("bob", "it refused the login of user root")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "observe_each", lambda *_: {"bob": errors.pop(0)})
        job = propose(draft())
    assert (job.status, job.problem) == (JobStatus.FAILED, "bob: it refused the login of user root")


def test_a_node_that_the_monitor_calls_unreachable_is_asked_once(draft: Callable[[], Job], pair: Pair) -> None:
    pair.away = SILENT
    job = draft()
    NodeState.objects.create(
        node=Node.objects.get(name="bob"), reachable=False, misses=2, tried_at=datetime.fromtimestamp(995, UTC)
    )
    assert propose(job).problem == "bob: no sign of life for 15 seconds" and pair.readings == 1


def test_what_the_monitor_said_long_ago_does_not_count(draft: Callable[[], Job], pair: Pair) -> None:
    pair.away, pair.away_for = SILENT, 1
    job = draft()
    NodeState.objects.create(
        node=Node.objects.get(name="bob"), reachable=False, misses=2, tried_at=datetime.fromtimestamp(900, UTC)
    )
    assert propose(job).status == JobStatus.PROPOSED


def test_a_first_try_that_took_long_is_not_doubled(
    draft: Callable[[], Job], pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> dict[str, NodeError]:
        pair.readings += 1
        pair.world.time.sleep(25)
        return {"bob": SILENT}

    monkeypatch.setattr(worker, "observe_each", slow)
    assert propose(draft()).status == JobStatus.FAILED and pair.readings == 1


@pytest.mark.parametrize("problem", [SILENT, HostKeyChanged("bob", "it shows another host key")])
def test_what_needs_the_serving_node_only_is_planned_without_the_other(
    draft: Callable[[], Job], pair: Pair, monkeypatch: pytest.MonkeyPatch, problem: NodeError
) -> None:
    job, seen = draft(), []
    action = replace(
        worker.ACTIONS["volume.create"], alone=True, planner=lambda *given: seen.append(given) or pair.plan()
    )
    monkeypatch.setattr(worker, "ACTIONS", {**worker.ACTIONS, "volume.create": action})
    pair.away = problem
    job = propose(job)
    assert job.status == JobStatus.PROPOSED and list(seen[0][2]) == ["alice"]
    why = next(finding for finding in codec.load(Plan, job.plan).findings if finding.code == "node.why-not-read")
    assert why.node == "bob" and problem.text in why.text


def test_with_both_away_nothing_is_planned(
    draft: Callable[[], Job], pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = draft()
    action = replace(worker.ACTIONS["volume.create"], alone=True)
    monkeypatch.setattr(worker, "ACTIONS", {**worker.ACTIONS, "volume.create": action})
    monkeypatch.setattr(worker, "observe_each", lambda *_: {"alice": Unreachable("alice", "no route"), "bob": SILENT})
    assert propose(job).status == JobStatus.FAILED
