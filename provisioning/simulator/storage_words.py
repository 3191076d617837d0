"""Block devices and LVM as lsblk, blockdev, pvs, vgs, lvs and lvmconfig print them. Pure; the words are those captured from Debian 12 nodes."""

from __future__ import annotations

import json

from provisioning.simulator import snapshots, thin_words
from provisioning.simulator.drbd_words import backing_size, device_size
from provisioning.simulator.state import EXTENT, MIB, Answer, Drbd, File, Machine, Pair
from provisioning.simulator.volume_words import file_system, mounted_lv


def lsblk(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    wanted = [word for word in argv[1:] if word.startswith("/dev/")]
    if "--nodeps" in argv and wanted:
        disk = next((disk for disk in machine.disks if disk.path == wanted[0]), None)
        if disk is None:
            return 32, "", f"lsblk: {wanted[0]}: not a block device\n"
        columns = {
            "SERIAL": disk.serial,
            "SIZE": str(disk.size),
            "MODEL": disk.model,
            "TYPE": "disk",
            "FSTYPE": disk_content(machine, disk.path),
        }
        order = argv[argv.index("--output") + 1].split(",")
        return 0, " ".join(columns.get(name, "") for name in order) + "\n", ""
    rows = [_disk_row(pair, machine, disk.path, disk.size, disk.model, disk.serial) for disk in machine.disks]
    return 0, json.dumps({"blockdevices": rows}) + "\n", ""


def _row(
    path: str, kind: str, size: int, children: list[dict[str, object]] | None = None, **more: object
) -> dict[str, object]:
    row: dict[str, object] = {
        "path": path, "name": path.rsplit("/", 1)[-1], "type": kind, "size": size, "model": None, "serial": None, "wwn": None,
        "fstype": None, "uuid": None, "label": None, "pttype": None, "mountpoints": [None], "ro": False,
    }  # fmt: skip
    row.update(more)
    if children:
        row["children"] = children
    return row


def disk_content(machine: Machine, path: str) -> str:
    if path in machine.pvs or any(vg.pv == path for vg in machine.vgs.values()):
        return "LVM2_member"
    return "drbd" if machine.drbd and machine.drbd.backing == path and machine.drbd.meta else ""


def _disk_row(pair: Pair, machine: Machine, path: str, size: int, model: str, serial: str) -> dict[str, object]:
    disk = next(disk for disk in machine.disks if disk.path == path)
    if disk.system:
        root = _row(
            f"{path}1",
            "part",
            size - MIB,
            fstype="ext4",
            uuid="b85792d7-14c5-4850-a11c-011539049b99",
            mountpoints=["/"],
            pttype="dos",
        )
        return _row(path, "disk", size, [root], model=model, serial=serial, pttype="dos")
    children: list[dict[str, object]] = []
    for vg_name, vg in machine.vgs.items():
        if vg.pv == path:
            children += [_backing_row(pair, machine, vg_name, lv, logical.size) for lv, logical in vg.lvs.items()]
    if machine.drbd and machine.drbd.backing == path and machine.drbd.up:
        children.append(drbd_row(pair, machine, machine.drbd))
    return _row(path, "disk", size, children, model=model, serial=serial, fstype=disk_content(machine, path) or None)


def _backing_row(pair: Pair, machine: Machine, vg: str, lv: str, size: int) -> dict[str, object]:
    drbd = machine.drbd
    over = drbd is not None and drbd.backing == f"/dev/{vg}/{lv}"
    children = [drbd_row(pair, machine, drbd)] if drbd and over and drbd.up else []
    return _row(mapper(vg, lv), "lvm", size, children, fstype="drbd" if drbd and over and drbd.meta else None)


def mapper(vg: str, lv: str) -> str:
    return f"/dev/mapper/{vg.replace('-', '--')}-{lv.replace('-', '--')}"


def drbd_row(pair: Pair, machine: Machine, drbd: Drbd) -> dict[str, object]:
    primary = drbd.role == "Primary"
    children = []
    if primary and machine.vg_active:
        for name, lv in pair.inside.lvs.items():
            if lv.is_pool or thin_words.sleeps(machine, name, lv):
                continue
            path = mapper(pair.inside.vg, name)
            at = next(
                (
                    target
                    for target, mount in machine.mounts.items()
                    if mount[0] in (path, f"/dev/{pair.inside.vg}/{name}") or mounted_lv(pair, machine, target) is lv
                ),
                None,
            )
            children.append(_row(path, "lvm", lv.size, fstype=lv.fstype or None, mountpoints=[at]))
    kind = "LVM2_member" if primary and pair.inside.pv else None
    return _row(drbd.device, "disk", device_size(machine, drbd), children, fstype=kind, ro=not primary)


def pvs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    rows = [_pv(vg.pv, name, vg.size, vg.free) for name, vg in machine.vgs.items()]
    taken = {vg.pv for vg in machine.vgs.values()}
    rows += [
        _pv(path, "", backing_size(machine, path), backing_size(machine, path))
        for path in machine.pvs
        if path not in taken
    ]
    drbd = machine.drbd
    if drbd and drbd.up and drbd.role == "Primary" and pair.inside.pv:
        rows.append(_pv(drbd.device, pair.inside.vg, pair.inside.size, pair.inside.free))
    return 0, json.dumps({"report": [{"pv": rows}]}, indent=2) + "\n", ""


def _pv(path: str, vg: str, size: int, free: int) -> dict[str, str]:
    shared = {
        "vg_uuid": f"uuid-{vg}" if vg else "",
        "vg_size": str(size),
        "vg_free": str(free),
        "vg_extent_size": str(EXTENT),
    }
    return {
        "pv_name": path, "pv_uuid": f"uuid-{path.rsplit('/', 1)[-1]}", "pv_attr": "a--", "pv_size": str(size), "pv_free": str(free),
        "pv_missing": "", "vg_name": vg, **shared,
    }  # fmt: skip


def vgs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    inside = pair.inside
    name = argv[-1]
    if inside.vg == name and machine.drbd and machine.drbd.role == "Primary":
        return (
            0,
            f"{inside.free}\n"
            if "--noheadings" in argv
            else json.dumps({"report": [{"vg": [{"vg_name": name, "vg_free": str(inside.free)}]}]}),
            "",
        )
    return 5, "", f'  Volume group "{name}" not found\n  Cannot process volume group {name}\n'


def lvs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    local = [(vg, lv, logical, True) for vg, group in machine.vgs.items() for lv, logical in group.lvs.items()]
    drbd = machine.drbd
    if drbd and drbd.up and drbd.role == "Primary":
        seen = snapshots.names(pair, hidden=False)
        local += [(pair.inside.vg, name, pair.inside.lvs[name], machine.vg_active) for name in seen]
    if "--reportformat" not in argv:
        known = {f"{vg}/{lv}" for vg, lv, _, _ in local}
        return (0, "", "") if argv[-1] in known else (5, "", f'  Failed to find logical volume "{argv[-1]}"\n')
    rows = [
        {"lv_name": lv, "vg_name": vg, "lv_attr": "-wi-a-----" if on else "-wi-------", "lv_size": str(logical.size),
         "lv_path": f"/dev/{vg}/{lv}", "lv_active": "active" if on else "", "lv_tags": ",".join(logical.tags),
         "origin": "", "data_percent": "", "metadata_percent": "", "pool_lv": ""}
        | (snapshots.columns(pair, machine, lv, on) if vg == pair.inside.vg else {})
        for vg, lv, logical, on in local
    ]  # fmt: skip
    return 0, json.dumps({"report": [{"lv": rows}]}, indent=2) + "\n", ""


def lvmconfig(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    text = "".join(machine.files.get(f"/etc/lvm/{name}.conf", File("")).text for name in ("lvm", "lvmlocal"))
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("global_filter")]
    chosen = lines[-1].replace(" ", "") if lines else 'global_filter=["a|.*|"]'
    return 0, f"{chosen}\nuse_devicesfile=0\n", ""


def df_(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    lines = ["    1B-blocks       Used  Inodes IUsed Mounted on", "  3069550592 1442840576  196224 35042 /"]
    for target in sorted(machine.mounts):
        lv = mounted_lv(pair, machine, target)
        if lv:
            lines.append(f"{file_system(lv)} {lv.used} {lv.size // 16384} 11 {target}")
    return 0, "\n".join(lines) + "\n", ""
