"""Addresses of a node that the pair may use, as its preflight saw them. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from provisioning.observed import NodeObserved


@dataclass(frozen=True, slots=True)
class AddressChoice:
    interface: str
    address: str
    network: str  # 10.10.0.0/24
    prefix: int
    up: bool

    @property
    def value(self) -> str:
        return f"{self.interface} {self.address}"

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix} on {self.interface}{'' if self.up else ' (down)'}"


def choices(node: NodeObserved) -> list[AddressChoice]:
    """List the IPv4 addresses that another machine could reach."""
    found = []
    for interface in node.interfaces or ():
        for text in interface.addresses:
            try:
                address = ipaddress.ip_interface(text)
            except ValueError:
                continue
            if address.version == 4 and not (address.is_loopback or address.is_link_local):
                up = interface.state != "DOWN"
                network = address.network
                found.append(AddressChoice(interface.name, str(address.ip), str(network), network.prefixlen, up))
    return found


def common_networks(one: NodeObserved, other: NodeObserved) -> list[str]:
    """List networks in which both nodes have an address, in the order of the first node's interfaces."""
    theirs = {choice.network for choice in choices(other)}
    return list(dict.fromkeys(choice.network for choice in choices(one) if choice.network in theirs))
