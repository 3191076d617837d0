"""A larger replicated device: from form to plan."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access, typed
from clusters.models import Backing
from clusters.states import AccessLevel
from provisioning import jobs
from provisioning.forms.resource import GrowResourceForm, sides
from provisioning.intents import GrowResource
from provisioning.views.guards import in_service
from provisioning.views.refusals import say

TEMPLATE = "provisioning/resource_grow.html"


@require_http_methods(["GET", "POST"])
def resource_grow(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if refused := in_service(request, cluster):
        return refused
    both = sides(cluster)
    disks = any(side.backing.kind == Backing.Kind.DISK for side in both)
    checking = request.method == "POST" and "check" in request.GET
    data = typed.data(request)
    form = GrowResourceForm(data, cluster=cluster, sides=both, checking=checking)
    good = form.is_bound and (disks or form.is_valid())
    key = request.POST.get("key") or uuid.uuid4().hex
    context = {
        "cluster": cluster, "form": form, "key": key, "sides": both, "disks": disks,
        "becomes": form.cleaned_data.get("bytes") if data is not None and not disks and not form.errors else None,
        "complaints": form.complaints() if data is not None and not disks else [],
    }  # fmt: skip
    if checking:
        return render(request, f"{TEMPLATE}#notes", context)
    if request.method == "GET":
        return render(request, TEMPLATE, context)
    if not good or "use" in request.POST:
        return render(request, TEMPLATE, context, status=422)
    try:
        intent = GrowResource(cluster.slug, 0) if disks else form.intent()
        return redirect(jobs.draft(request, "resource.grow", cluster, intent, key))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, TEMPLATE, context, status=409)
