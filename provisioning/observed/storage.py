"""Disks, LVM, file systems and quotas as a node shows them. Pure data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disk:
    """A block device of lsblk with what stands on it."""

    path: str  # /dev/vdb
    kind: str  # lsblk TYPE: disk, part, lvm, raid1, ...
    size: int
    model: str = ""
    serial: str = ""
    wwn: str = ""
    fstype: str = ""
    uuid: str = ""
    label: str = ""
    partition_table: str = ""
    mountpoints: tuple[str, ...] = ()
    readonly: bool = False
    children: tuple[Disk, ...] = ()

    def walk(self) -> Iterator[Disk]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Layer:
    """A block device as far as discards are concerned."""

    path: str
    kind: str  # lsblk TYPE
    discard: int  # bytes one discard may have at most; 0: it takes none
    below: str  # path of the device it stands on; "" for one that stands on nothing


BLOCK = 4096  # bytes; what a file system gives at least


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """What one user or group has on a file system, and may have. Bytes; 0 is no limit."""

    kind: str  # user or group
    who: str  # name, or number where the node knows none
    used: int
    soft: int
    hard: int
    files: int
    files_soft: int
    files_hard: int
    until: int | None = None  # epoch second at which what is above the soft limit has to be gone
    files_until: int | None = None

    @property
    def full(self) -> bool:
        """Not one more block, or not one more file: what is left of the limit may be less than a block."""
        return bool(
            (self.hard and self.hard - self.used < BLOCK) or (self.files_hard and self.files >= self.files_hard)
        )


@dataclass(frozen=True, slots=True)
class QuotaGrace:
    """How long users, or groups, may stay above a soft limit of a file system. Seconds, as the tool rounds them."""

    kind: str  # user or group
    space: int
    files: int


@dataclass(frozen=True, slots=True)
class PhysicalVolume:
    path: str
    vg: str
    size: int
    free: int
    uuid: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class VolumeGroup:
    name: str
    size: int
    free: int
    extent_size: int
    uuid: str = ""


@dataclass(frozen=True, slots=True)
class LogicalVolume:
    name: str
    vg: str
    size: int
    path: str
    active: bool | None
    attributes: str = ""
    origin: str = ""  # of a snapshot: the volume it was taken of
    filled: float | None = None  # of a snapshot: percent of its own room that is used, 0..100; of a pool: of its data
    metadata: float | None = None  # of a pool: percent of its metadata that is used
    pool: str = ""  # of a thin volume: the pool it takes its room from
    tags: tuple[str, ...] = ()

    @property
    def merging(self) -> bool:
        """A snapshot that is being rolled back into its origin (`S`), or an origin that takes one back (`O`)."""
        return self.attributes[:1] in ("S", "O")

    @property
    def is_pool(self) -> bool:
        """A thin pool: what thin volumes take their room from."""
        return self.attributes[:1] == "t"

    @property
    def broken(self) -> bool:
        """Of a pool: it ran out of data (`D`), its metadata cannot be written any more (`M`), or it failed (`F`)."""
        return self.attributes[8:9] in ("D", "M", "F")

    @property
    def left_inactive(self) -> bool:
        """Whether LVM passes it over when the volume group is activated (`k`), as it does with thin snapshots."""
        return self.attributes[9:10] == "k"

    @property
    def valid(self) -> bool:
        """False for a snapshot that ran full: what it held is lost (`I`; `S` when it is suspended too)."""
        return self.attributes[4:5] not in ("I", "S")


@dataclass(frozen=True, slots=True)
class Mount:
    source: str
    target: str
    fstype: str
    options: tuple[str, ...]
    size: int | None = None
    used: int | None = None
    inodes: int | None = None
    inodes_used: int | None = None
    written: int | None = None  # bytes, to its block device since the kernel made that
