"""A job as its page shows it: the plan before it runs, the steps while and after they run, and who may do what now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Left, Length, Right

from clusters import nodetext
from clusters.models import AuditEntry, Cluster, Node
from clusters.states import JobStatus
from provisioning import ceremony, codec
from provisioning.models import Job, JobCommand, JobStep
from provisioning.pages import plan_page
from provisioning.pages.plan_page import CommandLine, PlanView
from provisioning.steps import OBSERVER, Plan, Step

SHAPES = {
    "waiting": ("idle", "waits", "wait"), "running": ("work", "running", "now"), "done": ("ok", "done", ""),
    "unchanged": ("ok", "true already", "same"), "failed": ("danger", "failed", "bad"), "unknown": ("unknown", "end not seen", "bad"),
    "skipped": ("idle", "not run", "wait"),
}  # fmt: skip
TICKS = {"done": "d", "unchanged": "d", "running": "n", "failed": "x", "unknown": "x"}
BLOCKED = "Something blocks this plan; it is named under Findings."
AGAIN = {JobStatus.FAILED, JobStatus.INTERRUPTED, JobStatus.STALE, JobStatus.EXPIRED, JobStatus.CANCELLED}
STOPPABLE = {JobStatus.DRAFTING, JobStatus.PROPOSED, JobStatus.QUEUED, JobStatus.RUNNING}
TO_DEAL_WITH = {JobStatus.FAILED, JobStatus.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class Ran:
    """One command of a step as it ran."""

    command: str
    kind: str
    exit: int | None
    seconds: float | None
    output: str
    whole: int  # characters, when the output shown is not the whole
    position: int

    @property
    def put(self) -> bool:
        return self.kind == "put"


@dataclass(frozen=True, slots=True)
class StepRow:
    number: int
    title: str
    node: str
    status: str
    shape: str
    word: str
    css: str
    started_at: datetime | None
    seconds: float | None
    note: str
    ran: tuple[Ran, ...]
    coming: tuple[CommandLine, ...]  # what a running step is made of while nothing has come back yet

    @property
    def open(self) -> bool:
        return self.status in ("running", "failed", "unknown")


@dataclass(frozen=True, slots=True)
class Verbs:
    """What this person may do with the job now. Absent verbs are not offered."""

    approve: bool
    cancel: bool
    again: bool
    acknowledge: bool
    why_not: str = ""


def plan_of(job: Job) -> Plan | None:
    """Read the stored plan; None when there is none or another version of the panel wrote it."""
    try:
        return codec.load(Plan, job.plan) if job.plan else None
    except codec.Unreadable:
        return None


def view_of(job: Job) -> PlanView | None:
    plan = plan_of(job)
    return plan_page.view(plan, lanes(job.cluster)) if plan else None


def lanes(cluster: Cluster) -> list[str]:
    nodes = cluster.nodes.filter(kind=Node.Kind.MEMBER).order_by("position", "pk")
    return list(nodes.values_list("name", flat=True))


def step_rows(job: Job, plan: Plan | None) -> list[StepRow]:
    commands = JobCommand.objects.defer("output", "previous").annotate(
        head=Left("output", nodetext.HEAD), tail=Right("output", nodetext.TAIL), length=Length("output")
    )
    by_step: dict[int, list[JobCommand]] = {}
    for command in _ordered(commands.filter(step__job=job)):
        by_step.setdefault(command.step_id, []).append(command)
    planned = dict(enumerate(plan.steps, start=1)) if plan else {}
    return [_row(step, by_step.get(step.pk, []), planned.get(step.number)) for step in job.steps.order_by("number")]


def _ordered(commands: QuerySet[JobCommand]) -> QuerySet[JobCommand]:
    return commands.order_by("step__number", "position")


def _row(step: JobStep, commands: Sequence[JobCommand], planned: Step | None) -> StepRow:
    shape, word, css = SHAPES[step.status]
    seconds = (step.ended_at - step.started_at).total_seconds() if step.started_at and step.ended_at else None
    coming = plan_page.commands(planned) if planned and step.status == "running" and not commands else ()
    note = "" if step.status == "done" else nodetext.clean(step.note[: nodetext.TAIL])
    node = "observer" if step.node_name == OBSERVER else step.node_name
    return StepRow(
        step.number,
        step.title,
        node,
        step.status,
        shape,
        word,
        css,
        step.started_at,
        seconds,
        note,
        tuple(map(_ran, commands)),
        coming,
    )


def _ran(row: JobCommand) -> Ran:
    head, tail, length = getattr(row, "head", "") or "", getattr(row, "tail", "") or "", getattr(row, "length", 0) or 0
    shown = nodetext.capped(head, tail, length)
    whole = length if length > nodetext.HEAD + nodetext.TAIL or row.truncated else 0
    return Ran(
        nodetext.clean(row.command[:4000]), row.kind, row.exit, row.seconds, shown.rstrip("\n"), whole, row.position
    )


def ticks(rows: Sequence[StepRow]) -> list[str]:
    return [TICKS.get(row.status, "") for row in rows]


def verbs(job: Job, *, may: bool, needs: str, view: PlanView | None) -> Verbs:
    status = JobStatus(job.status)
    if not may:
        return Verbs(False, False, False, False, f"This needs access level {needs} on {job.cluster}.")
    blocked = bool(view and view.blockers)
    idle = bool(view and view.plan.idle)
    why = ""
    if status is JobStatus.PROPOSED and (blocked or idle):
        why = BLOCKED if blocked else f"{ceremony.NOTHING} {ceremony.CHANGE}"
    dealt = bool(job.dealt_with_by)
    return Verbs(
        approve=status is JobStatus.PROPOSED and view is not None and not (blocked or idle),
        cancel=status in STOPPABLE and not job.cancel_requested,
        again=(status in AGAIN and not dealt)
        or (status is JobStatus.PROPOSED and blocked)
        or status is JobStatus.EXPIRED,
        acknowledge=(status in TO_DEAL_WITH or _broken_off(job)) and not dealt,
        why_not=why,
    )


def _broken_off(job: Job) -> bool:
    """Called off or overtaken after it had been approved: what it, or the try before, began still holds its names."""
    return job.status in (JobStatus.CANCELLED, JobStatus.STALE) and job.approved_at is not None


def valid_for(job: Job, now: datetime) -> int | None:
    """Minutes for which a proposed plan can still be approved."""
    if job.planned_at is None:
        return None
    left = job.planned_at + timedelta(minutes=settings.PLAN_VALID_MINUTES) - now
    return max(0, int(left.total_seconds() // 60))


def audit_entries(job: Job) -> list[AuditEntry]:
    return list(
        AuditEntry.objects.filter(job=job.pk).only("sequence", "text", "outcome", "at", "actor").order_by("sequence")
    )


def state(job: Job) -> list[object]:
    """What the moving part of the page is made of, without loading any output."""
    steps = list(job.steps.order_by("number").values_list("number", "status", "note", "started_at", "ended_at"))
    commands = JobCommand.objects.filter(step__job=job).annotate(length=Length("output"))
    ran = list(commands.order_by("pk").values_list("pk", "exit", "length"))
    return [job.status, job.claim, job.cancel_requested, job.problem, job.hint, job.dealt_with_by, steps, ran]
