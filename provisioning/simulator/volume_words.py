"""Changes of volumes in service: larger, renamed, remounted, moved, gone. Pure over the state; exits and words are those of Debian 12's tools."""

from __future__ import annotations

import re

from provisioning.render.lvm import mapper
from provisioning.simulator import snapshots, thin_words
from provisioning.simulator.drbd_words import backing_size, device_size
from provisioning.simulator.physics import start_resync
from provisioning.simulator.state import EXTENT, MIB, OK, Answer, Changers, Inside, Lv, Machine, Pair, Vg

OPPOSITES = {"relatime": "noatime", "diratime": "nodiratime", "nolazytime": "lazytime", "dev": "nodev", "suid": "nosuid", "exec": "noexec",
             "nodiscard": "discard", "async": "sync"}  # fmt: skip


def ask(pair: Pair, machine: Machine, argv: tuple[str, ...]) -> Answer | None:
    """Answer the small questions that guards and waits of these changes ask."""
    match argv:
        case ("lvs", "--noheadings", "--units", "b", "--nosuffix", "--options", "lv_size", name):
            lv = lv_named(pair, machine, name)
            return (0, f"  {lv.size}\n", "") if lv else _unknown(name)
        case ("lvs", "--noheadings", "--options", "lv_tags", name):
            lv = lv_named(pair, machine, name)
            return (0, f"  {','.join(lv.tags)}\n", "") if lv else _unknown(name)
        case ("pvs", "--noheadings", "--units", "b", "--nosuffix", "--options", "pv_size", device):
            primary = machine.drbd is not None and machine.drbd.device == device and machine.drbd.role == "Primary"
            return (
                (0, f"  {pair.inside.size}\n", "")
                if primary
                else (5, "", f'  Failed to find physical volume "{device}".\n')
            )
        case ("findmnt", "--noheadings", "--bytes", "--output", "SIZE", "--mountpoint", point):
            mounted = mounted_lv(pair, machine, point)
            return (0, f"{file_system(mounted)}\n", "") if mounted else (1, "", "")
        case ("findmnt", "--noheadings", "--output", "SOURCE", "--mountpoint", point):
            found = machine.mounts.get(point)
            return (0, f"{shown_source(found[0])}\n", "") if found else (1, "", "")
        case ("findmnt", "--noheadings", "--output", "OPTIONS", "--mountpoint", point):
            found = machine.mounts.get(point)
            return (0, f"{shown_options(found[2])}\n", "") if found else (1, "", "")
        case ("dumpe2fs", "-h", device):
            lv = lv_named(pair, machine, device)
            if lv is None or lv.fstype != "ext4":
                return 1, "", f"dumpe2fs: No such file or directory while trying to open {device}\n"
            return (
                0,
                f"Block count:              {_fs_size(lv) // 4096}\nBlock size:               4096\n",
                "dumpe2fs 1.47.0\n",
            )
        case ("xfs_spaceman", "-c", "info", point):
            lv = mounted_lv(pair, machine, point)
            blocks = _fs_size(lv) // 4096 if lv and lv.fstype == "xfs" else 0
            if not blocks:
                return 1, "", f"{point}: Not on a mounted XFS filesystem.\n"
            return 0, f"data     =                       bsize=4096   blocks={blocks}, imaxpct=25\n", ""
        case ("find", directory, "-mindepth", "1", *_) if argv[-1] == "-quit":
            if directory not in machine.directories and directory not in machine.mounts:
                return 1, "", f"find: ‘{directory}’: No such file or directory\n"
            return 0, "data\n" if directory in machine.litter else "", ""
        case ("find", name, "-maxdepth", "0"):
            there = name in machine.directories
            return (0, f"{name}\n", "") if there else (1, "", f"find: ‘{name}’: No such file or directory\n")
        case ("fuser", "--mount", "--silent", _point):
            return 1, "", ""
        case ("cat", "/sys/block/drbd0/size") if machine.drbd and machine.drbd.up:
            return 0, f"{device_size(machine, machine.drbd) // 512}\n", ""
    return None


def shown_source(device: str) -> str:
    """The kernel names a logical volume as device mapper does."""
    lvm = device.count("/") == 3 and "/mapper/" not in device
    return mapper(*device.removeprefix("/dev/").split("/", 1)) if lvm else device


def shown_options(options: str) -> str:
    """Options as the kernel's table shows them."""
    words = [word for word in options.split(",") if word and word != "defaults"]
    words = words if "ro" in words else ["rw", *words]
    names = {"uquota": "usrquota", "gquota": "grpquota"}
    atime = [] if {"noatime", "strictatime"} & set(words) else ["relatime"]
    return ",".join([*(names.get(word, word) for word in words), *atime])


def _unknown(name: str) -> Answer:
    return 5, "", f'  Failed to find logical volume "{name}"\n'


def lv_named(pair: Pair, machine: Machine, name: str) -> Lv | None:
    """The logical volume of VG/LV, /dev/VG/LV or /dev/mapper/VG-LV, as far as this machine sees it."""
    vg, lv = split(name)
    group = _group(pair, machine, vg)
    return group.lvs.get(lv) if group else None


def split(name: str) -> tuple[str, str]:
    if name.startswith("/dev/mapper/"):
        vg, _, lv = name.removeprefix("/dev/mapper/").replace("--", "\0").partition("-")
        return vg.replace("\0", "-"), lv.replace("\0", "-")
    vg, _, lv = name.removeprefix("/dev/").partition("/")
    return vg, lv


def _group(pair: Pair, machine: Machine, vg: str) -> Vg | Inside | None:
    primary = machine.drbd is not None and machine.drbd.role == "Primary"
    return machine.vgs.get(vg) or (pair.inside if pair.inside.vg == vg and primary else None)


def mounted_lv(pair: Pair, machine: Machine, point: str) -> Lv | None:
    """What is mounted there, found by its device, or under the name it had when it was mounted."""
    mount = machine.mounts.get(point)
    if mount is None:
        return None
    found = lv_named(pair, machine, mount[0])
    return found or next((lv for lv in pair.inside.lvs.values() if split(mount[0])[1] in lv.once), None)


def _fs_size(lv: Lv) -> int:
    return lv.fs_size or lv.size


def file_system(lv: Lv) -> int:
    """What df shows: without what the file system keeps for itself."""
    return int(_fs_size(lv) * 0.95)


def _lvextend(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    name = argv[-1]
    lv, (vg, short) = lv_named(pair, machine, name), split(name)
    group = _group(pair, machine, vg)
    if lv is None or group is None:
        return _unknown(name)
    wanted = -(-int(re.sub(r"\D", "", argv[argv.index("--size") + 1])) // EXTENT) * EXTENT
    if wanted <= lv.size:
        return (
            5,
            "",
            f"  New size given ({wanted // EXTENT} extents) not larger than existing size ({lv.size // EXTENT} extents)\n",
        )
    if wanted - lv.size > group.free and not lv.pool:
        need, have = (wanted - lv.size) // EXTENT, group.free // EXTENT
        return 5, "", f"  Insufficient free space: {need} extents needed, but only {have} available\n"
    lv.fs_size, lv.size = _fs_size(lv), wanted
    return 0, f"  Logical volume {vg}/{short} successfully resized.\n", ""


def _resize2fs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    lv = lv_named(pair, machine, argv[-1])
    if lv is None or lv.fstype != "ext4":
        return 1, "", f"resize2fs: Bad magic number in super-block while trying to open {argv[-1]}\n"
    sources = {mount[0] for point, mount in machine.mounts.items() if mounted_lv(pair, machine, point) is lv}
    if sources and not any(
        lv_named(pair, machine, one) is lv or mapper(*split(one)) in machine.directories for one in sources
    ):
        busy = f"resize2fs: Device or resource busy while trying to open {argv[-1]}\nCouldn't find valid filesystem superblock.\n"
        return 1, "resize2fs 1.47.0 (5-Feb-2023)\n", busy
    lv.fs_size = lv.size
    return (
        0,
        f"The filesystem on {argv[-1]} is now {lv.size // 4096} (4k) blocks long.\n\n",
        "resize2fs 1.47.0 (5-Feb-2023)\n",
    )


def _xfs_growfs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    lv = mounted_lv(pair, machine, argv[-1])
    if lv is None or lv.fstype != "xfs":
        return 1, "", f"xfs_growfs: {argv[-1]} is not a mounted XFS filesystem\n"
    was, lv.fs_size = _fs_size(lv), lv.size
    return 0, f"data blocks changed from {was // 4096} to {lv.size // 4096}\n", ""


def _lvrename(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    vg, old, new = argv[-3:]
    group = _group(pair, machine, vg)
    if group is None or old not in group.lvs:
        return 5, "", f'  Existing logical volume "{old}" not found in volume group "{vg}"\n'
    if new in group.lvs:
        return 5, "", f'  Logical Volume "{new}" already exists in volume group "{vg}"\n'
    group.lvs = {new if name == old else name: lv for name, lv in group.lvs.items()}
    group.lvs[new].once.append(old)
    return 0, f'  Renamed "{old}" to "{new}" in volume group "{vg}"\n', ""


def _lvremove(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    vg, name = split(argv[-1])
    group = _group(pair, machine, vg)
    if group is None or name not in group.lvs:
        return _unknown(argv[-1])
    lv = group.lvs[name]
    if any(mounted_lv(pair, machine, point) is lv for point in machine.mounts):
        return 5, "", f"  Logical volume {vg}/{name} contains a filesystem in use.\n"
    del group.lvs[name]
    return 0, f'  Logical volume "{name}" successfully removed.\n', ""


def _lvchange(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    lv = lv_named(pair, machine, argv[-1])
    if lv is None:
        return None
    name = split(argv[-1])[1]
    thin_words.activate(machine, name, lv, argv)
    if argv[1:3] == ("--activate", "n"):
        snapshots.deactivated(pair, name, now)
    for option, tag in zip(argv, argv[1:], strict=False):
        if option == "--addtag" and tag not in lv.tags:
            lv.tags.append(tag)
        if option == "--deltag" and tag in lv.tags:
            lv.tags.remove(tag)
    return 0, f"  Logical volume {'/'.join(split(argv[-1]))} changed.\n", ""


def _rmdir(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    directory = argv[-1]
    if directory in machine.mounts:
        return 1, "", f"rmdir: failed to remove '{directory}': Device or resource busy\n"
    if directory in machine.litter:
        return 1, "", f"rmdir: failed to remove '{directory}': Directory not empty\n"
    if directory in machine.immutable:
        return 1, "", f"rmdir: failed to remove '{directory}': Operation not permitted\n"
    if directory not in machine.directories:
        return 1, "", f"rmdir: failed to remove '{directory}': No such file or directory\n"
    machine.directories.remove(directory)
    return OK


def remount(machine: Machine, options: str, point: str) -> Answer:
    """Change options of a mount in place; what the kernel takes at the mount only is refused."""
    mount = machine.mounts.get(point)
    if mount is None:
        return 32, "", f"mount: {point}: mount point not mounted or bad option.\n"
    have = [word for word in mount[2].split(",") if word]
    for word in options.split(",")[1:]:
        if word.startswith("data="):
            return 32, "", f"mount: {point}: mount point not mounted or bad option.\n"
        name = word.partition("=")[0]
        have = [each for each in have if each.partition("=")[0] != name and each != OPPOSITES.get(word)]
        if word not in OPPOSITES and word not in ("commit=5", "commit=0"):
            have.append(word)
    mount[2] = ",".join(have)
    return OK


def _ln(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    machine.directories.append(argv[-1])
    return OK


def _pvresize(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    drbd = machine.drbd
    if drbd is None or drbd.device != argv[-1] or drbd.role != "Primary":
        return 5, "", f"  Cannot open {argv[-1]} exclusively: Wrong medium type\n"
    pair.inside.size = device_size(machine, drbd) // EXTENT * EXTENT - EXTENT
    done = f'  Physical volume "{argv[-1]}" changed\n  1 physical volume(s) resized or updated / 0 physical volume(s) not resized\n'
    return 0, done, ""


def resize(pair: Pair, machine: Machine, now: float) -> Answer:
    """`drbdadm resize`: the smaller backing device counts, and what is new is copied from the Primary."""
    drbds = [(one, one.drbd) for one in pair.machines.values() if one.drbd]
    was = min(device_size(one, drbd) for one, drbd in drbds)
    now_is = min(backing_size(one, drbd.backing) for one, drbd in drbds) - MIB
    for _, drbd in drbds:
        drbd.size = now_is
    if now_is > was:
        start_resync(pair, machine.name, now_is - was, now)
    return OK


CHANGERS: Changers = {
    "lvextend": _lvextend, "resize2fs": _resize2fs, "xfs_growfs": _xfs_growfs, "lvrename": _lvrename, "lvremove": _lvremove,
    "lvchange": _lvchange, "rmdir": _rmdir, "pvresize": _pvresize, "ln": _ln,
}  # fmt: skip
