"""An export that is in service: other clients or options, and withdrawing it. From form to plan."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access, typed
from clusters.models import Cluster, Export
from clusters.states import AccessLevel, Inventory
from provisioning import jobs
from provisioning.desired import DesiredExport
from provisioning.forms.export import client_forms, said_twice
from provisioning.forms.export_edit import ExportEditForm, options_there
from provisioning.intents import WithdrawExport
from provisioning.views.export_new import form_context, unfinished, valid
from provisioning.views.guards import in_service
from provisioning.views.opened_on import changed_since
from provisioning.views.refusals import say

EDIT = "provisioning/export_edit.html"
WITHDRAW = "provisioning/export_withdraw.html"


@require_http_methods(["GET", "POST"])
def export_edit(request: HttpRequest, slug: str, fsid: int) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    export = there(cluster, fsid, Inventory.PRESENT)
    checking = request.method == "POST" and "check" in request.GET
    data = typed.data(request)
    form = ExportEditForm(data, export=export, checking=checking)
    known = list(form.known.clients)
    clients = client_forms(data, checking=checking, known=known, kept=options_there(known))
    good = data is not None and valid(form, clients)
    said_twice(clients)
    key = request.POST.get("key") or uuid.uuid4().hex
    context = {"cluster": cluster, "export": export, "key": key, **form_context(form, clients, [export.volume])}
    if checking:
        return render(request, "provisioning/_export_form.html#notes", context)
    overtaken = changed_since(request, context, {"Clients": _line(form.known)})
    if request.method == "GET":
        return render(request, EDIT, context)
    if unfinished(request) or not good or not valid(form, clients):
        return render(request, EDIT, context, status=422)
    if overtaken:
        return render(request, EDIT, context, status=409)
    try:
        intent = form.intent([client.value() for client in clients])
        return redirect(jobs.draft(request, "export.edit", cluster, intent, key))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, EDIT, context, status=409)


@require_http_methods(["GET", "POST"])
def export_withdraw(request: HttpRequest, slug: str, fsid: int) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    export = there(cluster, fsid, Inventory.PRESENT, Inventory.REMOVING)
    if request.method == "POST":
        intent = WithdrawExport(cluster.slug, export.path, export.fsid)
        try:
            return redirect(
                jobs.draft(request, "export.withdraw", cluster, intent, request.POST.get("key") or uuid.uuid4().hex)
            )
        except jobs.Refused as refusal:
            say(request, refusal)
            return redirect("export-withdraw", cluster.slug, export.fsid)
    holder = jobs.holder(cluster)
    context = {"cluster": cluster, "export": export, "key": uuid.uuid4().hex, "holder": holder}
    return render(request, WITHDRAW, context)


def _line(export: DesiredExport) -> str:
    return " ".join(f"{one.client}({','.join(one.options)})" for one in export.clients)


def there(cluster: Cluster, fsid: int, *states: Inventory) -> Export:
    found = cluster.exports.select_related("volume").prefetch_related("clients").filter(fsid=fsid, inventory__in=states)
    export = found.first()
    if export is None:
        raise Http404("No such export.")
    return export
