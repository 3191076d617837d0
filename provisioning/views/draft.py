"""Describe a new pair, step by step. What is described stays in rows, so that each step can be left and taken up again."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from clusters import access, typed
from clusters.models import Cluster
from clusters.states import AccessLevel
from provisioning import draft_progress, drafts, inquiries, jobs, sealed
from provisioning.draft_progress import STEPS
from provisioning.forms.nodes import ClusterForm
from provisioning.intents import ProvisionCluster
from provisioning.models import Inquiry
from provisioning.views import draft_contents, draft_nodes, draft_pair
from provisioning.views.refusals import say


@require_http_methods(["GET", "POST"])
def cluster_new(request: HttpRequest) -> HttpResponse:
    access.require(request, AccessLevel.ADMIN)
    form = ClusterForm(typed.data(request))
    context = {"form": form, "public_key": sealed.make_panel_key()}
    if request.method == "GET":
        return render(request, "provisioning/cluster_new.html", context)
    if not form.is_valid() or "use" in request.POST:
        return render(request, "provisioning/cluster_new.html", context, status=422)
    cluster = drafts.create(request, form.text("slug"), form.text("labels"))
    return redirect("cluster-draft", cluster.slug, "nodes")


@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if step not in STEPS:
        raise Http404("No such step.")
    if not draft_progress.editable(cluster):
        messages.info(request, f"{cluster} is no draft any more: it is changed by jobs now.")
        return redirect(cluster)
    view = {
        "nodes": draft_nodes.nodes,
        "preflight": preflight,
        "storage": draft_pair.storage,
        "service": draft_pair.service,
        "volumes": draft_contents.volumes,
        "plan": plan,
    }[step]
    return view(request, cluster, frame(cluster, step))


def frame(cluster: Cluster, step: str) -> dict[str, Any]:
    """What each step's page shows around it: all steps and what they lack."""
    progress = draft_progress.progress(cluster)
    position = STEPS.index(step)
    return {
        "cluster": cluster,
        "step": step,
        "as_of": drafts.as_of(cluster, step) if step in ("nodes", "storage", "service") else "",
        "progress": progress,
        "missing": [(item, text) for item in progress for text in item.missing],
        "next_step": STEPS[position + 1] if position + 1 < len(STEPS) else "",
        "nodes": draft_progress.members(cluster),
    }


def preflight(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    ready = not draft_progress.nodes_missing_before_reading(cluster)
    if request.method == "POST":
        if ready:
            inquiries.ask(Inquiry.Kind.PREFLIGHT, cluster, asked_by=request.user.get_username())
        return redirect("cluster-draft", cluster.slug, "preflight")
    return draft_nodes.preflight_page(request, cluster, context | {"ready": ready})


def plan(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    if request.method == "GET":
        context |= {"key": uuid.uuid4().hex, **draft_contents.rows(cluster), "seen_nodes": draft_progress.seen(cluster)}
        return render(request, "provisioning/draft_plan.html", context)
    if context["missing"]:
        messages.error(request, "The draft is not complete yet.")
        return redirect("cluster-draft", cluster.slug, "plan")
    try:
        job = jobs.draft(
            request, "cluster.provision", cluster, ProvisionCluster(cluster.slug), request.POST.get("key") or None
        )
    except jobs.Refused as refused:
        say(request, refused)
        return redirect("cluster-draft", cluster.slug, "plan")
    return redirect(job)


@require_GET
def resume(request: HttpRequest, slug: str) -> HttpResponse:
    """Go to the first step that lacks something."""
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    lacking = [item.step for item in draft_progress.progress(cluster) if item.missing]
    return redirect("cluster-draft", cluster.slug, lacking[0] if lacking else "plan")
