"""Addresses, listening sockets, and whether somebody else answers for the service IP. Proven with iproute2 6.1 and iputils-ping."""

from __future__ import annotations

import ipaddress
import re

from provisioning.facts.answers import Answer, lines, load, needed, refuse, rows, stdout, whole, words
from provisioning.observed import Interface

ADDRESSES = ("ip", "-json", "address", "show")
LISTENING = "0A"
UNCONNECTED = "07"  # a UDP socket that takes datagrams from anybody
SOCKET = re.compile(
    r" {0,8}\d{1,9}: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]{8,32}:[0-9A-F]{4} ([0-9A-F]{2}) "
)


def interfaces(text: str) -> tuple[Interface, ...]:
    return tuple(
        Interface(
            name=words(row, "ifname"),
            state=words(row, "operstate"),
            addresses=tuple(_address(each) for each in rows(row.get("addr_info") or [])),
            mac=words(row, "address"),
        )
        for row in rows(load(text, "ip"))
        if row  # `ip -json` prints {} for what a filter left out
    )


def _address(row: dict[str, object]) -> str:
    text = f"{words(row, 'local')}/{needed(whole(row, 'prefixlen'), 'prefixlen', row)}"
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        raise refuse("not an address", text) from None
    return text


def listening(text: str) -> tuple[tuple[str, int], ...]:
    """Read /proc/net/tcp and tcp6: address and port of each listening socket."""
    return _sockets(text, LISTENING)


def listening_udp(text: str) -> tuple[tuple[str, int], ...]:
    """Read /proc/net/udp and udp6: address and port of each socket without a peer."""
    return _sockets(text, UNCONNECTED)


def _sockets(text: str, state: str) -> tuple[tuple[str, int], ...]:
    found = []
    for line in lines(text):
        if not line.strip() or line.lstrip().startswith("sl "):
            continue
        match = SOCKET.match(line)
        if match is None:
            raise refuse("not a socket", line)
        if match[3] == state:
            found.append((_dotted(match[1]), int(match[2], 16)))
    return tuple(sorted(set(found)))


def _dotted(hexadecimal: str) -> str:
    """Read an address that the kernel prints as 32-bit words of the machine's own (little-endian) order."""
    raw = bytes.fromhex(hexadecimal)
    turned = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return str(ipaddress.ip_address(turned))


def ping(address: str, interface: str | None) -> tuple[str, ...]:
    through = ("-I", interface) if interface else ()
    return ("ping", "-n", "-q", "-c", "1", "-W", "1", *through, address)


def neighbour(address: str) -> tuple[str, ...]:
    return ("ip", "-json", "neighbour", "show", "to", address)


def answers(pinged: Answer, neighbours: Answer) -> bool:
    """Tell whether some machine has the service IP: one echo request with a second to answer, then what ARP (or ND) learned by it.

    Sees: any machine in the same network segment that answers ARP, even if it drops pings; with a routed address, one that answers pings.
    Cannot see: a machine that is off or cut off now, one behind a port that filters ARP, and a second holder while this node holds it.
    """
    if pinged.exit == 2 and "unreachable" in pinged.stderr:  # no route to it from here
        return False
    stdout(pinged, "ping", exits=(0, 1))
    if pinged.exit == 0:
        return True
    entries = rows(load(stdout(neighbours, "ip").strip() or "[]", "ip"))
    return any("lladdr" in entry and not _failed(entry) for entry in entries)


def _failed(entry: dict[str, object]) -> bool:
    """A neighbour entry may keep the old address of a machine that no longer answers."""
    said = entry.get("state")
    if not isinstance(said, list):
        raise refuse("a neighbour without a state", entry)
    return "FAILED" in said or "INCOMPLETE" in said


def holds(found: tuple[Interface, ...], address: str) -> bool:
    return any(each.split("/")[0] == address for interface in found for each in interface.addresses)
