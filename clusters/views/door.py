"""Signing in and out, and the theme."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clusters import audit
from clusters.models import AuditEntry

THEMES = ("light", "dark")
YEAR = 365 * 24 * 3600


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(_next(request))
    form = AuthenticationForm(request, request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            login(request, form.get_user())
            _told(request, "sign-in", "Signed in", AuditEntry.Outcome.DONE)
            return redirect(_next(request))
        _refused(request, form)
    context = {"form": form, "next": request.GET.get("next", request.POST.get("next", "")), "tries": settings.AXES_FAILURE_LIMIT,
               "minutes": round(settings.AXES_COOLOFF_TIME * 60)}  # fmt: skip
    return render(request, "sign-in.html", context, status=422 if form.errors else 200)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        _told(request, "sign-out", "Signed out", AuditEntry.Outcome.DONE)
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    response = redirect(_next(request))
    chosen = request.POST.get("theme")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.HTTPS)
    else:
        response.delete_cookie("theme")
    return response


def _next(request: HttpRequest) -> str:
    """Where the form says to go on to, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)


def _told(request: HttpRequest, action: str, text: str, outcome: AuditEntry.Outcome) -> None:
    with transaction.atomic():
        audit.record(action=action, text=text, outcome=outcome, object=str(request.user), request=request)


def _refused(request: HttpRequest, form: AuthenticationForm) -> None:
    """Write down a wrong password for somebody who exists; names that do not exist are noise, and could fill the log."""
    person: Any = get_user_model().objects.filter(username=form.data.get("username", "")[:150]).first()
    if person is None:
        return
    with transaction.atomic():
        audit.record(
            action="sign-in", text=f"Refused to sign {person.username} in: wrong password or shut out", object=person.username,
            outcome=AuditEntry.Outcome.REFUSED, actor=person.username, actor_id=person.pk, request=request,
        )  # fmt: skip
