"""The pair in 168 × 40: a filled node holds the service, the bar inside is its copy, the middle is the link."""

from __future__ import annotations

from django.utils.safestring import SafeString

from clusters.pictures.parts import Link, Pair, Side
from clusters.pictures.svg import dot, drawing, fit, n, path, rect, text

BOX = 54


def mini(pair: Pair) -> SafeString:
    left_percent = pair.link.percent if pair.link.kind == "sync" and pair.link.to == 0 else None
    right_percent = pair.link.percent if pair.link.kind == "sync" and pair.link.to == 1 else None
    parts = (_node(1, pair.left, left_percent), _link(pair), _node(113, pair.right, right_percent))
    return drawing("pair", 168, 40, pair.says, parts)


def empty(left: str = "", right: str = "", label: str = "Two nodes, not yet known") -> SafeString:
    """A pair that is only described so far."""
    parts = []
    for x, name in ((1, left or "?"), (113, right or "?")):
        parts += [rect(x, 2.5, BOX, 35, "off"), text(x + BOX / 2, 24, fit(name, 50, 11), "mid x")]
    return drawing("pair", 168, 40, label, [*parts, path("M58 20h52", "off")])


def _node(x: float, side: Side, percent: float | None) -> str:
    name = fit(side.name, 52, 10.5)
    if not side.fresh:
        return (
            rect(x, 2.5, BOX, 35, "hatch")
            + rect(x + 4, 8, BOX - 8, 14, "plate", 3)
            + text(x + BOX / 2, 19, name, "mid")
            + dot(x + BOX / 2, 29.5, 6.5, "plate")
            + text(x + BOX / 2, 33.5, "?", "mid t-unknown b")
        )
    inverse = " inv" if side.holds else ""
    width = 42.0 if percent is None else 42 * percent / 100
    bar = "" if side.copy == "unknown" else rect(x + 6, 26, width, 6, f"t-{side.copy}{inverse}", 2)
    return (
        rect(x, 2.5, BOX, 35, "svc" if side.holds else "box")
        + text(x + BOX / 2, 19, name, "mid on-svc" if side.holds else "mid")
        + rect(x + 6, 26, 42, 6, "track", 2)
        + bar
    )


def _link(pair: Pair) -> str:
    link: Link = pair.link
    if link.kind == "sync":
        colour = "danger" if link.stalled else "risk"
        arrow = "M101 19l9 5-9 5z" if link.to == 1 else "M67 19l-9 5 9 5z"
        line = "M60 24h40" if link.to == 1 else "M108 24h-40"
        return text(84, 14, link.big, f"mid t-{colour}") + path(line, "flow") + path(arrow, f"t-{colour}")
    if link.kind == "split":
        return path("M56 20h18M94 20h18", "l2 s-danger") + path("M79 13l10 14M89 13l-10 14", "l2 s-danger")
    if link.kind == "down":
        return path("M56 20h20M92 20h20", "l2 s-risk") + path("M81 14v12M87 14v12", "l2 s-risk")
    if link.kind in ("ok", "verify"):
        middle = 88 if not pair.right.holds else 80
        step = 7 if not pair.right.holds else -7
        return path("M56 20h56", "l2 s-ok") + path(f"M{n(middle)} 16l{step} 4{-step:+d} 4z", "t-ok")
    return '<path class="l2 s-unknown" stroke-dasharray="3 4" d="M58 20h52"/>'
