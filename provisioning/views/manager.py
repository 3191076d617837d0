"""The times of a running pair's manager: from form to plan."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access
from clusters.states import AccessLevel
from provisioning import jobs
from provisioning.checks.settings import TIMES
from provisioning.forms.manager import TimesForm
from provisioning.intents import ConfigureManager
from provisioning.snapshot import heartbeat_of
from provisioning.views.guards import in_service
from provisioning.views.opened_on import changed_since, facts_of
from provisioning.views.refusals import say

TEMPLATE = "provisioning/manager.html"


@require_http_methods(["GET", "POST"])
def manager_times(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if refused := in_service(request, cluster):
        return refused
    was = heartbeat_of(cluster)
    form = TimesForm(
        request.POST if request.method == "POST" else None, initial={name: getattr(was, name) for name in TIMES}
    )
    key = request.POST.get("key") or uuid.uuid4().hex
    good = form.is_bound and form.is_valid()
    context = {
        "cluster": cluster, "key": key, "form": form, "complaints": form.complaints() if form.is_bound else [],
        "settings": form.settings(was) if good else was, "was": was,
    }  # fmt: skip
    overtaken = changed_since(request, context, facts_of(form))
    if request.method == "GET":
        return render(request, TEMPLATE, context)
    if not good or "use" in request.POST:
        return render(request, TEMPLATE, context, status=422)
    if overtaken:
        return render(request, TEMPLATE, context, status=409)
    try:
        intent = ConfigureManager(cluster.slug, form.settings(was))
        return redirect(jobs.draft(request, "manager.configure", cluster, intent, key))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, TEMPLATE, context, status=409)
