"""Who owns a directory and who may do what in it: chown's and chmod's words, the useful part of them."""

from __future__ import annotations

import re

from clusters.rules.text import RuleError, plain, shown

NAME = r"[a-z_][a-z0-9_-]{0,31}"
LARGEST_ID = 2**32 - 2  # the number above it means "leave it" to chown


def owner(value: str) -> str:
    """Check `user` or `user:group`, each a name or a number."""
    plain(value, "The owner", 70)
    parts = value.split(":")
    if len(parts) > 2 or not all(_one(part) for part in parts):
        offer = value.lower() if re.fullmatch(rf"{NAME}(:{NAME})?", value.lower()) else ""
        raise RuleError(f"“{shown(value)}” is not an owner; they look like ada, ada:staff or 1000:1000.", offer)
    return value


def _one(part: str) -> bool:
    if part.isascii() and part.isdigit():
        return len(part) <= 10 and int(part) <= LARGEST_ID
    return re.fullmatch(NAME, part) is not None


def quota_holder(value: str) -> str:
    """Check whom a quota is for: one user or one group, by name or number. Root's is none: XFS would take it for everybody's."""
    plain(value, "The name", 40)
    if not _one(value):
        offer = value.lower() if re.fullmatch(NAME, value.lower()) else ""
        raise RuleError(f"“{shown(value)}” is not the name or number of a user or group.", offer)
    if value == "root" or (value.isdigit() and int(value) == 0):
        raise RuleError("root has no limits.")
    return value


def mode(value: str) -> str:
    """Check an octal mode of a directory and answer it with four digits. The first may be 2 (files get the directory's group) and 1 (sticky)."""
    if not re.fullmatch(r"[0-7]{3,4}", plain(value, "The mode", 10)):
        raise RuleError(f"“{shown(value)}” is not a mode; they look like 0755 or 2775.")
    digits = value.zfill(4)
    if int(digits[0]) & 4:
        raise RuleError("Setuid means nothing on a directory.", f"{int(digits[0]) & 3}{digits[1:]}")
    return digits
