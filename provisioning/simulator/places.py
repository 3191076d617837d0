"""Directories, files and what is mounted where. Pure over the state."""

from __future__ import annotations

from provisioning.plans.parts import owning, pausing, places
from provisioning.plans.snapshot_restore import IN_FORCE
from provisioning.simulator import snapshots, thin_words, units, volume_words
from provisioning.simulator.argv import lv_behind, options_of
from provisioning.simulator.physics import start_member
from provisioning.simulator.state import OK, Answer, Changers, Machine, Pair

MOST_LINKS = 40  # the kernel gives up there


def _install(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    machine.directories += [word for word in argv[1:] if word.startswith("/") and word not in machine.directories]
    return OK


def _mkdir(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return _install(pair, machine, ("mkdir", *(canonical(machine, word) for word in argv[1:] if word[:1] == "/")), now)


def canonical(machine: Machine, path: str) -> str:
    """Follow every link on the way; what is missing is taken as it is named."""
    there, rest, followed = "", path.split("/"), 0
    while rest:
        name = rest.pop(0)
        here = f"{there}/{name}"
        if name == "..":
            there = there.rpartition("/")[0]
        elif here in machine.links and followed < MOST_LINKS:
            followed += 1
            told = machine.links[here]
            there, rest = "" if told.startswith("/") else there, [*told.split("/"), *rest]
        elif name not in ("", "."):
            there = here
    return there or "/"


def _readlink(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    asked = argv[:3] == ("readlink", "--canonicalize-missing", "--")
    return (0, f"{canonical(machine, argv[3])}\n", "") if asked else None


def _sh(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    """The scripts of `plans.parts`: nothing is done when a link leads elsewhere, what is served stays mounted, a service comes back."""
    if argv[2] == places.UNLESS_EXPORTED:
        live = any(f"{path}/".startswith(f"{argv[4]}/") for path, *_ in machine.exported)
        return (1, "", "") if live else _umount(pair, machine, ("umount", argv[4]), now)
    if argv[2] == pausing.BACK:
        return _back(pair, machine, argv[5], argv[6:], now)
    if argv[2] == IN_FORCE:
        return snapshots.in_force(pair, machine, *argv[4:])
    if argv[2] not in (owning.INSIDE, owning.NO_LINK):
        return None
    return OK if canonical(machine, argv[4]) == argv[4] else (1, "", "")


def _back(pair: Pair, machine: Machine, address: str, mount: tuple[str, ...], now: float) -> Answer | None:
    here = machine.service_ip.split("/")[0] == address
    if not here or machine.drbd is None or machine.drbd.role != "Primary":
        return OK
    if mount:
        _mount(pair, machine, mount, now)
    return units.CHANGERS["systemctl"](pair, machine, ("systemctl", "start", pausing.NFS), now)


def _mount(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    options, operands = options_of(argv, {"--types", "--options", "-t", "-o"})
    given = options.get("--options", options.get("-o", ""))
    if given.startswith("remount"):
        return volume_words.remount(machine, given, operands[-1])
    device, target = operands[-2:]
    if "--bind" in options:
        machine.mounts[target] = ["/dev/vda1", "ext4", ""]
        return OK
    lv = lv_behind(pair, device)
    if lv is not None and thin_words.sleeps(machine, volume_words.split(device)[1], lv):
        return 32, "", f"mount: {target}: special device {device} does not exist.\n"
    if lv is None or not lv.fstype:
        return 32, "", f"mount: {target}: wrong fs type, bad option, bad superblock on {device}.\n"
    if volume_words.mounted_lv(pair, machine, target) is lv:
        return 32, "", f"mount: {target}: {device} already mounted on {target}.\n"
    start_member(pair, machine, "Filesystem", [device, target, lv.fstype, given])
    return OK


def _umount(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    target = argv[-1]
    if any(point.startswith(f"{target}/") for point in machine.mounts):
        return 32, "", f"umount: {target}: target is busy.\n"
    if machine.mounts.pop(target, None) is None:
        return 32, "", f"umount: {target}: not mounted.\n"
    return OK


def _mountpoint(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return (0 if argv[-1] in machine.mounts else 32), "", ""


def _chattr(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if argv[1] == "+i" and argv[2] not in machine.immutable:
        machine.immutable.append(argv[2])
    if argv[1] == "-i" and argv[2] in machine.immutable:
        machine.immutable.remove(argv[2])
    return OK


def _rm(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    for word in argv[1:]:
        machine.files.pop(word, None)
        if word.startswith("/dev/mapper/") and word in machine.directories:
            machine.directories.remove(word)
    return OK


CHANGERS: Changers = {
    "install": _install, "mkdir": _mkdir, "readlink": _readlink, "chattr": _chattr, "mount": _mount, "umount": _umount,
    "mountpoint": _mountpoint, "rm": _rm, "sh": _sh,
}  # fmt: skip
