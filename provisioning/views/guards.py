"""Reasons for a page not to open, said instead of a form that could not work."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from clusters import apart, typed
from clusters.models import Cluster, Volume
from clusters.states import Inventory


def in_service(request: HttpRequest, cluster: Cluster) -> HttpResponse | None:
    """Send away from a cluster that is not set up yet, or whose copies are apart; forms for a running pair make no sense there."""
    if cluster.inventory != Inventory.PRESENT:
        messages.error(request, f"{cluster} is not set up yet; this is for pairs that run.")
    elif request.method == "POST" or typed.found(request):  # what was typed already goes to the door
        return None
    elif why := apart.why_not_now(cluster):
        messages.error(request, why)
    else:
        return None
    return redirect(cluster)


def overtaken(request: HttpRequest, context: dict[str, Any]) -> bool:
    """See whether somebody else saved this step since the form was opened; their work is not overwritten unseen."""
    began = request.POST.get("as_of", "")
    if not began or began == context["as_of"]:
        return False
    context["overtaken"] = True
    return True


def with_as_of(request: HttpRequest, context: dict[str, Any]) -> QueryDict | None:
    """What a step's form is filled with. Typed before a session ended, it began with what was saved then: not with what is saved now."""
    data = typed.data(request)
    if data is not None and request.method == "GET":
        context["as_of"] = data.get("as_of") or context["as_of"]
    return data


def not_saved(request: HttpRequest, context: dict[str, Any], *, good: bool) -> int:
    """Give the status to show a step's form again with: somebody was faster, or what was typed cannot be or is not finished; else 0."""
    if overtaken(request, context):
        return 409
    return 422 if not good or "use" in request.POST else 0


def present_volume(cluster: Cluster, name: str) -> Volume:
    """Give a volume that is in service, 404 when there is none of that name."""
    volume = cluster.volumes.select_related("cluster").filter(name=name, inventory=Inventory.PRESENT).first()
    if volume is None:
        raise Http404("No such volume in service.")
    return volume
