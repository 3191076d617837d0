"""The first volumes and exports of a draft."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from clusters import access, allocation, typed
from clusters.models import Cluster, Export, Node, Volume
from clusters.states import AccessLevel
from provisioning import draft_progress, drafts
from provisioning.forms.export import ClientForm, ExportForm, client_forms, said_twice
from provisioning.forms.volume import Room, VolumeForm
from provisioning.pages import space
from provisioning.views import export_new, volume_new


def rows(cluster: Cluster) -> dict[str, Any]:
    return {
        "volumes": list(cluster.volumes.order_by("name")),
        "exports": list(cluster.exports.select_related("volume").prefetch_related("clients").order_by("path")),
        "room": room(cluster),
    }


def room(cluster: Cluster) -> Room:
    """Space in the volume group that will be, less what the draft gives away already."""
    nodes: Sequence[Node] = draft_progress.members(cluster)
    backings = [node.backing for node in nodes if hasattr(node, "backing")]
    name = cluster.resource.vg if hasattr(cluster, "resource") else "the volume group"
    if len(backings) != 2:
        return Room(name, None, None)
    size = space.for_volumes(min(backing.size or backing.disk_size for backing in backings))
    return Room(name, size, max(0, size - sum(space.rounded_up(volume.size) for volume in cluster.volumes.all())))


def volumes(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    context |= rows(cluster)
    adding = request.GET.get("add", "")
    if request.method == "POST":
        return _add_export(request, cluster, context) if adding == "export" else _add_volume(request, cluster, context)
    if adding == "volume" or (not adding and not context["volumes"]):
        context |= volume_new.form_context(VolumeForm(typed.data(request), cluster=cluster, room=context["room"]))
    elif adding == "export" and context["volumes"]:
        data = typed.data(request)
        form, clients = _export_form(cluster, context, data), client_forms(data)
        context |= export_new.form_context(form, clients, context["volumes"])
    return render(request, "provisioning/draft_volumes.html", context)


def _add_volume(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    checking = "check" in request.GET
    form = VolumeForm(request.POST, cluster=cluster, room=context["room"], checking=checking)
    context |= volume_new.form_context(form)
    if checking:
        return render(request, "provisioning/_volume_form.html#notes", context)
    if not form.is_valid() or "use" in request.POST:
        return render(request, "provisioning/draft_volumes.html", context, status=422)
    drafts.add_volume(request, cluster, form.volume())
    return redirect("cluster-draft", cluster.slug, "volumes")


def _export_form(cluster: Cluster, context: dict[str, Any], data: Any = None, *, checking: bool = False) -> ExportForm:
    return ExportForm(
        data, cluster=cluster, fsid=allocation.fsid(cluster), volumes=context["volumes"], checking=checking
    )


def _add_export(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    checking = "check" in request.GET
    form = _export_form(cluster, context, request.POST, checking=checking)
    clients: list[ClientForm] = client_forms(request.POST, checking=checking)
    good = export_new.valid(form, clients)
    said_twice(clients)
    context |= export_new.form_context(form, clients, context["volumes"])
    if checking:
        return render(request, "provisioning/_export_form.html#notes", context)
    if export_new.unfinished(request) or not good or not export_new.valid(form, clients):
        return render(request, "provisioning/draft_volumes.html", context, status=422)
    drafts.add_export(request, cluster, form.export([client.value() for client in clients]))
    return redirect("cluster-draft", cluster.slug, "volumes")


@require_POST
def remove(request: HttpRequest, slug: str, kind: str, pk: int) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if not draft_progress.editable(cluster) or kind not in ("volume", "export"):
        raise Http404("Nothing to remove here.")
    if kind == "volume":
        drafts.remove(request, get_object_or_404(Volume, cluster=cluster, pk=pk))
    else:
        drafts.remove(request, get_object_or_404(Export, cluster=cluster, pk=pk))
    return redirect("cluster-draft", cluster.slug, "volumes")
