"""Take a pair out of the panel. The nodes are not touched; the page says so before and the plan says it again."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access
from clusters.states import AccessLevel, Inventory
from provisioning import jobs
from provisioning.intents import ForgetCluster
from provisioning.plans.parts.packages import START_AGAIN
from provisioning.render.paths import POLICY
from provisioning.views.refusals import say


@require_http_methods(["GET", "POST"])
def cluster_forget(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if request.method == "POST":
        try:
            return redirect(
                jobs.draft(
                    request, "cluster.forget", cluster, ForgetCluster(cluster.slug), request.POST.get("key") or None
                )
            )
        except jobs.Refused as refusal:
            say(request, refusal)
            return redirect("cluster-forget", cluster.slug)
    context = {
        "cluster": cluster, "key": uuid.uuid4().hex, "holder": jobs.holder(cluster),
        "nodes": list(cluster.nodes.filter(kind="member")), "volumes": cluster.volumes.count(), "exports": cluster.exports.count(),
        "unfinished": cluster.touched_at and cluster.inventory in (Inventory.DRAFT, Inventory.CREATING), "policy": POLICY, "start_again": START_AGAIN,
    }  # fmt: skip
    return render(request, "provisioning/forget.html", context)
