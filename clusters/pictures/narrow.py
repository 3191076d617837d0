"""The pair for a phone, 358 wide: the node that holds the service above, its peer below, the link between them."""

from __future__ import annotations

from django.utils.html import escape
from django.utils.safestring import SafeString

from clusters.pictures.parts import Pair, Side
from clusters.pictures.rows import drbd, more, row, volume
from clusters.pictures.svg import aging, dot, fit, group, headline, link, n, path, rect, text

WIDTH = 358
INNER = 334
BOXES = 4


def narrow(pair: Pair, sprite: str) -> SafeString:
    """The left node stays above, as it stays left in the wide picture."""
    parts: list[str] = []
    top, y = _card(pair, pair.left, 0, sprite)
    link_top = y
    bottom, end = _card(pair, pair.right, y + 142, sprite)
    parts += [*top, *_link(pair, link_top), *_paths(pair, link_top), *bottom]
    return group("only-narrow", WIDTH, int(end) + 1, "pair-narrow", f"The pair {pair.slug}", pair.says, parts)


def _card(pair: Pair, side: Side, top: float, sprite: str) -> tuple[list[str], float]:
    parts: list[str] = []
    y = top + 42
    if side.holds:
        parts.append(_service(pair, side, y))
        y += 60
    else:
        parts += _standby(side, y)
        y += 26 + 18 * len(side.standby)
    if side.active and side.fresh:
        rows, y = _volumes(pair, y)
        parts += rows
        line = f"{pair.vg} · {side.vg_short}" if side.vg_short else pair.vg
        parts.append(row(12, y, INNER, 36, line, "", "vg", sprite=sprite, kind="ok", word="active"))
        y += 44
    parts.append(drbd(pair, side, 12, y, INNER, 50, sprite, long=False))
    y += 58
    parts.append(row(12, y, INNER, 38, side.backing or "backing device", "", "disk", sprite=sprite))
    y += 50
    name = fit(side.name, 130, 17)
    head = link(
        f"node-{side.name}", f"{side.name}, {side.address}, {side.seen}",
        "" if side.fresh else rect(8, top + 8, 342, 30, "plate"),
        headline(14, top + 28, name, fit(side.address, 120, 12)),
        aging(344, top + 28, fit(side.seen, 130, 12), side.seen_at, "s x end"),
    )  # fmt: skip
    card = rect(0.5, top + 0.5, WIDTH - 1, y - top - 1, "node" if side.fresh else "node hatch", 9)
    return [card, head, *parts], y


def _service(pair: Pair, side: Side, y: float) -> str:
    return link(
        "group", f"Service group on {side.name}, {pair.service_ip}",
        rect(12, y, INNER, 48, "svc box"),
        text(24, y + 20, "Service group", "on-svc b"),
        text(24, y + 37, fit(pair.group_line, 170, 12), "on-svc s"),
        text(334, y + 32, fit(pair.service_ip, 190, 20), "on-svc big end"),
    )  # fmt: skip


def _standby(side: Side, y: float) -> list[str]:
    height = 18 + 18 * len(side.standby)
    plate = [] if side.fresh else [rect(12, y, INNER, height, "plate")]
    lines = [text(179, y + 22 + 17 * i, fit(line, INNER - 12, 12), "s mid") for i, line in enumerate(side.standby)]
    return [*plate, rect(12, y, INNER, height, "off"), *lines]


def _volumes(pair: Pair, y: float) -> tuple[list[str], float]:
    shown = pair.volumes if len(pair.volumes) <= BOXES else pair.volumes[: BOXES - 1]
    parts = [volume(12 + (i % 2) * 171, y + (i // 2) * 50, 163, 42, vol) for i, vol in enumerate(shown)]
    count = len(shown)
    if hidden := pair.beyond(count):
        parts.append(more(12 + (count % 2) * 171, y + (count // 2) * 50, 163, 42, hidden))
        count += 1
    return parts, y + (count + 1) // 2 * 50


def _link(pair: Pair, top: float) -> list[str]:
    way = pair.link
    colour = {"ok": "ok", "verify": "ok", "sync": "risk", "down": "risk", "split": "danger"}.get(way.kind, "unknown")
    colour = "danger" if way.stalled else colour
    y = top + 12
    if way.kind == "sync":
        done = 104 * (way.percent or 0) / 100
        start = y if way.to == 1 else y + 118 - done
        arrow = f"M32 {n(y + 108)}h20l-10 14z" if way.to == 1 else f"M32 {n(y + 12)}h20l-10-14z"
        track = y if way.to == 1 else y + 14
        parts = [
            rect(36, track, 12, 104, "track", 6),
            rect(36, start, 12, done, f"t-{colour}", 6),
            path(arrow, f"t-{colour}"),
        ]
    else:
        dashes = "" if way.kind in ("ok", "verify") else ' stroke-dasharray="4 6"'
        parts = [f'<path class="l2 s-{colour}"{dashes} d="M42 {n(top)}v142"/>']
    head = f'<tspan class="big t-{colour}">{escape(way.big)}</tspan>' if way.big else ""
    shift = ' dx="8"' if way.big else ""
    title = escape(fit(way.title, 258 if not way.big else 190, 12.5))
    parts.append(f'<text x="68" y="{n(top + 36)}">{head}<tspan class="s b"{shift}>{title}</tspan></text>')
    for index, line in enumerate(way.lines[:2]):
        parts.append(text(68, top + 58 + 18 * index, fit(line, 222, 12), "s"))
    return [link("link", ". ".join((way.title, way.big, *way.lines)), *parts)]


def _paths(pair: Pair, top: float) -> list[str]:
    if not pair.paths:
        return []
    parts: list[str] = []
    for index, way in enumerate(pair.paths[:2]):
        x = 328 - 16 * index
        dashes = "" if way.kind == "ok" else ' stroke-dasharray="3 5"'
        colour = way.kind if way.kind in ("ok", "danger", "unknown") else "unknown"
        parts.append(f'<path class="l1 s-{colour}"{dashes} d="M{x} {n(top)}v142"/>')
        parts += [dot(x, top, 3.5, f"t-{colour}"), dot(x, top + 142, 3.5, f"t-{colour}")]
    words = ", ".join(f"{way.label} {way.word}" for way in pair.paths)
    up = sum(way.kind == "ok" for way in pair.paths)
    head = f"{up} of {len(pair.paths)} heartbeat paths up"
    parts.append(text(300, top + 112, head, "s end"))
    parts.append(text(300, top + 130, fit(words, 220, 12), "s end x"))
    return [link("path-1", f"Heartbeat paths: {words}", *parts)]
