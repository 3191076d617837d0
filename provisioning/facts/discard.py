"""Which block devices take discards (TRIM, UNMAP), and what each stands on. Proven with lsblk of util-linux 2.38."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.facts.answers import load, refuse, rows, table, whole, words
from provisioning.observed import Layer

LSBLK = ("lsblk", "--json", "--bytes", "--output", "PATH,NAME,TYPE,DISC-GRAN,DISC-MAX")
DEEPEST = 32


def parse(text: str) -> tuple[Layer, ...]:
    """Read the tree as a list: each device with the one below it. One that stands on several is there once for each."""
    return tuple(layer for row in rows(table(load(text, "lsblk")).get("blockdevices")) for layer in _walk(row, "", 0))


def _walk(row: dict[str, object], below: str, depth: int) -> Iterator[Layer]:
    if depth > DEEPEST:
        raise refuse("devices are stacked too deep")
    path = words(row, "path")
    if not path:
        raise refuse("a device without a path", row)
    yield Layer(path, words(row, "type"), whole(row, "disc-max") or 0, below)
    for child in rows(row.get("children") or []):
        yield from _walk(child, path, depth + 1)
