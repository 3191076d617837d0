"""The pair as a picture: dataclasses in, SVG text out. No database and no clock.

`mini` for lists, `wide` and `narrow` for the cluster page, `slice_of` for plans, `pauses` for the failover history, `usage` for a
volume. Everything that came from a node or a person is escaped here; every picture carries its sentence for those who cannot see it.
"""

from clusters.pictures.mini import empty, mini
from clusters.pictures.narrow import narrow
from clusters.pictures.parts import Link, Move, Pair, Path, Side, Slice, SliceVolume, Vol
from clusters.pictures.pauses import pauses
from clusters.pictures.slices import slice_of
from clusters.pictures.usage import Ahead, Level, usage
from clusters.pictures.wide import wide

__all__ = [
    "Ahead", "Level", "Link", "Move", "Pair", "Path", "Side", "Slice", "SliceVolume", "Vol", "empty", "mini", "narrow", "pauses", "slice_of",
    "usage", "wide",
]  # fmt: skip
