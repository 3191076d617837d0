"""The two servers of a draft: where they are, which host key they show, how the panel gets in, what they are like."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from clusters import access, audit, typed
from clusters.models import AuditEntry, Cluster, Node
from clusters.states import AccessLevel
from provisioning import draft_progress, drafts, inquiries, preflight, sealed
from provisioning.forms.nodes import NodeForm, ObserverForm, PasswordForm, PinForm, unlike
from provisioning.models import Inquiry
from provisioning.pages import disks, fingerprints, networks, parts
from provisioning.pages.plan_page import WEIGHT
from provisioning.simulator.make import NAMES
from provisioning.views import live
from provisioning.views.guards import not_saved, with_as_of


@dataclass(frozen=True, slots=True)
class NodeCard:
    """One server on its way in."""

    node: Node
    fingerprint: str  # of the pinned key, or of the one that is offered
    asking: bool
    inquiry: Inquiry | None  # the newest question that failed or is open
    password: PasswordForm

    @property
    def state(self) -> str:
        if self.node.key_installed and self.node.host_key:
            return "in"
        if self.node.host_key:
            return "pinned"
        return "offered" if self.node.offered_host_key else "unknown"

    @property
    def changed(self) -> bool:
        """The node shows another key than the pinned one."""
        return bool(
            self.node.host_key and self.node.offered_host_key and self.node.offered_host_key != self.node.host_key
        )

    @property
    def offered_fingerprint(self) -> str:
        return fingerprints.sha256(self.node.offered_host_key)


def nodes(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    if request.method == "GET":
        context |= cards_context(cluster)
        if live.wants(request, "cards"):
            return live.part(request, "provisioning/draft_nodes.html", "cards", context)
        back = typed.found(request)
        shown = _bound(request, context) if back and "a-name" in back.fields else _forms(cluster)
        return render(request, "provisioning/draft_nodes.html", context | shown)
    bound = _bound(request, context)
    (_, one), (_, other) = bound["forms"]
    watcher: ObserverForm = bound["observer_form"]
    forms: list[NodeForm] = [one, other, watcher]
    checked = [form.is_valid() for form in forms]  # each one, so that all mistakes are shown at once
    if all(checked):
        unlike([form for form in forms if form is not watcher or watcher.given])
    if status := not_saved(request, context, good=all(form.is_valid() for form in forms)):
        context |= {**bound, **cards_context(cluster)}
        return render(request, "provisioning/draft_nodes.html", context, status=status)
    for node in drafts.save_nodes(request, cluster, [one, other], watcher):
        inquiries.ask(Inquiry.Kind.HOST_KEY, cluster, node=node, asked_by=request.user.get_username())
    return redirect("cluster-draft", cluster.slug, "nodes")


def _bound(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The forms as they were typed, with what was saved when they were opened."""
    data = with_as_of(request, context)
    one, other = NodeForm(data, prefix="a"), NodeForm(data, prefix="b")
    return {
        "forms": [("First node", one), ("Second node", other)],
        "observer_form": ObserverForm(data, prefix="o"),
    }


def _forms(cluster: Cluster) -> dict[str, Any]:
    rows = [*draft_progress.members(cluster), None, None]
    made = [
        (title, NodeForm(prefix=prefix, initial=_initial(row) or _simulated(cluster, prefix)))
        for title, prefix, row in zip(("First node", "Second node"), "ab", rows, strict=False)
    ]
    return {
        "forms": made,
        "observer_form": ObserverForm(prefix="o", initial=_initial(draft_progress.observer(cluster))),
    }


def _simulated(cluster: Cluster, prefix: str) -> dict[str, Any]:
    """What a visitor of the demo would have to guess: the two machines that there are."""
    if not cluster.simulated:
        return {}
    number = "ab".index(prefix)
    return {"name": NAMES[number], "ssh_host": f"10.10.1.{11 + number}", "ssh_port": 22, "ssh_user": "root"}


def _initial(node: Node | None) -> dict[str, Any]:
    if node is None:
        return {}
    return {"name": node.name, "ssh_host": node.ssh_host, "ssh_port": node.ssh_port, "ssh_user": node.ssh_user}


def cards_context(cluster: Cluster) -> dict[str, Any]:
    inquiries.give_up_old(cluster)
    everybody = list(cluster.nodes.order_by("kind", "position", "pk"))
    cards = [_card(node) for node in everybody]
    waiting = any(card.asking for card in cards)
    worker = parts.jobs_worker()
    state = [
        (c.node.offered_host_key, c.node.host_key, c.node.key_installed, c.asking, c.inquiry and c.inquiry.pk)
        for c in cards
    ]
    return {
        "cards": cards, "waiting": waiting, "public_key": sealed.make_panel_key(), "install_line": install_line(),
        "worker": worker, "seen": live.key(state, worker.alive),
    }  # fmt: skip


def _card(node: Node) -> NodeCard:
    newest = node.inquiries.exclude(kind=Inquiry.Kind.PREFLIGHT).order_by("-pk").first()
    asking = newest is not None and newest.status in inquiries.OPEN
    told = newest if newest and newest.status == Inquiry.Status.FAILED else None
    key = node.host_key or node.offered_host_key
    return NodeCard(node, fingerprints.sha256(key), asking, told, PasswordForm(prefix=f"p{node.pk}"))


def install_line() -> str:
    """The line to type on a node as the user the panel will be. Its only variable part is quoted."""
    key = shlex.quote(sealed.make_panel_key())
    file = "~/.ssh/authorized_keys"
    end = (
        f'{{ [ -z "$(tail -c 1 {file})" ] || echo >> {file}; }}'  # or the key would be joined to a line without an end
    )
    return f"install -d -m 700 ~/.ssh && touch {file} && {end} && echo {key} >> {file} && chmod 600 {file}"


def _load(request: HttpRequest, slug: str, pk: int) -> Node:
    cluster = access.get_cluster(request, slug, AccessLevel.ADMIN)
    if not draft_progress.editable(cluster):
        raise Http404("This is no draft.")
    return get_object_or_404(Node.objects.select_related("cluster"), cluster=cluster, pk=pk)


@require_POST
def ask_host_key(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    node = _load(request, slug, pk)
    inquiries.ask(Inquiry.Kind.HOST_KEY, node.cluster, node=node, asked_by=request.user.get_username())
    return _back(node)


@require_POST
def pin_host_key(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    node = _load(request, slug, pk)
    form = PinForm(request.POST)
    if not form.is_valid() or not drafts.pin(request, node, form.text("key")):
        messages.error(request, f"{node} shows another key by now. Compare the new fingerprint.")
        return _back(node)
    inquiries.ask(Inquiry.Kind.INSTALL_KEY, node.cluster, node=node, asked_by=request.user.get_username())
    return _back(node)


@require_POST
def install_key(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Seal the password, if one was typed, and ask the worker to put the key there; without one it tries the login only."""
    node = _load(request, slug, pk)
    if not node.host_key:
        messages.error(
            request, f"Confirm {node}'s host key first: no password is sent to a server that nobody has recognised."
        )
        return _back(node)
    password = request.POST.get(f"p{node.pk}-password", "")
    if len(password) > 1000:
        messages.error(request, "That is too long for a password.")
        return _back(node)
    with transaction.atomic():
        if password:
            sealed.seal(sealed.PASSWORD, password.encode(), node=node, ttl=sealed.PASSWORD_LIFE)
            audit.record(
                request=request, action="node.install-key", outcome=AuditEntry.Outcome.REQUESTED, cluster=node.cluster, object=node.name,
                text=f"Typed a password for {node.ssh_user} on {node}, once, to install the panel's key.",
            )  # fmt: skip
        inquiries.ask(Inquiry.Kind.INSTALL_KEY, node.cluster, node=node, asked_by=request.user.get_username())
    return _back(node)


def _back(node: Node) -> HttpResponse:
    return redirect("cluster-draft", node.cluster.slug, "nodes")


def preflight_page(request: HttpRequest, cluster: Cluster, context: dict[str, Any]) -> HttpResponse:
    inquiries.give_up_old(cluster)
    newest = inquiries.last(Inquiry.Kind.PREFLIGHT, cluster)
    answered = inquiries.last_answered(Inquiry.Kind.PREFLIGHT, cluster)
    found = preflight.load(answered.result) if answered else None
    worker = parts.jobs_worker()
    context |= {
        "inquiry": newest, "answered": answered, "asking": newest is not None and newest.status in inquiries.OPEN, "found": found, "worker": worker,
        "findings": sorted(found.findings, key=lambda finding: WEIGHT[finding.severity]) if found else [],
        "columns": [(node, disks.choices(node), networks.choices(node)) for node in (found.nodes if found else ())],
        "seen": live.key(newest and (newest.pk, newest.status), bool(found), worker.alive),
    }  # fmt: skip
    if live.wants(request, "answer"):
        return live.part(request, "provisioning/draft_preflight.html", "answer", context)
    return render(request, "provisioning/draft_preflight.html", context)
