"""The ground under the rules: the error they raise and the checks that all kinds share."""

from __future__ import annotations

import re

ODD = re.compile("[^!-~]")  # a blank is odd, too
APART = re.compile(r"[0-9a-fA-F.:/ ]+")  # an address, which has no words that could run together


class RuleError(ValueError):
    """Why a value is refused, in one sentence for the person who typed it; `offer` is a value that would be taken."""

    def __init__(self, message: str, offer: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offer = offer


def shown(value: str) -> str:
    """Quote what was typed for a message: short, and with invisible characters spelled out."""
    short = value if len(value) <= 40 else value[:40] + "…"
    return "".join(c if c.isprintable() and not _turns_text(c) else f"\\u{ord(c):04x}" for c in short)


def _turns_text(char: str) -> bool:
    return char in "\u200e\u200f\u061c" or "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


def plain(value: str, what: str, longest: int) -> str:
    """Refuse what no name, path or address may hold: nothing, too much, anything but printable ASCII without blanks."""
    many = what.endswith("options")
    if not value:
        raise RuleError(f"{what} {'are' if many else 'is'} missing.")
    if len(value) > longest:
        raise RuleError(f"{what} {'have' if many else 'has'} {len(value)} characters; {longest} are possible.")
    if odd := ODD.search(value):
        name = "a blank" if odd[0] == " " else f"“{shown(odd[0])}”"
        meant = (
            (",".join if many else "".join)(value.split()) if odd[0] == " " and (many or APART.fullmatch(value)) else ""
        )
        raise RuleError(f"{what} {'contain' if many else 'contains'} {name}, which is not possible here.", meant)
    return value


def match(value: str, what: str, longest: int, pattern: str, says: str) -> str:
    if not re.fullmatch(pattern, plain(value, what, longest)):
        raise RuleError(f"{what} “{shown(value)}” is not possible: {says}.")
    return value
