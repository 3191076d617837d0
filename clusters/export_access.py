"""What the clients of an export get: how exports(5) reads a list of clients, and which of them an address is. Pure.

rpc.mountd looks through single hosts first, then networks, names with wildcards, netgroups, and everybody last; within one kind the first
on the line wins, however small the network of a later one is. (exports(5) of nfs-utils 2.6.2, and its `lookup_export`.)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from clusters.rules import shown
from clusters.rules.addresses import Address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Client = tuple[str, Sequence[str]]  # who, and the options
NOBODY = 65534
FLAVOURS = {
    "sys": "by number",
    "krb5": "with Kerberos",
    "krb5i": "with signed Kerberos",
    "krb5p": "with encrypted Kerberos",
}


STRICTER = ("none", "sys", "krb5", "krb5i", "krb5p")


def weakest(flavours: Iterable[str]) -> str:
    """Give the flavour that proves least of those a client may use; one that is not known proves no more than sys does."""
    return min((each if each in STRICTER else "sys" for each in flavours), key=STRICTER.index, default="sys")


def stricter(one: str, other: str) -> bool:
    return STRICTER.index(weakest([one])) > STRICTER.index(weakest([other]))


def strictest(clients: Iterable[Sequence[str]]) -> str:
    """Give what the client that is asked for most must prove at least; "sys" where there is none."""
    return max((weakest(access_of(options).sec) for options in clients), key=STRICTER.index, default="sys")


def of_all(clients: Iterable[Sequence[str]]) -> bool:
    """Whether all of them must prove the same."""
    return len({weakest(access_of(options).sec) for options in clients}) < 2


class ClientKind(IntEnum):
    """In the order in which they are looked through."""

    HOST = 0
    NETWORK = 1
    WILDCARD = 2
    NETGROUP = 3
    EVERYBODY = 4


def kind_of(client: str) -> ClientKind:
    if client in ("*", ""):
        return ClientKind.EVERYBODY
    if client.startswith("@"):
        return ClientKind.NETGROUP
    if any(char in client for char in "*?["):
        return ClientKind.WILDCARD
    return ClientKind.NETWORK if "/" in client else ClientKind.HOST


def by_name(client: str) -> bool:
    """Whether the server must ask for the name of every new client to know if it is this one."""
    return kind_of(client) in (ClientKind.WILDCARD, ClientKind.NETGROUP) or host_name(client)


def host_name(client: str) -> bool:
    return kind_of(client) is ClientKind.HOST and network_of(client) is None


def spelled(client: str) -> str:
    """Spell a client as NFS tells it from others: names of hosts are the same in capitals, netgroups are not."""
    return client if client.startswith("@") else client.lower()


@lru_cache(maxsize=50_000)
def network_of(client: str) -> Network | None:
    """Give the addresses a client stands for; None when it is a name."""
    try:
        return ipaddress.ip_network(client, strict=False)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Access:
    """What a list of options comes to, with exportfs' own values for what is not said."""

    write: bool = False
    sync: bool = True
    wdelay: bool = True
    hide: bool = True
    crossmnt: bool = False
    secure: bool = True
    root_squash: bool = True
    all_squash: bool = False
    subtree_check: bool = False
    locks: bool = True
    acl: bool = True
    readdirplus: bool = True
    labels: bool = False
    anonuid: int = NOBODY
    anongid: int = NOBODY
    sec: tuple[str, ...] = ("sys",)
    others: tuple[str, ...] = ()  # words that are not known here


SWITCHES = {
    "rw": ("write", True), "ro": ("write", False), "sync": ("sync", True), "async": ("sync", False),
    "wdelay": ("wdelay", True), "no_wdelay": ("wdelay", False), "hide": ("hide", True), "nohide": ("hide", False),
    "crossmnt": ("crossmnt", True), "nocrossmnt": ("crossmnt", False), "secure": ("secure", True), "insecure": ("secure", False),
    "root_squash": ("root_squash", True), "no_root_squash": ("root_squash", False),
    "all_squash": ("all_squash", True), "no_all_squash": ("all_squash", False),
    "subtree_check": ("subtree_check", True), "no_subtree_check": ("subtree_check", False),
    "secure_locks": ("locks", True), "auth_nlm": ("locks", True), "insecure_locks": ("locks", False), "no_auth_nlm": ("locks", False),
    "acl": ("acl", True), "no_acl": ("acl", False), "nordirplus": ("readdirplus", False), "security_label": ("labels", True),
}  # fmt: skip
PANELS = ("fsid", "mountpoint", "mp", "no_pnfs")  # say nothing about who may do what


def access_of(options: Sequence[str]) -> Access:
    values: dict[str, object] = {}
    others = []
    for option in options:
        name, equals, value = option.partition("=")
        if option in SWITCHES:
            values.update([SWITCHES[option]])
        elif name in ("anonuid", "anongid") and value.isdecimal():
            values[name] = int(value)
        elif name == "sec" and equals:
            values["sec"] = tuple(dict.fromkeys(value.split(":")))
        elif name not in PANELS:
            others.append(option)
    return Access(**values, others=tuple(others))  # type: ignore[arg-type]


def narrower(before: Access, after: Access) -> str:
    """Say what a client may no longer do, or ""."""
    if before.write and not after.write:
        return "may only read from now on"
    if lost := [flavour for flavour in before.sec if flavour not in after.sec]:
        return f"is refused with sec={':'.join(lost)} from now on"
    if not before.root_squash and after.root_squash:
        return "loses its root's rights"
    if not before.all_squash and after.all_squash:
        return "becomes one user for all of its users"
    if not before.subtree_check and after.subtree_check:
        return "may get errors for files it has open or renames from now on"
    if before.all_squash and (before.anonuid, before.anongid) != (after.anonuid, after.anongid):
        return "becomes another user here"
    return "is refused from ports above 1023 from now on" if not before.secure and after.secure else ""


@dataclass(frozen=True, slots=True)
class Gets:
    """What an address gets. `client` is the entry that decides, "" when none does for certain."""

    sentence: str
    client: str = ""
    sure: bool = True


def address_of(typed: str) -> Address:
    """Read an address; an IPv4 one that is written as IPv6 (::ffff:10.0.3.7) is the IPv4 one. ValueError when it is none."""
    address = ipaddress.ip_address(typed)
    return (address.ipv4_mapped or address) if address.version == 6 else address


def what_gets(typed: str, clients: Sequence[Client], service_ip: str = "") -> Gets:
    """Answer for an address. Whether it has a name that an entry means only the server's look-up knows: then both answers are given.

    With the service IP an address of the other kind gets nothing: it does not come in.
    """
    try:
        address = address_of(typed.strip())
    except ValueError:
        return _what_name_gets(typed.strip(), clients)
    served = network_of(service_ip)
    if served is not None and served.version != address.version:
        kinds = f"by IPv{address.version}, for that is IPv{served.version}"
        return Gets(
            f"{address} cannot reach the service IP {service_ip} {kinds}. Ask for its IPv{served.version} address."
        )
    perhaps: list[Client] = []
    found: Client | None = None
    for client in in_order(clients):
        network = network_of(client[0])
        if by_name(client[0]):
            perhaps.append(client)
        elif kind_of(client[0]) is ClientKind.EVERYBODY or (network is not None and address in network):
            found = client
            break
    mine = f"{address} {may(found[1])}, as {_named(found[0])}" if found else f"{address} may not mount it"
    sure = access_of(found[1]) if found else None
    other = [client for client in perhaps if sure is None or access_of(client[1]) != sure]
    if not other:
        return Gets(f"{mine}.", found[0] if found else "")
    cases = "; ".join(f"if it is {_named(client)}, it {may(options)}" for client, options in other)
    return Gets(f"It depends on the name: {cases}; otherwise {mine}.", found[0] if found else "", sure=False)


def in_order(clients: Sequence[Client]) -> list[Client]:
    return sorted(clients, key=lambda client: kind_of(client[0]))


def _what_name_gets(typed: str, clients: Sequence[Client]) -> Gets:
    entry = next(
        (client for client in clients if client[0].lower() == typed.lower() and kind_of(client[0]) is ClientKind.HOST),
        None,
    )
    if entry is None:
        return Gets(
            f"“{shown(typed)}” is not an address. What a name gets depends on the address it comes from.", sure=False
        )
    return Gets(
        f"{entry[0]} {may(entry[1])}, as long as the server finds this name for its address.", entry[0], sure=False
    )


def _named(client: str) -> str:
    words = {
        ClientKind.EVERYBODY: "everybody (*)",
        ClientKind.NETGROUP: f"a member of {client}",
        ClientKind.NETWORK: f"part of {client}",
    }
    return words.get(kind_of(client), client)


def may(options: Sequence[str]) -> str:
    """Say in words what a client may do: "may read and write, root squashed"."""
    access = access_of(options)
    said = ["may read and write" if access.write else "may only read"]
    if access.all_squash:
        said.append(f"everybody squashed{_becomes(access)}")
    else:
        said.append(f"root squashed{_becomes(access)}" if access.root_squash else "root stays root")
    if access.sec != ("sys",):
        said.append(" or ".join(FLAVOURS.get(flavour, f"with sec={flavour}") for flavour in access.sec))
    if not access.sync:
        said.append("answered before it is on disk")
    if access.others:
        said.append(f"with {', '.join(access.others)}")
    return ", ".join(said)


def _becomes(access: Access) -> str:
    return "" if (access.anonuid, access.anongid) == (NOBODY, NOBODY) else f" to {access.anonuid}:{access.anongid}"


def overlaps(clients: Sequence[Client]) -> Iterator[str]:
    """Networks of one export that share addresses and differ in what they give: a sentence for each, which says who wins."""
    networks = [(client, network, access_of(options)) for client, options in clients
                if kind_of(client) is ClientKind.NETWORK and (network := network_of(client)) is not None]  # fmt: skip
    for place, (later, small, access) in enumerate(networks):
        for earlier, large, first in networks[:place]:
            if small.version != large.version or access == first or not small.overlaps(large):
                continue
            if small.prefixlen >= large.prefixlen:
                yield f"{later} lies within {earlier}, which stands before it: NFS takes the first, so {later} never applies."
            else:
                yield f"{earlier} lies within {later} and stands before it, so its addresses get the options of {earlier}."
