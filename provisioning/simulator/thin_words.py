"""Thin pools, volumes and snapshots of a simulated pair: made, activated, rolled back, and what lvs says of them. Pure over the state.

The words are those of LVM 2.03.16 on Debian 12 nodes. A pool is made by hand there, and by tests here.
"""

from __future__ import annotations

from provisioning.simulator.state import EXTENT, MIB, Answer, Inside, Lv, Machine, Pair

CHUNK = 64 * 1024


def make(pair: Pair, vg: str, name: str, size: int, pool: str, tags: list[str]) -> Answer:
    inside = pair.inside
    if vg != inside.vg:
        return 5, "", f'  Volume group "{vg}" not found\n  Cannot process volume group {vg}\n'
    if name in inside.lvs:
        return 5, "", f'  Logical Volume "{name}" already exists in volume group "{vg}"\n'
    if pool not in inside.lvs or not inside.lvs[pool].is_pool:
        return 5, "", f"  Pool {pool} not found in Volume group {vg}.\n"
    inside.lvs[name] = Lv(-(-size // EXTENT) * EXTENT, pool=pool, tags=tags)
    return 0, f'  Logical volume "{name}" created.\n', _warnings(inside, vg, pool)


def _warnings(inside: Inside, vg: str, pool: str) -> str:
    promised, has = sum(lv.size for lv in inside.lvs.values() if lv.pool == pool), inside.lvs[pool].size
    if promised <= has:
        return ""
    return (
        f"  WARNING: Sum of all thin volume sizes ({promised / MIB:.2f} MiB) exceeds the size of thin pool {vg}/{pool} "
        f"and the amount of free space in volume group ({inside.free / MIB:.2f} MiB).\n"
        "  WARNING: You have not turned on protection against thin pools running out of space.\n"
        "  WARNING: Set activation/thin_pool_autoextend_threshold below 100 to trigger automatic extension of thin pools before they get full.\n"
    )


def take(pair: Pair, vg: str, origin: str, name: str, tags: list[str]) -> Answer:
    lvs = pair.inside.lvs
    was = lvs[origin]
    lvs[name] = Lv(
        was.size,
        was.fstype,
        was.used,
        fs_size=was.fs_size,
        tags=tags,
        origin=origin,
        pool=was.pool,
        skip=True,
        damaged=was.damaged,
    )
    return 0, f'  Logical volume "{name}" created.\n', _warnings(pair.inside, vg, was.pool)


def merge(pair: Pair, name: str) -> Answer:
    """The snapshot takes its origin's place, with its size; what other snapshots there are forget whose they were."""
    inside = pair.inside
    snapshot = inside.lvs[name]
    volume = snapshot.origin
    if not volume:
        return 5, "", f"  {inside.vg}/{name} is not a mergeable logical volume.\n"
    origin = inside.lvs[volume]
    origin.size, origin.used, origin.fs_size, origin.damaged = (
        snapshot.size,
        snapshot.used,
        snapshot.fs_size,
        snapshot.damaged,
    )
    del inside.lvs[name]
    for other in inside.lvs.values():
        if other.pool and other.origin == volume:
            other.origin = ""
    return 0, f"  Volume {inside.vg}/{name} replaced origin {inside.vg}/{volume}.\n", ""


def activate(machine: Machine, name: str, lv: Lv, argv: tuple[str, ...]) -> None:
    if "--activate" not in argv or not lv.skip:
        return
    if argv[argv.index("--activate") + 1] == "n":
        machine.activated = [one for one in machine.activated if one != name]
    elif "--ignoreactivationskip" in argv and name not in machine.activated:
        machine.activated.append(name)


def sleeps(machine: Machine, name: str, lv: Lv) -> bool:
    """Whether it has no device, because it was passed over when the group was activated."""
    return lv.skip and name not in machine.activated


def used(inside: Inside, pool: str) -> int:
    """Bytes of the pool's data that hold something: of a snapshot only what is not shared any more."""
    return sum(lv.changed if lv.origin else lv.used for lv in inside.lvs.values() if lv.pool == pool)


def columns(pair: Pair, machine: Machine, name: str, on: bool) -> dict[str, str]:
    """Attributes, pool and fill of a pool or thin volume as lvs prints them."""
    lv, inside = pair.inside.lvs[name], pair.inside
    if lv.is_pool:
        data = min(100.0, 100 * used(inside, name) / lv.size)
        health = "D" if data >= 100 else "-"
        said = {"data_percent": f"{data:.2f}", "metadata_percent": f"{lv.metadata:.2f}"} if on else {}
        opened = any(one.pool == name and not sleeps(machine, other, one) for other, one in inside.lvs.items())
        state = ("a" if on else "-") + ("o" if on and opened else "-")
        return {"lv_attr": f"twi-{state}tz{health}-", "lv_path": ""} | said
    active = on and not sleeps(machine, name, lv)
    opened = any(mount[0] == f"/dev/{inside.vg}/{name}" for mount in machine.mounts.values())
    state = ("a" if active else "-") + ("o" if opened else "-")
    filled = f"{min(100.0, 100 * lv.used / lv.size):.2f}" if active else ""
    kind = "O" if any(one.put_off and one.origin == name for one in inside.lvs.values()) else "V"
    return {
        "lv_attr": f"{kind}wi-{state}tz-{'k' if lv.skip else '-'}", "origin": lv.origin, "data_percent": filled, "pool_lv": lv.pool,
        "lv_active": "active" if active else "",
    }  # fmt: skip
