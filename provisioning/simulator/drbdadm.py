"""What drbdadm does to a simulated machine. Pure over the state."""

from __future__ import annotations

import re

from provisioning.simulator import volume_words
from provisioning.simulator.drbd_words import backing_size
from provisioning.simulator.physics import bring_up, promote, start_resync
from provisioning.simulator.state import MIB, OK, Answer, Changers, Drbd, Machine, Pair, by_id


def _drbdadm(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    words = [word for word in argv[1:] if not word.startswith("-")]
    verb, name = words[0], words[-1]
    match verb:
        case "create-md":
            return _create_md(machine, name)
        case "up" | "adjust":
            machine.module = True
            if machine.drbd is None or not machine.drbd.meta:
                return 1, "", "No valid meta data found\n"
            bring_up(machine)
            return OK
        case "down" if machine.drbd:
            machine.drbd.up = False
            return OK
        case "primary" if machine.drbd:
            return _primary(pair, machine, "--force" in argv, now)
        case "secondary" if machine.drbd:
            if machine.mounts or machine.vg_active:
                return 11, "", f"{name}: State change failed: (-12) Device is held open by someone\n"
            machine.drbd.role = "Secondary"
            return OK
        case "resize" if machine.drbd:
            return volume_words.resize(pair, machine, now)
        case "outdate" | "connect" | "wait-connect" | "dump" if machine.drbd:
            return OK
    return None


RES_DISK = re.compile(r"on\s+(\S+)\s*\{(.*?)\}", re.DOTALL)


def _create_md(machine: Machine, name: str) -> Answer:
    file = next(
        (
            f
            for path, f in machine.files.items()
            if path.startswith("/etc/drbd.d/") and f"resource {name} " in f.text + " "
        ),
        None,
    )
    section = next((body for host, body in RES_DISK.findall(file.text) if host == machine.name), "") if file else ""
    found = re.search(r"\bdisk\s+(\S+?);", section) or (re.search(r"\bdisk\s+(/\S+?);", file.text) if file else None)
    minor = re.search(r"/dev/drbd(\d+)", file.text) if file else None
    if found is None or minor is None:
        return 10, "", f"'{name}' not defined in your config (for this host).\n"
    backing = next((disk.path for disk in machine.disks if by_id(disk) == found[1]), found[1])
    size = backing_size(machine, backing)
    if not size:
        return 40, "", f"open({backing}) failed: No such file or directory\n"
    machine.drbd = Drbd(name, f"/dev/drbd{minor[1]}", int(minor[1]), backing, meta=True, size=size - MIB)
    return (
        0,
        "initializing activity log\ninitializing bitmap (3204 KB) to all zero\nWriting meta data...\n"
        "New drbd meta data block successfully created.\n",
        "",
    )


def _primary(pair: Pair, machine: Machine, force: bool, now: float) -> Answer:
    drbd, peer = machine.drbd, pair.peer(machine.name).drbd
    if drbd is None or not drbd.up:
        return 10, "", "Device minor not allocated\n"
    if force and drbd.disk in ("Inconsistent", "Outdated", "Consistent"):
        drbd.role, drbd.disk, drbd.fresh = "Primary", "UpToDate", False
        if pair.connected and peer:
            peer.fresh = False
            start_resync(pair, machine.name, backing_size(machine, drbd.backing), now)
        return OK
    if promote(pair, machine):
        return OK
    return (
        17,
        "",
        "0: State change failed: (-2) Need access to UpToDate data\nCommand 'drbdsetup-84 primary 0' terminated with exit code 17\n",
    )


CHANGERS: Changers = {"drbdadm": _drbdadm}
