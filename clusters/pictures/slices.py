"""A pair before or after a change, 440 wide: what is new is drawn in the accent."""

from __future__ import annotations

from django.utils.html import escape
from django.utils.safestring import SafeString

from clusters.pictures.parts import Slice, SliceVolume
from clusters.pictures.svg import drawing, fit, n, path, rect, text

MOST = 6  # volumes drawn; the new ones are always among them


def slice_of(part: Slice) -> SafeString:
    shown, hidden = _chosen(part.volumes)
    cells = len(shown) + (hidden > 0)
    rows = max(2, (cells + 1) // 2)
    below = 86 + rows * 46
    height = below + 112
    parts = [
        rect(0.5, 0.5, 305, height - 1, "node", 9),
        f'<text x="14" y="28"><tspan class="h">{escape(fit(part.node, 130, 17))}</tspan>'
        f'<tspan class="s" dx="8">{escape(part.address)}</tspan></text>',
        rect(344.5, 0.5, 95, height - 1, "node", 9),
        text(356, 28, fit(part.peer, 76, 17), "h"),
    ]
    parts += _service(part)
    parts += _volumes(shown, hidden, rows)
    parts += _stack(part, below)
    parts += _peer(part, below)
    return drawing("", 440, height, part.says, parts)


def _chosen(volumes: tuple[SliceVolume, ...]) -> tuple[list[SliceVolume], int]:
    if len(volumes) <= MOST:
        return list(volumes), 0
    new = [volume for volume in volumes if volume.new][: MOST - 1]
    old = [volume for volume in volumes if not volume.new]
    shown = old[: MOST - 1 - len(new)] + new
    return shown, len(volumes) - len(shown)


def _service(part: Slice) -> list[str]:
    if not part.service:
        return [rect(12, 40, 282, 36, "off"), text(153, 63, "no service yet", "s x mid")]
    if part.service_new:
        ground, words = "b-new", "t-accent"
    else:
        ground, words = "svc", "on-svc"
    title = ("+ " if part.service_new else "") + "Service group"
    return [
        rect(12, 40, 282, 36, ground),
        text(22, 63, title, f"{words} b"),
        text(284, 63, part.service_ip, f"{words} b end"),
    ]


def _volumes(shown: list[SliceVolume], hidden: int, rows: int) -> list[str]:
    parts: list[str] = []
    for k in range(rows * 2):
        x, y = 12 + (k % 2) * 144, 86 + (k // 2) * 46
        if k < len(shown):
            one = shown[k]
            css = "mono b t-accent" if one.new else "mono"
            parts.append(rect(x, y, 138, 40, "b-new" if one.new else "box", 4))
            parts.append(text(x + 9, y + 17, fit(("+ " if one.new else "") + one.name, 126, 12.2), css))
            parts.append(text(x + 9, y + 33, fit(one.line, 126, 12), "s"))
        elif k == len(shown) and hidden:
            parts += [rect(x, y, 138, 40, "box", 4), text(x + 69, y + 24, f"{hidden} more", "s mid")]
        else:
            parts.append(rect(x, y, 138, 40, "off", 4))
    return parts


def _stack(part: Slice, y: float) -> list[str]:
    if part.vg:
        title = ("+ " if part.vg_new else "") + part.vg
        ground = "b-new" if part.vg_new else "box"
        parts = [
            rect(12, y + 4, 282, 30, ground),
            text(22, y + 23, fit(title, 130, 13), "b t-accent" if part.vg_new else "b"),
        ]
        parts.append(text(284, y + 23, part.free_line, "s end b t-accent" if part.free_new else "s end"))
    else:
        parts = [rect(12, y + 4, 282, 30, "off"), text(153, y + 23, "no volume group yet", "s x mid")]
    parts += _drbd(part, 12, y + 40, 282, part.drbd_line, part.drbd_kind, titled=True)
    parts.append(text(22, y + 91, fit(part.backing, 270, 12), "s x"))
    return parts


def _drbd(part: Slice, x: float, y: float, width: float, line: str, kind: str, *, titled: bool) -> list[str]:
    if not part.drbd:
        return [rect(x, y, width, 30, "off"), text(x + width / 2, y + 19, "no DRBD yet" if titled else "", "s x mid")]
    if part.drbd_new:
        ground, colour = "b-new", "accent"
    else:
        ground = {"ok": "b-ok", "risk": "b-risk", "danger": "b-danger"}.get(kind, "box")
        colour = kind if kind in ("ok", "risk", "danger") else "unknown"
    parts = [rect(x, y, width, 30, ground)]
    if titled:
        title = ("+ " if part.drbd_new else "") + f"DRBD {part.resource}"
        parts.append(text(x + 10, y + 19, fit(title, 130, 13), "b t-accent" if part.drbd_new else "b"))
        parts.append(text(x + width - 10, y + 19, line, f"s end t-{colour} b"))
    else:
        parts.append(text(x + width / 2, y + 19, fit(line, width, 12), f"s t-{colour} b mid"))
    return parts


def _peer(part: Slice, y: float) -> list[str]:
    bottom = y - 6
    parts: list[str] = []
    if part.peer_new:
        parts += [rect(354, 40, 76, bottom - 92, "off"), rect(354, bottom - 46, 76, 46, "b-new", 4)]
        lines = f"+ {part.peer_new}".split(" ", 2)
        head, tail = " ".join(lines[:2]), lines[2] if len(lines) > 2 else ""
        parts.append(text(392, bottom - (27 if tail else 19), fit(head, 76, 12), "s t-accent b mid"))
        parts.append(text(392, bottom - 11, fit(tail, 76, 12), "s t-accent b mid"))
        middle = 40 + (bottom - 92) / 2
    else:
        parts.append(rect(354, 40, 76, bottom - 40, "off"))
        middle = 40 + (bottom - 40) / 2
    words = part.peer_note.split(" ")
    half = (len(words) + 1) // 2
    for index, line in enumerate((" ".join(words[:half]), " ".join(words[half:]))):
        parts.append(text(392, middle + 16 * index, fit(line, 78, 11), "s x mid"))
    parts += _drbd(part, 354, y + 40, 76, part.peer_line, part.peer_kind, titled=False)
    parts.append(text(358, y + 91, fit(part.peer_backing, 76, 12), "s x"))
    if part.drbd:
        colour = "accent" if part.drbd_new else ("ok" if part.peer_kind == "ok" == part.drbd_kind else "risk")
        parts.append(path(f"M306 {n(y + 55)}h38", f"l2 s-{colour}"))
        parts.append(path(f"M321 {n(y + 50)}l9 5-9 5z", f"t-{colour}"))
    return parts
