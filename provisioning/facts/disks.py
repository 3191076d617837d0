"""Block devices as lsblk of util-linux 2.33 and later prints them (proven: 2.38)."""

from __future__ import annotations

import re

from provisioning.facts.answers import Answer, flag, lines, load, needed, refuse, rows, stdout, table, whole, words
from provisioning.observed import Disk

LSBLK = (
    "lsblk", "--json", "--bytes", "--output",
    "PATH,NAME,TYPE,SIZE,MODEL,SERIAL,WWN,FSTYPE,UUID,LABEL,PTTYPE,MOUNTPOINTS,RO",
)  # fmt: skip
DEEPEST = 32
# Only names that need no quoting in a resource file, in LVM's filter or in a command.
LINK = re.compile(r"(/dev/disk/by-id/[A-Za-z0-9._-]{1,180}) \.\./\.\./([A-Za-z0-9_-]{1,60})", re.ASCII)


def parse(text: str) -> tuple[Disk, ...]:
    return tuple(_disk(row, 0) for row in rows(table(load(text, "lsblk")).get("blockdevices")))


def links(answer: Answer) -> tuple[tuple[str, str], ...]:
    """Give udev's stable names of disks with the device that each leads to, out of the list of links that `find` prints."""
    found = (LINK.fullmatch(line) for line in lines(stdout(answer, "find", exits=(0, 1))))
    return tuple(sorted((match[1], f"/dev/{match[2]}") for match in found if match))


def _disk(row: dict[str, object], depth: int) -> Disk:
    if depth > DEEPEST:
        raise refuse("devices are stacked too deep")
    kind = words(row, "type")
    return Disk(
        path=words(row, "path") or _path(words(row, "name"), kind),
        kind=kind,
        size=needed(whole(row, "size"), "size", row),
        model=words(row, "model").strip(),
        serial=words(row, "serial").strip(),
        wwn=words(row, "wwn"),
        fstype=words(row, "fstype"),
        uuid=words(row, "uuid"),
        label=words(row, "label"),
        partition_table=words(row, "pttype"),
        mountpoints=_mountpoints(row),
        readonly=flag(row, "ro"),
        children=tuple(_disk(child, depth + 1) for child in rows(row.get("children") or [])),
    )


def _path(name: str, kind: str) -> str:
    """Name the device file where lsblk was not asked for it; device-mapper's names live in a directory of their own."""
    if not name:
        raise refuse("a device without a name")
    return f"/dev/mapper/{name}" if kind in ("lvm", "crypt", "dm", "mpath") else f"/dev/{name}"


def _mountpoints(row: dict[str, object]) -> tuple[str, ...]:
    """Give all mount points; older versions print one, and both print null for none."""
    many = row.get("mountpoints")
    if many is None:
        return (words(row, "mountpoint"),) if words(row, "mountpoint") else ()
    if not isinstance(many, list):
        raise refuse("mountpoints is not a list", many)
    found = []
    for each in many:
        if each is None:
            continue
        if not isinstance(each, str):
            raise refuse("a mount point is not a text", each)
        found.append(each)
    return tuple(found)
