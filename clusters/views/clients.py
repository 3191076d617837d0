"""Who is connected to a cluster, to one of its volumes, to one of its exports."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clusters import access, connected
from clusters.models import Cluster, Export, Volume


@require_safe
def clients_page(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, forgotten=True)
    volume, export = _what(cluster, request.GET.get("volume", ""), request.GET.get("export", ""))
    q = request.GET.get("q", "").strip()[:100]
    context = section(cluster, volume=volume, export=export, q=q)
    part = request.GET.get("part") == "section"
    if part and request.GET.get("seen") == context["connected"].seen:
        return HttpResponse(status=204)
    context["all"] = not part or request.GET.get("all") == "1"
    if context["all"]:
        context["clients_url"] += "&all=1" + (f"&{urlencode({'q': q})}" if q else "")
    if part:
        return render(request, "_clients.html", context)
    kept = {key: request.GET[key] for key in ("volume", "export") if key in request.GET}
    return render(request, "clients.html", context | {"q": q, "what": export or volume, "kept": kept})


def section(
    cluster: Cluster,
    *,
    volume: Volume | None = None,
    export: Export | None = None,
    q: str = "",
    pair: connected.Pair | None = None,
) -> dict[str, Any]:
    """Give what the template `_clients.html` needs, on whatever page it stands."""
    what = {"export": export.fsid} if export else {"volume": volume.name} if volume else {}
    return {
        "cluster": cluster,
        "connected": connected.load(cluster, timezone.now(), volume=volume, export=export, q=q, pair=pair),
        "clients_url": f"{reverse('clients', args=[cluster.slug])}?{urlencode(what)}",
        "of": next(iter(what), ""),
        "live": True,
    }


def _what(cluster: Cluster, volume: str, export: str) -> tuple[Volume | None, Export | None]:
    """Find what the page is about; a name that does not exist is no page."""
    if export:
        found = cluster.exports.filter(fsid=export).first() if export.isdecimal() and len(export) < 10 else None
        if found is None:
            raise Http404("No such export.")
        return None, found
    if volume:
        row = cluster.volumes.filter(name=volume).first()
        if row is None:
            raise Http404("No such volume.")
        return row, None
    return None, None
