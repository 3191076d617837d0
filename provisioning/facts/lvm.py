"""LVM: physical volumes with their groups from one pvs, logical volumes from lvs, the effective filter from lvmconfig.

Proven with lvm2 2.03.16. Warnings before, between and after the JSON are passed over; sizes are asked for in bytes.
"""

from __future__ import annotations

import re

from provisioning.facts.answers import decimal, lines, load, needed, refuse, rows, table, words
from provisioning.observed import LogicalVolume, PhysicalVolume, VolumeGroup

REPORT = ("--reportformat", "json", "--units", "b", "--nosuffix")
PVS = (
    "pvs", *REPORT, "--options",
    "pv_name,pv_uuid,pv_attr,pv_size,pv_free,pv_missing,vg_name,vg_uuid,vg_size,vg_free,vg_extent_size",
)  # fmt: skip
LVS = (
    "lvs",
    *REPORT,
    "--options",
    "lv_name,vg_name,lv_attr,lv_size,lv_path,lv_active,origin,data_percent,metadata_percent,pool_lv,lv_tags",
)
CONFIG = ("lvmconfig", "--typeconfig", "full", "devices/global_filter", "devices/use_devicesfile")

JSON_STARTS = tuple('{}[]"')
SIZE = re.compile(r"<?(\d{1,18})(?:[.,](\d{1,6}))?([bBkKmMgGtT]?)", re.ASCII)
UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
PATTERN = re.compile(r'"((?:[^"\\]|\\.)*+)"?')  # possessive: linear on any input
LARGEST = 2**62


def report(text: str, kind: str) -> list[dict[str, object]]:
    """Give the rows of one kind: pv, vg or lv."""
    kept = [line for line in lines(text) if line.lstrip().startswith(JSON_STARTS)]
    if not kept:
        raise refuse("LVM printed no JSON", text.strip())
    parts = rows(table(load("\n".join(kept), "LVM")).get("report"))
    return [row for part in parts if kind in part for row in rows(part[kind])]


def size(row: dict[str, object], key: str) -> int | None:
    """Read a size: plain bytes as asked for, or with the unit, `<` and decimal comma of LVM's prose. None when absent or empty."""
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST:
        return value
    text = words(row, key).strip()
    if not text:
        return None
    match = SIZE.fullmatch(text)
    if match is None:
        raise refuse(f"{key} is not a size", text)
    unit = UNITS[match[3] if match[3] != "B" else "b"]
    fraction = int(match[2]) * unit // 10 ** len(match[2]) if match[2] else 0
    read = int(match[1]) * unit + fraction
    if read >= LARGEST:
        raise refuse(f"{key} is impossible", text)
    return read


def physical_volumes(text: str) -> tuple[PhysicalVolume, ...]:
    return tuple(
        PhysicalVolume(
            path=words(row, "pv_name"),
            vg=words(row, "vg_name"),
            size=needed(size(row, "pv_size"), "pv_size", row),
            free=needed(size(row, "pv_free"), "pv_free", row),
            uuid=words(row, "pv_uuid"),
            missing=bool(words(row, "pv_missing")) or words(row, "pv_attr")[2:3] == "m",
        )
        for row in report(text, "pv")
    )


def volume_groups(text: str) -> tuple[VolumeGroup, ...]:
    """Read the groups out of the rows of pvs (or of vgs): each group has at least one physical volume."""
    found: dict[str, VolumeGroup] = {}
    for row in [*report(text, "pv"), *report(text, "vg")]:
        if not (name := words(row, "vg_name")):
            continue
        group = VolumeGroup(
            name=name,
            size=needed(size(row, "vg_size"), "vg_size", row),
            free=needed(size(row, "vg_free"), "vg_free", row),
            extent_size=needed(size(row, "vg_extent_size"), "vg_extent_size", row),
            uuid=words(row, "vg_uuid"),
        )
        if found.setdefault(name, group).uuid != group.uuid:
            raise refuse("two volume groups have one name", name)
    return tuple(found.values())


def logical_volumes(text: str) -> tuple[LogicalVolume, ...]:
    """Read the volumes; LVM's own hidden ones, printed in brackets, are left out."""
    return tuple(
        LogicalVolume(
            name=words(row, "lv_name"),
            vg=words(row, "vg_name"),
            size=needed(size(row, "lv_size"), "lv_size", row),
            path=words(row, "lv_path") or f"/dev/{words(row, 'vg_name')}/{words(row, 'lv_name')}",
            active=_active(row),
            attributes=words(row, "lv_attr"),
            origin=words(row, "origin").strip("[]"),
            filled=_filled(row, "data_percent"),
            metadata=_filled(row, "metadata_percent"),
            pool=words(row, "pool_lv").strip("[]"),
            tags=tuple(tag for tag in words(row, "lv_tags").split(",") if tag),
        )
        for row in report(text, "lv")
        if not words(row, "lv_name").startswith("[")
    )


def _active(row: dict[str, object]) -> bool | None:
    """The column says active, active locally, ... or is empty; where it was not printed the fifth attribute tells."""
    if isinstance(row.get("lv_active"), str):
        said = words(row, "lv_active")
        return None if said == "unknown" else said.startswith(("active", "local", "remote"))
    attributes = words(row, "lv_attr")
    return attributes[4] == "a" if len(attributes) > 4 else None


def _filled(row: dict[str, object], key: str) -> float | None:
    """Read how full a snapshot, a pool or a thin volume is; None where the column is empty, as for any other volume."""
    text = words(row, key).strip().replace(",", ".")
    if not text:
        return None
    percent = decimal(text, f"{key}={text}")
    if not 0 <= percent <= 100:
        raise refuse(f"{key} is not a percentage", text)
    return percent


def filters(text: str) -> tuple[str, ...]:
    """Give the effective rules of global_filter in order, in LVM's own words: `a|^/dev/drbd.*|`."""
    rules = PATTERN.finditer(_config(text).get("global_filter", ""))
    return tuple(match[1].replace('\\"', '"').replace("\\\\", "\\") for match in rules)


def devices_file(text: str) -> bool | None:
    """Tell whether the devices file decides, which makes every filter void; None when this LVM knows no such thing."""
    value = _config(text).get("use_devicesfile")
    if value not in (None, "0", "1"):
        raise refuse("use_devicesfile is neither 0 nor 1", value)
    return None if value is None else value == "1"


def _config(text: str) -> dict[str, str]:
    """Read `key=value` lines; lvmconfig prints what was asked with or without its section."""
    found: dict[str, str] = {}
    for line in lines(text):
        key, equals, value = line.strip().partition("=")
        if equals:
            found[key.rpartition("/")[2].strip()] = value.strip()
    if not found:
        raise refuse("lvmconfig printed no setting", text.strip())
    return found
