"""Checks, repairs, trims and quotas on simulated machines. Pure over the state; exits and words are those of Debian 12's tools."""

from __future__ import annotations

import json

from provisioning.simulator.state import Answer, Changers, Lv, Machine, Pair
from provisioning.simulator.storage_words import lsblk
from provisioning.simulator.volume_words import lv_named, mounted_lv, split

LONGEST_DISCARD = 2147483136


def ask(pair: Pair, machine: Machine, argv: tuple[str, ...]) -> Answer | None:
    """Answer the small questions that guards and readings of these changes ask."""
    match argv:
        case ("findmnt", "--noheadings", "--output", "TARGET", "--source", device):
            wanted = split(device)
            found = [point for point, mount in machine.mounts.items() if split(mount[0]) == wanted]
            return (0, "".join(f"{point}\n" for point in found), "") if found else (1, "", "")
        case ("lsblk", "--json", "--bytes", "--output", columns) if "DISC-MAX" in columns:
            return _layers(pair, machine)
    return None


HEAD = "BlockStatus,FileStatus,BlockUsed,BlockSoftLimit,BlockHardLimit,BlockGrace,FileUsed,FileSoftLimit,FileHardLimit,FileGrace"


def _repquota(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """Everything belongs to root; whoever has a limit has nothing yet."""
    point = argv[-1]
    lv = mounted_lv(pair, machine, point)
    if lv is None:
        said = f"repquota: Cannot stat() given mountpoint {point}: No such file or directory\nSkipping...\n"
        return (
            2,
            "",
            f"{said}repquota: No correct mountpoint specified.\nrepquota: Cannot initialize mountpoint scan.\n",
        )
    if "--output=csv" not in argv:
        return 0, "".join(_report(lv, kind) for kind in ("user", "group") if f"--{kind}" in argv), ""
    lines = []
    for kind, title in (("user", "User"), ("group", "Group")):
        lines += [f"{title},{HEAD}", f"root,ok,ok,{lv.used // 1024},0,0,0,11,0,0,0"]
        for whom, limits in sorted(lv.quotas.items()):
            if whom.split(" ")[0] == kind:
                name = whom.split(" ")[1]
                shown = f"#{name}" if name.isdigit() else name
                lines.append(f"{shown},ok,ok,0,{limits[0]},{limits[1]},0,0,{limits[2]},{limits[3]},0")
    return 0, "".join(f"{line}\n" for line in lines), ""


def _report(lv: Lv, kind: str) -> str:
    grace = _days(lv.graces.get(kind, 7 * 86_400))
    return (
        f"*** Report for {kind} quotas on device /dev/mapper/x\nBlock grace time: {grace}; Inode grace time: {grace}\n"
    )


def _days(seconds: int) -> str:
    return f"{seconds // 86_400}days" if seconds >= 2 * 86_400 else f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def _setquota(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    lv = mounted_lv(pair, machine, argv[-1])
    if lv is None:
        return 1, "", f"setquota: Mountpoint (or device) {argv[-1]} not found or has no quota enabled.\n"
    if "--edit-period" not in argv:
        kind, who, *limits = argv[1:-1]
        soft, hard, *files = (int(limit) for limit in limits)
        if lv.fstype == "xfs":  # whole blocks
            soft, hard = (-(-limit // 4) * 4 for limit in (soft, hard))
        lv.quotas[f"{kind.removeprefix('--')} {who}"] = [soft, hard, *files]
    else:
        lv.graces[argv[2].removeprefix("--")] = int(argv[3])
    return 0, "", ""


def _quota(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    kind, point, who = argv[1].removeprefix("--"), argv[-2], argv[-1]
    lv = mounted_lv(pair, machine, point)
    shown = f"{kind} {'#' if who.isdigit() else ''}{who} ({kind[0]}id {who}): "
    limits = lv.quotas.get(f"{kind} {who}", [0] * 4) if lv else None
    if limits is None:
        return 0, f"Disk quotas for {shown}none\n", ""
    head = "     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace\n"
    row = f"/dev/mapper/x       0   {limits[0]}   {limits[1]}       0       0     {limits[2]}     {limits[3]}       0\n"
    return 0, f"Disk quotas for {shown}\n{head}{row}", ""


def _quotaon(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return (0, "", "") if argv[-1] in machine.mounts else (1, "", f"quotaon: Mountpoint {argv[-1]} not found.\n")


def _layers(pair: Pair, machine: Machine) -> Answer:
    """The tree of all block devices; a machine whose disks take no discards has none above them either, nor has an origin."""
    _, text, _ = lsblk(pair, machine, ("lsblk",), 0.0)

    def told(row: dict[str, object], deaf: bool) -> dict[str, object]:
        path = str(row["path"])
        silent = deaf or path in machine.deaf or _has_snapshots(pair, path)
        most = 0 if silent else LONGEST_DISCARD
        children = [told(child, silent) for child in row.get("children") or ()]  # type: ignore[attr-defined]
        kept = {
            "path": path,
            "name": row["name"],
            "type": row["type"],
            "disc-gran": 0 if silent else 512,
            "disc-max": most,
        }
        return kept | ({"children": children} if children else {})

    rows = [told(row, False) for row in json.loads(text)["blockdevices"]]
    return 0, json.dumps({"blockdevices": rows}) + "\n", ""


def _has_snapshots(pair: Pair, path: str) -> bool:
    vg, name = split(path)
    return vg == pair.inside.vg and any(lv.origin == name for lv in pair.inside.lvs.values())


def _fstrim(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    point = argv[-1]
    lv = mounted_lv(pair, machine, point)
    if lv is None:
        return 1, "", f"fstrim: {point}: not a mountpoint\n"
    freed = max(0, lv.size - lv.used)
    return 0, f"{point}: {freed / 2**20:.1f} MiB ({freed} bytes) trimmed\n", ""


def _e2fsck(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    device = argv[-1]
    lv = lv_named(pair, machine, device)
    head = "e2fsck 1.47.0 (5-Feb-2023)\n"
    if lv is None:
        return (
            8,
            "",
            f"{head}e2fsck: No such file or directory while trying to open {device}\nPossibly non-existent device?\n",
        )
    passes = (
        "Pass 1: Checking inodes, blocks, and sizes\nPass 2: Checking directory structure\nPass 3: Checking directory connectivity\n"
        "Pass 4: Checking reference counts\nPass 5: Checking group summary information\n"
    )
    summary = (
        f"{device}: 11/{lv.size // 16384} files (0.0% non-contiguous), {lv.used // 1024}/{lv.size // 1024} blocks\n"
    )
    if not lv.damaged:
        return 0, passes + summary, head
    if "-n" in argv:
        left = f"\n{device}: ********** WARNING: Filesystem still has errors **********\n\n"
        return 4, f"{passes}Free blocks count wrong (1, counted=2).\nFix? no\n\n{left}{summary}", head
    lv.damaged = False
    return 1, f"{passes}\n{device}: ***** FILE SYSTEM WAS MODIFIED *****\n{summary}", head


def _xfs_repair(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    device = argv[-1]
    lv = lv_named(pair, machine, device)
    if lv is None:
        return 1, "", f"{device}: No such file or directory\n\nfatal error -- couldn't initialize XFS library\n"
    phases = "Phase 1 - find and verify superblock...\nPhase 2 - using internal log\n        - zero log...\n"
    if "-n" in argv:
        found = "bad magic number\nwould have corrected it\n" if lv.damaged else ""
        end = "No modify flag set, skipping filesystem flush and exiting.\n"
        return (1 if lv.damaged else 0), phases + found + end, ""
    lv.damaged = False
    return 0, phases + "Phase 7 - verify and correct link counts...\ndone\n", ""


CHANGERS: Changers = {
    "fstrim": _fstrim, "e2fsck": _e2fsck, "xfs_repair": _xfs_repair, "repquota": _repquota, "setquota": _setquota, "quota": _quota,
    "quotaon": _quotaon,
}  # fmt: skip
