"""What every request goes through: the address it came from, an id that ties page, audit entry and job together, the way to signing in,
a page for the wrong method, and no NUL in what is asked for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url

from clusters import typed
from clusters.views.door import ask_again, sign_out
from clusters.views.errors import not_allowed, session_ended


def client_address(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Behind a proxy, take the client's address from the proxy's word: the audit log and the lock-out would know the proxy alone.

    The last address is the one that the proxy itself added; what stands before it is the client's own claim.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if settings.BEHIND_PROXY:
            with suppress(ValueError):
                said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
                request.META["REMOTE_ADDR"] = str(ip_address(said))
        return get_response(request)

    return middleware


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request a fresh `request.request_id` and answer it in X-Request-ID; a client's own id is not trusted."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response

    return middleware


def no_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Leave NUL out of what an address asks for: PostgreSQL takes none in any text, and nothing here has one in its name."""

    def middleware(request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        while "%00" in query or "\0" in query:
            query = query.replace("%00", "").replace("\0", "")
            request.META["QUERY_STRING"] = query
        return get_response(request)

    return middleware


def page_for_405(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer in words where a view answered 405 with nothing: somebody reloaded, or came back to, an address that only takes a form."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or response.streaming or response.content:
            return response
        page = not_allowed(request)
        page["Allow"] = response["Allow"]
        return page

    return middleware


class SignInFirst(LoginRequiredMiddleware):
    """Lead to signing in and back to a page, where Django would lead back to an address that takes only a form, or into half a page.

    What a form brought goes along; a page that asks for a part of itself, or has a form checked, stays as it is and is told.
    """

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        if request.headers.get("HX-Request") == "true":
            return session_ended(request)
        if request.method in ("GET", "HEAD"):
            return super().handle_no_permission(request, view_func)
        if view_func is not sign_out and (kept := typed.keep(request, proven=True)):
            return ask_again(request, kept)
        return redirect_to_login(self._page(request), resolve_url(settings.LOGIN_URL))

    def _page(self, request: HttpRequest) -> str:
        """The page the request came from, without the host; signing in looks again whether it may lead there."""
        parts = urlsplit(request.headers.get("Referer", ""))
        if parts.netloc != request.get_host():
            return resolve_url(settings.LOGIN_REDIRECT_URL)
        return urlunsplit(("", "", parts.path, parts.query, ""))
