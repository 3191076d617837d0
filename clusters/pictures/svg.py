"""Elements of a picture. Text is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from html import escape

from django.utils.safestring import SafeString

SAFE_KINDS = frozenset({"ok", "warn", "risk", "danger", "unknown", "idle", "accent"})


@lru_cache(maxsize=4096)
def n(value: float) -> str:
    """A coordinate, short. Most are the same in every picture."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def fit(text: str, width: float, size: float = 12.5) -> str:
    """Cut a text to a width; SVG does not. Fonts differ, so the estimate is on the wide side."""
    most = max(2, int(width / (size * 0.6)))
    return text if len(text) <= most else text[: most - 1] + "…"


def text(x: float, y: float, words: str, css: str = "") -> str:
    return f'<text{_css(css)} x="{n(x)}" y="{n(y)}">{escape(words)}</text>'


def aging(x: float, y: float, words: str, at: datetime | None, css: str) -> str:
    """A text with an age that panel.js counts on."""
    if at is None:
        return text(x, y, words, css)
    since = at.astimezone(UTC).isoformat(timespec="seconds")
    return f'<text class="{css}" x="{n(x)}" y="{n(y)}" data-ago data-before="seen " datetime="{since}">{escape(words)}</text>'


def headline(x: float, y: float, name: str, facts: str) -> str:
    """A node's name with its facts behind it."""
    return f'<text x="{n(x)}" y="{n(y)}"><tspan class="h">{escape(name)}</tspan><tspan class="s" dx="9">{escape(facts)}</tspan></text>'


def rect(x: float, y: float, width: float, height: float, css: str, radius: float = 5) -> str:
    return f'<rect class="{css}" x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" rx="{n(radius)}"/>'


def path(d: str, css: str) -> str:
    return f'<path class="{css}" d="{d}"/>'


def dot(x: float, y: float, radius: float, css: str) -> str:
    return f'<circle class="{css}" cx="{n(x)}" cy="{n(y)}" r="{n(radius)}"/>'


def link(target: str, title: str, *parts: str) -> str:
    """An element that leads to its facts on the page."""
    return f'<a href="#{escape(target)}"><title>{escape(title)}</title>{"".join(parts)}</a>'


def shape(sprite: str, kind: str, x: float, y: float, size: float = 14) -> str:
    kind = kind if kind in SAFE_KINDS else "unknown"
    return f'<use href="{escape(sprite)}#st-{kind}" x="{n(x)}" y="{n(y)}" width="{n(size)}" height="{n(size)}" class="c-{kind}"/>'


def drawing(css: str, width: int, height: int, label: str, parts: Iterable[str]) -> SafeString:
    """A picture that is one thing to a screen reader."""
    body = "".join(parts)
    return SafeString(
        f'<svg class="pic {css}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{body}</svg>'
    )


def group(css: str, width: int, height: int, name: str, title: str, says: str, parts: Iterable[str]) -> SafeString:
    """A picture whose parts can be followed one by one."""
    head = f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(says)}</desc>'
    return SafeString(
        f'<svg class="pic {css}" viewBox="0 0 {width} {height}" role="group" aria-labelledby="{name}-t {name}-d">'
        f"{head}{''.join(parts)}</svg>"
    )


def _css(css: str) -> str:
    return f' class="{css}"' if css else ""
