"""A form under which the session ends, as a browser sees it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.contrib.sessions.models import Session
from django.test import Client

from tests.factories import PASSWORD

NEW = "/c/web-files/volumes/new/"
EDIT = "/c/web-files/exports/1/edit/"


def page(response: Any) -> str:
    return str(response.content.decode())


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    return unescape(found[1]) if found else ""


def carried(html: str) -> dict[str, str]:
    return {
        name: hidden(html, name) for name in ("csrfmiddlewaretoken", "form_of", "key", "as_of") if hidden(html, name)
    }


def sign_in(tab: Client, name: str, html: str | None = None) -> Any:
    html = page(tab.get("/sign-in/")) if html is None else html
    fields = {name: hidden(html, name) for name in ("csrfmiddlewaretoken", "next", "kept")}
    return tab.post("/sign-in/", fields | {"username": name, "password": PASSWORD})


def end_session() -> None:
    """Signed out elsewhere, expired, or cleared away."""
    Session.objects.all().delete()


def lose(tab: Client, url: str, fields: dict[str, Any], to: str = "", as_: str = "olga") -> Any:
    """Open a form, type, and send it after the session has ended; gives the page that asks to sign in."""
    sign_in(tab, as_)
    opened = page(tab.get(url))
    assert carried(opened)["form_of"]
    end_session()
    return tab.post(to or url, carried(opened) | fields)
