"""Findings about addresses, paths, ports and the service IP (rows 3, 4, 9, 16, 24)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_interface

from clusters.findings import Finding, blocker, fine, warning
from provisioning.checks.ours import resource_is_ours
from provisioning.desired import DesiredCluster, DesiredNode
from provisioning.observed import NodeObserved
from provisioning.render.fencing import FENCE_PORT
from provisioning.render.managed import is_ours
from provisioning.render.paths import HA_CF

LEASE_BLOCK, LEASE_WARN = 10, 30  # seconds
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  a socket that listens at every address of the node


def addresses(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    for what in ("replication", "service"):
        networks = []
        for node in desired.nodes:
            address, interface = (
                (node.replication_address, node.replication_interface)
                if what == "replication"
                else (node.service_address, node.service_interface)
            )
            seen = observed.get(node.name)
            if seen is None:
                continue
            if seen.interfaces is None:
                yield blocker(
                    "network.unknown", f"The interfaces of {node.name} were not seen.", node=node.name,
                    hint="Read the node again.", fix="ip -brief address",
                )  # fmt: skip
                continue
            found = next(
                (a for i in seen.interfaces if i.name == interface for a in i.addresses if a.split("/")[0] == address),
                None,
            )
            if found is None:
                yield blocker(
                    "network.address-missing",
                    f"{node.name} does not have its {what} address {address} on {interface}.",
                    hint="Set the address on the node, or choose another one.",
                    fix=f"ip address show dev {interface}",
                    node=node.name,
                )
                continue
            networks.append(ip_interface(found).network)
        if len(networks) == 2:
            yield _together(what, str(networks[0]), str(networks[1]))


def _together(what: str, one: str, other: str) -> Finding:
    if one == other:
        return fine("network.together", f"Both {what} addresses are in {one}")
    return blocker(
        "network.not-together",
        f"The {what} addresses are in different networks: {one} and {other}.",
        hint="Both nodes must reach each other without a router.",
    )


def _one_path(node: DesiredNode, seen: NodeObserved | None) -> bool:
    """A VLAN, and a bridge or bond over one card, have that card's hardware address."""
    if node.service_interface == node.replication_interface:
        return True
    macs = {i.name: i.mac for i in (seen.interfaces if seen else None) or ()}
    mac = macs.get(node.service_interface)
    return bool(mac) and mac == macs.get(node.replication_interface)


def heartbeat_paths(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    """Two independent paths, or one cable cuts Heartbeat and replication at once (row 4)."""
    shared = [n.name for n in desired.nodes if _one_path(n, observed.get(n.name))]
    if shared:
        yield warning(
            "heartbeat.single-path",
            f"Heartbeat and replication share one interface, or one card, on {' and '.join(shared)}.",
            hint="One cable cut makes both nodes believe the other is dead while the copies part. Give replication a link of its own.",
            hazard=4,
        )
    else:
        yield fine("heartbeat.two-paths", "Heartbeat has two paths: the service network and replication", hazard=4)
    yield from times(desired)
    if any(":" in a for n in desired.nodes for a in (n.service_address, n.replication_address)):
        yield blocker(
            "heartbeat.ipv4-only", "Heartbeat's unicast paths are IPv4 only.", hint="Give both nodes IPv4 addresses."
        )


def times(desired: DesiredCluster) -> Iterator[Finding]:
    h = desired.heartbeat
    if not h.keepalive < h.warntime < h.deadtime or h.initdead < 2 * h.deadtime:
        yield blocker(
            "heartbeat.times",
            f"Heartbeat's times do not fit: keepalive {h.keepalive}, warntime {h.warntime}, deadtime {h.deadtime}, initdead {h.initdead}.",
            hint="keepalive < warntime < deadtime, and initdead at least twice deadtime.",
        )


def fencing_way(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """The peer's fence-peer handler comes by SSH, over both networks, and ssh knows no other port there (row 3)."""
    if node.listening is None:  # said by itself
        return
    wanted = desired.node(node.node)
    at = {address for address, port in node.listening if port == FENCE_PORT}
    ways = dict.fromkeys((wanted.service_address, wanted.replication_address))
    closed = [] if at.intersection(EVERYWHERE) else [address for address in ways if address not in at]
    if closed:
        yield blocker(
            "fencing.port-closed", f"Nothing listens on port {FENCE_PORT} at {' and '.join(closed)} of {node.node}.", node=node.node, hazard=3,
            hint="The peer's fence-peer handler logs in there as root, with a key that can do one thing. Let sshd listen there as well: "
            f"add “Port {FENCE_PORT}” to /etc/ssh/sshd_config and reload it; what it listens on now can stay.",
            fix=f"ss --listening --tcp --numeric --processes sport = {FENCE_PORT}",
        )  # fmt: skip
    else:
        yield fine(
            "fencing.port-open", f"{node.node} listens for SSH where the handlers come in", node=node.node, hazard=3
        )


def fencing(desired: DesiredCluster) -> Iterator[Finding]:
    yield warning(
        "fencing.partition",
        "Nothing here cuts a node's power: when both networks are cut at once, both nodes become Primary.",
        hint="The fence-peer handler covers every case in which one path is left. Lay the two paths apart.",
        hazard=3,
    )
    lease = min(desired.nfs.lease_time, desired.nfs.grace_time)
    if lease < LEASE_BLOCK:
        yield blocker(
            "nfs.lease-short",
            f"Lease and grace of {lease} s lose clients' locks.",
            hint="Take at least 30 s.",
            hazard=9,
        )
    elif lease < LEASE_WARN:
        yield warning(
            "nfs.lease-short",
            f"Lease and grace of {lease} s are short for a failover.",
            hint="Take at least 30 s.",
            hazard=9,
        )
    else:
        yield fine("nfs.lease", f"Lease and grace of {lease} s are long enough", hazard=9)
    if not desired.nfs.state_volume:
        yield warning(
            "nfs.state-not-shared",
            "Each node keeps by itself what NFS clients hold: their locks are lost at a failover.",
            hint="A small volume can keep it: at the service step of the draft, or later under “Set up the NFS server”.",
            hazard=8,
        )


def service_ip(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    ip = desired.service_ip
    for node in desired.nodes:
        if ip in (node.service_address, node.replication_address):
            yield blocker(
                "service-ip.is-node-address", f"{ip} is {node.name}'s own address.", node=node.name,
                hint="The service IP moves; it must be an address of its own.",
            )  # fmt: skip
        seen = observed.get(node.name)
        own = seen and next(
            (a for i in seen.interfaces or () for a in i.addresses if a.split("/")[0] == node.service_address), None
        )
        if own and ip_address(ip) not in ip_interface(own).network:
            yield blocker(
                "service-ip.outside", f"{ip} is not in {ip_interface(own).network}, the service network of {node.name}.", node=node.name,
                hint="Clients would not reach it there.",
            )  # fmt: skip
        elif own and ip_interface(own).network.prefixlen != desired.service_prefix:
            yield warning(
                "service-ip.prefix", f"The service IP has /{desired.service_prefix}, {node.name}'s own address {own}.", node=node.name,
                hint="They usually agree.",
            )  # fmt: skip
    if any(node.holds(ip) for node in observed.values()):
        yield fine("service-ip.ours", f"{ip} is held by this pair", hazard=24)
        return
    answered = [node.node for node in observed.values() if node.service_ip_answers]
    if answered:
        yield blocker(
            "service-ip.answered",
            f"Somebody on the network answers for {ip} already.",
            hint="Two machines with one address reach nobody. Take a free address, or find the other machine.",
            fix=f"arping -D -c 3 -I {desired.node(answered[0]).service_interface} {ip}",
            node=answered[0],
            hazard=24,
        )
        return
    free = any(node.service_ip_answers is False for node in observed.values())
    for unsure in (node.node for node in observed.values() if node.service_ip_answers is None):
        make = warning if free else blocker
        yield make(
            "service-ip.unseen", f"{unsure} could not tell whether somebody answers for {ip}.", node=unsure, hazard=24,
            hint="Read the node again; it needs ping for this.", fix=f"ping -c 1 {ip}",
        )  # fmt: skip
    if free:
        yield fine("service-ip.free", f"Nobody answers for {ip}", hazard=24)


def ports(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """The port and minor of the resource, its name, and Heartbeat's port."""
    if not resource_is_ours(desired, node):
        yield from _resource_free(desired, node)
    yield from _heartbeat_port(desired, node)


def _heartbeat_port(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """Heartbeat takes its UDP port on every address, so whoever has it on one of them is in the way; a running Heartbeat of ours has it itself."""
    port = desired.heartbeat.udpport
    own = node.file(HA_CF)
    text = own.text if own else None
    if is_ours(text, desired.name) and f"\nudpport {port}\n" in (text or ""):
        return
    taken = [address for address, number in node.listening_udp or () if number == port]
    if taken:
        yield blocker(
            "heartbeat.port-taken", f"UDP port {port} is in use on {node.node}, at {' and '.join(taken)}.", node=node.node,
            hint="Take another port for Heartbeat, or stop what has it.", fix=f"ss --listening --udp --numeric --processes sport = {port}",
        )  # fmt: skip
    elif node.listening_udp is None:
        yield warning(
            "heartbeat.port-unseen", f"Whether UDP port {port} is free on {node.node} was not seen.", node=node.node,
            hint="Read the node again.", fix=f"ss --listening --udp --numeric --processes sport = {port}",
        )  # fmt: skip
    else:
        yield fine("heartbeat.port-free", f"UDP port {port} is free on {node.node} for Heartbeat", node=node.node)


def _resource_free(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    r = desired.resource
    defined = node.drbd_defined or ()
    for name, minor, port in defined:
        if name == r.name:
            yield blocker(
                "drbd.name-taken", f"{node.node} has a DRBD resource {name} already, not made by this panel.", node=node.node,
                hint="Take another name.", fix=f"drbdadm dump {name}", hazard=20,
            )  # fmt: skip
        elif minor == r.minor:
            yield blocker(
                "drbd.minor-taken", f"Minor {minor} belongs to {name} on {node.node}.", node=node.node, hazard=20,
                hint="Take another minor for DRBD.", fix="drbdadm sh-minor all",
            )  # fmt: skip
        elif port == r.port:
            yield blocker(
                "port.taken", f"Port {port} belongs to {name} on {node.node}.", node=node.node, hazard=20,
                hint="Take another port for DRBD.", fix="drbdadm dump",
            )  # fmt: skip
    used = {replica.minor for replica in node.replicas or () if replica.resource != r.name}
    if r.minor in used and r.minor not in {minor for _, minor, _ in defined}:
        yield blocker(
            "drbd.minor-taken",
            f"{r.device} is in use on {node.node}.",
            node=node.node,
            fix="drbdadm status",
            hazard=20,
            hint="Take another minor for DRBD.",
        )
    if any(port == r.port for _, port in node.listening or ()) and r.port not in {port for _, _, port in defined}:
        yield blocker(
            "port.taken", f"Port {r.port} is in use on {node.node}.", node=node.node, hint="Take another port for DRBD.",
            fix=f"ss --listening --tcp --numeric --processes sport = {r.port}", hazard=20,
        )  # fmt: skip
    elif node.listening is not None and r.name not in {name for name, _, _ in defined}:
        yield fine(
            "drbd.place-free", f"Name, minor and port of {r.name} are free on {node.node}", node=node.node, hazard=20
        )
