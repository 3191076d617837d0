"""The end of a volume: what depends on it, and the way to the plan. Nothing is deleted here."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clusters import access, possible
from clusters.models import Cluster, ClusterState, Volume
from clusters.states import AccessLevel, Inventory
from clusters.views.clients import section
from provisioning import jobs
from provisioning.desired import DesiredVolume
from provisioning.intents import DeleteVolume
from provisioning.views.guards import in_service
from provisioning.views.refusals import say

TEMPLATE = "provisioning/volume_delete.html"


@require_http_methods(["GET", "POST"])
def volume_delete(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if refused := in_service(request, cluster):
        return refused
    going = (Inventory.PRESENT, Inventory.REMOVING)
    volume = cluster.volumes.select_related("cluster", "usage").filter(name=name, inventory__in=going).first()
    if volume is None:
        raise Http404("No such volume in service.")
    key = request.POST.get("key") or uuid.uuid4().hex
    context = _context(cluster, volume) | {"key": key, "holder": jobs.holder(cluster)}
    if request.method == "GET":
        return render(request, TEMPLATE, context)
    try:
        return redirect(jobs.draft(request, "volume.delete", cluster, intent_of(volume), key))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, TEMPLATE, context, status=409)


def _context(cluster: Cluster, volume: Volume) -> dict[str, Any]:
    """Tell what depends on it, and what stands in the way by the last reading; the plan reads anew."""
    exports = list(
        volume.exports.exclude(inventory=Inventory.DRAFT).select_related("cluster").prefetch_related("clients")
    )
    snapshots, keeps_state = list(volume.snapshots.all()), cluster.nfs_state_volume == volume.name
    state = ClusterState.objects.filter(cluster=cluster).first()
    not_now = possible.why_not("volume-delete", state, timezone.now())
    return section(cluster, volume=volume) | {
        "volume": volume, "exports": exports, "snapshots": snapshots, "usage": getattr(volume, "usage", None),
        "keeps_state": keeps_state, "not_now": not_now,
        "seen_at": state.judged_at if state else None, "hindered": bool(exports or snapshots or keeps_state or not_now),
    }  # fmt: skip


def intent_of(volume: Volume) -> DeleteVolume:
    options = tuple(word for word in volume.mount_options.split(",") if word)
    wanted = DesiredVolume(volume.name, volume.size, volume.fstype, volume.mount_point, options, pool=volume.pool)
    return DeleteVolume(volume.cluster.slug, wanted)
