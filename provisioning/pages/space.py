"""How much of a disk is left for volumes once DRBD and LVM have taken theirs. Pure."""

from __future__ import annotations

SECTOR = 512
EXTENT = 4 * 2**20
PV_HEADER = 2**20
SMALLEST = {"ext4": 16 * 2**20, "xfs": 300 * 2**20}  # mkfs.xfs of Debian 12 refuses less


def metadata(size: int) -> int:
    """DRBD's internal metadata, by the formula of its user's guide, in bytes."""
    sectors = -(-size // SECTOR)
    return (-(-sectors // 2**18) * 8 + 72) * SECTOR


def for_volumes(backing: int) -> int:
    """What a volume group on a DRBD device with this backing device can give to volumes, in bytes."""
    room = backing - metadata(backing) - PV_HEADER
    return max(0, room // EXTENT * EXTENT)


def rounded_up(size: int) -> int:
    """LVM gives whole extents."""
    return -(-size // EXTENT) * EXTENT


def largest_lv(disk: int) -> int:
    """The largest logical volume in a volume group that has one disk to itself."""
    return max(0, (disk - PV_HEADER) // EXTENT * EXTENT)


def recommended_lv(disk: int) -> int:
    """Leave a fifth of the disk for a snapshot below DRBD: it keeps a victim's data before a resync overwrites it."""
    return largest_lv(disk) * 4 // 5 // EXTENT * EXTENT


def as_text(size: int) -> tuple[str, str]:
    """A size as number and unit for a form: the largest unit in which it is exact to three digits."""
    for unit, factor in (("TiB", 2**40), ("GiB", 2**30)):
        if size >= factor and size * 1000 % factor == 0:
            return f"{size / factor:.3f}".rstrip("0").rstrip("."), unit
    return f"{size / 2**20:.3f}".rstrip("0").rstrip("."), "MiB"
