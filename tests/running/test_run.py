"""An approved job: run once whoever is told how often, stopped where it must be, taken up again where it may be."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, InternalError, OperationalError
from django.db.models import F
from django.utils import timezone
from psycopg.errors import ReadOnlySqlTransaction

from clusters.findings import blocker
from clusters.models import AuditEntry, Volume
from clusters.states import Inventory, JobStatus
from provisioning import worker
from provisioning.models import Job, JobCommand, JobStep
from provisioning.steps import Kind, Stage, Step, cmd
from provisioning.transport.world import ClaimRefused, EndNotSeen, NodeRestarted, Result, UnitKey, Unreachable
from tests.running.conftest import Pair, fresh, steps_of
from tests.services import in_threads

ALL = ["alice$ lvcreate", "alice$ mkfs", "bob$ mkdir"]
DONE = ["done", "done", "done", "done"]


class WorkerDies(BaseException):
    """kill -9: nothing of the worker's own clean-up happens."""


def lapse(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def last_audit() -> AuditEntry:
    entry = AuditEntry.objects.order_by("-sequence").first()
    assert entry
    return entry


def test_what_was_approved_runs_in_order(queued: Job, pair: Pair) -> None:
    worker.run(queued.pk)
    job = fresh(queued)
    assert (job.status, job.claim, job.problem) == (JobStatus.SUCCEEDED, 1, "")
    assert pair.world.executed == ALL and steps_of(job) == DONE
    assert job.started_at and job.ended_at and job.lease_until is None
    assert Volume.objects.get(name="shop").inventory == Inventory.PRESENT


def test_the_outcome_is_in_the_audit_log(queued: Job, pair: Pair) -> None:
    worker.run(queued.pk)
    entry = last_audit()
    assert (entry.outcome, entry.actor, entry.action, entry.object) == ("succeeded", "olga", "volume.create", "shop")
    assert entry.commands == [
        {"node": "alice", "command": "lvcreate", "exit": 0},
        {"node": "alice", "command": "mkfs", "exit": 0},
        {"node": "bob", "command": "mkdir", "exit": 0},
    ]


def test_lines_are_kept(queued: Job, pair: Pair) -> None:
    pair.world.answers["mkfs"] = [Result(0, "Creating\0 filesystem\n", "note\n", 1.234)]
    worker.run(queued.pk)
    guard, line = JobCommand.objects.filter(step__number=2)
    assert (guard.kind, guard.command, line.kind, line.command) == ("guard", "vgs", "run", "mkfs")
    assert (line.exit, line.seconds, line.output) == (0, 1.23, "Creating\ufffd filesystem\nnote\n")


def test_ten_messages_run_it_once(queued: Job, pair: Pair) -> None:
    in_threads(worker.run, [queued.pk] * 10, threads=10)
    assert pair.world.executed == ALL
    assert fresh(queued).status == JobStatus.SUCCEEDED and queued.claim == 1
    worker.run(queued.pk)
    assert pair.world.executed == ALL and AuditEntry.objects.filter(outcome="succeeded").count() == 1


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.INTERRUPTED, JobStatus.PROPOSED])
def test_a_message_for_a_job_that_is_past_it(queued: Job, pair: Pair, status: JobStatus) -> None:
    Job.objects.filter(pk=queued.pk).update(status=status)
    worker.run(queued.pk)
    assert fresh(queued).status == status and pair.world.executed == []


def test_another_plan_than_the_approved_one_is_stale(queued: Job, pair: Pair) -> None:
    pair.extra = (Step("bob", "Wipe", Kind.DESTROYS, Stage.TIDY, commands=(cmd("wipefs"),)),)
    worker.run(queued.pk)
    job = fresh(queued)
    assert job.status == JobStatus.STALE and "Nothing was run" in job.problem
    assert pair.world.executed == [] and set(steps_of(job)) == {"skipped"}
    assert last_audit().outcome == "refused"


def test_a_new_reason_not_to_is_stale(queued: Job, pair: Pair) -> None:
    pair.findings = (blocker("disk.in-use", "vdb of bob is mounted.", hint="Unmount it."),)
    worker.run(queued.pk)
    job = fresh(queued)
    assert job.status == JobStatus.STALE and "vdb of bob is mounted" in job.problem and job.hint == "Unmount it."
    assert pair.world.executed == []


def test_a_failing_step_says_what_where_why(queued: Job, pair: Pair) -> None:
    pair.world.answers["mkfs"] = [Result(1, "", "mkfs: device is busy\n")]
    worker.run(queued.pk)
    job = fresh(queued)
    assert job.status == JobStatus.FAILED and job.hint
    assert job.problem == "Step 2, Run mkfs, on alice: mkfs on alice: exit 1: mkfs: device is busy"
    assert steps_of(job) == ["done", "failed", "skipped", "skipped"]
    assert pair.world.executed == ALL[:2] and last_audit().outcome == "failed"
    assert Volume.objects.get(name="shop").inventory == Inventory.CREATING


def test_a_guard_that_fails_runs_nothing(queued: Job, pair: Pair) -> None:
    pair.world.answers["vgs"] = [Result(5, "")]
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.FAILED and "there is room" in queued.problem
    assert pair.world.executed == []


def test_cancelled_between_two_steps(queued: Job, pair: Pair) -> None:
    def cancel(unit: UnitKey) -> None:
        Job.objects.filter(pk=queued.pk).update(cancel_requested=True)

    pair.world.before_run = cancel
    worker.run(queued.pk)
    job = fresh(queued)
    assert job.status == JobStatus.CANCELLED and pair.world.executed == ALL[:1]
    assert steps_of(job) == ["done", "skipped", "skipped", "skipped"] and last_audit().outcome == "cancelled"


def test_a_node_that_is_away_before_anything_ran(queued: Job, pair: Pair) -> None:
    pair.away = Unreachable("bob", "no route to host")
    worker.run(queued.pk)
    job = fresh(queued)
    twice = "Nothing was run: bob: no route to host. It was asked twice, 2 s apart."
    assert (job.status, job.problem) == (JobStatus.FAILED, twice)


def test_a_node_that_missed_one_reading_before_anything_ran(queued: Job, pair: Pair) -> None:
    pair.away, pair.away_for = Unreachable("bob", "no route to host"), pair.readings + 1
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.SUCCEEDED and pair.world.executed == ALL


def test_an_end_that_was_not_seen_keeps_the_lock(queued: Job, pair: Pair) -> None:
    def vanish(unit: UnitKey) -> None:
        if unit.step == 2:
            raise EndNotSeen("alice", "the connection broke")

    pair.world.after_run = vanish
    worker.run(queued.pk)
    job = fresh(queued)
    assert job.status == JobStatus.INTERRUPTED and job.ended_at is None
    assert steps_of(job) == ["done", "unknown", "skipped", "skipped"]
    assert last_audit().outcome == "interrupted"


@pytest.mark.parametrize("moment", ["before_run", "after_run"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_worker_that_dies_is_followed_by_another(queued: Job, pair: Pair, moment: str, at: int) -> None:
    def die(unit: UnitKey) -> None:
        if unit.step == at:
            raise WorkerDies

    setattr(pair.world, moment, die)
    with pytest.raises(WorkerDies):
        worker.run(queued.pk)
    setattr(pair.world, moment, lambda unit: None)
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.RUNNING, "its lease has not lapsed yet"
    lapse(queued)
    worker.run(queued.pk)
    job = fresh(queued)
    assert (job.status, job.claim) == (JobStatus.SUCCEEDED, 2)
    assert pair.world.executed == ALL, "every step once"
    assert steps_of(job) == DONE
    assert pair.world.claims == sorted(pair.world.claims)


def test_taken_up_again_it_waits_for_the_unit_that_was_left(queued: Job, pair: Pair) -> None:
    def die(unit: UnitKey) -> None:
        raise WorkerDies

    pair.world.after_run = die
    with pytest.raises(WorkerDies):
        worker.run(queued.pk)
    pair.world.after_run = lambda unit: None
    lapse(queued)
    pair.world.running = [True, Unreachable("alice", "no answer"), False]
    before = pair.readings
    pair.world.asked.clear()
    worker.run(queued.pk)
    assert pair.world.asked[:3] == [f"alice still at {queued.pk}.1?"] * 3
    assert pair.readings == before + 1 and fresh(queued).status == JobStatus.SUCCEEDED


def test_taken_up_again_when_something_else_is_left_a_person_decides(queued: Job, pair: Pair) -> None:
    def die(unit: UnitKey) -> None:
        if unit.step == 2:
            raise WorkerDies

    pair.world.before_run = die
    with pytest.raises(WorkerDies):
        worker.run(queued.pk)
    pair.world.before_run = lambda unit: None
    pair.extra = (Step("bob", "Wipe", Kind.DESTROYS, Stage.TIDY, commands=(cmd("wipefs"),)),)
    lapse(queued)
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.INTERRUPTED and pair.world.executed == ALL[:1]


def test_work_that_was_undone_meanwhile_is_not_done_again(queued: Job, pair: Pair) -> None:
    def die(unit: UnitKey) -> None:
        if unit.step == 2:
            raise WorkerDies

    pair.world.before_run = die
    with pytest.raises(WorkerDies):
        worker.run(queued.pk)
    pair.world.before_run = lambda unit: None
    pair.world.executed.clear()
    lapse(queued)
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.INTERRUPTED and pair.world.executed == []


def test_a_restarted_node_is_read_and_planned_again(queued: Job, pair: Pair) -> None:
    def restart(unit: UnitKey) -> None:
        if unit.step == 2 and unit.attempt == "boot-a":
            pair.boots["alice"] = "boot-a2"
            raise NodeRestarted("alice", "the node was restarted since the plan was made")

    pair.world.before_run = restart
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.SUCCEEDED and pair.world.executed == ALL
    assert pair.readings == 3 and steps_of(queued) == DONE


def test_a_node_that_restarts_for_ever(queued: Job, pair: Pair) -> None:
    def restart(unit: UnitKey) -> None:
        raise NodeRestarted("alice", "the node was restarted since the plan was made")

    pair.world.before_run = restart
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.FAILED and "again and again" in queued.problem


def test_a_worker_that_slept_writes_nothing(queued: Job, pair: Pair) -> None:
    def taken_over(unit: UnitKey) -> None:
        Job.objects.filter(pk=queued.pk).update(claim=7)

    pair.world.before_run = taken_over
    worker.run(queued.pk)
    job = fresh(queued)
    assert (job.status, job.claim, job.problem) == (JobStatus.RUNNING, 7, "")
    assert not AuditEntry.objects.filter(outcome__in=["succeeded", "failed"]).exists()


def test_a_lease_that_could_not_be_renewed_stops_the_worker(queued: Job, pair: Pair, settings: Any) -> None:
    settings.JOB_LEASE_SECONDS = 1

    def sleep(unit: UnitKey) -> None:
        Job.objects.filter(pk=queued.pk).update(claim=2)
        time.sleep(1.2)

    pair.world.before_run = sleep
    worker.run(queued.pk)
    assert pair.world.executed == ALL[:1] and fresh(queued).status == JobStatus.RUNNING


def test_the_lease_is_renewed_while_a_step_takes_long(queued: Job, pair: Pair, settings: Any) -> None:
    settings.JOB_LEASE_SECONDS = 4  # a shorter one runs out when the machine is busy for a moment
    others: list[list[str]] = []

    def long(unit: UnitKey) -> None:
        if unit.step == 1:
            time.sleep(6)
            in_threads(worker.run, [queued.pk], threads=1)
            others.append(list(pair.world.executed))

    pair.world.before_run = long
    worker.run(queued.pk)
    assert others == [[]] and fresh(queued).claim == 1 and queued.status == JobStatus.SUCCEEDED


@pytest.mark.parametrize(("owner", "status"), [(1, JobStatus.FAILED), (5, JobStatus.RUNNING)])
def test_a_node_that_has_seen_a_newer_claim(queued: Job, pair: Pair, owner: int, status: JobStatus) -> None:
    def refuse(unit: UnitKey) -> None:
        Job.objects.filter(pk=queued.pk).update(claim=owner)
        raise ClaimRefused("alice", "a newer claim was seen")

    pair.world.before_run = refuse
    worker.run(queued.pk)
    assert fresh(queued).status == status


@pytest.mark.parametrize(("began", "status"), [(False, JobStatus.FAILED), (True, JobStatus.INTERRUPTED)])
def test_an_error_of_the_panel(queued: Job, pair: Pair, began: bool, status: JobStatus) -> None:
    def crash(unit: UnitKey) -> None:
        raise ZeroDivisionError("division by zero")

    if began:
        pair.world.before_run = crash
    else:
        pair.plan = crash  # type: ignore[assignment, method-assign]
        pair.observe = crash  # type: ignore[assignment, method-assign]
        Job.objects.filter(pk=queued.pk).update(plan=None)
    worker.run(queued.pk)
    job = fresh(queued)
    assert job.status == status and "The panel made a mistake" in job.problem
    assert not job.steps.filter(status=JobStep.Status.RUNNING).exists()


def test_an_error_in_a_worker_that_lost_the_job_leaves_it_to_the_next_one(queued: Job, pair: Pair) -> None:
    def lose_it_and_crash(unit: UnitKey) -> None:
        Job.objects.filter(pk=queued.pk).update(claim=F("claim") + 1)
        raise ZeroDivisionError("division by zero")

    pair.world.before_run = lose_it_and_crash
    worker.run(queued.pk)
    job = fresh(queued)
    assert job.status == JobStatus.RUNNING and job.problem == ""
    assert job.steps.filter(status=JobStep.Status.RUNNING).exists()


def read_only() -> InternalError:
    error = InternalError("cannot execute UPDATE in a read-only transaction")
    error.__cause__ = ReadOnlySqlTransaction()
    return error


@pytest.mark.parametrize(
    "error", [OperationalError("server closed the connection unexpectedly"), read_only()], ids=["lost", "read-only"]
)
def test_a_database_that_was_away_costs_a_lease_and_nothing_else(queued: Job, pair: Pair, error: DatabaseError) -> None:
    def away(unit: UnitKey) -> None:
        if unit.step == 2:
            raise error

    pair.world.after_run = away
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.RUNNING
    pair.world.after_run = lambda unit: None
    lapse(queued)
    worker.run(queued.pk)
    assert fresh(queued).status == JobStatus.SUCCEEDED and pair.world.executed == ALL
