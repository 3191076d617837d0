"""Snapshots of a simulated pair's volumes: taking, filling, merging, removing, and what lvs says of them. Pure over the state.

The words are those of LVM 2.03.16 on Debian 12 nodes. A merge shows the old content at once and ends by itself, as LVM's daemon does it;
when the volume or the snapshot is open it is put off until the volume is activated again.
"""

from __future__ import annotations

from provisioning.render.lvm import mapper
from provisioning.simulator import thin_words
from provisioning.simulator.state import EXTENT, MIB, Answer, Lv, Machine, Pair

MERGED_PER_SECOND = 64 * MIB


def take(pair: Pair, target: str, name: str, size: int, tags: list[str]) -> Answer:
    inside = pair.inside
    vg, _, volume = target.partition("/")
    origin = inside.lvs.get(volume) if vg == inside.vg else None
    if origin is None:
        return 5, "", f'  Failed to find logical volume "{target}"\n'
    if name in inside.lvs:
        return 5, "", f'  Logical Volume "{name}" already exists in volume group "{vg}"\n'
    if origin.pool and not size:
        return thin_words.take(pair, vg, volume, name, tags)
    if size > inside.free:
        need, have = size // EXTENT, inside.free // EXTENT
        return 5, "", f'  Volume group "{vg}" has insufficient free space ({have} extents): {need} required.\n'
    inside.lvs[name] = Lv(size, origin.fstype, origin.used, origin=volume, damaged=origin.damaged)
    return 0, f'  Logical volume "{name}" created.\n', ""


def overwrite(pair: Pair, volume: str, count: int) -> None:
    """Clients change so many bytes of a volume that had not changed before: each of its snapshots keeps the old ones."""
    for lv in pair.inside.lvs.values():
        if lv.origin == volume:
            lv.changed = min(lv.size, lv.changed + count)


def lvconvert(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if "--merge" not in argv:
        return None
    vg, _, name = argv[-1].partition("/")
    snapshot = pair.inside.lvs.get(name) if vg == pair.inside.vg else None
    if snapshot is not None and snapshot.origin and _opened(machine, vg, snapshot.origin, name):
        snapshot.put_off = True
        thin = "thin " if snapshot.pool else ""
        said = f"  Merging of {thin}snapshot {vg}/{name} will occur on next activation of {vg}/{snapshot.origin}.\n"
        return 0, said, ""
    if snapshot is not None and snapshot.pool:
        return thin_words.merge(pair, name)
    origin = pair.inside.lvs.get(snapshot.origin) if snapshot else None
    if snapshot is None or origin is None:
        return 5, "", f'  Failed to find logical volume "{argv[-1]}"\n'
    if full(snapshot):
        return 5, "", f"  Unable to merge invalidated snapshot LV {vg}/{name}.\n"
    _begin(pair, snapshot, now)
    return 0, f"  Merging of volume {vg}/{name} started.\n", ""


def _begin(pair: Pair, snapshot: Lv, now: float) -> None:
    volume, away = snapshot.origin, snapshot.changed
    snapshot.merged_at, snapshot.put_off = now + 2 + away / MERGED_PER_SECOND, False
    pair.inside.lvs[volume].used = snapshot.used
    for other in pair.inside.lvs.values():
        if other.origin == volume and other is not snapshot:
            other.changed = min(other.size, other.changed + away)


def _opened(machine: Machine, vg: str, *names: str) -> bool:
    devices = [device for name in names for device in (f"/dev/{vg}/{name}", mapper(vg, name))]
    return any(name in machine.held for name in names) or any(m[0] in devices for m in machine.mounts.values())


def deactivated(pair: Pair, volume: str, now: float) -> None:
    """What was put off until it is activated again begins then."""
    for name, lv in list(pair.inside.lvs.items()):
        if lv.put_off and lv.origin == volume and lv.pool:
            thin_words.merge(pair, name)
        elif lv.put_off and lv.origin == volume:
            _begin(pair, lv, now)


def in_force(pair: Pair, machine: Machine, volume: str, name: str, vg: str) -> Answer:
    """What device mapper and LVM say of a merge: its target while it goes on, the hidden snapshot while there is one."""
    lv = pair.inside.lvs.get(name)
    if lv is None:
        return 0, "", ""
    target = f"0 {lv.size // 512} snapshot-merge 253:3 253:4 P 8\n" if lv.merged_at is not None else ""
    hidden = lv.merged_at is not None or lv.put_off
    return 0, f"{target}  {f'[{name}]' if hidden else name}\n", ""


def settle(pair: Pair, now: float) -> None:
    """A merge that has ended takes its snapshot with it."""
    active = any(machine.power and machine.vg_active for machine in pair.machines.values())
    lvs = pair.inside.lvs
    if not active:
        for volume in sorted({lv.origin for lv in lvs.values() if lv.put_off}):
            deactivated(pair, volume, now)
    for name in [name for name, lv in lvs.items() if lv.merged_at is not None and active and now >= lv.merged_at]:
        del lvs[name]


def full(lv: Lv) -> bool:
    return bool(lv.origin) and lv.changed >= lv.size


def columns(pair: Pair, machine: Machine, name: str, on: bool) -> dict[str, str]:
    """Give attributes, origin and fill of a volume of the pair as lvs prints them."""
    lv = pair.inside.lvs.get(name)
    if lv is not None and (lv.pool or lv.is_pool):
        return thin_words.columns(pair, machine, name, on)
    if lv is not None and lv.origin:
        filled = f"{100 * lv.changed / lv.size:.2f}" if on else ""
        state = ("I" if full(lv) else "a") if on else "-"
        return {"lv_attr": f"swi-{state}-s---", "origin": lv.origin, "data_percent": filled}
    has = [one for one in pair.inside.lvs.values() if one.origin == name]
    merging = next((one for one in has if one.merged_at is not None), None)
    told = merging or next((one for one in has if one.put_off), None)
    kind = "O" if told else "o" if has else "-"
    filled = f"{100 * merging.changed / merging.size:.2f}" if merging and on else ""
    target = "s" if has else "-"
    return {"lv_attr": f"{kind}wi-{'a' if on else '-'}-{target}---", "origin": "", "data_percent": filled}


def names(pair: Pair, *, hidden: bool) -> list[str]:
    """A snapshot that is being merged is LVM's own business and not listed."""
    return [name for name, lv in pair.inside.lvs.items() if hidden or (lv.merged_at is None and not lv.put_off)]


def asked(pair: Pair, machine: Machine, options: str, target: str) -> Answer | None:
    """Answer `lvs --noheadings --options COLUMN VG/LV` for the columns that guards ask about."""
    vg, _, name = target.partition("/")
    primary = machine.drbd is not None and machine.drbd.role == "Primary"
    lv = pair.inside.lvs.get(name) if primary and vg == pair.inside.vg else None
    if lv is None:
        return 5, "", f'  Failed to find logical volume "{target}"\n'
    if options == "lv_device_open":
        asleep = lv.skip and name not in machine.activated
        return 0, "  open\n" if _opened(machine, vg, name) else "  unknown\n" if asleep else "\n", ""
    words = [lv.origin]
    if "lv_snapshot_invalid" in options and full(lv):
        words.append("snapshot invalid")
    return 0, f"  {' '.join(words)}\n", ""
