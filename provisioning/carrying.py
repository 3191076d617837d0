"""Carrying out an approved job, step by step.

1. Make the rows of the approved plan's steps.
2. If a worker was lost before: wait until the unit it may have left behind has ended.
3. Read and plan again. Fresh job: another fingerprint is stale, nothing runs. Taken up again: only approved steps may be left.
4. Run what is left, in order, both nodes at the same time where neither needs the other (`lanes`); between two steps look whether the
   job was cancelled and is still ours.
5. A node that restarted meanwhile: from 3 again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from django.db import connection

from clusters import inventory
from clusters.findings import blockers
from clusters.states import JobStatus
from provisioning import codec
from provisioning.affected import felt_by, joined, worse
from provisioning.ending import Ending, end
from provisioning.eye import eye
from provisioning.halves import Halves
from provisioning.lanes import lanes
from provisioning.lease import Lease, LeaseLost
from provisioning.left_behind import LeftBehind, number_of, numbers_of
from provisioning.models import Job, JobStep
from provisioning.observed import NodeObserved
from provisioning.observing import address_of, members
from provisioning.place import NotPutBack, Place, StepFailed, sentences
from provisioning.plans.parts.pausing import paused
from provisioning.recording import BEGUN, SETTLED, StepRecord, already_true, make_rows, remaining
from provisioning.resuming import Numbered, rest
from provisioning.runner import execute, take_away
from provisioning.snapshot import Incomplete
from provisioning.steps import OBSERVER, Kind, Plan, Step
from provisioning.transport.choose import world_for
from provisioning.transport.clock import time_of
from provisioning.transport.world import (
    ClaimRefused,
    EndNotSeen,
    FileChanged,
    NodeError,
    NodeRefused,
    NodeRestarted,
    UnitKey,
    World,
)
from provisioning.unseal import SecretMissing, mask_of, resolver

log = logging.getLogger(__name__)
Status = JobStep.Status
PlanNow = Callable[[Job, World], tuple[Plan, dict[str, NodeObserved]]]
CHANGES = (Kind.WRITES, Kind.DESTROYS)
RESTARTS = 3  # how often a node may restart in one job
MEANWHILE = "Something changed on the nodes since the plan was made. Nothing was run."
LOOK = "Plan again to see what would run now."


class Stopped(Exception):
    """The job ends here, in this way."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.problem)
        self.ending = ending


class Carrying:
    def __init__(self, job: Job, lease: Lease, plan_now: PlanNow) -> None:
        self.job, self.lease, self.plan_now = job, lease, plan_now
        self.world = world_for(job.cluster)
        self.time = time_of(self.world)
        self.look = eye(self.world, job.cluster)
        self.approved = codec.load(Plan, job.plan or {})
        self.addresses = {node.name: address_of(node) for node in members(job.cluster)}
        self.scope = f"{job.cluster.slug}-{int(job.cluster.created_at.timestamp())}"
        self.boots: dict[str, str] = {}
        self.mask = mask_of(job.cluster)
        self.felt: dict[str, object] = {}

    def carry_out(self) -> None:
        try:
            self._carry_out()
            ending = Ending(JobStatus.SUCCEEDED)
        except Stopped as stopped:
            ending = stopped.ending
        ending = replace(ending, problem=self.mask(ending.problem), hint=self.mask(ending.hint))
        if ending.status is not JobStatus.STALE:
            ending = replace(ending, felt=self.felt)
        end(self.job, self.lease, ending)

    def _carry_out(self) -> None:
        taken_up = self.job.steps.exists()
        self.rows = make_rows(self.job, self.approved)
        self.halves = Halves(remaining(self.approved), self.rows, self._place, self.lease, self.job.cluster)
        if taken_up:
            self._wait_for_what_was_left()
        for _ in range(RESTARTS + 1):
            left = self._what_is_left(taken_up)
            try:
                for group in lanes(left):
                    self._group(group)
                return
            except NodeRestarted as restarted:
                log.warning("job %s: %s", self.job.pk, restarted)
                taken_up = True
        raise Stopped(
            Ending(
                JobStatus.FAILED,
                sentences("The nodes restarted again and again.", self.halves.left()),
                "Find out why, then plan again.",
            )
        )

    def _group(self, group: list[list[Numbered]]) -> None:
        if len(group) == 1 or not getattr(self.world, "side_by_side", False):
            for lane in group:
                self._lane(lane)
            return
        halt = threading.Event()
        with ThreadPoolExecutor(max_workers=len(group), thread_name_prefix="lane") as pool:
            running = [pool.submit(self._lane_beside_others, lane, halt) for lane in group]
        problems = [problem for lane in running if (problem := lane.exception())]
        if problems:
            raise min(problems, key=_weight)

    def _lane(self, lane: list[Numbered]) -> None:
        for number, step in lane:
            self._between_steps()
            self._step(number, step)

    def _lane_beside_others(self, lane: list[Numbered], halt: threading.Event) -> None:
        """When one lane breaks off, the others end after the step they are at."""
        try:
            for numbered in lane:
                if halt.is_set():
                    return
                self._lane([numbered])
        except BaseException:
            halt.set()
            raise
        finally:
            connection.close()  # this thread ends with its lane

    def _what_is_left(self, taken_up: bool) -> list[Numbered]:
        fresh = self._fresh_plan(taken_up)
        todo = remaining(self.approved)
        if blocking := blockers(fresh.findings):
            text = sentences(f"Now there is a reason not to: {blocking[0].text}", self._ended_in_between())
            raise Stopped(_not_now(taken_up, text, blocking[0].hint))
        if not taken_up:
            if fresh.fingerprint() != self.job.fingerprint:
                raise Stopped(_not_now(False, MEANWHILE, LOOK))
            if text := worse(self.approved, fresh):
                raise Stopped(_not_now(False, f"{text} Nothing was run.", LOOK))
            self.felt = felt_by(fresh) if joined(self.approved, fresh) else {}
            return todo
        done = {n for n, row in self.rows.items() if row.status in SETTLED}
        begun = {n for n, row in self.rows.items() if row.status in (Status.RUNNING, Status.UNKNOWN)}
        left = rest(todo, fresh.todo(), done, begun)
        if left is None:
            text = "The worker was lost, and what is left on the nodes is not the rest of what was approved."
            text = sentences(text, self._ended_in_between())
            raise Stopped(Ending(JobStatus.INTERRUPTED, text, LOOK))
        numbers = {number for number, _ in left}
        already_true(self.rows[n] for n, _ in todo if n not in numbers and n not in done)
        return left

    def _fresh_plan(self, taken_up: bool) -> Plan:
        try:
            plan, observed = self.plan_now(self.job, self.world)
        except (NodeError, SecretMissing, Incomplete) as problem:
            hint = getattr(problem, "hint", "")
            if taken_up:
                text = sentences(f"The job could not go on: {problem}", self._ended_in_between(reached=False))
                raise Stopped(Ending.broken(self.job, text, hint)) from problem
            raise Stopped(Ending(JobStatus.FAILED, f"Nothing was run: {problem}", hint)) from problem
        self.boots = {name: node.boot_id or "" for name, node in observed.items()}
        return plan

    def _between_steps(self) -> None:
        self.lease.check()
        # Once one node has its half, a job that is called off ends after the other one's, so that both are alike; and
        # never while the NFS server is stopped for it.
        if self.halves.open() or self._paused():
            return
        if Job.objects.filter(pk=self.job.pk, cancel_requested=True).exists():
            raise Stopped(Ending(JobStatus.CANCELLED, "Called off between two steps.", "What has run stays as it is."))

    def _paused(self) -> bool:
        steps = [(self.rows[number].status in BEGUN, step) for number, step in remaining(self.approved)]
        return paused([step for done, step in steps if done], [step for done, step in steps if not done])

    def _ended_in_between(self, *, reached: bool = True) -> str:
        """For a job that a lost worker left and that cannot go on: no half stays alone, and no service stopped."""
        told = self.halves.back(reached=reached)
        open_steps = [(n, step) for n, step in remaining(self.approved) if self.rows[n].status not in SETTLED]
        number, step = next(((n, step) for n, step in open_steps if step.if_it_fails), (0, None))
        if step is None or not self._paused():
            return told
        more = take_away(self._place(number, step), step, StepRecord.more(self.rows[number], self.lease))
        return f"{told} {more or 'The NFS server was started again, if the service is still there.'}"

    def _step(self, number: int, step: Step) -> None:
        record = StepRecord(self.rows[number], self.lease)
        record.begin(step)
        if step.kind in CHANGES:
            inventory.touch_cluster(self.job.cluster)
        try:
            note = execute(self._place(number, step), step, record)
        except StepFailed as failed:
            record.end(Status.FAILED, failed.text)
            other = "" if isinstance(failed, NotPutBack) else self.halves.back(number)
            text = sentences(failed.text, other)
            raise Stopped(Ending(JobStatus.FAILED, _where(number, step, text), failed.hint)) from failed
        except NodeRestarted:
            record.end(Status.UNKNOWN, "The node restarted.")
            raise
        except EndNotSeen as unseen:
            record.end(Status.UNKNOWN, self.mask(unseen.text))
            raise Stopped(Ending(JobStatus.INTERRUPTED, _where(number, step, unseen.text), unseen.hint)) from unseen
        except (NodeError, SecretMissing) as error:
            if isinstance(error, ClaimRefused):
                self.lease.renew()  # most likely somebody else has the job: then this writes nothing
                self.lease.check()
            text, hint = getattr(error, "text", str(error)), getattr(error, "hint", "")
            record.end(Status.FAILED, self.mask(text))
            if isinstance(error, ClaimRefused | SecretMissing):
                other = self.halves.left()
            else:  # it comes before the load was sent
                other = self.halves.back(number, reached=isinstance(error, FileChanged | NodeRefused))
                other += f" {step.node} may have its file all the same: look whether they differ." if error.sent else ""
            text = sentences(text, other)
            raise Stopped(Ending(JobStatus.FAILED, _where(number, step, text), hint)) from error
        record.end(Status.DONE, note)

    def _place(self, number: int, step: Step) -> Place:
        return Place(
            world=self.world,
            address=None if step.node == OBSERVER else self.addresses[step.node],
            unit=self._unit(number_of(number, step, self.approved), self.boots.get(step.node, "")),
            resolve_secret=resolver(self.job.cluster),
            time=self.time,
            look=self.look,
            mask=self.mask,
        )

    def _unit(self, number: int, attempt: str = "") -> UnitKey:
        return UnitKey(self.scope, self.job.pk, number, self.lease.claim, attempt)

    def _wait_for_what_was_left(self) -> None:
        for number, step in remaining(self.approved):
            if self.rows[number].status == Status.RUNNING and (node := self.addresses.get(step.node)):
                units = [self._unit(one) for one in numbers_of(number, step)]
                LeftBehind(node, step, units).await_end(self.world, self.time, self.lease)


def _weight(problem: BaseException) -> int:
    """Of two lanes' problems, tell the one that leaves least room: not ours any more, broken, then what can be taken up again."""
    order = (LeaseLost, Stopped, NodeRestarted)
    return next((place for place, kind in enumerate(order) if isinstance(problem, kind)), -1)


def _not_now(taken_up: bool, problem: str, hint: str) -> Ending:
    return Ending(JobStatus.INTERRUPTED if taken_up else JobStatus.STALE, problem, hint)


def _where(number: int, step: Step, text: str) -> str:
    place = "the observer" if step.node == OBSERVER else step.node
    return f"Step {number}, {step.title}, on {place}: {text}"
