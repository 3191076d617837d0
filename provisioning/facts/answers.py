"""What every parser shares: the one exception it may raise, and typed access to answers that may hold anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol, TypeVar

E = TypeVar("E", bound=StrEnum)

SHOWN = 120  # characters of a refused line that are repeated in the message
DIGITS = 18  # a longer number is nonsense, not a size
COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
OCTAL = re.compile(r"\\([0-7]{3})")


class Answer(Protocol):
    """What the world says about one command, as far as a parser needs it. `exit` is None when its end was not seen."""

    @property
    def exit(self) -> int | None: ...
    @property
    def stdout(self) -> str: ...
    @property
    def stderr(self) -> str: ...
    @property
    def truncated(self) -> bool: ...


class ParseError(ValueError):
    """The answer is not what the tool is known to print. The message names the line."""


class Missing(ParseError):
    """The tool is not installed on the node."""


def refuse(why: str, line: object = None) -> ParseError:
    if line is None:
        return ParseError(why)
    try:
        shown = repr(str(line)[:SHOWN])
    except RecursionError:  # JSON nested as deep as the interpreter allows
        shown = type(line).__name__
    return ParseError(f"{why}: {shown[: 2 * SHOWN]}")


def stdout(result: Answer, tool: str, *, exits: tuple[int, ...] = (0,)) -> str:
    """Give the standard output of a command that ended well and whole."""
    if result.exit is None:
        raise refuse(f"{tool} did not answer in time")
    if result.exit == 127:
        raise Missing(f"{tool} is not installed")
    if result.exit not in exits:
        said = next((line for line in (result.stderr or result.stdout).split("\n") if line.strip()), "nothing said")
        raise refuse(f"{tool} failed with exit {result.exit}", said.strip())
    if result.truncated:
        raise refuse(f"{tool} printed too much")
    return result.stdout


def lines(text: str) -> Iterator[str]:
    """Yield lines that end in a newline only: other separators of Unicode are content. Colours and NUL bytes are dropped."""
    plain = COLOUR.sub("", text) if "\x1b" in text else text
    for line in plain.replace("\0", "").split("\n"):
        yield line.rstrip("\r")


def number(text: str, line: object) -> int:
    """Read a plain decimal number, never negative."""
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS:
        raise refuse("not a number", line)
    return int(text)


def decimal(text: str, line: object) -> float:
    """Read a finite decimal number such as -0.000123."""
    if not re.fullmatch(r"[+-]?\d{1,18}(\.\d{0,18})?", text, re.ASCII):
        raise refuse("not a number", line)
    return float(text)


def state(kind: type[E], word: str, line: object) -> E:
    try:
        return kind(word)
    except ValueError:
        raise refuse(f"unknown {kind.__name__} {word[:40]!r}", line) from None


def unescape(text: str) -> str:
    r"""Undo the \040 of the kernel's tables."""
    return OCTAL.sub(lambda match: chr(int(match[1], 8) & 0xFF), text) if "\\" in text else text


def load(text: str, tool: str) -> object:
    try:
        loaded: object = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise refuse(f"{tool} printed no JSON ({str(error)[:60]})", text[:SHOWN]) from None
    return loaded


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is not a number")


def table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise refuse("an object was expected", value)
    return value


def rows(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list):
        raise refuse("a list was expected", value)
    return [table(row) for row in value]


def words(row: dict[str, object], key: str) -> str:
    """Give a text, "" when the key is absent or null."""
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refuse(f"{key} is not a text", value)
    return value


def whole(row: dict[str, object], key: str) -> int | None:
    """Give a number that the tool may have printed with or without quotes; None when absent or empty."""
    value = row.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise refuse(f"{key} is not a number", value)
    return number(str(value), f"{key}={str(value)[:SHOWN]}")


def flag(row: dict[str, object], key: str) -> bool:
    """Give a boolean that older tools print as "0" or "1"."""
    value = row.get(key)
    if value in (None, False, 0, "0", ""):
        return False
    if value in (True, 1, "1"):
        return True
    raise refuse(f"{key} is neither yes nor no", value)


def needed(value: int | None, key: str, row: object) -> int:
    if value is None:
        raise refuse(f"{key} is missing", row)
    return value


def absent(stderr: str) -> frozenset[str]:
    """Collect from standard error of cat, grep, find and their like the paths that do not exist."""
    ending = ": No such file or directory"
    found = (line.removesuffix(ending) for line in lines(stderr) if line.endswith(ending))
    return frozenset(line.partition(": ")[2].strip("'") for line in found)
