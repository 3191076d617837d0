"""What is made with LVM, and the file systems on it. Pure over the state."""

from __future__ import annotations

import re

from provisioning.simulator import snapshots, thin_words
from provisioning.simulator.argv import lv_behind, options_of
from provisioning.simulator.drbd_words import backing_size
from provisioning.simulator.state import EXTENT, GIB, MIB, OK, Answer, Changers, Lv, Machine, Pair, Vg
from provisioning.simulator.storage_words import disk_content


def _pvcreate(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    device = argv[-1]
    if machine.drbd and device == machine.drbd.device:
        if machine.drbd.role != "Primary":
            return 5, "", f"  Cannot open {device} exclusively: Wrong medium type\n"
        pair.inside.pv = True
    elif device not in machine.pvs:
        machine.pvs.append(device)
    return 0, f'  Physical volume "{device}" successfully created.\n', ""


def _vgcreate(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    _, (name, device) = options_of(argv, {"--setautoactivation"})
    if machine.drbd and device == machine.drbd.device:
        pair.inside.vg = name
        pair.inside.size = (backing_size(machine, machine.drbd.backing) - MIB) // EXTENT * EXTENT - EXTENT
        machine.vg_active = True
    else:
        size = next((disk.size for disk in machine.disks if disk.path == device), 0)
        machine.vgs[name] = Vg(device, size // EXTENT * EXTENT - EXTENT)
    return 0, f'  Volume group "{name}" successfully created\n', ""


def _lvcreate(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    taking = {
        "--size",
        "--name",
        "--wipesignatures",
        "--extents",
        "--addtag",
        "--type",
        "--virtualsize",
        "--thinpool",
        "--setactivationskip",
    }
    options, operands = options_of(argv, taking)
    vg, name = operands[-1], options["--name"]
    size = -(-_bytes(options.get("--size", "0b")) // EXTENT) * EXTENT
    tags = [options["--addtag"]] if "--addtag" in options else []
    if "--snapshot" in options:
        return snapshots.take(pair, vg, name, size, tags)
    if options.get("--type") == "thin":
        return thin_words.make(pair, vg, name, _bytes(options["--virtualsize"]), options["--thinpool"], tags)
    group = machine.vgs.get(vg) or (pair.inside if pair.inside.vg == vg else None)
    if group is None:
        return 5, "", f'  Volume group "{vg}" not found\n'
    if name in group.lvs:
        return 5, "", f'  Logical Volume "{name}" already exists in volume group "{vg}"\n'
    if size > group.free:
        need, have = size // EXTENT, group.free // EXTENT
        return 5, "", f'  Volume group "{vg}" has insufficient free space ({have} extents): {need} required.\n'
    group.lvs[name] = Lv(size, tags=tags)
    return 0, f'  Logical volume "{name}" created.\n', ""


def _bytes(text: str) -> int:
    """LVM's sizes: a number with b, s, k, m, g or t."""
    match = re.fullmatch(r"(\d+)([bBkKmMgGtT]?)", text)
    if match is None:
        return 0
    return int(match[1]) * {"": MIB, "b": 1, "k": 1024, "m": MIB, "g": GIB, "t": 1024 * GIB}[match[2].lower()]


def _vgchange(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    primary = machine.drbd is not None and machine.drbd.role == "Primary"
    if not primary:
        return 5, "", f'  Volume group "{argv[-1]}" not found\n'
    machine.vg_active = "n" not in argv and "--activate=n" not in argv and "-an" not in argv
    count = len(pair.inside.lvs) if machine.vg_active else 0
    return 0, f'  {count} logical volume(s) in volume group "{argv[-1]}" now active\n', ""


def _mkfs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    device = argv[-1]
    lv = lv_behind(pair, device)
    if lv is None or not machine.vg_active:
        return 1, "", f"The file {device} does not exist and no size was specified.\n"
    lv.fstype = argv[0].rsplit(".", 1)[-1]
    lv.used = lv.size // 50
    return OK


def _blkid(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    device = argv[-1]
    lv = lv_behind(pair, device)
    if lv is not None:
        return (0, f"{lv.fstype}\n", "") if lv.fstype else (2, "", "")
    if machine.drbd and device == machine.drbd.device:
        return (0, "LVM2_member\n", "") if pair.inside.pv else (2, "", "")
    content = disk_content(machine, device)
    return (0, f"{content}\n", "") if content else (2, "", "")


def _wipefs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    exit_code, content, _ = _blkid(pair, machine, argv, now)
    if "--json" in argv:
        found = f'\n      {{"device":"x", "type":"{content.strip()}"}}\n   ' if exit_code == 0 else ""
        return 0, f'{{\n   "signatures": [{found}]\n}}\n', ""
    return 0, content, ""


CHANGERS: Changers = {
    "pvcreate": _pvcreate, "vgcreate": _vgcreate, "lvcreate": _lvcreate, "vgchange": _vgchange, "lvconvert": snapshots.lvconvert,
    "mkfs.ext4": _mkfs, "mkfs.xfs": _mkfs, "blkid": _blkid, "wipefs": _wipefs,
}  # fmt: skip
