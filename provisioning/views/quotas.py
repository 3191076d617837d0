"""Quotas of a volume: limits and usage as last read, reading them again, and from form to plan."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clusters import access, typed
from clusters.models import Volume
from clusters.states import AccessLevel
from provisioning import inquiries, jobs
from provisioning.forms.base import Complaint
from provisioning.forms.quota import KINDS, USUAL_DAYS, GraceForm, QuotaForm
from provisioning.models import Inquiry
from provisioning.observed import QuotaUse
from provisioning.pages import quotas, space
from provisioning.views.guards import in_service, present_volume
from provisioning.views.refusals import say

PAGE, EDIT = "provisioning/quotas.html", "provisioning/quota_edit.html"
SHOWN = 500


@require_safe
def quotas_page(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug)
    volume = present_volume(cluster, name)
    uses, answered, why = quotas.last(volume)
    asked = inquiries.last(Inquiry.Kind.QUOTAS, cluster)
    shown = sorted(uses or (), key=lambda use: (use.kind != "user", -use.used))
    back = typed.found(request)
    grace = GraceForm(
        typed.data(request) if back and "days" in back.fields else None,
        volume=volume,
        initial=_grace_in_force(volume, request.GET.get("kind", ""), answered),
    )
    context = {
        "cluster": cluster, "volume": volume, "rows": quotas.rows(shown[:SHOWN], timezone.now()),
        "more": max(0, len(shown) - SHOWN), "read": uses is not None,
        "graces": quotas.graces(volume, answered) if uses is not None else [],
        "answered": answered, "why": why, "open": asked is not None and asked.status in inquiries.OPEN,
        "problem": asked.problem if asked and asked.status == Inquiry.Status.FAILED else "",
        "may_set": access.level(request.user, cluster) >= AccessLevel.OPERATOR, "grace": grace, "key": uuid.uuid4().hex,
    }  # fmt: skip
    return render(request, f"{PAGE}#table" if request.GET.get("part") == "table" else PAGE, context)


@require_POST
def quotas_read(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug)
    if refused := in_service(request, cluster):
        return refused
    present_volume(cluster, name)
    inquiries.ask(Inquiry.Kind.QUOTAS, cluster, asked_by=request.user.get_username())
    return redirect("volume-quotas", slug, name)


@require_http_methods(["GET", "POST"])
def quota_edit(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    return _answer(request, QuotaForm(typed.data(request), volume=volume, initial=_initial(request, volume)), volume)


@require_POST
def quota_grace(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    form = GraceForm(request.POST, volume=volume, checking="check" in request.GET)
    return _answer(request, form, volume, _following(form, volume))


def _following(form: GraceForm, volume: Volume) -> GraceForm | None:
    """The form with the grace time of the kind that was chosen, where the one of the other kind still stands and nobody typed it."""
    kind = form.text("kind") if form.is_valid() else ""
    now = _grace_in_force(volume, kind, quotas.last(volume)[1])
    return (
        GraceForm(volume=volume, initial=now)
        if kind and form.untouched and now["days"] != form.cleaned_data["days"]
        else None
    )


def _answer(
    request: HttpRequest, form: QuotaForm | GraceForm, volume: Volume, following: GraceForm | None = None
) -> HttpResponse:
    checking = request.method == "POST" and "check" in request.GET
    if form.is_bound:
        form.is_valid()
    context: dict[str, Any] = {
        "cluster": volume.cluster, "volume": volume, "form": form, "key": request.POST.get("key") or uuid.uuid4().hex,
        "complaints": form.complaints() if form.is_bound else [], "own_address": _own_address(form, volume),
        "following": following,
    }  # fmt: skip
    if checking:
        return render(request, f"{EDIT}#notes", context)
    if following:  # no script has put it there meanwhile
        shown = {"form": following, "complaints": [_look_again(following)]}
        return render(request, EDIT, context | shown, status=422)
    if request.method == "GET":
        return render(request, EDIT, context)
    if not form.is_valid() or "use" in request.POST:
        return render(request, EDIT, context, status=422)
    try:
        return redirect(jobs.draft(request, "quota.edit", volume.cluster, form.intent(), context["key"]))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, EDIT, context, status=409)


def _look_again(form: GraceForm) -> Complaint:
    kind, days = form["kind"].value(), form["days"].value()
    told = (
        f"What stood here is the time of the other kind. For a {kind} it is {days} now; change it if you mean another."
    )
    return Complaint(form["days"].id_for_label, str(form["days"].label), told)


def _own_address(form: QuotaForm | GraceForm, volume: Volume) -> str:
    """Where the form stands; the address of the grace time takes only what is sent."""
    name = "volume-quotas" if isinstance(form, GraceForm) else "quota-edit"
    return reverse(name, args=[volume.cluster.slug, volume.name])


def _initial(request: HttpRequest, volume: Volume) -> dict[str, Any]:
    """Begin with what the user or group that was chosen in the table has now."""
    kind, who = request.GET.get("kind", "user"), request.GET.get("who", "")
    uses, _, _ = quotas.last(volume)
    use = next((use for use in uses or () if (use.kind, use.who) == (kind, who)), None)
    if use is None:
        return {"kind": kind, "who": who}
    return {"kind": kind, "who": who} | _limits(use)


def _grace_in_force(volume: Volume, asked: str, answered: Inquiry | None) -> dict[str, Any]:
    kind = asked if asked in dict(KINDS) else "user"
    days = quotas.days_in_force(volume, answered, kind) or USUAL_DAYS
    return {"kind": kind, "days": days, "offered": days}


def _limits(use: QuotaUse) -> dict[str, Any]:
    found: dict[str, Any] = {"files_soft": use.files_soft, "files_hard": use.files_hard}
    for name, size in (("soft", use.soft), ("hard", use.hard)):
        found[name], found[f"{name}_unit"] = space.as_text(size) if size else ("", "GiB")
    return found
