"""Pages for what went wrong: what happened, and what to do."""

from __future__ import annotations

import json
from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse

from clusters import typed
from clusters.views import door


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400, "The panel could not read this request.", "Go back, reload the page and try it again.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    why = (
        str(exception)
        if isinstance(exception, PermissionDenied) and str(exception)
        else "Your access level does not cover this."
    )
    return _page(request, 403, "You may not do this.", f"{why} An admin can change it under People.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    text = "It may have been removed, or it is a cluster you have no access level on."
    return _page(request, 404, "There is nothing here for you.", text)


def not_allowed(request: HttpRequest) -> HttpResponse:
    text = "This address takes what a button or a form sends. Nothing was changed: go back to the page with the button."
    return _page(request, 405, "There is nothing to read here.", text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from before somebody signed in anew: bring what was typed to a fresh one, if it is this person's own."""
    signed_in = request.user.is_authenticated
    if signed_in and request.path == reverse("sign-in"):
        return door.go_on(request)
    kept = typed.keep(request, proven=False)
    if kept and signed_in and kept.user != str(request.user.pk):
        text = "Somebody else signed in here after it was opened. Nothing was changed."
        return _page(request, 403, "This form is not yours.", text)
    if kept and request.headers.get("HX-Request") == "true":
        return _new_token(request) if signed_in else session_ended(request)
    if kept and request.path not in (reverse("theme"), reverse("sign-out")):
        if signed_in:
            return redirect(typed.put(request, replace(kept, why=typed.ANEW)))
        return door.ask_again(request, kept)
    text = "The form was open for too long, or you signed in again meanwhile. Go back, reload the page and send it again: nothing was changed."
    return _page(request, 403, "This form is too old.", text)


def _new_token(request: HttpRequest) -> HttpResponse:
    """Hand an open page the token of the new session; its form goes on as if nothing had been. Other sites cannot read the answer."""
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"newToken": get_token(request)})})


def session_ended(request: HttpRequest) -> HttpResponse:
    """Say on the open page that nobody is signed in any more, and leave what is typed there alone."""
    page = render(request, "components/ended.html", status=401)
    page["HX-Retarget"], page["HX-Reswap"] = "#ended", "innerHTML"
    return page


def locked_out(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """Too many wrong passwords; named in the settings for django-axes."""
    text = "Too many wrong tries for this name from this address. The door opens again by itself after 15 minutes."
    return _page(request, 429, "Signing in is shut for now.", text)


def _page(request: HttpRequest, code: int, headline: str, explanation: str) -> HttpResponse:
    """What was typed before signing in was asked for stays with the page."""
    context = {"code": code, "headline": headline, "explanation": explanation, **door.carried(request)}
    return render(request, "error.html", context, status=code)
