"""The settings of a pair's NFS server: from form to plan."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clusters import access, connected, typed
from clusters.models import Cluster, NodeState
from clusters.states import AccessLevel, Inventory
from provisioning import jobs
from provisioning.desired import NfsSettings
from provisioning.forms.nfs import NfsForm, initial
from provisioning.intents import ConfigureNfs
from provisioning.snapshot import nfs_of
from provisioning.views.guards import in_service
from provisioning.views.opened_on import changed_since, facts_of
from provisioning.views.refusals import say

TEMPLATE = "provisioning/nfs.html"
BUSY = 0.01  # share of the work that found every thread busy, above which more threads help
ENOUGH = 1000  # pieces of work below which the share says nothing
MOST = 256
WHOLE = ("threads", "versions", "grace_time", "lease_time")  # what must not stay empty


@require_http_methods(["GET", "POST"])
def nfs_settings(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    checking = request.method == "POST" and "check" in request.GET
    form = NfsForm(
        typed.data(request),
        volumes=list(
            cluster.volumes.filter(inventory=Inventory.PRESENT).order_by("name").values_list("name", flat=True)
        ),
        checking=checking,
        initial=initial(nfs_of(cluster)),
    )
    key = request.POST.get("key") or uuid.uuid4().hex
    context = {"cluster": cluster, "key": key, **form_context(cluster, form)}
    if checking:
        return render(request, "provisioning/_nfs_form.html#notes", context)
    overtaken = changed_since(request, context, facts_of(form))
    if request.method == "GET":
        return render(request, TEMPLATE, context)
    if not form.is_valid() or "use" in request.POST:
        return render(request, TEMPLATE, context, status=422)
    if overtaken:
        return render(request, TEMPLATE, context, status=409)
    try:
        return redirect(jobs.draft(request, "nfs.configure", cluster, ConfigureNfs(cluster.slug, form.settings()), key))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, TEMPLATE, context, status=409)


def form_context(cluster: Cluster, form: NfsForm) -> dict[str, Any]:
    complaints = form.complaints() if form.is_bound else []
    settings = entered(form) or nfs_of(cluster)
    return {
        "nfs_form": form,
        "complaints": complaints,
        "settings": settings,
        "was": nfs_of(cluster),
        "restarts": _restarts(cluster, form),
        "load": load_of(cluster),
        "felt": connected.load(cluster, timezone.now()),
        "exported": settings.state_volume
        and cluster.exports.filter(volume__name=settings.state_volume, inventory=Inventory.PRESENT).exists(),
    }


def entered(form: NfsForm) -> NfsSettings | None:
    """Give what is typed; None when it is refused, or while a field that must not stay empty is empty."""
    if not form.is_bound or not form.is_valid():
        return None
    return form.settings() if all(form.cleaned_data.get(name) for name in WHOLE) else None


def _restarts(cluster: Cluster, form: NfsForm) -> bool:
    """Whether what is typed needs a restart, as far as the panel knows; the plan asks the nodes."""
    old, new = nfs_of(cluster), entered(form)
    if new is None:
        return False
    return any(getattr(old, name) != getattr(new, name) for name in old.__slots__ if name not in ("threads", "domain"))


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the threads were since the NFS server was started."""

    arrived: int
    waited: int
    threads: int

    @property
    def percent(self) -> float:
        return 100 * self.waited / self.arrived if self.arrived else 0.0

    @property
    def enough(self) -> bool:
        return self.waited <= BUSY * self.arrived

    @property
    def too_few_to_tell(self) -> bool:
        return self.arrived < ENOUGH

    @property
    def suggestion(self) -> int:
        """Twice as many while work waits for a thread; else what there is."""
        return self.threads if self.enough or self.too_few_to_tell else min(MOST, self.threads * 2)


def load_of(cluster: Cluster) -> Load | None:
    """Give the load of the node that serves; None when nobody was seen to."""
    states = NodeState.objects.filter(node__cluster=cluster, nfsd_threads__gt=0).exclude(nfs_arrived=None)
    state = states.order_by("-clients_read_at").first()
    return Load(state.nfs_arrived or 0, state.nfs_waited or 0, state.nfsd_threads or 0) if state else None
