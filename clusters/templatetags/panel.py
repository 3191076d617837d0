"""Template tags of the panel: shapes, figures and points in time.

A state is always colour + word + shape: `{% st "risk" "Not redundant" %}`. Bars are SVG, because the CSP allows no inline style.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from clusters import clock, figures, nodetext, typed

register = template.Library()

SECTIONS = {
    "fleet": {"fleet", "cluster", "volume", "export", "clients", "cluster-new", "cluster-draft", "cluster-forget", "nfs-configure",
        "manager-configure", "volume-new", "export-new"},
    "volumes": {"volumes", "volumes-import"},
    "exports": {"exports", "exports-import"},
    "jobs": {"jobs", "job"},
    "history": {"history", "cluster-history"},
    "audit": {"audit", "audit-entry"},
    "people": {"people", "person"},
    "settings": {"settings"},
}  # fmt: skip


@cache
def sprite() -> str:
    """The same for the life of a process; pages ask hundreds of times."""
    return static("sprite.svg")


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, css: str = "") -> SafeString:
    return format_html('<svg class="i {}" aria-hidden="true"><use href="{}#i-{}"></use></svg>', css, sprite(), name)


@register.simple_tag(takes_context=True)
def csrf_token(context: Context) -> SafeString:
    """In place of Django's tag: the token, and beside it whose form this is, so that what is typed in it can find back (`clusters.typed`).

    A page that is also shown as the answer to a form at another address gives its own in `own_address`.
    """
    value, request = context.get("csrf_token"), context.get("request")
    if not value or value == "NOTPROVIDED":
        return SafeString("")
    field = format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', value)
    mark = typed.mark(request, str(context.get("own_address") or "")) if request is not None else ""
    whose = format_html('<input type="hidden" name="{}" value="{}">', typed.MARK, mark) if mark else SafeString("")
    return field + whose


@register.simple_tag
@lru_cache(maxsize=256)
def shape(kind: str, label: str = "") -> SafeString:
    """The shape of a state alone; with a label when no word stands beside it."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="i c-{0}" {1}><use href="{2}#st-{0}"></use></svg>', kind, spoken, sprite())


@register.simple_tag
def st(kind: str, word: object) -> SafeString:
    return format_html('<span class="st c-{}">{}{}</span>', kind, shape(kind), word)


@register.simple_tag
def bar(percent: float, css: str = "", label: str = "") -> SafeString:
    width = f"{min(100.0, max(0.0, float(percent or 0))):.4g}"
    spoken = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="bar {}" viewBox="0 0 100 6" preserveAspectRatio="none" {}><rect class="f" width="{}" height="6"/></svg>',
        css, spoken, width,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def nav(context: Context, name: str, title: str, key: str, count: int = 0) -> SafeString:
    """A link of the navigation, current on each page of its section; `g` and the key lead there."""
    match = getattr(context.get("request"), "resolver_match", None)
    current = bool(match and match.url_name in SECTIONS[name])
    try:
        address = reverse(name)
    except NoReverseMatch:
        return SafeString("")
    badge = format_html('<span class="n">{}<span class="vh"> under way</span></span>', count) if count else ""
    here = SafeString(' aria-current="page"') if current else ""
    return format_html('<a href="{}" data-key="{}"{}>{}{}</a>', address, key, here, title, badge)


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """The page's own query string with these changes: filters stay when one of them or the page number moves."""
    parameters: dict[str, Any] = {k: v for k, v in context["request"].GET.items() if k not in ("part", "seen")}
    parameters.update(changes)
    return "?" + urlencode({key: value for key, value in parameters.items() if value not in ("", None)})


@register.simple_tag(takes_context=True)
def sorting(context: Context, key: str, title: str, css: str = "") -> SafeString:
    """The head of a column that the table can be sorted by: a link that turns the order round, with the filters kept."""
    filters = context["filters"]
    if not key:
        return format_html('<th scope="col" class="{}">{}</th>', css, title)
    here = filters.order == key
    address = query(context, order=f"-{key}" if here and not filters.down else key, page="")
    sort = SafeString(f' aria-sort="{"descending" if filters.down else "ascending"}"') if here else ""
    arrow = format_html(' <span aria-hidden="true">{}</span>', "↓" if filters.down else "↑") if here else ""
    return format_html(
        '<th scope="col" class="{0}"{1}><a href="{2}" hx-get="{2}" id="by-{3}">{4}{5}</a></th>',
        css,
        sort,
        address,
        key,
        title,
        arrow,
    )


@register.filter
def standing(inventory: str) -> str:
    """Where a row is in its life, in words that hold whether its job runs or stopped."""
    return {"creating": "not finished", "removing": "on its way out"}.get(inventory, inventory)


@register.filter
def after_commas(value: str) -> SafeString:
    """Let a list of options break after a comma before it breaks within a word."""
    return SafeString(conditional_escape(value).replace(",", ",<wbr>"))


@register.filter
def size(value: int | None) -> SafeString:
    if value is None:
        return SafeString('<span class="muted">unknown</span>')
    return format_html('<span title="{}">{}</span>', figures.exact_text(int(value)), figures.size_text(value))


@register.filter
def visible(value: str) -> str:
    """Spell out what cannot be seen in a text that somebody else chose, such as a file's name."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in value)


@register.filter
def node_text(value: str) -> str:
    """Text that may have come from a node: escape sequences stripped, invisible characters spelled out. It is escaped as usual."""
    return nodetext.clean(value)


@register.filter
def rate(value: float | None) -> str:
    return "unknown" if value is None else figures.rate_text(value)


@register.filter
def span(value: float | None) -> str:
    return "unknown" if value is None else figures.span_text(value)


@register.filter
def pause(value: float | None) -> str:
    return "unknown" if value is None else figures.pause_text(value)


@register.filter
def percent(value: float | None) -> str:
    return "unknown" if value is None else figures.percent_text(value)


register.filter("grouped", figures.grouped)


@register.filter
def ago(value: datetime | None) -> SafeString:
    """3 s ago, counted on while the page is open."""
    return clock.tag(value, clock.ago_text(value), live=True) if value else SafeString("never")


@register.filter
def day(value: datetime | None) -> SafeString:
    """today 11:52, 12 Oct."""
    return clock.tag(value, clock.date_text(value)) if value else SafeString("never")


@register.filter
def minute_of_day(value: datetime) -> SafeString:
    """21 Nov 14:05."""
    return clock.tag(value, f"{clock.local(value):%-d %b %H:%M}")


@register.filter
def moment(value: datetime | None) -> SafeString:
    """Time of day with seconds."""
    return clock.tag(value, f"{clock.local(value):%H:%M:%S}") if value else SafeString("never")


@register.filter
def minute(value: datetime | None) -> SafeString:
    return clock.tag(value, f"{clock.local(value):%H:%M}") if value else SafeString("never")


@register.filter
def date_and_time(value: datetime | None) -> SafeString:
    """22 Nov 2026, 12:07:10."""
    if not value:
        return SafeString("never")
    here = clock.local(value)
    return clock.tag(value, f"{here.day} {here:%b %Y, %H:%M:%S}")


@register.filter
def day_name(value: datetime) -> str:
    return clock.day_text(value)


@register.filter
def weekday(value: datetime) -> str:
    return f"{clock.local(value):%A}"


@register.filter
def urlquery(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters)


@register.filter
def get(mapping: Mapping[str, object], key: str) -> object:
    return mapping.get(key, "")


@register.simple_tag
def now_iso() -> str:
    """The server's clock, from which panel.js counts ages on."""
    return timezone.now().isoformat(timespec="milliseconds")


@register.simple_tag
def display_zone() -> str:
    return str(settings.DISPLAY_TIME_ZONE)


@register.simple_tag
def sentence(kind: str, text: str) -> SafeString:
    """A cluster's sentence with its first clause as the state."""
    head, tail = figures.split_sentence(text)
    return format_html("{}{}", st(kind, head), conditional_escape(tail))
