"""Small questions that guards and waits ask, answered with the words of Debian 12's tools. Pure over the state."""

from __future__ import annotations

import base64

from provisioning.render.paths import FENCE_PEER
from provisioning.simulator import answers, snapshots
from provisioning.simulator.drbd_words import backing_size
from provisioning.simulator.state import Answer, Machine, Pair, by_id
from provisioning.simulator.storage_words import disk_content

ACCOUNTS = {
    "passwd": {"root": 0, "www-data": 33, "backup": 34, "nobody": 65534},
    "group": {"root": 0, "www-data": 33, "staff": 50, "users": 100, "nogroup": 65534},
}


def answer(pair: Pair, machine: Machine, argv: tuple[str, ...]) -> Answer | None:
    """Answer by the whole shape of the question; None when it is not one of these."""
    match argv:
        case ("lsblk", "--noheadings", "--output", "PATH,SERIAL,FSTYPE,MOUNTPOINTS", device):
            return _disk(machine, device)
        case ("blockdev", "--getsize64", device):
            return (
                (0, f"{size}\n", "")
                if (size := backing_size(machine, device))
                else (1, "", f"blockdev: cannot open {device}\n")
            )
        case ("getent", "passwd" | "group" as kind, *names):
            return _accounts(ACCOUNTS[kind], [name for name in names if name != "--"])
        case ("readlink", "--canonicalize", link):
            path = next((disk.path for disk in machine.disks if by_id(disk) == link), "")
            return (0, f"{path}\n", "") if path else (1, "", "")
        case ("lvs", "--noheadings", "--options", "lv_name", "--select", selection, vg):
            return _lv_names(pair, machine, selection, vg)
        case ("lvs", "--noheadings", "--all", "--options", "lv_name", "--select", selection, vg):
            return _lv_names(pair, machine, selection, vg)
        case (
            "lvs",
            "--noheadings",
            "--options",
            ("origin" | "origin,lv_snapshot_invalid" | "lv_device_open") as options,
            target,
        ):
            return snapshots.asked(pair, machine, options, target)
        case ("findmnt", *_, "--mountpoint", point):
            mounted = machine.mounts.get(point)
            return (0, f"{mounted[1]}\n", "") if mounted else (1, "", "")
        case ("cat", path):
            text = answers.file_text(pair, machine, path, 0.0)
            return (1, "", f"cat: {path}: No such file or directory\n") if text is None else (0, text, "")
        case ("base64", "--wrap=0", "--", path) if path in machine.files:
            return 0, base64.b64encode(machine.files[path].text.encode()).decode(), ""
        case ("ip", "-oneline", "address", "show", "to", address):
            held = machine.service_ip if machine.service_ip.split("/")[0] == address else ""
            return 0, f"3: eth1    inet {held} brd + scope global secondary eth1\n" if held else "", ""
        case ("lsattr", "-d", "--", *paths):
            return _attributes(machine, paths)
        case ("drbdadm", "sh-dev", name):
            there = f"/etc/drbd.d/{name}.res" in machine.files
            return (
                (0, "/dev/drbd0\n", "")
                if there
                else (10, "", f"'{name}' not defined in your config (for this host).\n")
            )
        case (program, "--try") if program == FENCE_PEER:
            return _try(pair, machine)
    return None


def _accounts(known: dict[str, int], names: list[str]) -> Answer:
    found = [f"{name}:x:{known[name]}:\n" for name in names if name in known]
    return 0 if len(found) == len(names) else 2, "".join(found), ""


def _disk(machine: Machine, device: str) -> Answer:
    disk = next((disk for disk in machine.disks if disk.path == device), None)
    if disk is None:
        return 32, "", f"lsblk: {device}: not a block device\n"
    content = disk_content(machine, device)
    return 0, f"{device} {disk.serial} {content or ''}\n", ""


def _lv_names(pair: Pair, machine: Machine, selection: str, vg: str) -> Answer:
    name = selection.removeprefix("lv_name=")
    groups = {**{local: set(group.lvs) for local, group in machine.vgs.items()}}
    if machine.drbd and machine.drbd.role == "Primary" and pair.inside.vg:
        groups[pair.inside.vg] = set(pair.inside.lvs)
    if vg not in groups:
        return 5, "", f'  Volume group "{vg}" not found\n  Cannot process volume group {vg}\n'
    return 0, f"  {name}\n" if name in groups[vg] else "", ""


def _attributes(machine: Machine, paths: list[str]) -> Answer:
    """A mounted volume shows its own root, which is not immutable."""
    out, err = [], []
    for path in paths:
        if path in machine.mounts:
            out.append(f"--------------e------- {path}\n")
        elif path in machine.directories:
            out.append(f"----{'i' if path in machine.immutable else '-'}---------e------- {path}\n")
        else:
            err.append(f"lsattr: No such file or directory while trying to stat {path}\n")
    return (1 if err else 0), "".join(out), "".join(err)


def _try(pair: Pair, machine: Machine) -> Answer:
    """What the handler says when it tries the way over both networks."""
    peer = pair.peer(machine.name)
    words = []
    for address, link in ((peer.service, True), (peer.replication, pair.replication_link)):
        words.append(f"{address.split('/')[0]} {'answers' if peer.power and link else 'does not answer'}\n")
    missed = any("not" in word for word in words)
    return (1 if missed else 0), "".join(words), ""
