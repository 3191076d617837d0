"""Text that a node printed, made safe to look at: no escape sequences, nothing invisible that turns or hides text. Pure.

The templates escape HTML; this module is about what survives escaping: ANSI, carriage returns, control characters, bidi marks.
"""

from __future__ import annotations

import re
import unicodedata

# CSI, OSC (ended by BEL or ST), other string sequences, and two-character escapes.
ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]{0,4096}(?:\x1b\\)?|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]"
)
HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
HEAD, TAIL = 2000, 4000


def clean(text: str) -> str:
    """Strip terminal sequences, keep what a progress line showed last, and spell out everything invisible."""
    if text.isascii() and text.isprintable():
        return text
    text = ESCAPES.sub("", text).replace("\r\n", "\n")
    lines = (_last_shown(line) for line in text.split("\n"))
    return "\n".join("".join(_visible(char) for char in line) for line in lines)


def _last_shown(line: str) -> str:
    """A terminal overwrites a line after a carriage return; the last piece that is not empty is what stood there at the end."""
    pieces = [piece for piece in line.split("\r") if piece.strip()]
    return pieces[-1] if pieces else ""


def _visible(char: str) -> str:
    if char == "\t" or " " <= char <= "~":
        return char
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)  # the pictures of control characters
    if code == 0x7F:
        return "␡"
    return f"⟨U+{code:04X}⟩" if unicodedata.category(char) in HIDING else char


def capped(head: str, tail: str, length: int) -> str:
    """Join the beginning and the end of a long output; `length` is that of the whole."""
    if length <= len(head):
        return clean(head)
    if length <= len(head) + len(tail):
        return clean(head + tail[len(head) + len(tail) - length :])
    left = length - len(head) - len(tail)
    return (
        f"{clean(head)}\n… {left:,} more characters …\n{clean(tail)}".replace(",", " ") if left else clean(head + tail)
    )
