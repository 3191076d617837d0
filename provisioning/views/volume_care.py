"""Check, repair and trim the file system of a volume: from form to plan, and when trims come by themselves."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access, care, typed
from clusters.models import Cluster, TrimSchedule, Volume
from clusters.states import AccessLevel
from provisioning import jobs, schedules
from provisioning.forms.care import CheckForm, RepairForm, TrimForm, initial_trim
from provisioning.forms.volume import Room
from provisioning.intents import CareIntent, TrimVolume
from provisioning.views.guards import in_service, present_volume
from provisioning.views.opened_on import changed_since, facts_of
from provisioning.views.refusals import say

CHECK, REPAIR, TRIM = (f"provisioning/volume_{name}.html" for name in ("check", "repair", "trim"))


@require_http_methods(["GET", "POST"])
def volume_check(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    form = CheckForm(typed.data(request), volume=volume, room=Room.of(cluster, volume))
    may_repair = access.level(request.user, cluster) >= AccessLevel.ADMIN
    context = _context(request, volume, form) | {"may_repair": may_repair}
    return _answer(request, CHECK, form, context, "volume.check")


@require_http_methods(["GET", "POST"])
def volume_repair(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    form = RepairForm(typed.data(request), volume=volume)
    return _answer(request, REPAIR, form, _context(request, volume, form), "volume.repair")


@require_http_methods(["GET", "POST"])
def volume_trim(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Trim now, or say when it is done by itself: no node is touched by that; each run goes through the door."""
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    old = TrimSchedule.objects.filter(volume=volume).first()
    now = request.POST.get("what") == "now"
    data = typed.data(request)
    form = TrimForm(data if data is not None and data.get("what") != "now" else None, initial=initial_trim(old))
    context = _context(request, volume, form)
    overtaken = changed_since(request, context, facts_of(form) if old else {})
    if request.method == "GET":
        return render(request, TRIM, context)
    if now:
        return _drafted(request, TRIM, context, "volume.trim", TrimVolume(cluster.slug, volume.name))
    if not form.is_valid():
        return render(request, TRIM, context, status=422)
    if overtaken:
        return render(request, TRIM, context, status=409)
    schedule = care.set_trim(request, volume, zone=schedules.zone(), **form.values())
    said = f"It is trimmed {care.when(schedule)}." if schedule.enabled else "It is not trimmed by itself any more."
    messages.success(request, said)
    return redirect(volume)


def _context(request: HttpRequest, volume: Volume, form: CheckForm | RepairForm | TrimForm) -> dict[str, Any]:
    if form.is_bound:
        form.is_valid()
    return {
        "cluster": volume.cluster,
        "volume": volume,
        "form": form,
        "key": request.POST.get("key") or uuid.uuid4().hex,
        "complaints": form.complaints() if form.is_bound else [],
        "care": care.pane(volume),
    }


def _answer(
    request: HttpRequest, template: str, form: CheckForm | RepairForm, context: dict[str, Any], action: str
) -> HttpResponse:
    if request.method == "GET":
        return render(request, template, context)
    if not form.is_valid():
        return render(request, template, context, status=422)
    return _drafted(request, template, context, action, form.intent())


def _drafted(
    request: HttpRequest, template: str, context: dict[str, Any], action: str, intent: CareIntent
) -> HttpResponse:
    cluster: Cluster = context["cluster"]
    try:
        return redirect(jobs.draft(request, action, cluster, intent, context["key"]))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, template, context, status=409)
