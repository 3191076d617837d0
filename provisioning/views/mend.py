"""Compare a pair that is in service with what it is meant to be, and plan what mends the difference: the set-up, planned again."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access
from clusters.states import AccessLevel, Inventory
from provisioning import jobs
from provisioning.intents import ProvisionCluster
from provisioning.views.refusals import say


@require_http_methods(["GET", "POST"])
def cluster_mend(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if cluster.inventory != Inventory.PRESENT:
        return redirect(cluster)
    if request.method == "POST":
        key = request.POST.get("key") or None
        try:
            return redirect(jobs.draft(request, "cluster.provision", cluster, ProvisionCluster(cluster.slug), key))
        except jobs.Refused as refusal:
            say(request, refusal)
            return redirect("cluster-mend", cluster.slug)
    context = {
        "cluster": cluster, "key": uuid.uuid4().hex, "holder": jobs.holder(cluster), "nodes": list(cluster.nodes.filter(kind="member")),
    }  # fmt: skip
    return render(request, "provisioning/mend.html", context)
