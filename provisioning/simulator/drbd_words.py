"""DRBD as drbdadm, drbdsetup and the kernel print it. Pure; the words are those captured from Debian 12 nodes."""

from __future__ import annotations

from provisioning.simulator.state import MIB, Answer, Drbd, Machine, Pair


def backing_size(machine: Machine, path: str) -> int:
    for disk in machine.disks:
        if disk.path == path:
            return disk.size
    for name, vg in machine.vgs.items():
        for lv, logical in vg.lvs.items():
            if path == f"/dev/{name}/{lv}":
                return logical.size
    return 0


def device_size(machine: Machine, drbd: Drbd) -> int:
    return drbd.size or backing_size(machine, drbd.backing) - MIB


def proc_drbd(pair: Pair, machine: Machine, now: float) -> str | None:
    if not machine.module:
        return None
    head = "version: 8.4.11 (api:1/proto:86-101)\nsrcversion: F73C670A7EC572DB9CF3E5B \n"
    drbd = machine.drbd
    if drbd is None or not drbd.up:
        return head
    peer = pair.peer(machine.name).drbd if pair.connected else None
    cs = _replication(pair, machine, "Connected" if pair.connected else "WFConnection")
    out_of_sync = pair.resync.left if pair.resync else pair.written if not pair.connected else 0
    text = (
        f"\n{drbd.minor:2}: cs:{cs} ro:{drbd.role}/{peer.role if peer else 'Unknown'} ds:{drbd.disk}/{peer.disk if peer else 'DUnknown'} C r-----\n"
        f"    ns:0 nr:0 dw:0 dr:0 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:{out_of_sync // 1024}\n"
    )
    return head + text + (_progress(pair, machine) if pair.resync else "")


def _progress(pair: Pair, machine: Machine) -> str:
    sync = pair.resync
    if sync is None:
        return ""
    done = 100.0 * (sync.total - sync.left) / sync.total if sync.total else 100.0
    filled = int(done / 5)
    bar = "=" * filled + ">" + "." * (20 - filled)
    seconds = sync.left // sync.rate + 1
    rate = f"{sync.rate // 1024:,}"
    want = " want: 102,400" if machine.name == sync.target else ""
    return (
        f"\t[{bar[:21]}] sync'ed:{done:5.1f}% ({sync.left // 1024}/{sync.total // 1024})K\n"
        f"\tfinish: {seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} speed: {rate} ({rate}){want} K/sec\n"
    )


def _replication(pair: Pair, machine: Machine, otherwise: str) -> str:
    if pair.resync is None:
        return otherwise
    return "SyncSource" if machine.name == pair.resync.source else "SyncTarget"


def events2(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    drbd = machine.drbd
    if "drbd-utils" not in machine.packages:
        return 127, "", "drbdsetup: No such file or directory\n"
    if not machine.module or drbd is None or not drbd.up:
        return 0, "exists -\n", ""
    peer = pair.peer(machine.name).drbd if pair.connected else None
    name = f"name:{drbd.resource}"
    connection = "Connected" if peer else "Connecting"
    out_of_sync = (pair.resync.left if pair.resync else pair.written if not peer else 0) // 1024
    replication = _replication(pair, machine, "Established") if peer else "Off"
    size = device_size(machine, drbd) // 1024
    lines = [
        f"exists resource {name} role:{drbd.role} suspended:no write-ordering:flush",
        f"exists connection {name} peer-node-id:0 conn-name:peer connection:{connection} role:{peer.role if peer else 'Unknown'} congested:no",
        f"exists device {name} volume:0 minor:{drbd.minor} disk:{drbd.disk} size:{size} read:0 written:0 al-writes:8 bm-writes:0 "
        "upper-pending:0 lower-pending:0 al-suspended:no blocked:no",
        f"exists peer-device {name} peer-node-id:0 conn-name:peer volume:0 replication:{replication} "
        f"peer-disk:{peer.disk if peer else 'DUnknown'} resync-suspended:no received:0 sent:0 out-of-sync:{out_of_sync} pending:0 unacked:0",
        "exists -",
    ]
    return 0, "".join(f"{line}\n" for line in lines), ""


def drbdadm(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    drbd = machine.drbd
    peer = pair.peer(machine.name).drbd if pair.connected else None
    up = drbd is not None and drbd.up
    match argv[1]:
        case "role" | "dstate" | "cstate" if not up or drbd is None:
            return (
                10,
                "",
                f"Device minor not allocated\nadditional info from kernel:\nunknown resource\n{argv[-1]}: No such resource\n",
            )
        case "role" if drbd:
            return 0, f"{drbd.role}/{peer.role if peer else 'Unknown'}\n", ""
        case "dstate" if drbd:
            return 0, f"{drbd.disk}/{peer.disk if peer else 'DUnknown'}\n", ""
        case "cstate":
            return 0, f"{_replication(pair, machine, 'Connected' if peer else 'WFConnection')}\n", ""
        case "dump":
            return 0, "", ""
        case "dump-md":
            if drbd and drbd.meta:
                return 0, 'version "v08";\n', ""
            return 255, "", "No valid meta data found\n"
        case "show-gi" | "get-gi" if drbd:
            first = "0000000000000004" if drbd.fresh else "F00DF00DF00DF00D"
            return (
                0,
                f"{first}:0000000000000000:0000000000000000:0000000000000000:{int(not drbd.fresh)}:0:0:0:0:0\n",
                "",
            )
    return None
