"""What was typed is not lost when a form cannot be taken: the session ended under it, or somebody signed in anew in another tab.

1. Every form says, in a hidden field, whose it is and on which page it stands (`mark`).
2. What such a form brought is kept (`keep`): without a session inside the page that asks to sign in, sealed; nothing is stored for strangers.
3. The same person, signed in again, is led back to the page (`put`), whose view fills its form from `data`. It is never sent by itself:
   showing it is a GET. Anybody else gets nothing of it.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme

MARK, KEPT, PARAM = "form_of", "kept", "typed"
SALT = "clusters.typed"
FORM_GOOD_FOR = 7 * 24 * 3600
MOST = 700 * 1024  # characters once sealed: with the rest of a request it passes a proxy that takes a mebibyte
AT_ONCE = 3  # forms that are kept for one session; the oldest goes
SECRET = re.compile("passw|secret|token|^again$", re.IGNORECASE)  # again: a new password, typed twice
OF_THE_FORM = {"csrfmiddlewaretoken", MARK, KEPT, "next"}
OF_THE_TAB = {"page", "fields"}  # sent by typed.js, which still has it
ENDED = "Your session had ended."
ANEW = "You signed in again after this form was opened."
LEFT = "This is what you typed before you left the page."
MOVED_ON = "The job had moved on meanwhile."


@dataclass(frozen=True, slots=True)
class Typed:
    """What one form brought. `left_out` names what was too large; a password is never in it, nor a file."""

    user: str
    page: str
    fields: dict[str, list[str]]
    why: str = ENDED
    secret: bool = False
    file: bool = False
    left_out: tuple[str, ...] = ()

    @property
    def moved_on(self) -> bool:
        """Whether there is nothing any more to send it to."""
        return self.why == MOVED_ON

    @property
    def shown(self) -> list[tuple[str, str]]:
        """The fields for a page that does not fill its form with them."""
        rows = [(name, ", ".join(values)) for name, values in self.fields.items() if name not in ("key", "as_of")]
        return [(name, value) for name, value in rows if value.strip()]


def mark(request: HttpRequest, page: str = "") -> str:
    """Say whose form this is and where it stands; "" for somebody who is not signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    return _signer().sign(f"{user.pk}:{page or _here(request)}")


def keep(request: HttpRequest, *, proven: bool) -> Typed | None:
    """Take what a form brought. `proven`: its CSRF token was right, so the mark needs no proof of its own.

    Without that the mark must be one that the panel gave, or a page elsewhere could put words in a person's form.
    """
    said = request.POST.get(MARK, "")
    try:
        text = said.rsplit(":", 2)[0] if proven else _signer().unsign(said, max_age=FORM_GOOD_FOR)
    except signing.BadSignature:
        return None
    user, _, page = text.partition(":")
    if not user.isdecimal() or not _ours(page):
        return None
    if urlsplit(page).path == request.path:
        page = _here(request)
    fields = {
        name: [str(value) for value in request.POST.getlist(name)]
        for name in request.POST
        if name not in OF_THE_FORM | OF_THE_TAB
    }
    files: Any = request.FILES
    open_fields = {name: values for name, values in fields.items() if not SECRET.search(name)}
    return Typed(
        user, page, open_fields, secret=len(open_fields) < len(fields), file=any(f.size for f in files.values())
    )


def from_tab(request: HttpRequest) -> Typed | None:
    """Take what a tab remembered of a form that was left: `fields` is a list of names with a value each."""
    page = request.POST.get("page", "")
    try:
        rows = [(str(name), str(value)) for name, value in json.loads(request.POST.get("fields", ""))]
    except (ValueError, TypeError, RecursionError):
        return None
    fields: dict[str, list[str]] = {}
    for name, value in rows:
        if name not in OF_THE_FORM and not SECRET.search(name):
            fields.setdefault(name, []).append(value)
    return Typed(str(request.user.pk), page, fields, why=LEFT) if _ours(page) else None


def seal(typed: Typed) -> str:
    """Sign it. What makes it too large is left out and named, the largest first."""
    while len(sealed := signing.dumps(asdict(typed), salt=SALT, compress=True)) > MOST and typed.fields:
        largest = max(typed.fields, key=lambda name: sum(map(len, typed.fields[name])))
        rest = {name: values for name, values in typed.fields.items() if name != largest}
        typed = replace(typed, fields=rest, left_out=(*typed.left_out, largest[:60]))
    return sealed


def opened(sealed: str) -> Typed | None:
    """Give back what was sealed; None when it is too old or not what the panel sealed."""
    try:
        held = signing.loads(sealed, salt=SALT, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return None
    return Typed(**{**held, "left_out": tuple(held["left_out"])})


def put(request: HttpRequest, typed: Typed) -> str:
    """Keep it with the session of the person who is signed in, and give the address that shows it."""
    number = secrets.token_hex(4)
    rows = [*request.session.get(PARAM, {}).items(), (number, seal(typed))]
    request.session[PARAM] = dict(rows[-AT_ONCE:])
    parts = urlsplit(typed.page)
    query = QueryDict(parts.query, mutable=True)
    query[PARAM] = number
    return urlunsplit(("", "", parts.path, urlencode(list(query.lists()), doseq=True), ""))


def found(request: HttpRequest) -> Typed | None:
    """What this page's address says was typed, if this very person typed it here."""
    number = request.GET.get(PARAM, "")
    if not number or request.method not in ("GET", "HEAD") or not request.user.is_authenticated:
        return None
    typed = opened(str(request.session.get(PARAM, {}).get(number, "")))
    if typed is None or typed.user != str(request.user.pk) or urlsplit(typed.page).path != request.path:
        return None
    return typed


def data(request: HttpRequest) -> QueryDict | None:
    """What a page's form is filled with: what was posted, else what is brought back, else nothing."""
    if request.method == "POST":
        return request.POST
    typed = found(request)
    if typed is None or not typed.fields:
        return None
    request.typed_filled = True  # type: ignore[attr-defined]  # the page need not list it
    filled = QueryDict(mutable=True)
    for name, values in typed.fields.items():
        filled.setlist(name, list(values))
    return filled


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"{SALT}.mark")


def _here(request: HttpRequest) -> str:
    """This page's own address, without what only one visit says."""
    query = request.GET.copy()
    for name in (PARAM, "check", "part", "seen"):
        query.pop(name, None)
    return urlunsplit(("", "", request.path, query.urlencode(), ""))


def _ours(page: str) -> bool:
    return page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
