"""What a simulated machine prints when it is read, in the words captured from Debian 12 nodes (drbd-utils 9.22 on kernel module 8.4.11,
LVM 2.03.16, nfs-utils 2.6.2, heartbeat 3.0.6, iproute2 6.1). Pure. A command that no real node was asked is refused with exit 127.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from provisioning.simulator.physics import holds_group
from provisioning.simulator.state import EXTENT, MIB, Drbd, File, Machine, Pair

Answer = tuple[int, str, str]
KERNEL = "6.1.0-56-amd64"
MODULE = "8.4.11"


def read(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    """Answer one reading; None when it is not a reading this simulator knows."""
    answer = READERS.get(argv[0])
    return answer(pair, machine, argv, now) if answer else None


def _after(argv: tuple[str, ...], mark: str = "--") -> tuple[str, ...]:
    return argv[argv.index(mark) + 1 :] if mark in argv else ()


def file_text(pair: Pair, machine: Machine, path: str, now: float) -> str | None:
    """A file of the machine, made up for /proc and /sys as the kernel does."""
    maker = KERNEL_FILES.get(path)
    if maker:
        return maker(pair, machine, now)
    file = machine.files.get(path)
    return file.text if file else None


def _grep(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    lines, missing = [], False
    for path in _after(argv):
        text = file_text(pair, machine, path, now)
        if text is None:
            missing = True
            continue
        lines += [f"{path}:{line}" for line in text.splitlines()]
    return (2 if missing else 0 if lines else 1), "".join(f"{line}\n" for line in lines), ""


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


def _events2(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
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
    size = _device_size(machine, drbd) // 1024
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


def _device_size(machine: Machine, drbd: Drbd) -> int:
    return backing_size(machine, drbd.backing) - MIB


def backing_size(machine: Machine, path: str) -> int:
    for disk in machine.disks:
        if disk.path == path:
            return disk.size
    for name, vg in machine.vgs.items():
        for lv, logical in vg.lvs.items():
            if path == f"/dev/{name}/{lv}":
                return logical.size
    return 0


def _ip(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if "neighbour" in argv:
        return 0, "[]\n", ""
    if "-brief" in argv:
        held = " ".join(filter(None, (machine.service, machine.service_ip)))
        return (
            0,
            f"lo UNKNOWN 127.0.0.1/8 \neth0 UP {machine.mgmt} \neth1 UP {held} \neth2 UP {machine.replication} \n",
            "",
        )
    rows = [_interface(1, "lo", "00:00:00:00:00:00", ["127.0.0.1/8"], "UNKNOWN")]
    service = [machine.service, *([machine.service_ip] if machine.service_ip else [])]
    number = 1 if machine.name < pair.peer(machine.name).name else 2
    for index, (name, addresses) in enumerate(
        (("eth0", [machine.mgmt]), ("eth1", service), ("eth2", [machine.replication])), start=2
    ):
        rows.append(_interface(index, name, f"52:54:00:77:{index:02x}:{number:02x}", addresses, "UP"))
    return 0, json.dumps(rows) + "\n", ""


def _interface(index: int, name: str, mac: str, addresses: list[str], state: str) -> dict[str, object]:
    info = [
        {"family": "inet", "local": a.split("/")[0], "prefixlen": int(a.split("/")[1]), "scope": "global"}
        for a in addresses
        if a
    ]
    return {
        "ifindex": index,
        "ifname": name,
        "operstate": state,
        "address": mac,
        "link_type": "ether",
        "addr_info": info,
    }


def _df(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    lines = ["    1B-blocks       Used  Inodes IUsed Mounted on", "  3069550592 1442840576  196224 35042 /"]
    for target, (device, *_rest) in sorted(machine.mounts.items()):
        lv = pair.inside.lvs.get(device.rsplit("/", 1)[-1])
        if lv:
            lines.append(f"{int(lv.size * 0.95)} {lv.used} {lv.size // 16384} 11 {target}")
    return 0, "\n".join(lines) + "\n", ""


def _systemctl(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if argv[1] == "show" and "--value" in argv:
        return 0, "inactive\n", ""  # a unit of this panel: it has always ended by the time of a reading
    if argv[1] == "show":
        blocks = []
        for unit in _after(argv):
            active, enabled, loaded = machine.units.get(unit.removesuffix(".service"), ["inactive", "", "not-found"])
            blocks.append(f"Id={unit}\nLoadState={loaded}\nActiveState={active}\nUnitFileState={enabled}\n")
        return 0, "\n".join(blocks), ""
    if argv[1] == "is-active":
        unit = argv[-1].removesuffix(".service")
        active = machine.units.get(unit, ["inactive"])[0]
        return (0 if active == "active" else 3), ("" if "--quiet" in argv else f"{active}\n"), ""
    return None


def _sha256sum(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    out, err = [], []
    for path in _after(argv) or argv[1:]:
        text = file_text(pair, machine, path, now)
        if text is None:
            err.append(f"sha256sum: {path}: No such file or directory\n")
        else:
            out.append(f"{digest(text)}  {path}\n")
    return (1 if err else 0), "".join(out), "".join(err)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _find(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if "-exec" in argv:
        return _find_resources(machine)
    if "/lib/modules/" in argv:
        lines = ["/vmlinuz boot/vmlinuz-" + KERNEL, f"/lib/modules/{KERNEL}/modules.dep "]
        lines.append(f"/lib/modules/{KERNEL}/kernel/drivers/block/drbd/drbd.ko ")
        return 0, "".join(f"{line}\n" for line in lines), ""
    out, err = [], []
    for path in argv[1 : argv.index("-maxdepth")]:
        if path == argv[1]:
            out.append(f"f 0444 root:root {now:.9f} {path}\n")
        elif path.endswith("/marks"):
            marks = [f for f in machine.files if f.startswith(path + "/")]
            out.append(f"d 0700 root:root {now:.9f} {path}\n")
            out += [f"f 0600 root:root {machine.files[f].changed:.9f} {f}\n" for f in sorted(marks)]
        elif path in machine.files:
            file = machine.files[path]
            out.append(f"f {file.mode} {file.owner} {file.changed:.9f} {path}\n")
        else:
            err.append(f"find: ‘{path}’: No such file or directory\n")
    return (1 if err else 0), "".join(out), "".join(err)


def _find_resources(machine: Machine) -> Answer:
    paths = [path for path in machine.files if path.startswith("/etc/drbd.d/") and path.endswith(".res")]
    return 0, "".join(f"\n# file {path}\n{machine.files[path].text}" for path in sorted(paths)), ""


def _lsblk(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
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
            "FSTYPE": _disk_content(machine, disk.path),
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


def _disk_content(machine: Machine, path: str) -> str:
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
        children.append(_drbd_row(pair, machine, machine.drbd))
    return _row(path, "disk", size, children, model=model, serial=serial, fstype=_disk_content(machine, path) or None)


def _backing_row(pair: Pair, machine: Machine, vg: str, lv: str, size: int) -> dict[str, object]:
    drbd = machine.drbd
    over = drbd is not None and drbd.backing == f"/dev/{vg}/{lv}"
    children = [_drbd_row(pair, machine, drbd)] if drbd and over and drbd.up else []
    return _row(_mapper(vg, lv), "lvm", size, children, fstype="drbd" if drbd and over and drbd.meta else None)


def _mapper(vg: str, lv: str) -> str:
    return f"/dev/mapper/{vg.replace('-', '--')}-{lv.replace('-', '--')}"


def _drbd_row(pair: Pair, machine: Machine, drbd: Drbd) -> dict[str, object]:
    primary = drbd.role == "Primary"
    children = []
    if primary and machine.vg_active:
        for name, lv in pair.inside.lvs.items():
            path = _mapper(pair.inside.vg, name)
            at = next(
                (
                    target
                    for target, mount in machine.mounts.items()
                    if mount[0] in (path, f"/dev/{pair.inside.vg}/{name}")
                ),
                None,
            )
            children.append(_row(path, "lvm", lv.size, fstype=lv.fstype or None, mountpoints=[at]))
    kind = "LVM2_member" if primary and pair.inside.pv else None
    return _row(drbd.device, "disk", _device_size(machine, drbd), children, fstype=kind, ro=not primary)


def _pvs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
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


def _vgs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
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


def _lvs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    local = [(vg, lv, logical.size, True) for vg, group in machine.vgs.items() for lv, logical in group.lvs.items()]
    drbd = machine.drbd
    if drbd and drbd.up and drbd.role == "Primary":
        local += [(pair.inside.vg, name, lv.size, machine.vg_active) for name, lv in pair.inside.lvs.items()]
    if "--reportformat" not in argv:
        known = {f"{vg}/{lv}" for vg, lv, _, _ in local}
        return (0, "", "") if argv[-1] in known else (5, "", f'  Failed to find logical volume "{argv[-1]}"\n')
    rows = [
        {"lv_name": lv, "vg_name": vg, "lv_attr": "-wi-a-----" if on else "-wi-------", "lv_size": str(size), "lv_path": f"/dev/{vg}/{lv}",
         "lv_active": "active" if on else ""}
        for vg, lv, size, on in local
    ]  # fmt: skip
    return 0, json.dumps({"report": [{"lv": rows}]}, indent=2) + "\n", ""


def _lvmconfig(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    text = "".join(machine.files.get(f"/etc/lvm/{name}.conf", File("")).text for name in ("lvm", "lvmlocal"))
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("global_filter")]
    chosen = lines[-1].replace(" ", "") if lines else 'global_filter=["a|.*|"]'
    return 0, f"{chosen}\nuse_devicesfile=0\n", ""


def _chronyc(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if "chrony" not in machine.packages:
        return 127, "", "chronyc: No such file or directory\n"
    return (
        0,
        f"C0A84D01,192.168.77.1,3,{now:.9f},0.000012,-0.000004,0.000031,-1.2,-0.001,0.03,0.0004,0.0002,64.2,Normal\n",
        "",
    )


def _modinfo(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return 0, f"{MODULE}\n", ""


def _dpkg(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    out, err = [], []
    for name in _after(argv):
        if name in machine.packages:
            out.append(f"{name}\tinstalled\t{machine.packages[name]}\n")
        else:
            err.append(f"dpkg-query: no packages found matching {name}\n")
    return (1 if err else 0), "".join(out), "".join(err)


def _apt_cache(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    blocks = []
    for name in _after(argv):
        have, can = machine.packages.get(name, "(none)"), machine.available.get(name, "(none)")
        blocks.append(
            f"{name}:\n  Installed: {have}\n  Candidate: {can}\n  Version table:\n     {can} 500\n"
            "        500 http://deb.debian.org/debian bookworm/main amd64 Packages\n"
        )
    return 0, "".join(blocks), ""


def _ping(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    address = argv[-1]
    there = any(address == m.service_ip.split("/")[0] for m in pair.machines.values() if m.power)
    received = 1 if there else 0
    head = f"PING {address} ({address}) 56(84) bytes of data.\n\n--- {address} ping statistics ---\n"
    text = f"{head}1 packets transmitted, {received} received, {100 - 100 * received}% packet loss, time 0ms\n"
    return 1 - received, text, ""


def _server_at(pair: Pair, address: str) -> Machine | None:
    """The machine that serves NFS at an address of the service network."""
    return next(
        (m for m in pair.machines.values() if m.power and m.service_ip.split("/")[0] == address and m.nfsd), None
    )


def _rpcinfo(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if _server_at(pair, argv[3]):
        return 0, "program 100003 version 4 ready and waiting\n", ""
    return (
        1,
        "",
        "rpcinfo: RPC: Unable to receive; errno = No route to host\nprogram 100003 version 4 is not available\n",
    )


def _showmount(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    server = _server_at(pair, argv[-1])
    if server is None:
        return 1, "", "clnt_create: RPC: Unable to receive\n"
    clients: dict[str, list[str]] = {}
    for path, client, _ in server.exported:
        clients.setdefault(path, []).append(client)
    return 0, "".join(f"{path} {','.join(names)}\n" for path, names in clients.items()), ""


def _cl_status(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    manager = machine.manager
    if "heartbeat" not in machine.packages:
        return 127, "", "cl_status: No such file or directory\n"
    if manager is None or now < manager.started_at:
        return 1, "", "cl_status: ERROR: Cannot signon with heartbeat\n"
    return 0, ("transition\n" if manager.acts_at else "all\n" if holds_group(machine) else "local\n"), ""


def _sh(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if "cl_status" not in argv[2]:
        return None
    exit_code, text, err = _cl_status(pair, machine, argv, now)
    if exit_code:
        return exit_code, text, err
    peer = pair.peer(machine.name)
    alive = peer.power and peer.manager is not None
    lines = [f"node {peer.name} {'active' if alive else 'dead'}", f"node {machine.name} active"]
    lines += [f"link {peer.name} {link} {'up' if alive else 'dead'}" for link in ("eth1", "eth2")]
    return 0, text + "".join(f"{line}\n" for line in lines), ""


def _drbdadm(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
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


def _mounts(pair: Pair, machine: Machine, now: float) -> str:
    lines = ["/dev/vda1 / ext4 rw,noatime 0 0", "proc /proc proc rw,relatime 0 0"]
    for target, (device, fstype, options) in machine.mounts.items():
        mapped = (
            _mapper(*device.removeprefix("/dev/").split("/", 1))
            if device.count("/") == 3 and "/mapper/" not in device
            else device
        )
        lines.append(f"{mapped} {target} {fstype} {','.join(['rw', *filter(None, options.split(','))])},relatime 0 0")
    return "".join(f"{line}\n" for line in lines)


def _etab(pair: Pair, machine: Machine, now: float) -> str | None:
    lines = [f"{path}\t{client}({options})" for path, client, options in machine.exported]
    return "".join(f"{line}\n" for line in lines) or None


def _listening(pair: Pair, machine: Machine, now: float) -> str:
    ports = [22, *([2049, 111] if machine.nfsd else [])]
    return "  sl  local_address rem_address   st\n" + "".join(
        f"{n:4}: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
        for n, port in enumerate(ports)
    )


KERNEL_FILES: dict[str, Callable[[Pair, Machine, float], str | None]] = {
    "/proc/sys/kernel/hostname": lambda pair, machine, now: machine.name + "\n",
    "/proc/sys/kernel/osrelease": lambda pair, machine, now: KERNEL + "\n",
    "/proc/sys/kernel/arch": lambda pair, machine, now: "x86_64\n",
    "/proc/sys/kernel/random/boot_id": lambda pair, machine, now: machine.boot_id + "\n",
    "/proc/uptime": lambda pair, machine, now: f"{now - machine.booted_at:.2f} {now - machine.booted_at:.2f}\n",
    "/proc/drbd": proc_drbd,
    "/sys/module/drbd/version": lambda pair, machine, now: MODULE + "\n" if machine.module else None,
    "/proc/net/tcp": _listening,
    "/proc/net/tcp6": lambda pair, machine, now: "  sl  local_address                         remote_address\n",
    "/proc/self/mounts": _mounts,
    "/proc/fs/nfsd/threads": lambda pair, machine, now: (
        f"{machine.nfsd}\n" if "nfs-kernel-server" in machine.packages else None
    ),
    "/var/lib/nfs/etab": _etab,
    "/etc/machine-id": lambda pair, machine, now: machine.machine_id + "\n",
}

READERS: dict[str, Callable[[Pair, Machine, tuple[str, ...], float], Answer | None]] = {
    "grep": _grep, "drbdsetup": _events2, "ip": _ip, "df": _df, "systemctl": _systemctl, "sha256sum": _sha256sum, "find": _find,
    "lsblk": _lsblk, "pvs": _pvs, "vgs": _vgs, "lvs": _lvs, "lvmconfig": _lvmconfig, "chronyc": _chronyc, "modinfo": _modinfo,
    "dpkg-query": _dpkg, "apt-cache": _apt_cache, "ping": _ping, "rpcinfo": _rpcinfo, "showmount": _showmount,
    "cl_status": _cl_status, "sh": _sh, "drbdadm": _drbdadm,
}  # fmt: skip
