"""What commands that change something do to a simulated machine, with the exits and words real nodes gave. Pure over the state.

A command that no real node was asked is refused with exit 127, so that a plan cannot grow past what was proven.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from provisioning.plans.parts import exporting
from provisioning.simulator import (
    answers,
    care_words,
    heartbeat_words,
    nfs_keeping,
    nfs_words,
    plain,
    snapshots,
    thin_words,
    volume_words,
)
from provisioning.simulator.drbd_words import backing_size
from provisioning.simulator.physics import (
    bring_up,
    promote,
    release_group,
    settle,
    start_member,
    start_nfs,
    start_resync,
)
from provisioning.simulator.state import (
    EXTENT,
    GIB,
    KERNEL,
    MIB,
    Answer,
    Drbd,
    File,
    Lv,
    Machine,
    Manager,
    Pair,
    Vg,
    by_id,
)
from provisioning.simulator.storage_words import disk_content

OK: Answer = (0, "", "")
UNITS_OF = {
    "drbd-utils": {"drbd": ["inactive", "disabled", "loaded"]},
    "heartbeat": {"heartbeat": ["inactive", "disabled", "loaded"], "logd": ["inactive", "disabled", "loaded"]},
    "nfs-kernel-server": {
        "nfs-server": ["inactive", "enabled", "loaded"], "rpcbind": ["active", "enabled", "loaded"],
        "rpc-statd": ["active", "static", "loaded"],
        "nfsdcld": ["active", "static", "loaded"], "nfs-idmapd": ["inactive", "static", "loaded"], "nfs-blkmap": ["inactive", "enabled", "loaded"],
    },
    "chrony": {"chrony": ["active", "enabled", "loaded"]},
}  # fmt: skip


def change(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """Run one command. A scripted fault of this machine and program answers instead."""
    settle(pair, now)
    faults = (
        f"{machine.name} {argv[0]}",
        f"{machine.name} {'-'.join(argv[:2])}",
    )  # alice systemctl, alice systemctl-restart
    if fault := next((pair.faults[name] for name in faults if name in pair.faults), ""):
        return 5, "", fault + "\n"
    verb = CHANGERS.get(argv[0].rsplit("/", 1)[-1])
    asks = (volume_words.ask, plain.answer, care_words.ask)
    answer = next((found for ask in asks if (found := ask(pair, machine, argv)) is not None), None)
    if answer is None and verb:
        answer = verb(pair, machine, argv, now)
    if answer is None:
        answer = answers.read(pair, machine, argv, now)
    settle(pair, now)
    return (
        answer if answer is not None else (127, "", f"{argv[0]}: this simulation has never seen a real node do this\n")
    )


def _apt_get(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if "install" not in argv:
        return (0, "Reading package lists...\n", "") if "update" in argv else None
    wanted = [word for word in argv[argv.index("install") + 1 :] if not word.startswith("-")]
    unknown = [name for name in wanted if name not in machine.available]
    if unknown:
        return 100, "Reading package lists...\n", f"E: Unable to locate package {unknown[0]}\n"
    lines = ["Reading package lists...", "Building dependency tree...", "The following NEW packages will be installed:"]
    for name in wanted:
        if name not in machine.packages:
            lines.append(f"Setting up {name} ({machine.available[name]}) ...")
            machine.packages[name] = machine.available[name]
            if name == "nfs-kernel-server":
                machine.files.setdefault("/etc/exports", File(nfs_words.DEBIAN))
            for path, file in heartbeat_words.brought_by(name).items():
                machine.files.setdefault(path, file)
            for unit, state in UNITS_OF.get(name, {}).items():
                machine.units.setdefault(unit, list(state))
    return 0, "\n".join(lines) + "\n", ""


def _update_initramfs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    return (0, f"update-initramfs: Generating /boot/initrd.img-{KERNEL}\n", "") if argv[1:] == ("-u",) else None


def _systemctl(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    verb = next((word for word in argv[1:] if not word.startswith("-")), "")
    units = [word.removesuffix(".service") for word in argv[argv.index(verb) + 1 :] if not word.startswith("-")]
    if verb in ("show", "is-active"):
        return None
    if verb in ("daemon-reload", "reset-failed"):
        return OK
    for unit in units:
        state = machine.units.get(unit)
        if state is None:
            return 1, "", f"Failed to {verb} unit: Unit file {unit}.service does not exist.\n"
        if verb in ("enable", "disable", "mask", "unmask"):
            state[1] = {"enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "disabled"}[verb]
        starts = verb in ("start", "restart", "reload-or-restart") or (verb == "enable" and "--now" in argv)
        stops = verb == "stop" or (verb in ("disable", "mask") and "--now" in argv)
        if starts or stops:
            _set_running(pair, machine, unit, starts, now)
    return OK


def _set_running(pair: Pair, machine: Machine, unit: str, running: bool, now: float) -> None:
    machine.units[unit][0] = "active" if running else "inactive"
    match unit:
        case "heartbeat" if running and machine.manager is None:
            machine.manager = Manager(started_at=now)
            # The first member already active: Heartbeat believes that it owns the group and starts nothing.
            if machine.drbd and machine.drbd.role == "Primary":
                machine.manager.holds = True
        case "heartbeat" if not running:
            if machine.service_ip:
                release_group(machine)
            machine.manager = None
        case "nfs-server":
            machine.nfsd = 0
            machine.exported = []
            nfs_keeping.stopped(machine)
            if running:
                start_nfs(pair, machine)
                nfs_words.take(machine)
        case "nfsdcld" if running:
            nfs_keeping.keeper_started(machine)
        case "drbd" if running:
            machine.module = True
            if machine.drbd and machine.drbd.meta:
                bring_up(machine)


def _nfsd(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """A running server takes another number of threads at once; nothing else of its settings."""
    if not machine.nfsd:
        return 1, "", "rpc.nfsd: unable to set any sockets for nfsd\n"
    machine.nfsd = int(argv[-1])
    return OK


def _modprobe(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if argv[-1] == "drbd":
        machine.module = True
    return OK


def _options(argv: tuple[str, ...], taking: set[str]) -> tuple[dict[str, str], list[str]]:
    """Split long options, with their values where they take one, from the operands."""
    options: dict[str, str] = {}
    operands: list[str] = []
    words = iter(argv[1:])
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            options[name] = value if equals else next(words, "") if name in taking else ""
        else:
            operands.append(word)
    return options, operands


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
    _, (name, device) = _options(argv, {"--setautoactivation"})
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
    options, operands = _options(argv, taking)
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


def _lv_of(pair: Pair, device: str) -> Lv | None:
    """The pair's logical volume behind /dev/VG/LV or /dev/mapper/VG-LV."""
    if device.startswith("/dev/mapper/"):
        vg, _, name = device.removeprefix("/dev/mapper/").replace("--", "\0").partition("-")
        vg, name = vg.replace("\0", "-"), name.replace("\0", "-")
    else:
        vg, _, name = device.removeprefix("/dev/").partition("/")
    return pair.inside.lvs.get(name) if vg == pair.inside.vg else None


def _mkfs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    device = argv[-1]
    lv = _lv_of(pair, device)
    if lv is None or not machine.vg_active:
        return 1, "", f"The file {device} does not exist and no size was specified.\n"
    lv.fstype = argv[0].rsplit(".", 1)[-1]
    lv.used = lv.size // 50
    return OK


def _blkid(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    device = argv[-1]
    lv = _lv_of(pair, device)
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


def _install(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    machine.directories += [word for word in argv[1:] if word.startswith("/") and word not in machine.directories]
    return OK


def _mount(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    options, operands = _options(argv, {"--types", "--options", "-t", "-o"})
    given = options.get("--options", options.get("-o", ""))
    if given.startswith("remount"):
        return volume_words.remount(machine, given, operands[-1])
    device, target = operands[-2:]
    if "--bind" in options:
        machine.mounts[target] = ["/dev/vda1", "ext4", ""]
        return OK
    lv = _lv_of(pair, device)
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


def _vgchange(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    primary = machine.drbd is not None and machine.drbd.role == "Primary"
    if not primary:
        return 5, "", f'  Volume group "{argv[-1]}" not found\n'
    machine.vg_active = "n" not in argv and "--activate=n" not in argv and "-an" not in argv
    count = len(pair.inside.lvs) if machine.vg_active else 0
    return 0, f'  {count} logical volume(s) in volume group "{argv[-1]}" now active\n', ""


def _exportfs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return nfs_words.exportfs(machine, argv)


def _unshare(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if argv[1] == "--uts" and "rpc.nfsd" in argv[4]:
        return _nfsd(pair, machine, argv, now)
    if argv[:6] != exporting.try_line().argv[:6]:
        return None
    return nfs_words.tried(machine, argv[6:])


def _chattr(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if argv[1] == "+i" and argv[2] not in machine.immutable:
        machine.immutable.append(argv[2])
    if argv[1] == "-i" and argv[2] in machine.immutable:
        machine.immutable.remove(argv[2])
    return OK


def _nothing(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return OK


def _rm(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    for word in argv[1:]:
        machine.files.pop(word, None)
        if word.startswith("/dev/mapper/") and word in machine.directories:
            machine.directories.remove(word)
    return OK


def _fuser(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """Nobody works on the machines themselves; the kernel's NFS server is no process."""
    return 1, "", ""


CHANGERS: dict[str, Callable[[Pair, Machine, tuple[str, ...], float], Answer | None]] = {
    "apt-get": _apt_get, "update-initramfs": _update_initramfs, "systemctl": _systemctl, "modprobe": _modprobe,
    "pvcreate": _pvcreate, "vgcreate": _vgcreate, "lvcreate": _lvcreate,
    "mkfs.ext4": _mkfs, "mkfs.xfs": _mkfs, "blkid": _blkid, "wipefs": _wipefs, "drbdadm": _drbdadm,
    "install": _install, "mkdir": _install, "chattr": _chattr, "mount": _mount, "umount": _umount, "mountpoint": _mountpoint,
    "vgchange": _vgchange, "exportfs": _exportfs, "unshare": _unshare, "udevadm": _nothing, "rm": _rm,
    "fuser": _fuser, "lvconvert": snapshots.lvconvert,
    "chown": _nothing, "chmod": _nothing,
    "rpc.nfsd": _nfsd,
    **volume_words.CHANGERS,
    **care_words.CHANGERS,
    **heartbeat_words.CHANGERS,
}  # fmt: skip
