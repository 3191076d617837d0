"""The visitor's hand on simulated machines: pull the power, pull a cable. Real clusters have no such page."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from clusters import access, audit
from clusters.models import AuditEntry
from clusters.states import AccessLevel
from provisioning.simulator import store


@require_POST
def simulation(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    verb, node = request.POST.get("verb", ""), request.POST.get("node", "")
    if not cluster.simulated:
        raise Http404("These are real machines.")
    if verb not in store.CONTROLS or (node and not cluster.nodes.filter(name=node).exists()):
        raise Http404("No such machine or switch.")
    with transaction.atomic():
        text = store.control(cluster.pk, verb, node)
        audit.record(
            actor=request.user.get_username(), action=f"simulation.{verb}", text=text, outcome=AuditEntry.Outcome.DONE,
            cluster=cluster, object=node, request=request,
        )  # fmt: skip
    messages.info(request, f"Simulated: {text}")
    return redirect(cluster)
