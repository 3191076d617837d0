"""A new NFS export on a running pair: from form to plan."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access, allocation, typed
from clusters.export_access import Gets, by_name, overlaps, what_gets
from clusters.export_rights import singled_out
from clusters.models import Cluster, Volume
from clusters.rules.export_catalogue import CATALOGUE, RISKY
from clusters.states import ENDED, AccessLevel, Inventory
from provisioning import actions, jobs
from provisioning.desired import ExportClient
from provisioning.forms.export import ClientForm, ExportForm, client_forms, said_twice
from provisioning.forms.export_edit import ExportEditForm
from provisioning.intents import PublishExport
from provisioning.models import Job
from provisioning.pages import export_line
from provisioning.views.guards import in_service
from provisioning.views.refusals import say

TEMPLATE = "provisioning/export_new.html"
AnyForm = ExportForm | ExportEditForm


@require_http_methods(["GET", "POST"])
def export_new(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volumes = list(cluster.volumes.filter(inventory=Inventory.PRESENT))
    checking = request.method == "POST" and "check" in request.GET
    data = typed.data(request)
    form = ExportForm(
        data,
        cluster=cluster,
        fsid=next_fsid(cluster),
        volumes=volumes,
        checking=checking,
        initial={"volume": request.GET.get("volume", "")},
    )
    clients = client_forms(data, checking=checking)
    good = data is not None and valid(form, clients)
    said_twice(clients)
    context = {
        "cluster": cluster,
        "key": request.POST.get("key") or uuid.uuid4().hex,
        **form_context(form, clients, volumes),
    }
    if checking:
        return render(request, "provisioning/_export_form.html#notes", context)
    if request.method == "GET":
        return render(request, TEMPLATE, context)
    if unfinished(request) or not good or not valid(form, clients):
        return render(request, TEMPLATE, context, status=422)
    try:
        intent = form.intent([client.value() for client in clients])
        return redirect(jobs.draft(request, "export.publish", cluster, intent, context["key"]))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, TEMPLATE, context, status=409)


def next_fsid(cluster: Cluster) -> int:
    """Give the next fsid, past those that plans which have not ended will use."""
    open_jobs = Job.objects.filter(cluster=cluster, action="export.publish").exclude(status__in=ENDED)
    intents = [actions.intent_of(job) for job in open_jobs.defer("plan")]
    return allocation.fsid(cluster, [intent.export.fsid for intent in intents if isinstance(intent, PublishExport)])


def valid(form: AnyForm, clients: Sequence[ClientForm]) -> bool:
    checked = [
        client.is_bound and client.is_valid() for client in clients
    ]  # each one, so that all mistakes are shown at once
    return form.is_valid() and all(checked)


def unfinished(request: HttpRequest) -> bool:
    """A row was added or dropped, an offered value taken or something asked: nothing is to be planned yet."""
    return any(name in request.POST for name in ("add", "drop", "use", "ask"))


def form_context(form: AnyForm, clients: Sequence[ClientForm], volumes: Sequence[Volume]) -> dict[str, Any]:
    if form.is_bound:
        form.is_valid()
    complaints = form.complaints() if form.is_bound else []
    for number, client in enumerate(clients, 1):
        row = f"Client {number}" if len(clients) > 1 else ""
        complaints += client.complaints(row) if client.is_bound else []
    judged = export_line.said(form.cluster, form.export(usable(clients))) if usable_path(form) else export_line.Said()
    return {
        "export_form": form, "client_rows": clients, "export_volumes": volumes, "fsid": form.fsid,
        "preview": preview(form, clients), "complaints": complaints, "catalogue": CATALOGUE,
        "stops": judged.stops, "warnings": [*warnings(clients), *judged.warns],
        "address": (address := str(form.data.get("address", ""))[:253]), "gets": gets(address, clients, form.cluster),
    }  # fmt: skip


def preview(form: AnyForm, clients: Sequence[ClientForm]) -> dict[str, str]:
    """The line as it will stand in the file, from what can be used of the form so far."""
    if not usable_path(form):
        return {}
    known = usable(clients)
    volume = form.volumes[form.export(known).volume]
    line = export_line.line(form.cluster.slug, form.export(known), volume) if known else ""
    return {
        "path": form.path(),
        "line": line,
        "mount": f"mount -t nfs4 {form.cluster.service_ip}:{form.path()} /mnt" if form.cluster.service_ip else "",
    }


def usable_path(form: AnyForm) -> bool:
    return (form.is_bound or not form.fields) and bool(form.path())


def usable(clients: Sequence[ClientForm]) -> list[ExportClient]:
    """The rows that can be used so far."""
    return [client.value() for client in clients if client.is_bound and client.is_valid() and client.text("client")]


def gets(address: str, clients: Sequence[ClientForm], cluster: Cluster) -> Gets | None:
    """What an address would get from the rows as they stand."""
    if not address.strip():
        return None
    found = what_gets(
        address, [(client.client, client.options) for client in usable(clients)], cluster.service_ip or ""
    )
    wrong = [str(number) for number, client in enumerate(clients, 1) if refused(client)]
    if not wrong:
        return found
    rows = f"client {wrong[0]} is" if len(wrong) == 1 else f"clients {', '.join(wrong)} are"
    return Gets(f"Not settled while {rows} refused. By the others: {found.sentence}", found.client, sure=False)


def refused(client: ClientForm) -> bool:
    """Whether somebody typed a client that cannot be used as it stands."""
    typed = str(client.data.get(client.add_prefix("client"), "")).strip()
    return bool(client.is_bound and typed and not client.is_valid())


def warnings(clients: Sequence[ClientForm]) -> list[str]:
    said = []
    values = usable(clients)
    for value in values:
        if value.client == "*":
            said.append("* is everybody who can reach the service IP.")
        said += [f"{value.client}: with {word}, {risk}." for word, risk in RISKY.items() if word in value.options]
        if by_name(value.client):
            said.append(f"{value.client} is a name: while no name server answers, mounts on this pair stand still.")
    entries = [(value.client, value.options) for value in values]
    return [*said, *singled_out(entries), *overlaps(entries)]
