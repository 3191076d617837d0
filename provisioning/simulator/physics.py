"""What happens by itself as time passes: a resync moves, Heartbeat takes the group, DRBD finds its peer. Pure over the state.

Times are those of a small pair on real iron, shortened where nobody learns anything from waiting.
"""

from __future__ import annotations

import re

from provisioning.render.paths import HEARTBEAT_WAITS
from provisioning.simulator import nfs_keeping, nfs_words, snapshots
from provisioning.simulator.state import Drbd, File, Machine, Manager, Pair, Resync

JOIN = 4.0  # seconds until two Heartbeats hear each other
TAKE = 6.0  # seconds to start the whole group
DEADTIME = 12.0
WRITTEN = 3 * 1024**3  # bytes that clients change while the copies are apart


def settle(pair: Pair, now: float) -> None:
    """Bring the pair to `now`."""
    _connect(pair, now)
    _resync(pair, now)
    snapshots.settle(pair, now)
    for machine in pair.machines.values():
        _let_go(pair, machine, now)
    for machine in pair.machines.values():
        _manage(pair, machine, now)


def power_off(pair: Pair, name: str) -> None:
    """A power cut: what was in memory is gone."""
    machine = pair.machines[name]
    machine.power = False
    machine.mounts, machine.exported, machine.nfsd, machine.service_ip = {}, [], 0, ""
    machine.vg_active, machine.module, machine.manager, machine.waits = False, False, None, False
    machine.activated = []
    if machine.drbd:
        machine.drbd.up, machine.drbd.role = False, "Secondary"
    pair.connected, pair.resync = False, None


def power_on(pair: Pair, name: str, now: float) -> None:
    machine = pair.machines[name]
    machine.power, machine.booted_at = True, now
    machine.boot_id = (
        f"{machine.machine_id[:4]}{int(now) % 65536:04x}-{machine.machine_id[4:8]}-4000-8000-{int(now):012x}"
    )
    for unit in machine.units.values():
        unit[0] = "active" if unit[1] == "enabled" else "inactive"
    if machine.units.get("drbd", ["", ""])[1] == "enabled":
        machine.module = True
        if machine.drbd and machine.drbd.meta:
            bring_up(machine)
    if machine.units.get("heartbeat", ["", ""])[1] == "enabled" and "/etc/ha.d/haresources" in machine.files:
        if HEARTBEAT_WAITS in machine.files:
            machine.waits, machine.units["heartbeat"][0] = True, "activating"
        else:
            machine.manager = Manager(started_at=now + 10)
    if machine.units.get("nfs-server", ["", ""])[1] == "enabled":
        start_nfs(pair, machine)


def bring_up(machine: Machine) -> None:
    drbd = machine.drbd
    if drbd is None:
        return
    drbd.up, drbd.role = True, "Secondary"
    drbd.disk = "Inconsistent" if drbd.fresh else drbd.disk if drbd.disk in ("Inconsistent", "Outdated") else "UpToDate"


def _connect(pair: Pair, now: float) -> None:
    up = [machine for machine in pair.machines.values() if machine.power and machine.drbd and machine.drbd.up]
    linked = len(up) == 2 and pair.replication_link
    if linked and not pair.connected:
        pair.connected = True
        _start_catch_up(pair, up, now)
    elif not linked and pair.connected:
        pair.connected, pair.resync = False, None
    if not linked:
        for machine in up:
            if machine.drbd and machine.drbd.role == "Primary":
                pair.written = max(pair.written, WRITTEN)
                other = pair.peer(machine.name).drbd
                if other and other.disk == "UpToDate":
                    other.disk = "Outdated"


def _start_catch_up(pair: Pair, up: list[Machine], now: float) -> None:
    """Copy what changed meanwhile from the newer side."""
    sides: list[tuple[Machine, Drbd]] = [(machine, machine.drbd) for machine in up if machine.drbd]
    good = [machine for machine, drbd in sides if drbd.disk == "UpToDate" and not drbd.fresh]
    behind = [machine for machine, drbd in sides if drbd.disk in ("Outdated", "Inconsistent") and not drbd.fresh]
    if good and behind:
        start_resync(pair, good[0].name, pair.written or WRITTEN, now)


def start_resync(pair: Pair, source: str, total: int, now: float) -> None:
    target = pair.peer(source)
    if target.drbd:
        target.drbd.disk = "Inconsistent"
    pair.resync = Resync(source, target.name, total, total, pair.speed, now)


def _resync(pair: Pair, now: float) -> None:
    sync = pair.resync
    if sync is None:
        return
    sync.left = max(0, sync.left - int(sync.rate * (now - sync.at)))
    sync.at = now
    if sync.left == 0:
        pair.resync, pair.written = None, 0
        for machine in pair.machines.values():
            if machine.drbd and machine.drbd.up:
                machine.drbd.disk, machine.drbd.fresh = "UpToDate", False


def _manage(pair: Pair, machine: Machine, now: float) -> None:
    manager = machine.manager
    if manager is None or not machine.power or now < manager.started_at + JOIN:
        return
    peer = pair.peer(machine.name)
    if holds_group(machine):
        manager.holds, manager.acts_at = True, None
        return
    if manager.holds:
        return  # it believes that it holds the group: it starts nothing (the trap)
    peer_there = peer.power and peer.manager is not None
    if peer_there and (holds_group(peer) or (peer.manager and (peer.manager.holds or peer.manager.acts_at))):
        manager.acts_at = None
        return
    if manager.acts_at is None:
        home = _home(machine)
        if peer_there and home != machine.name and not manager.standby:
            return
        manager.acts_at = now + TAKE + (0 if peer_there else DEADTIME)
    if now >= manager.acts_at:
        manager.acts_at = None
        take_group(pair, machine)


def _let_go(pair: Pair, machine: Machine, now: float) -> None:
    """Start a Heartbeat that was held back once a current copy is seen: the machine's own, or its connected peer's."""
    if not (machine.waits and machine.power):
        return
    copies = [machine.drbd, pair.peer(machine.name).drbd if pair.connected else None]
    if any(copy and copy.up and copy.disk == "UpToDate" for copy in copies):
        machine.waits, machine.units["heartbeat"][0] = False, "active"
        machine.manager = Manager(started_at=max(now, machine.booted_at + 10))


def _home(machine: Machine) -> str:
    text = machine.files.get("/etc/ha.d/haresources", File("")).text
    line = next((line for line in text.splitlines() if line and not line.startswith("#")), "")
    return line.split()[0] if line.split() else ""


def members(machine: Machine) -> list[list[str]]:
    """The members of the service group in start order, from haresources: [agent, argument…]."""
    text = machine.files.get("/etc/ha.d/haresources", File("")).text
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    return [word.split("::") for word in joined.split()[1:]]


def holds_group(machine: Machine) -> bool:
    return bool(machine.service_ip and machine.nfsd and machine.vg_active)


def take_group(pair: Pair, machine: Machine) -> None:
    """Start the members in order, as ResourceManager does; one that fails stops the rest."""
    for agent, *arguments in members(machine):
        if not start_member(pair, machine, agent, arguments):
            return
    if machine.manager:
        machine.manager.holds = True


def start_member(pair: Pair, machine: Machine, agent: str, arguments: list[str]) -> bool:
    match agent:
        case "drbddisk":
            return promote(pair, machine)
        case "LVM":
            machine.vg_active = True
        case "Filesystem":
            device, target, fstype = (*arguments, "", "", "")[:3]
            options = arguments[3] if len(arguments) > 3 else ""
            if fstype == "none":  # a directory bound on itself
                device, fstype, options = "/dev/vda1", "ext4", ""
            machine.mounts[target] = [device, fstype, options]
        case "nfs-kernel-server":
            start_nfs(pair, machine)
            machine.units["nfs-server"][0] = "active"
            nfs_words.take(machine)
        case "IPaddr2":
            address, prefix = (arguments[0].split("/") + ["24"])[:2]
            machine.service_ip = f"{address}/{prefix}"
    return True


def start_nfs(pair: Pair, machine: Machine) -> None:
    """Start the NFS server as its settings say; they are read at this moment and never again."""
    text = nfs_keeping.settings(machine)
    told = dict(re.findall(r"^\s*([\w.-]+)\s*=\s*(\S+)", text, re.MULTILINE))
    machine.nfsd = int(told.get("threads", "8"))
    off = [version for version in ("3", "4.0", "4.1", "4.2") if told.get(f"vers{version}") == "n"]
    minors = [f"-{v}" if v in off else f"+{v}" for v in ("4.1", "4.2")]
    versions = ["-3" if "3" in off else "+3", "+4", *(["-4.0"] if "4.0" in off else []), *minors]
    ports = dict(re.findall(r"\[(mountd|statd|lockd)\]\nport=(\d+)", text))
    machine.nfs = {
        **{f"{service} port": port for service, port in ports.items()},
        "versions": " ".join(versions),
        "nfsv4gracetime": told.get("grace-time", "90"),
        "nfsv4leasetime": told.get("lease-time", "90"),
    }
    nfs_keeping.started(pair, machine)


def release_group(machine: Machine) -> None:
    machine.service_ip, machine.nfsd, machine.exported = "", 0, []
    machine.units["nfs-server"][0] = "inactive"
    nfs_keeping.stopped(machine)
    machine.mounts, machine.vg_active, machine.activated = {}, False, []
    if machine.drbd:
        machine.drbd.role = "Secondary"
    if machine.manager:
        machine.manager.holds = False


def promote(pair: Pair, machine: Machine) -> bool:
    drbd = machine.drbd
    peer = pair.peer(machine.name).drbd
    if drbd is None or not drbd.up or (pair.connected and peer and peer.role == "Primary"):
        return False
    if drbd.disk != "UpToDate":
        return False
    drbd.role = "Primary"
    return True
