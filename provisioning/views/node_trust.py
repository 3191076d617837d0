"""A node in service shows another host key: what is pinned, what it shows now, and the ceremony to trust it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from clusters import access, typed
from clusters.models import Node
from clusters.states import AccessLevel
from provisioning import draft_progress, inquiries, jobs, trust
from provisioning.models import Inquiry
from provisioning.pages import fingerprints, parts
from provisioning.views import live
from provisioning.views.draft_nodes import install_line

TEMPLATE = "provisioning/node_trust.html"


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password")
def node_trust(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if draft_progress.editable(cluster):
        return redirect("cluster-draft", cluster.slug, "nodes")
    node = get_object_or_404(Node.objects.select_related("cluster"), cluster=cluster, pk=pk)
    if request.method == "GET":
        context = _context(request, node)
        return (
            live.part(request, TEMPLATE, "keys", context)
            if live.wants(request, "keys")
            else render(request, TEMPLATE, context)
        )
    if "ask" in request.POST:
        inquiries.ask(Inquiry.Kind.HOST_KEY, cluster, node=node, asked_by=request.user.get_username())
        return redirect("node-trust", cluster.slug, node.pk)
    said = {name: request.POST.get(name, "") for name in ("reason", "typed_name", "password")}
    try:
        trust.again(request, node, request.POST.get("key", ""), **said)
    except jobs.Refused as refused:
        return render(request, TEMPLATE, _context(request, node) | {"refused": refused}, status=422)
    return redirect("node-trust", cluster.slug, node.pk)


def _context(request: HttpRequest, node: Node) -> dict[str, Any]:
    inquiries.give_up_old(node.cluster)
    asked = inquiries.last(Inquiry.Kind.HOST_KEY, node.cluster, node)
    login = inquiries.last(Inquiry.Kind.INSTALL_KEY, node.cluster, node)
    offered, worker, job = trust.offer(node), parts.jobs_worker(), trust.at_work(node.cluster)
    waiting = any(one is not None and one.status in inquiries.OPEN for one in (asked, login))
    differs = bool(offered) and offered != node.host_key
    said = typed.data(request) if differs else None  # without the form, what was typed is listed instead
    return {
        "cluster": node.cluster, "node": node, "pinned": fingerprints.sha256(node.host_key), "offered": offered,
        "offered_fingerprint": fingerprints.sha256(offered), "differs": differs,
        "asked": asked, "asking": asked is not None and asked.status in inquiries.OPEN, "login": login, "waiting": waiting,
        "install_line": install_line(), "worker": worker, "job": job,
        "typed": {name: said.get(name, "") for name in ("reason", "typed_name")} if said else {},
        "seen": live.key(
            node.host_key, offered, *((one.pk, one.status) for one in (asked, login) if one), job and job.pk, worker.alive
        ),
    }  # fmt: skip
