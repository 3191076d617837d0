"""What a simulated machine prints when it is read, in the words captured from Debian 12 nodes (drbd-utils 9.22 on kernel module 8.4.11,
LVM 2.03.16, nfs-utils 2.6.2, heartbeat 3.0.6, iproute2 6.1). Pure. A command that no real node was asked is refused with exit 127.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from provisioning.render import nfs
from provisioning.simulator.drbd_words import drbdadm, events2, proc_drbd
from provisioning.simulator.network_words import ip_, ping, rpcinfo, showmount
from provisioning.simulator.state import KERNEL, MODULE, Answer, Machine, Pair, by_id
from provisioning.simulator.storage_words import df_, lsblk, lvmconfig, lvs, pvs, vgs
from provisioning.simulator.system_words import after, apt_cache, chronyc, cl_status, dpkg, modinfo, sh_, systemctl
from provisioning.simulator.volume_words import mounted_lv, shown_options, shown_source


def read(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    """Answer one reading; None when it is not a reading this simulator knows."""
    answer = READERS.get(argv[0])
    return answer(pair, machine, argv, now) if answer else None


def file_text(pair: Pair, machine: Machine, path: str, now: float) -> str | None:
    """A file of the machine, made up for /proc and /sys as the kernel does."""
    maker = KERNEL_FILES.get(path)
    if maker:
        return maker(pair, machine, now)
    file = machine.files.get(path)
    return file.text if file else None


def _grep(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    lines, missing = [], False
    if "--dereference-recursive" in argv:
        return _grep_directory(machine, argv)
    for path in after(argv):
        text = file_text(pair, machine, path, now)
        if text is None:
            missing = True
            continue
        lines += [f"{path}:{line}" for line in text.splitlines()]
    return (2 if missing else 0 if lines else 1), "".join(f"{line}\n" for line in lines), ""


def _grep_directory(machine: Machine, argv: tuple[str, ...]) -> Answer:
    directory = argv[-1]
    paths = sorted(path for path in machine.files if path.startswith(f"{directory}/") and path.endswith(".exports"))
    read = [path for path in paths if f"--exclude={path.removeprefix(f'{directory}/')}" not in argv]
    lines = [f"{path}:{line}\n" for path in read for line in machine.files[path].text.splitlines()]
    return (0 if lines else 1 if paths else 2), "".join(lines), ""


def _sha256sum(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    out, err = [], []
    for path in after(argv) or argv[1:]:
        text = file_text(pair, machine, path, now)
        if text is None:
            err.append(f"sha256sum: {path}: No such file or directory\n")
        else:
            out.append(f"{digest(text)}  {path}\n")
    return (1 if err else 0), "".join(out), "".join(err)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _find(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if argv[2:3] == ("-name",):
        found = f"{argv[1]}/{argv[3]}"
        return 0, f"{found}\n" if found in machine.files else "", ""
    if "-exec" in argv:
        return _find_resources(machine)
    if "/lib/modules/" in argv:
        lines = ["/vmlinuz boot/vmlinuz-" + KERNEL, f"/lib/modules/{KERNEL}/modules.dep "]
        lines.append(f"/lib/modules/{KERNEL}/kernel/drivers/block/drbd/drbd.ko ")
        lines += [f"{by_id(disk)} ../../{disk.path.removeprefix('/dev/')}" for disk in machine.disks]
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


def _mounts(pair: Pair, machine: Machine, now: float) -> str:
    lines = ["/dev/vda1 / ext4 rw,noatime 0 0", "proc /proc proc rw,relatime 0 0"]
    for target, (device, fstype, options) in machine.mounts.items():
        lines.append(f"{shown_source(device)} {target} {fstype} {shown_options(options)} 0 0")
    return "".join(f"{line}\n" for line in lines)


def _mountinfo(pair: Pair, machine: Machine, now: float) -> str:
    lines = [
        "22 1 254:1 / / rw,noatime shared:1 - ext4 /dev/vda1 rw",
        "23 22 0:21 / /proc rw,relatime shared:2 - proc proc rw",
    ]
    for minor, (target, (device, fstype, options)) in enumerate(machine.mounts.items()):
        shown = shown_options(options)
        lines.append(
            f"{60 + minor} 22 253:{minor} / {target} {shown} shared:{40 + minor} - {fstype} {shown_source(device)} rw"
        )
    return "".join(f"{line}\n" for line in lines)


def _diskstats(pair: Pair, machine: Machine, now: float) -> str:
    """Each file system's device, with as much written to it as is on it."""
    lines = [" 254       0 vda 9841 3121 811364 8022 2210 2935 105376 4523 0 9560 13021 0 0 0 0 711 476"]
    for minor, target in enumerate(machine.mounts):
        lv = mounted_lv(pair, machine, target)
        sectors = lv.used // 512 if lv else 0
        lines.append(f" 253       {minor} dm-{minor} 118 0 5218 36 {sectors // 8} 0 {sectors} 112 0 96 148 0 0 0 0 0 0")
    return "".join(f"{line}\n" for line in lines)


def _etab(pair: Pair, machine: Machine, now: float) -> str | None:
    lines = [f"{nfs.quoted(path)}\t{client}({options})" for path, client, options in machine.exported]
    return "".join(f"{line}\n" for line in lines) or None


def _listening(pair: Pair, machine: Machine, now: float) -> str:
    pinned = [int(port) for name, port in machine.nfs.items() if name.endswith(" port")]
    ports = [22, *([2049, 111, *pinned] if machine.nfsd else [])]
    return "  sl  local_address rem_address   st\n" + "".join(
        f"{n:4}: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
        for n, port in enumerate(ports)
    )


def _datagrams(pair: Pair, machine: Machine, now: float) -> str:
    ports = [323, *([694] if machine.manager else [])]
    return "   sl  local_address rem_address   st\n" + "".join(
        f"{n:5}: 00000000:{port:04X} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0\n"
        for n, port in enumerate(ports)
    )


def _running(machine: Machine, what: str) -> str | None:
    return f"{machine.nfs.get(what, '90')}\n" if machine.nfsd else None


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
    "/proc/net/udp": _datagrams,
    "/proc/net/udp6": lambda pair, machine, now: "  sl  local_address                         remote_address\n",
    "/proc/self/mounts": _mounts,
    "/proc/self/mountinfo": _mountinfo,
    "/proc/diskstats": _diskstats,
    "/proc/fs/nfsd/threads": lambda pair, machine, now: (
        f"{machine.nfsd}\n" if "nfs-kernel-server" in machine.packages else None
    ),
    "/proc/fs/nfsd/versions": lambda pair, machine, now: _running(machine, "versions"),
    "/proc/fs/nfsd/nfsv4gracetime": lambda pair, machine, now: _running(machine, "nfsv4gracetime"),
    "/proc/fs/nfsd/nfsv4leasetime": lambda pair, machine, now: _running(machine, "nfsv4leasetime"),
    "/var/lib/nfs/etab": _etab,
    "/etc/machine-id": lambda pair, machine, now: machine.machine_id + "\n",
}

READERS: dict[str, Callable[[Pair, Machine, tuple[str, ...], float], Answer | None]] = {
    "grep": _grep, "drbdsetup": events2, "ip": ip_, "df": df_, "systemctl": systemctl, "sha256sum": _sha256sum, "find": _find,
    "lsblk": lsblk, "pvs": pvs, "vgs": vgs, "lvs": lvs, "lvmconfig": lvmconfig, "chronyc": chronyc, "modinfo": modinfo,
    "dpkg-query": dpkg, "apt-cache": apt_cache, "ping": ping, "rpcinfo": rpcinfo, "showmount": showmount,
    "cl_status": cl_status, "sh": sh_, "drbdadm": drbdadm,
}  # fmt: skip
