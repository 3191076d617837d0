"""Other options, another place, another name for a volume: from form to plan."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access, typed
from clusters.states import AccessLevel, Inventory
from provisioning import jobs
from provisioning.forms.volume_edit import EditForm
from provisioning.views.guards import in_service, present_volume
from provisioning.views.opened_on import changed_since, facts_of
from provisioning.views.refusals import say

TEMPLATE = "provisioning/volume_edit.html"


@require_http_methods(["GET", "POST"])
def volume_edit(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    checking = request.method == "POST" and "check" in request.GET
    form = EditForm(typed.data(request), volume=volume, checking=checking)
    good = form.is_bound and form.is_valid()
    key = request.POST.get("key") or uuid.uuid4().hex
    context = {
        "cluster": cluster, "volume": volume, "form": form, "key": key, "effects": form.effects(),
        "complaints": form.complaints() if form.is_bound else [],
        "moving": volume.exports.filter(inventory=Inventory.PRESENT),
    }  # fmt: skip
    if checking:
        return render(request, f"{TEMPLATE}#notes", context)
    overtaken = changed_since(request, context, facts_of(form))
    if request.method == "GET":
        return render(request, TEMPLATE, context)
    if not good or "use" in request.POST:
        return render(request, TEMPLATE, context, status=422)
    if overtaken:
        return render(request, TEMPLATE, context, status=409)
    try:
        return redirect(jobs.draft(request, "volume.edit", cluster, form.intent(), key))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, TEMPLATE, context, status=409)
