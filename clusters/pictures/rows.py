"""Rows of a node's stack, drawn alike in the wide and the narrow picture."""

from __future__ import annotations

from clusters.pictures.parts import Pair, Side, Vol
from clusters.pictures.svg import fit, link, rect, shape, text

FULL_FROM = 90


def row(
    x: float, y: float, width: float, height: float, title: str, line: str, target: str,
    *, sprite: str, css: str = "box", kind: str = "", word: str = "", where: str = "",
) -> str:  # fmt: skip
    """One element: what it is, a line below, and at its right end the state as colour, word and shape."""
    middle = y + height / 2
    room = width - 24 - (len(word) * 7.6 + 26 if word else 0)
    parts = [rect(x, y, width, height, f"box {css}".replace("box box", "box"))]
    parts.append(text(x + 12, middle - 3 if line else middle + 4.5, fit(title, room, 13), "b"))
    if line:
        parts.append(text(x + 12, middle + 13, fit(line, room, 11.5), "s"))
    if word:
        parts.append(shape(sprite, kind, x + width - 26, middle - 7))
        parts.append(text(x + width - 32, middle + 4.5, word, f"end b t-{kind}"))
    spoken = ". ".join(part for part in (f"{where}{title}", line, word) if part)
    return link(target, spoken, *parts)


def drbd(pair: Pair, side: Side, x: float, y: float, width: float, height: float, sprite: str, *, long: bool) -> str:
    role = side.role or "role unknown"
    details = [pair.device, "protocol C", side.replication] if long else [side.replication]
    line = " · ".join(part for part in details if part)
    kind, word = state(side)
    css = {"ok": "b-ok", "risk": "b-risk", "danger": "b-danger"}.get(kind, "box")
    return row(
        x, y, width, height, f"DRBD {pair.resource} · {role}", line, "drbd",
        sprite=sprite, css=css, kind=kind, word=word, where=f"{side.name}: ",
    )  # fmt: skip


def state(side: Side) -> tuple[str, str]:
    """The state of a node's copy; of a node that is not seen it is told in the past and in no colour of health."""
    if not side.fresh:
        return "unknown", f"was {side.disk}" if side.disk else "not seen"
    return side.copy, side.disk or "not seen"


def volume(x: float, y: float, width: float, height: float, vol: Vol) -> str:
    known = vol.percent is not None
    says = f"{vol.name}: {int(vol.percent or 0)} % used" if known else f"{vol.name}: fill not known"
    if not vol.fresh:
        says += ", not read lately"
    colour = "t-warn" if (vol.percent or 0) >= FULL_FROM else "f-ink"
    bar = rect(x + 8, y + height - 14, (width - 16) * (vol.percent or 0) / 100, 5, colour, 2.5) if known else ""
    return link(
        f"vol-{vol.name}", says,
        rect(x, y, width, height, "box" if vol.fresh else "box hatch", 4),
        text(x + 8, y + 19, fit(vol.name, width - 14, 12.2), "mono"),
        rect(x + 8, y + height - 14, width - 16, 5, "track", 2.5),
        bar,
    )  # fmt: skip


def more(x: float, y: float, width: float, height: float, count: int) -> str:
    return link(
        "volumes", f"{count} more volumes",
        rect(x, y, width, height, "box", 4), text(x + width / 2, y + height / 2 + 4, f"{count} more", "mid s"),
    )  # fmt: skip
