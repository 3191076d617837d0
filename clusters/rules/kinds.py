"""Values that people do not type but that go into files and commands all the same: numbers in bounds, words of a list, keys, serial numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clusters.rules.text import RuleError, match, shown

KEY = r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{8,2000}={0,3}( [A-Za-z0-9@._-]{1,200})?"


def whole(value: int, what: str, least: int, most: int) -> int:
    """Check a number that must lie within bounds, both of them possible."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RuleError(f"{what} cannot be {shown(str(value))}; {least} to {most} are possible.")
    return value


def one_of(value: str, what: str, words: Sequence[str]) -> str:
    if value not in words:
        raise RuleError(f"{what} cannot be “{shown(value)}”; possible: {', '.join(shown(word) for word in words)}.")
    return value


def algorithm(value: str) -> str:
    """Name a digest as the kernel does; what is not built in is refused by DRBD."""
    return match(value, "The algorithm", 20, r"[a-z0-9][a-z0-9-]*", "letters a to z, digits and hyphens")


def rate(value: str) -> str:
    return match(
        value, "The rate", 12, r"[0-9]{1,9}[kKMG]?", "a number, and K, M or G behind it, as 100M for 100 MiB/s"
    )


def public_key(value: str) -> str:
    """Check one line of a public key, as known_hosts and authorized_keys hold it after the address or the options."""
    if len(value) > 2300 or not re.fullmatch(KEY, value):
        raise RuleError(f"“{shown(value)}” is not a public key of SSH.")
    return value


def serial(value: str) -> str:
    """Check a disk's serial number. Makers write what they like in it, blanks too, so it goes into comparisons only; a disk may have none."""
    if len(value) > 100 or not all(" " <= char <= "~" for char in value):
        raise RuleError(f"“{shown(value)}” is not a serial number that can be compared.")
    return value
