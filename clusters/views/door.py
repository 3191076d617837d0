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

from clusters import audit, typed
from clusters.models import AuditEntry

THEMES = ("light", "dark")
YEAR = 365 * 24 * 3600


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return go_on(request)
    tried = "username" in request.POST  # without: back from the page that said the door is shut
    form = AuthenticationForm(request, request.POST if tried else None)
    if tried:
        if form.is_valid():
            login(request, form.get_user())
            _told(request, "sign-in", "Signed in", AuditEntry.Outcome.DONE)
            return go_on(request)
        _refused(request, form)
    return _page(request, form, carried(request), 422 if form.errors else 200)


def ask_again(request: HttpRequest, kept: typed.Typed) -> HttpResponse:
    """Ask somebody whose session ended to sign in, with what they sent kept in the page that asks."""
    return _page(request, AuthenticationForm(request), {"next": kept.page, "kept": typed.seal(kept), "why": kept}, 401)


def go_on(request: HttpRequest) -> HttpResponse:
    """Lead on from signing in: to what this very person typed before, else to the page that was asked for."""
    kept = typed.opened(request.POST.get(typed.KEPT, ""))
    if kept is not None and kept.user == str(request.user.pk):
        return redirect(typed.put(request, kept))
    return redirect(_next(request))


def carried(request: HttpRequest) -> dict[str, Any]:
    """What a page before signing in passes on to the next one."""
    sealed = request.POST.get(typed.KEPT, "")
    wanted = request.GET.get("next", request.POST.get("next", ""))
    return {"next": wanted, "kept": sealed, "why": typed.opened(sealed) if sealed else None}


def _page(request: HttpRequest, form: AuthenticationForm, passed_on: dict[str, Any], status: int) -> HttpResponse:
    context = {
        "form": form,
        **passed_on,
        "tries": settings.AXES_FAILURE_LIMIT,
        "minutes": round(settings.AXES_COOLOFF_TIME * 60),
    }
    return render(request, "sign-in.html", context, status=status)


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
