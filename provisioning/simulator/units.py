"""Packages, the units they bring, modules: what apt, systemctl and modprobe do to a simulated machine. Pure over the state."""

from __future__ import annotations

from provisioning.simulator import heartbeat_words, nfs_keeping, nfs_words
from provisioning.simulator.physics import bring_up, release_group, start_nfs
from provisioning.simulator.state import KERNEL, OK, Answer, Changers, File, Machine, Manager, Pair

UNITS_OF = {
    "drbd-utils": {"drbd": ["inactive", "disabled", "loaded"]},
    "heartbeat": {"heartbeat": ["inactive", "disabled", "loaded"], "logd": ["inactive", "disabled", "loaded"]},
    "nfs-kernel-server": {
        "nfs-server": ["inactive", "enabled", "loaded"], "rpcbind": ["active", "enabled", "loaded"],
        "rpc-statd": ["active", "static", "loaded"], "rpc-svcgssd": ["inactive", "static", "loaded"],
        "nfsdcld": ["active", "static", "loaded"], "nfs-idmapd": ["inactive", "static", "loaded"], "nfs-blkmap": ["inactive", "enabled", "loaded"],
    },
    "chrony": {"chrony": ["active", "enabled", "loaded"]},
}  # fmt: skip


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


def nfsd(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """A running server takes another number of threads at once; nothing else of its settings."""
    if not machine.nfsd:
        return 1, "", "rpc.nfsd: unable to set any sockets for nfsd\n"
    machine.nfsd = int(argv[-1])
    return OK


def _modprobe(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if argv[-1] == "drbd":
        machine.module = True
    return OK


CHANGERS: Changers = {
    "apt-get": _apt_get, "update-initramfs": _update_initramfs, "systemctl": _systemctl, "modprobe": _modprobe, "rpc.nfsd": nfsd,
}  # fmt: skip
