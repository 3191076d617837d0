"""Sizes with their unit, and port numbers."""

from __future__ import annotations

import re
from decimal import Decimal

from clusters.rules.text import RuleError, shown

UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
LARGEST = 2**50  # a DRBD device ends at 1 PiB


def size(value: str) -> int:
    """Read a size with its unit, KiB to TiB, and answer bytes."""
    if len(value) > 40:
        raise RuleError("The size is not a number with a unit.")
    found = re.fullmatch(r"([0-9]{1,16}(?:\.[0-9]{1,6})?) ?([KMGT]i?B?)", value, re.ASCII)
    if not found:
        raise RuleError(
            f"“{shown(value)}” is not a size; write a number and KiB, MiB, GiB or TiB.", _mended_size(value)
        )
    number, unit = found.groups()
    if unit not in UNITS:
        offer = f"{number} {unit[0]}iB"
        raise RuleError(f"{unit} could mean powers of 1000 or of 1024; write {offer}.", offer)
    amount = int(Decimal(number) * UNITS[unit])
    if amount <= 0:
        raise RuleError("The size must be larger than nothing.")
    if amount > LARGEST:
        raise RuleError("The size is beyond 1024 TiB, where DRBD ends.", "1024 TiB")
    return amount


def _mended_size(text: str) -> str:
    found = re.fullmatch(r"([0-9]{1,16})(?:,([0-9]{1,6}))?\s*([kmgtKMGT])?i?[bB]?", text.strip(), re.ASCII)
    if not found:
        return ""
    whole, rest, unit = found.groups()
    return f"{whole}{'.' + rest if rest else ''} {(unit or 'G').upper()}iB"


def port(value: str | int) -> int:
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= 65535:
        raise RuleError(f"“{shown(text)}” is not a port; they go from 1 to 65535.")
    return int(text)
