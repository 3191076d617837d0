"""Addresses of a node that the pair may use, as its preflight saw them. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
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
    """List networks in which each node has an address of its own, in the order of the first node's interfaces."""
    mine, theirs = choices(one), choices(other)
    doubled = {choice.network for choice in mine if choice.address in {their.address for their in theirs}}
    shared = {choice.network for choice in theirs} - doubled
    return list(dict.fromkeys(choice.network for choice in mine if choice.network in shared))


def proposed(one: NodeObserved, other: NodeObserved, ssh_hosts: Collection[str]) -> list[str]:
    """List the common networks that suit a pair. With three, the one that only the panel uses is left to the panel."""
    shared = common_networks(one, other)
    reached = {choice.network for node in (one, other) for choice in choices(node) if choice.address in ssh_hosts}
    others = [network for network in shared if network not in reached]
    return others if len(others) >= 2 else shared
