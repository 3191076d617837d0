"""Pages for what went wrong: what happened, and what to do."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


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
    text = "The form was open for too long, or you signed in again meanwhile. Go back, reload the page and send it again: nothing was changed."
    return _page(request, 403, "This form is too old.", text)


def locked_out(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """Too many wrong passwords; named in the settings for django-axes."""
    text = "Too many wrong tries for this name from this address. The door opens again by itself after 15 minutes."
    return _page(request, 429, "Signing in is shut for now.", text)


def _page(request: HttpRequest, code: int, headline: str, explanation: str) -> HttpResponse:
    context = {"code": code, "headline": headline, "explanation": explanation}
    return render(request, "error.html", context, status=code)
