"""What a serving machine tells of its NFS clients, in the words captured from kernel 6.1. Pure."""

from __future__ import annotations

from provisioning.facts.clients import CLIENTS, MONITORED, MOUNTINFO, NAMES, POOLS, RMTAB
from provisioning.simulator.state import Answer, Client, Machine, Pair

ARRIVED = 441  # pieces of work for each client and thread, as good as any number


def clients(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """Answer the awk program of `facts.clients`."""
    devices = {target: f"253:{number}" for number, target in enumerate(machine.mounts, start=1)}
    lines = [f"{MOUNTINFO}:254:1 /", *(f"{MOUNTINFO}:{device} {target}" for target, device in devices.items())]
    if machine.nfsd:
        served = [client for client in pair.clients if _served(machine, client)]
        for number, client in enumerate(served, start=3):
            lines += _old(client) if client.version == "3" else _session(number, client, devices, machine)
            lines.append(f"/proc/net/tcp:{_address(client.address)}:03E7")
        arrived = ARRIVED * max(1, len(served))
        lines += [
            f"{POOLS}:# pool packets-arrived sockets-enqueued threads-woken threads-timedout",
            f"{POOLS}:0 {arrived} {arrived} {arrived - len(served)} 0",
        ]
    return 0, "".join(f"{line}\n" for line in lines), ""


def _served(machine: Machine, client: Client) -> bool:
    return any(client.mount == path or client.mount.startswith(f"{path}/") for path, _, _ in machine.exported)


def _session(number: int, client: Client, devices: dict[str, str], machine: Machine) -> list[str]:
    at = f"{CLIENTS}/{number}"
    minor = client.version.partition(".")[2]
    lines = [
        f"{at}/info:clientid: 0xc5b5ada16b038ec{number:x}",
        f'{at}/info:address: "{client.address}:766"',
        f"{at}/info:status: confirmed",
        f"{at}/info:seconds from last renew: 1",
        f'{at}/info:name: "Linux NFSv{client.version} client"',
        f"{at}/info:minor version: {minor}",
        f"{at}/info:callback state: UP",
        f"{at}/info:callback address: {client.address}:0",
    ]
    volume = max(
        (t for t in machine.mounts if client.mount == t or client.mount.startswith(f"{t}/")), key=len, default=""
    )
    major, _, lower = devices.get(volume, "0:0").partition(":")
    device = f"{int(major):02x}:{int(lower):02x}"
    lines += [f"{at}/states:+{device} {name}" for name in client.files[:NAMES]]
    held = {"open": client.opens, "lock": client.locks}
    return lines + [f"{at}/states:={kind} {device} {count}" for kind, count in held.items() if count]


def _old(client: Client) -> list[str]:
    lines = [f"{RMTAB}:{client.address}:{client.mount}:0x00000001"]
    if client.locks:
        lines.append(
            f"{MONITORED}/{client.address}:0100007f 000186b5 00000003 00000010 c8f372f48c00 {client.address} alice"
        )
    return lines


def _address(text: str) -> str:
    """As /proc/net/tcp writes an IPv4 address."""
    return "".join(f"{int(part):02X}" for part in reversed(text.split(".")))
