"""Addresses, networks, host names and the clients of an export."""

from __future__ import annotations

import ipaddress
import re

from clusters.rules.text import RuleError, plain, shown

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"


def ip(value: str) -> str:
    """Check the address of one machine, either family, in its shortest spelling."""
    return str(_address(value, "The address"))


def service_ip(value: str) -> str:
    """Check the address that moves with the service. IPv6 is refused until it ran in the lab."""
    address = _address(value, "The service IP")
    if address.version == 6:
        raise RuleError("The service IP must be an IPv4 address; IPv6 has not been tried yet.")
    return str(address)


def _address(value: str, what: str) -> Address:
    plain(value, what, 45)
    host, slash, _ = value.partition("/")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise RuleError(f"{what} “{shown(value)}” is not an IP address.") from None
    if slash:
        raise RuleError(f"{what} is one address, without a network after a slash.", str(address))
    if "%" in value:
        raise RuleError(f"{what} is bound to one machine's interface (%…).", value.split("%")[0])
    if address.is_loopback or address.is_unspecified:
        raise RuleError(f"{what} {address} means each machine itself.")
    _reachable(address, what)
    return address


def _reachable(address: Address, what: str) -> None:
    if address.is_multicast or str(address) == "255.255.255.255":
        raise RuleError(f"{what} {address} is not the address of one machine.")
    if address.is_link_local:
        raise RuleError(f"{what} {address} is link-local: it is not the same machine everywhere.")
    if address.is_unspecified:
        raise RuleError(f"{what} {address} is no machine's address.")


def ssh_host(value: str) -> str:
    """Check where SSH reaches a node: an address or a host name. Loopback is possible (a tunnel, a lab); metadata addresses are not."""
    plain(value, "The SSH address", 253)
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        if "@" in value:
            raise RuleError("The user has a field of its own.", value.rpartition("@")[2]) from None
        if ":" in value:
            raise RuleError("The port has a field of its own.", value.partition(":")[0]) from None
        return host_name(value, "The SSH address")
    if "%" in value:
        raise RuleError("The SSH address is bound to one machine's interface (%…).")
    _reachable(address, "The SSH address")
    return str(address)


def host_name(value: str, what: str = "The host name") -> str:
    plain(value, what, 253)
    if re.fullmatch(r"[0-9.]+", value):
        raise RuleError(f"{what} “{shown(value)}” looks like an address, but is none.")
    if not re.fullmatch(rf"{LABEL}(\.{LABEL})*", value):
        raise RuleError(
            f"{what} “{shown(value)}” is not possible: letters, digits, hyphens and dots, no part longer than 63."
        )
    return value


def network_client(value: str) -> str:
    """Check who may mount: an address, a network, a host name, a name with *, ? or [a-z], an @netgroup, or * for everybody."""
    _classic_traps(value)
    plain(value, "The client", 253)
    if value == "*":
        return value
    if value.startswith("@"):
        if not re.fullmatch(r"@[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
            raise RuleError(f"“{shown(value)}” is not a netgroup; they look like @trusted.")
        return value
    if re.fullmatch(r"[0-9./]+", value) or (":" in value and "[" not in value):
        return _network(value)
    if "/" in value:
        raise RuleError("Only an address can be followed by a slash and a network length.", value.partition("/")[0])
    if any(char in value for char in "*?[]"):
        return _wildcard(value)
    return host_name(value, "The client")


def _classic_traps(value: str) -> None:
    """`host (rw)` means everybody may write, the oldest trap of exports(5); several clients in one field hide the same."""
    if "(" in value or ")" in value:
        bare = value.partition("(")[0].strip()
        why = (
            "with the blank, NFS would read it as everybody"
            if re.search(r"\s\(", value)
            else "the options have fields of their own"
        )
        raise RuleError(
            f"Write the client without brackets: {why}.", bare if bare.isascii() and bare.isprintable() else ""
        )
    if re.search(r"\S[\s,;]+\S", value[:300]):
        raise RuleError("One client in each row; add a row for the next.", re.split(r"[\s,;]+", value[:300].strip())[0])


def _network(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise RuleError(f"“{shown(value)}” is neither an address nor a network.") from None
    if network.prefixlen == 0:
        raise RuleError("That is everybody; if you mean it, write *.", "*")
    if "/" not in value or network.prefixlen == network.max_prefixlen:
        _reachable(network.network_address, "The client")
        if network.version == 6 and (meant := network.network_address.ipv4_mapped):
            _reachable(meant, "The client")
            raise RuleError(f"{shown(value)} is IPv4 written as IPv6; NFS knows the client as {meant}.", str(meant))
        return str(network.network_address)
    if str(ipaddress.ip_address(value.split("/")[0])) != str(network.network_address):
        raise RuleError(f"{shown(value)} is an address inside a network, not a network.", str(network))
    if network.is_multicast or network.is_link_local:
        why = "is not of single machines" if network.is_multicast else "is link-local: not the same machines everywhere"
        raise RuleError(f"The client {network} {why}.")
    return str(network)


def _wildcard(value: str) -> str:
    bare = re.sub(r"\[[^][]*\]", _class, value)
    if "[" in bare or "]" in bare:
        raise RuleError(f"“{shown(value)}” has a bracket too many: each [ needs its ], and none stands within another.")
    if not re.search(r"[A-Za-z0-9]", value):
        raise RuleError("That is everybody; if you mean it, write *.", "*")
    if re.fullmatch(r"[0-9.*?]+", bare):
        offer = _as_network(value)
        raise RuleError("exports(5) matches wildcards against names, never against addresses; write a network.", offer)
    if not re.fullmatch(r"[A-Za-z0-9_.*?-]+", bare) or value.startswith((".", "-")) or ".." in value:
        raise RuleError(f"“{shown(value)}” is not possible; names with wildcards look like *.example.org.")
    return value


def _class(found: re.Match[str]) -> str:
    """Check [a-z], which stands for one character.

    nfs-utils' `wildmat` may crash on a malformed one, and its ranges mind capitals, which names do not.
    """
    inside, what = found[0][1:-1], shown(found[0])
    if _is_address(inside):
        raise RuleError("An address stands here without brackets.", inside)
    if inside.startswith("^"):
        raise RuleError(f"{what} says which characters are not meant; write those that are, as [a-z].")
    if not re.fullmatch(r"([a-z0-9_](-[a-z0-9_])?)+", inside):
        raise RuleError(f"{what} is not possible: between [ and ] stand small letters, digits and ranges, as [a-z0-9].")
    if backwards := next((each for each in re.findall(r".-.", inside) if each[0] > each[2]), ""):
        raise RuleError(f"{backwards} goes backwards: no character lies between the two.")
    return "?"


def _is_address(value: str) -> bool:
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _as_network(value: str) -> str:
    """Turn 10.0.* or 10.0.0.* into the network it means."""
    numbers = [part for part in value.split(".") if part.isdigit()]
    stars = value.split(".")[len(numbers) :]
    if (
        not numbers
        or not stars
        or any(star != "*" for star in stars)
        or len(numbers) > 3
        or any(int(n) > 255 for n in numbers)
    ):
        return ""
    return ".".join([*(str(int(n)) for n in numbers), *["0"] * (4 - len(numbers))]) + f"/{8 * len(numbers)}"
