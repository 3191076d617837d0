"""What the pair of a draft is made of: disks and replication, service IP and networks, chosen from what the preflight saw."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clusters.models import Backing, Cluster, Node, Resource
from provisioning import draft_locks, draft_progress, drafts
from provisioning.forms.service import ServiceForm
from provisioning.forms.storage import StorageForm
from provisioning.pages import disks, networks, space
from provisioning.pages.disks import DiskChoice
from provisioning.preflight import Preflight
from provisioning.snapshot import backing_of
from provisioning.views.guards import not_saved, with_as_of


def storage(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    found, nodes = draft_progress.seen(cluster), context["nodes"]
    if found is None or len(nodes) != 2:
        return render(request, "provisioning/draft_storage.html", context | {"form": None})
    choices = [_disks(node, found) for node in nodes]
    names = [node.name for node in nodes]
    if request.method == "GET":
        initial = _storage_initial(cluster, nodes, choices)
        form = StorageForm(with_as_of(request, context), names=names, disks=choices, initial=initial)
        return render(request, "provisioning/draft_storage.html", context | _storage_context(form))
    form = StorageForm(request.POST, names=names, disks=choices)
    if status := not_saved(request, context, good=form.is_valid()):
        return render(request, "provisioning/draft_storage.html", context | _storage_context(form), status=status)
    drafts.save_storage(request, cluster, form, found)
    return redirect("cluster-draft", cluster.slug, context["next_step"])


def _disks(node: Node, found: Preflight) -> list[DiskChoice]:
    seen = found.node(node.name)
    backing = getattr(node, "backing", None)
    return disks.choices(seen, backing_of(backing) if backing else None) if seen else []


def _storage_context(form: StorageForm) -> dict[str, Any]:
    rows = [
        (
            name,
            form[f"disk_{number}"],
            [(choice, choice.path == form[f"disk_{number}"].value()) for choice in form.disks[number]],
        )
        for number, name in enumerate(form.names)
    ]
    return {"form": form, "disk_rows": rows, "source": form["first_source"].value()}


def _storage_initial(cluster: Cluster, nodes: list[Node], choices: list[list[DiskChoice]]) -> dict[str, Any]:
    resource = Resource.objects.filter(cluster=cluster).first()
    backing: Backing | None = getattr(nodes[0], "backing", None)
    free = [[choice for choice in row if not choice.refused] for row in choices]
    smallest = min((row[0].size for row in free if row), default=0)
    number, unit = space.as_text(backing.size if backing and backing.size else space.recommended_lv(smallest))
    chosen = {f"disk_{n}": _initial_disk(node, free[n]) for n, node in enumerate(nodes)}
    return chosen | {
        "kind": backing.kind if backing else "lv",
        "local_vg": (backing.vg if backing else "") or "vg_local",
        "local_lv": (backing.lv if backing else "") or "r0",
        "size": number, "unit": unit,
        "resource": resource.name if resource else "r0",
        "vg": resource.vg if resource else "vg_data",
        "first_source": cluster.first_source or nodes[0].name,
    }  # fmt: skip


def _initial_disk(node: Node, free: list[DiskChoice]) -> str:
    """Keep what was chosen; choose for the person only where there is no choice."""
    if hasattr(node, "backing"):
        return str(node.backing.disk)
    return free[0].path if len(free) == 1 else ""


def service(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    found, nodes = draft_progress.seen(cluster), context["nodes"]
    if found is None or len(nodes) != 2:
        return render(request, "provisioning/draft_service.html", context | {"form": None})
    names = [node.name for node in nodes]
    addresses = [networks.choices(seen) if (seen := found.node(name)) else [] for name in names]
    if request.method == "GET":
        initial = _service_initial(cluster, nodes, found)
        form = ServiceForm(with_as_of(request, context), names=names, addresses=addresses, initial=initial)
        return render(request, "provisioning/draft_service.html", context | _service_context(form))
    form = ServiceForm(request.POST, names=names, addresses=addresses)
    if status := not_saved(request, context, good=form.is_valid()):
        return render(request, "provisioning/draft_service.html", context | _service_context(form), status=status)
    drafts.save_service(request, cluster, form)
    draft_locks.keep(request, cluster, wanted=form.cleaned_data["keep_locks"])
    for advice in form.advice():
        messages.warning(request, advice)
    return redirect("cluster-draft", cluster.slug, context["next_step"])


def _service_context(form: ServiceForm) -> dict[str, Any]:
    rows = [(name, form[f"service_{number}"], form[f"replication_{number}"]) for number, name in enumerate(form.names)]
    times = [form[name] for name in ("keepalive", "warntime", "deadtime", "initdead")]
    return {
        "form": form,
        "address_rows": rows,
        "times": times,
        "nfs": [form["nfs_grace"], form["nfs_lease"], form["nfs_threads"]],
    }


def _service_initial(cluster: Cluster, nodes: list[Node], found: Preflight) -> dict[str, Any]:
    """Start from what is saved; else from the networks that both nodes share: the first for clients, the last for replication."""
    initial: dict[str, Any] = {name: getattr(cluster, name) for name in drafts.SERVICE_FIELDS}
    initial["keep_locks"] = bool(cluster.nfs_state_volume)
    seen = [found.node(node.name) for node in nodes]
    shared = networks.proposed(seen[0], seen[1], {node.ssh_host for node in nodes}) if seen[0] and seen[1] else []
    for number, (node, reading) in enumerate(zip(nodes, seen, strict=True)):
        choices = networks.choices(reading) if reading else []
        service = _saved(node.service_interface, node.service_address) or _first(choices, shared[:1])
        replication = _saved(node.replication_interface, node.replication_address) or _first(choices, shared[-1:])
        initial |= {f"service_{number}": service, f"replication_{number}": replication}
    return initial


def _saved(interface: str, address: str | None) -> str:
    return f"{interface} {address}" if interface and address else ""


def _first(choices: list[networks.AddressChoice], wanted: list[str]) -> str:
    return next((choice.value for choice in choices if choice.network in wanted), "")
