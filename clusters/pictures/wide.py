"""The pair in 1276 × 404: two node cards with their stacks, heartbeat paths and the replication link between them."""

from __future__ import annotations

from django.utils.safestring import SafeString

from clusters.pictures.parts import Pair, Path, Side
from clusters.pictures.rows import drbd, more, row, volume
from clusters.pictures.svg import aging, dot, fit, group, headline, link, n, path, rect, text

CARD = 452
RIGHT = 1276 - CARD
INNER = CARD - 36
BOXES = 4  # volumes drawn before they are counted


def wide(pair: Pair, sprite: str) -> SafeString:
    parts: list[str] = []
    for x, side in ((0, pair.left), (RIGHT, pair.right)):
        parts += _card(pair, side, x, sprite)
    parts += [_path(index, way) for index, way in enumerate(pair.paths[:2])]
    parts.append(_link(pair))
    return group("only-wide", 1276, 404, "pair-wide", f"The pair {pair.slug}", pair.says, parts)


def _card(pair: Pair, side: Side, x: float, sprite: str) -> list[str]:
    left = x + 18
    css = "node" if side.fresh else "node hatch"
    facts = " · ".join(part for part in (side.address, side.up) if part)
    name = fit(side.name, 200, 17)
    room = 250 - len(name) * 6 if side.seen else 360
    parts = [
        rect(x + 0.5, 0.5, CARD - 1, 403, css, 9),
        link(
            f"node-{side.name}", f"{side.name}, {facts}, {side.seen}",
            _plate(side, x + 10, 12, 432, 28),
            headline(left, 31, name, fit(facts, room, 12)),
            aging(x + CARD - 18, 31, side.seen, side.seen_at, "s x end"),
        ),
    ]  # fmt: skip
    parts.append(_service(pair, side, left))
    parts += _volumes(pair, side, left)
    middle = left + INNER / 2
    joints = "M{0} 98v22M{0} 166v14M{0} 224v14M{0} 296v14" if side.active else "M{0} 296v14"
    parts.append(path(joints.format(n(middle)), "conn"))
    if side.active and side.fresh:
        parts.append(row(left, 180, INNER, 44, pair.vg, side.vg_line, "vg", sprite=sprite, kind="ok", word="active"))
    else:
        word = "not active" if side.active is False and side.fresh else "not known whether active"
        parts += _dashed(side, left, 180, INNER, 44, (f"{pair.vg}, {word}",))
    parts.append(drbd(pair, side, left, 238, INNER, 58, sprite, long=True))
    parts.append(row(left, 310, INNER, 58, side.backing or "backing device", side.backing_line, "disk", sprite=sprite))
    parts.append(text(left, 390, fit(side.versions, INNER, 12), "s x"))
    return parts


def _service(pair: Pair, side: Side, left: float) -> str:
    if side.holds:
        return link(
            "group", f"Service group on {side.name}: service IP {pair.service_ip}, {pair.group_line}",
            rect(left, 48, INNER, 50, "svc box"),
            text(left + 12, 69, "Service group", "on-svc b"),
            text(left + 12, 87, fit(pair.group_line, 220, 12), "on-svc s"),
            text(left + INNER - 12, 81, pair.service_ip, "on-svc big end"),
        )  # fmt: skip
    return "".join(_dashed(side, left, 48, INNER, 50, side.standby))


def _volumes(pair: Pair, side: Side, left: float) -> list[str]:
    if not side.active or not side.fresh or not pair.volumes:
        words = {True: "No volumes yet", False: "Volumes are not active here, as it should be"}
        text_here = words[bool(side.active)] if side.active is not None and side.fresh else "Volumes: not known"
        return _dashed(side, left, 120, INNER, 46, (text_here,))
    shown = pair.volumes if len(pair.volumes) <= BOXES else pair.volumes[: BOXES - 1]
    hidden = pair.beyond(len(shown))
    boxes = len(shown) + bool(hidden)
    width = (INNER - (boxes - 1) * 8) / boxes
    parts = [volume(left + i * (width + 8), 120, width, 46, vol) for i, vol in enumerate(shown)]
    if hidden:
        parts.append(more(left + len(shown) * (width + 8), 120, width, 46, hidden))
    return parts


def _dashed(side: Side, x: float, y: float, width: float, height: float, lines: tuple[str, ...]) -> list[str]:
    """A place that is empty, and why."""
    parts = [_plate(side, x, y, width, height), rect(x, y, width, height, "off")]
    first = y + height / 2 + 4.5 - 9 * (len(lines) - 1)
    return parts + [
        text(x + width / 2, first + 18 * i, fit(line, width - 16, 12), "s x mid") for i, line in enumerate(lines)
    ]


def _plate(side: Side, x: float, y: float, width: float, height: float) -> str:
    """Quiet ground below words on a hatched card."""
    return "" if side.fresh else rect(x, y, width, height, "plate")


def _path(index: int, way: Path) -> str:
    a, b, y = CARD, RIGHT, 72 + 46 * index
    colour = way.kind if way.kind in ("ok", "danger", "unknown") else "unknown"
    dashes = "" if colour == "ok" else ' stroke-dasharray="3 5"'
    line = f'<path class="l1 s-{colour}"{dashes} d="M{a} {y}H{b}"/>'
    words = fit(f"Heartbeat {way.label} · {way.word}", b - a - 20, 12)
    return link(
        f"path-{index + 1}", f"Heartbeat path {index + 1}: {way.label}, {way.word}",
        line, dot(a, y, 3.5, f"t-{colour}"), dot(b, y, 3.5, f"t-{colour}"),
        text((a + b) / 2, y - 9, words, "s mid"),
    )  # fmt: skip


def _link(pair: Pair) -> str:
    way = pair.link
    a, b, middle = CARD, RIGHT, (CARD + RIGHT) / 2
    colour = {"ok": "ok", "verify": "ok", "sync": "risk", "down": "risk", "split": "danger"}.get(way.kind, "unknown")
    if way.stalled:
        colour = "danger"
    parts = [
        text(middle, 218, way.big, f"big mid t-{colour}"),
        text(middle, 240, fit(way.title, b - a - 16, 12.5), "s mid b"),
    ]
    parts += _bar(way.percent or 0, way.to, a, b, colour) if way.kind == "sync" else _line(way.kind, pair, a, b, colour)
    for index, line in enumerate(way.lines[:3]):
        parts.append(
            text(middle, (300, 318, 342)[index], fit(line, b - a - 16, 12), "s mid" + (" x" if index == 2 else ""))
        )
    return link("link", ". ".join((way.title, way.big, *way.lines)), *parts)


def _bar(percent: float, to: int, a: float, b: float, colour: str) -> list[str]:
    """The part that is copied, filled from the source's side towards the arrow at the target."""
    width = b - a - 34
    done = width * percent / 100
    if to == 1:
        start = a + 10
        flow = f"M{n(start + done + 8)} 267H{n(start + width - 4)}" if done + 12 < width else ""
        fill, arrow = rect(start, 260, done, 14, f"t-{colour}", 7), f"M{n(b - 20)} 257l16 10-16 10z"
    else:
        start = a + 24
        flow = f"M{n(start + width - done - 8)} 267H{n(start + 4)}" if done + 12 < width else ""
        fill, arrow = rect(start + width - done, 260, done, 14, f"t-{colour}", 7), f"M{n(a + 20)} 257l-16 10 16 10z"
    parts = [rect(start, 260, width, 14, "track", 7), fill]
    return [*parts, path(flow, "flow") if flow else "", path(arrow, f"t-{colour}")]


def _line(kind: str, pair: Pair, a: float, b: float, colour: str) -> list[str]:
    m = (a + b) / 2
    if kind in ("ok", "verify"):
        to_right = not pair.right.holds
        arrow = f"M{n(b - 18)} 260l14 7-14 7z" if to_right else f"M{n(a + 18)} 260l-14 7 14 7z"
        return [path(f"M{n(a + 4)} 267H{n(b - 4)}", f"l2 s-{colour}"), path(arrow, f"t-{colour}")]
    if kind == "split":
        ends = path(f"M{n(a + 4)} 267H{n(m - 34)}M{n(m + 34)} 267H{n(b - 4)}", f"l2 s-{colour}")
        return [ends, path(f"M{n(m - 12)} 253l24 28M{n(m + 12)} 253l-24 28", f"l2 s-{colour}")]
    if kind == "down":
        ends = path(f"M{n(a + 4)} 267H{n(m - 14)}M{n(m + 14)} 267H{n(b - 4)}", f"l2 s-{colour}")
        return [ends, path(f"M{n(m - 8)} 256v22M{n(m + 8)} 256v22", f"l2 s-{colour}")]
    return [f'<path class="l2 s-unknown" stroke-dasharray="4 6" d="M{n(a + 4)} 267H{n(b - 4)}"/>']
