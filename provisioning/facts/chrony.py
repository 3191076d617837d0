"""Clocks: `chronyc -c tracking`. Proven with chrony 4.3."""

from __future__ import annotations

from provisioning.facts.answers import decimal, refuse
from provisioning.observed import Clock

TRACKING = ("chronyc", "-c", "tracking")


def parse(text: str) -> Clock:
    """Read the comma-separated line: reference, source, stratum, ..., system time at 4, leap status at 13.

    Not synchronised, chrony prints an offset of zero, which means nothing.
    """
    fields = text.strip().split(",")
    if len(fields) < 14:
        raise refuse("not a line of chronyc tracking", text.strip())
    if fields[13] not in ("Normal", "Insert second", "Delete second", "Not synchronised"):
        raise refuse("unknown leap status", text.strip())
    if fields[13] == "Not synchronised" or fields[2] == "0":
        return Clock(synchronised=False, offset=None)
    return Clock(synchronised=True, offset=decimal(fields[4], text.strip()), source=fields[1])
