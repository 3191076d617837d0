"""Jobs: what runs, what waits for somebody, what failed and nobody has dealt with, and everything that was."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from clusters import access
from clusters.states import JobStatus
from provisioning import in_the_way
from provisioning.actions import ACTIONS
from provisioning.models import Job
from provisioning.pages import parts
from provisioning.pages.job_words import word
from provisioning.views import live

MOVING = (JobStatus.RUNNING, JobStatus.QUEUED, JobStatus.DRAFTING)
SORTS = {
    "running": ("Running", Q(status__in=MOVING)),
    "waiting": ("Wait for approval", Q(status=JobStatus.PROPOSED)),
    "failed": ("Failed, not dealt with", Q(status__in=[JobStatus.FAILED, JobStatus.INTERRUPTED], dealt_with_by="")),
}
ENDS = {
    "all": "All", "succeeded": "Done", "failed": "Failed", "cancelled": "Called off", "expired": "Expired", "stale": "Nodes differed",
}  # fmt: skip
PER_PAGE = 40


@require_GET
def jobs_list(request: HttpRequest) -> HttpResponse:
    visible = (
        Job.objects.filter(cluster__in=access.visible(request.user, forgotten=True))
        .select_related("cluster")
        .defer("plan", "intent")
    )
    groups = [(name, title, list(visible.filter(condition)[:50])) for name, (title, condition) in SORTS.items()]
    open_now = [job for _, _, jobs in groups for job in jobs]
    context: dict[str, Any] = {
        "groups": [(name, title, [(job, word(job)) for job in jobs]) for name, title, jobs in groups],
        "seen": live.key([(job.pk, job.status) for job in open_now]),
        "moving": any(job.status in MOVING for job in open_now),
        "worker": parts.jobs_worker(),
    }
    if live.wants(request, "open"):
        return live.part(request, "provisioning/jobs.html", "open", context)
    return render(request, "provisioning/jobs.html", context | _history(request, visible))


def _history(request: HttpRequest, visible: QuerySet[Job]) -> dict[str, Any]:
    """What ended, newest first. The filters live in the URL."""
    ended, cluster, action = (request.GET.get(name, "") for name in ("ended", "cluster", "action"))
    past = visible.exclude(status__in=[*MOVING, JobStatus.PROPOSED, JobStatus.INTERRUPTED])
    if ended in ENDS and ended != "all":
        past = past.filter(status=ended)
    if cluster:
        past = past.filter(cluster__slug=cluster[:40])
    if action in ACTIONS:
        past = past.filter(action=action)
    page = Paginator(past, PER_PAGE).get_page(request.GET.get("page"))
    return {
        "page": page, "history": [(job, word(job)) for job in page], "ends": ENDS, "ended": ended or "all", "cluster_filter": cluster,
        "action_filter": action, "actions": ACTIONS, "slugs": access.visible(request.user, forgotten=True).values_list("slug", flat=True),
    }  # fmt: skip


@require_GET
def cluster_jobs(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of the cluster's page that is about jobs: what runs, what waits, what failed and needs somebody."""
    cluster = access.get_cluster(request, slug, forgotten=True)
    mine = Job.objects.filter(cluster=cluster).defer("plan", "intent")
    needs = mine.filter(Q(status__in=[*MOVING, JobStatus.PROPOSED]) | SORTS["failed"][1])
    jobs = [(job, word(job)) for job in [*needs[:10], *_broken_off(mine)]]
    waited_for = in_the_way.of(cluster)
    keeps_out = waited_for.job.pk if waited_for else None
    state = live.key([*((job.pk, job.status) for job, _ in jobs), keeps_out])
    if request.GET.get("seen") == state:
        return HttpResponse(status=204)
    context = {"cluster": cluster, "jobs": jobs, "keeps_out": keeps_out, "seen": state, "now": timezone.now()}
    return render(request, "provisioning/_cluster_jobs.html", context)


def _broken_off(mine: QuerySet[Job]) -> list[Job]:
    """The last approved job, when it was called off or overtaken: what was begun waits for somebody, who may not know of it."""
    last = mine.filter(approved_at__isnull=False).order_by("-pk").first()
    if last is None or last.status not in (JobStatus.CANCELLED, JobStatus.STALE) or last.dealt_with_by:
        return []
    return [last]


@require_GET
def panel_parts(request: HttpRequest) -> HttpResponse:
    """How the panel itself is: a part for the settings page."""
    found = parts.everything()
    state = live.key([(part.part, part.alive, part.note) for part in found])
    if request.GET.get("seen") == state:
        return HttpResponse(status=204)
    return render(request, "provisioning/_panel_parts.html", {"parts": found, "seen": state})
