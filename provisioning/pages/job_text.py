"""A job as plain text, to paste into a ticket: the plan, and, once it ran, each command with its exit and output."""

from __future__ import annotations

from clusters.nodetext import clean
from provisioning.models import Job, JobCommand
from provisioning.pages.job_page import plan_of
from provisioning.pages.job_words import word
from provisioning.steps import transcript

LONGEST_OUTPUT = 20_000


def text(job: Job) -> str:
    lines = [f"{job.title} on {job.cluster}: job {job.pk}, {word(job).word}", ""]
    plan = plan_of(job)
    if plan:
        lines += [
            plan.summary,
            "",
            "Now",
            plan.now,
            "",
            "Steps and commands",
            transcript(plan),
            "After",
            plan.after,
            "",
        ]
    rows = list(job.steps.order_by("number"))
    if rows:
        lines += [
            "What ran",
            *(
                _step(row.number, row.title, row.node_name, row.status, row.note)
                for row in rows
                if row.status != "waiting"
            ),
            "",
        ]
        lines += [line for command in _commands(job) for line in _command(command)]
    if job.problem:
        lines += ["", f"Problem: {clean(job.problem)}", clean(job.hint)]
    return "\n".join(lines).rstrip() + "\n"


def _step(number: int, title: str, node: str, status: str, note: str) -> str:
    return f"{number}. {node}: {title}: {status}" + (f" ({clean(note[:400])})" if note else "")


def _commands(job: Job) -> list[JobCommand]:
    rows = JobCommand.objects.filter(step__job=job).select_related("step").defer("previous")
    return list(rows.order_by("step__number", "position"))


def _command(row: JobCommand) -> list[str]:
    prompt = {"put": ">"}.get(row.kind, "$")
    end = "" if row.exit is None else f"   [exit {row.exit}]"
    output = clean(row.output[:LONGEST_OUTPUT]).rstrip()
    more = len(row.output) - LONGEST_OUTPUT
    lines = [f"{row.step.node_name}{prompt} {clean(row.command)}{end}"]
    lines += [f"  {line}" for line in output.splitlines()]
    return [*lines, f"  … {more} more characters"] if more > 0 else lines
