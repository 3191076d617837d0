"""Units, packages, clock and Heartbeat. Pure; the words are those captured from Debian 12 nodes."""

from __future__ import annotations

from provisioning.facts.clients import ASK as ASK_CLIENTS
from provisioning.simulator.client_words import clients
from provisioning.simulator.physics import holds_group
from provisioning.simulator.state import MODULE, Answer, Machine, Pair


def after(argv: tuple[str, ...], mark: str = "--") -> tuple[str, ...]:
    return argv[argv.index(mark) + 1 :] if mark in argv else ()


def systemctl(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if argv[1] == "show" and "--value" in argv:
        return 0, "inactive\n", ""  # a unit of this panel: it has always ended by the time of a reading
    if argv[1] == "show":
        blocks = []
        for unit in after(argv):
            active, enabled, loaded = machine.units.get(unit.removesuffix(".service"), ["inactive", "", "not-found"])
            blocks.append(f"Id={unit}\nLoadState={loaded}\nActiveState={active}\nUnitFileState={enabled}\n")
        return 0, "\n".join(blocks), ""
    if argv[1] == "is-active":
        unit = argv[-1].removesuffix(".service")
        active = machine.units.get(unit, ["inactive"])[0]
        return (0 if active == "active" else 3), ("" if "--quiet" in argv else f"{active}\n"), ""
    return None


def chronyc(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if "chrony" not in machine.packages:
        return 127, "", "chronyc: No such file or directory\n"
    return (
        0,
        f"C0A84D01,192.168.77.1,3,{now:.9f},0.000012,-0.000004,0.000031,-1.2,-0.001,0.03,0.0004,0.0002,64.2,Normal\n",
        "",
    )


def modinfo(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return 0, f"{MODULE}\n", ""


def dpkg(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    out, err = [], []
    for name in after(argv):
        if name in machine.packages:
            out.append(f"{name}\tinstalled\t{machine.packages[name]}\n")
        else:
            err.append(f"dpkg-query: no packages found matching {name}\n")
    return (1 if err else 0), "".join(out), "".join(err)


def apt_cache(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    blocks = []
    for name in after(argv):
        have, can = machine.packages.get(name, "(none)"), machine.available.get(name, "(none)")
        blocks.append(
            f"{name}:\n  Installed: {have}\n  Candidate: {can}\n  Version table:\n     {can} 500\n"
            "        500 http://deb.debian.org/debian bookworm/main amd64 Packages\n"
        )
    return 0, "".join(blocks), ""


def cl_status(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    manager = machine.manager
    if "heartbeat" not in machine.packages:
        return 127, "", "cl_status: No such file or directory\n"
    if manager is None or now < manager.started_at:
        return 1, "", "cl_status: ERROR: Cannot signon with heartbeat\n"
    return 0, ("transition\n" if manager.acts_at else "all\n" if holds_group(machine) else "local\n"), ""


def sh_(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if argv == ASK_CLIENTS:
        return clients(pair, machine, argv, now)
    if "cl_status" not in argv[2]:
        return None
    exit_code, text, err = cl_status(pair, machine, argv, now)
    if exit_code:
        return exit_code, text, err
    peer = pair.peer(machine.name)
    alive = peer.power and peer.manager is not None
    lines = [f"node {peer.name} {'active' if alive else 'dead'}", f"node {machine.name} active"]
    lines += [f"link {peer.name} {link} {'up' if alive else 'dead'}" for link in ("eth1", "eth2")]
    return 0, text + "".join(f"{line}\n" for line in lines), ""
