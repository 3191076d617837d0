"""The page of a job: one URL from the idea to the last line, and what a person may do there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from clusters import access, nodetext, typed
from clusters.states import ENDED, Inventory, JobStatus
from provisioning import jobs
from provisioning.actions import ACTIONS
from provisioning.models import Job, JobCommand
from provisioning.pages import before_after, beside_plan, job_page, job_text, parts
from provisioning.pages.job_words import word
from provisioning.views import live
from provisioning.views.refusals import say

TEMPLATE = "provisioning/job.html"
MOVING = (JobStatus.DRAFTING, JobStatus.QUEUED, JobStatus.RUNNING)


@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    row = jobs.get_job(request, pk)
    if live.wants(
        request, "moved"
    ):  # the proposed page holds a form, so it is never swapped: it is loaded again when the job moves on
        return HttpResponse(status=204) if request.GET.get("seen") == row.status else live.reload_page()
    worker = parts.jobs_worker()
    seen = live.key(job_page.state(row), worker.alive)
    if live.wants(request, "progress"):
        if request.GET.get("seen") == seen:
            return HttpResponse(status=204)
        if row.status not in MOVING:
            return live.reload_page()
    context = page_context(request, row) | {"seen": seen, "worker": worker}
    verbs = context["verbs"]
    if (verbs.approve or verbs.acknowledge) and (back := typed.data(request)) is not None:
        context["typed"] = {name: back.get(name, "") for name in ("reason", "typed_name")}
    return render(request, f"{TEMPLATE}#progress" if live.wants(request, "progress") else TEMPLATE, context)


def page_context(request: HttpRequest, row: Job, **said: str) -> dict[str, Any]:
    action = ACTIONS[row.action]
    level = access.level(request.user, row.cluster)
    view = job_page.view_of(row)
    rows = job_page.step_rows(row, view.plan if view else None)
    done = [step for step in rows if step.status in ("done", "unchanged")]
    return {
        "job": row, "cluster": row.cluster, "word": word(row), "view": view, "plan": view.plan if view else None,
        "rows": rows, "ticks": job_page.ticks(rows), "done": len(done), "at": next((step for step in rows if step.open), None),
        "verbs": job_page.verbs(row, may=level >= action.level, needs=action.level.name.lower(), view=view),
        "moving": row.status in MOVING, "ended": row.status in ENDED, "valid_for": job_page.valid_for(row, timezone.now()),
        "entries": job_page.audit_entries(row), "level_name": level.name.lower(), "lanes": job_page.lanes(row.cluster), "typed": said,
        "before_after": before_after.pictures(row), "problem": nodetext.clean(row.problem), "hint": nodetext.clean(row.hint),
        "own_address": row.get_absolute_url(), "draft_step": draft_step(row),
        "felt_names": beside_plan.names(view.plan if view else None), "back_to": beside_plan.goes_back_to(row, timezone.now()),
    }  # fmt: skip


def draft_step(row: Job) -> str:
    """Where a set-up is changed; a pair in service that is mended has no draft any more."""
    return "plan" if row.action == "cluster.provision" and row.cluster.inventory != Inventory.PRESENT else ""


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\0", "")


@require_POST
@sensitive_post_parameters("password")
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    row = jobs.get_job(request, pk)
    reason, name = _reason(request), request.POST.get("typed_name", "")
    try:
        jobs.approve(request, row, reason=reason, typed_name=name, password=request.POST.get("password", ""))
    except jobs.Refused as refused:
        row.refresh_from_db()
        if row.status != JobStatus.PROPOSED:
            return _refused(request, row, refused)
        context = page_context(request, row, reason=reason, typed_name=name) | {
            "refused": refused, "seen": live.key(job_page.state(row)), "worker": parts.jobs_worker(),
        }  # fmt: skip
        return render(request, TEMPLATE, context, status=403 if isinstance(refused, jobs.Denied) else 422)
    return redirect(row)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda row: jobs.cancel(request, row))


@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda row: jobs.acknowledge(request, row, _reason(request)[:400]))


@require_POST
def plan_again(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda row: jobs.plan_again(request, row))


def _do(request: HttpRequest, pk: int, verb: Any) -> HttpResponse:
    row = jobs.get_job(request, pk)
    try:
        return redirect(verb(row))
    except jobs.Refused as refused:
        return _refused(request, row, refused)


def _refused(request: HttpRequest, row: Job, refused: jobs.Refused) -> HttpResponse:
    """Say no on the job's own page, with what was typed; below the access level that is Django's 403."""
    if isinstance(refused, jobs.Denied):
        raise refused
    say(request, refused)
    kept = typed.keep(request, proven=True)
    return redirect(typed.put(request, replace(kept, why=typed.MOVED_ON)) if kept and kept.shown else row)


@require_GET
def transcript(request: HttpRequest, pk: int) -> HttpResponse:
    row = jobs.get_job(request, pk)
    return _text(job_text.text(row))


@require_GET
def output(request: HttpRequest, pk: int, number: int, position: int) -> HttpResponse:
    """Give one command's whole output as text."""
    row = jobs.get_job(request, pk)
    command = get_object_or_404(JobCommand, step__job=row, step__number=number, position=position)
    if not command.output:
        raise Http404("It printed nothing.")
    return _text(nodetext.clean(command.output) + ("\n… the rest was not kept\n" if command.truncated else ""))


def _text(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"})
