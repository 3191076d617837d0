"""A larger volume: from form to plan."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access, typed
from clusters.states import AccessLevel
from provisioning import jobs
from provisioning.forms.volume import Room
from provisioning.forms.volume_change import GrowForm
from provisioning.views.guards import in_service, present_volume
from provisioning.views.refusals import say
from provisioning.views.volume_new import space_bar

TEMPLATE = "provisioning/volume_grow.html"


@require_http_methods(["GET", "POST"])
def volume_grow(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    checking = request.method == "POST" and "check" in request.GET
    form = GrowForm(typed.data(request), volume=volume, room=Room.of(cluster, volume), checking=checking)
    key = request.POST.get("key") or uuid.uuid4().hex
    context = {"cluster": cluster, "volume": volume, "key": key, **form_context(form)}
    if checking:
        return render(request, f"{TEMPLATE}#notes", context)
    if request.method == "GET":
        return render(request, TEMPLATE, context)
    if not form.is_valid() or "use" in request.POST:
        return render(request, TEMPLATE, context, status=422)
    try:
        return redirect(jobs.draft(request, "volume.grow", cluster, form.intent(), key))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, TEMPLATE, context, status=409)


def form_context(form: GrowForm) -> dict[str, Any]:
    bound = form.is_bound
    if bound:
        form.is_valid()
    return {
        "form": form,
        "space": space_bar(form.room, form.asked, form.volume.pool),
        "becomes": form.cleaned_data.get("bytes") if bound and not form.errors else None,
        "complaints": form.complaints() if bound else [],
    }
