"""The rows of a job while it runs: its steps, and the lines of the step under way (at most two writes a second while output flows)."""

from __future__ import annotations

import time
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from provisioning.lease import Lease
from provisioning.models import Job, JobCommand, JobStep
from provisioning.steps import Plan, Step
from provisioning.transport.world import OUTPUT_CAP, Result

EVERY = 0.5  # seconds between two writes of output that flows
CHANGING = ("run", "put")
Status = JobStep.Status
BEGUN = frozenset({Status.DONE, Status.RUNNING, Status.UNKNOWN})  # its node may have been changed
SETTLED = frozenset({Status.DONE, Status.UNCHANGED})  # what it was for is true


def make_rows(job: Job, plan: Plan) -> dict[int, JobStep]:
    """Write the approved plan's steps as rows, once; returns them by number."""
    rows = {row.number: row for row in job.steps.all()}
    if rows:
        return rows
    return {
        row.number: row
        for row in JobStep.objects.bulk_create(
            JobStep(
                job=job,
                number=number,
                node_name=step.node,
                title=step.title[:200],
                kind=step.kind,
                digest=step.digest(),
                status=Status.WAITING if step.runs else Status.UNCHANGED,
                note=step.unchanged,
            )
            for number, step in enumerate(plan.steps, start=1)
        )
    }


def skip_what_waits(job: Job) -> None:
    job.steps.filter(status=Status.WAITING).update(status=Status.SKIPPED)


def already_true(rows: Iterable[JobStep]) -> None:
    """What a lost worker had done, or had begun, and is now seen to be true on the node."""
    now = timezone.now()
    for row in rows:
        begun = row.status in (Status.RUNNING, Status.UNKNOWN)
        row.status = Status.DONE if begun else Status.UNCHANGED
        row.note = "The worker was lost while this ran. Its effect was then seen on the node." if begun else (
            "Already true when the job was taken up again."
        )  # fmt: skip
        row.ended_at = row.ended_at or now
        row.save(update_fields=["status", "note", "ended_at"])


def commands_that_ran(job: Job) -> list[dict[str, object]]:
    """List what changed the nodes, for the audit log: secrets are masked already."""
    changed = JobCommand.objects.filter(step__job=job, kind__in=CHANGING).select_related("step")
    return [
        {"node": line.step.node_name, "command": line.command, "exit": line.exit}
        for line in changed.order_by("step__number", "position")
    ]


class StepRecord:
    """A step's row and lines, written as the runner reports them."""

    def __init__(self, row: JobStep, lease: Lease) -> None:
        self._row = row
        self._lease = lease
        self._lines: dict[int, JobCommand] = {}
        self._next = 0
        self._written = 0.0

    @classmethod
    def more(cls, row: JobStep, lease: Lease) -> StepRecord:
        """Go on with the lines of a step that has ended."""
        record = cls(row, lease)
        record._next = (row.commands.aggregate(last=Max("position"))["last"] or 0) + 1
        return record

    def begin(self, step: Step) -> None:
        """Begin anew. What an earlier try changed and this one does not do again stays: the audit log tells it at the end."""
        again = [str(command) for command in (*step.commands, step.load) if command] + [f.path for f in step.files]
        with transaction.atomic():
            tried = self._row.commands.all()
            # Where a node keeps what it held before is told only once.
            tried.exclude(Q(kind__in=CHANGING) & (~Q(command__in=again) | ~Q(kept=""))).delete()
            self._next = (tried.aggregate(last=Max("position"))["last"] or 0) + 1 if tried.exists() else 0
            self._row.status, self._row.started_at = Status.RUNNING, timezone.now()
            self._row.ended_at, self._row.note = None, ""
            self._row.save(update_fields=["status", "started_at", "ended_at", "note"])

    def end(self, status: str, note: str = "") -> None:
        self._row.status, self._row.ended_at, self._row.note = status, timezone.now(), note
        self._row.save(update_fields=["status", "ended_at", "note"])

    def line(self, kind: str, command: str) -> int:
        row = JobCommand.objects.create(step=self._row, position=self._next, kind=kind, command=command)
        self._next += 1
        self._lines[row.position] = row
        return row.position

    def told(self, position: int, text: str) -> None:
        line = self._lines[position]
        line.output, line.truncated = _capped(line.output + text, line.truncated)
        if time.monotonic() - self._written >= EVERY:
            line.save(update_fields=["output", "truncated"])
            self._written = time.monotonic()

    def done(self, position: int, result: Result, *, kept: str | None = None, previous: str | None = None) -> None:
        line = self._lines[position]
        told = line.output if line.kind == "wait" else ""
        line.output, line.truncated = _capped(_merged(told, result), result.truncated)
        line.exit, line.seconds = result.exit, round(result.seconds, 2)
        line.kept, line.previous = (kept or "")[:300], previous
        line.save()

    def check(self) -> None:
        self._lease.check()


def _merged(told: str, result: Result) -> str:
    text = told + result.stdout
    glue = "\n" if text and result.stderr and not text.endswith("\n") else ""
    return f"{text}{glue}{result.stderr}"


def _capped(text: str, truncated: bool) -> tuple[str, bool]:
    text = text.replace("\0", "\ufffd")  # PostgreSQL takes no NUL
    if len(text) <= OUTPUT_CAP:
        return text, truncated
    half = OUTPUT_CAP // 2
    return f"{text[:half]}\n[left out]\n{text[-half:]}", True


def remaining(plan: Plan) -> list[tuple[int, Step]]:
    """The approved steps that run, with their numbers."""
    return [(number, step) for number, step in enumerate(plan.steps, start=1) if step.runs]
