"""Reasons about the NFS server's settings: too short a grace, versions in use, ports that are taken, locks that are lost once (rows 8, 9)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from clusters.findings import Finding, blocker, fine, warning
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render import nfs
from provisioning.render.managed import ManagedFile
from provisioning.render.paths import NFS_CONF

SHORTEST, SHORT = 10, 30  # seconds
KEEPING = 45  # the address comes after the server, and clients notice the failover by and by: 35 and 51 s were seen on slow nodes


def sensible(after: DesiredCluster) -> Iterator[Finding]:
    """Judge the settings by themselves."""
    n = after.nfs
    for code, what, seconds in (("nfs.grace-short", "grace", n.grace_time), ("nfs.lease-short", "lease", n.lease_time)):
        if seconds < SHORTEST:
            yield blocker(
                code, f"A {what} time of {seconds} s loses locks: clients do not get them back in time.",
                hint=f"At least {SHORTEST} s.", hazard=9,
            )  # fmt: skip
    if n.grace_time < n.lease_time:
        yield blocker(
            "nfs.grace-below-lease", f"The grace time ({n.grace_time} s) is shorter than the lease ({n.lease_time} s).", hazard=9,
            hint="A client notices a restart within one lease; it needs that long to claim its locks.",
        )  # fmt: skip
    elif SHORTEST <= n.grace_time < (enough := KEEPING if n.state_volume else SHORT):
        yield warning(
            "nfs.grace-risky", f"A grace time of {n.grace_time} s can be too short for busy clients.", hazard=9,
            hint=f"From {enough} s on it is usual; it ends earlier when every client has claimed its locks.",
        )  # fmt: skip
    if not n.versions:
        yield blocker("nfs.no-version", "No version of NFS is left.", hint="Choose at least one.")
    if len(set(n.ports.values())) < len(n.ports) or 2049 in n.ports.values() or 111 in n.ports.values():
        yield blocker(
            "nfs.ports-clash",
            "Two services would share a port.",
            hint="Give each its own; 2049 and 111 are taken by NFS itself.",
        )
    if n.state_volume and after.volume(n.state_volume) is None:
        yield blocker(
            "nfs.no-state-volume",
            f"There is no volume {n.state_volume}.",
            hint="Create it first; 32 MiB are plenty.",
            hazard=8,
        )


def reasons(
    before: DesiredCluster, after: DesiredCluster, observed: Mapping[str, NodeObserved], active: str, *, restart: bool
) -> Iterator[Finding]:
    """Judge the change on this pair as it is now."""
    node = observed[active]
    yield from _versions(after, node)
    for each in observed.values():
        yield from _ports(before, after, each)
    yield from _state(after, node)
    if restart and nfs.state_directory(after) != _directory_in(node):
        yield from _locks_lost(node)


def _versions(after: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """A client keeps the version it mounted with: when the server stops answering it, its files return errors (seen on real nodes)."""
    for version in ("3", "4.0", "4.1", "4.2"):
        if version in after.nfs.versions:
            continue
        users = sorted({c.address for c in node.nfs_clients or () if c.version == version and c.connected is not False})
        if users:
            yield blocker(
                "nfs.version-in-use", f"{', '.join(users[:5])}{' and more' if len(users) > 5 else ''} mounted with NFS {version}.",
                hint="Their open files would return errors. Mount with another version there first.", node=node.node,
            )  # fmt: skip
    if node.nfs_clients is None:
        yield warning(
            "nfs.clients-unknown",
            "The connected clients were not read.",
            hint="Somebody may use a version that is switched off.",
            node=node.node,
        )


def _ports(before: DesiredCluster, after: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    taken = {port for _, port in node.listening or ()}
    old = before.nfs.ports
    for name, port in after.nfs.ports.items():
        ours = old.get(name) == port or f"port={port}\n" in _conf(node)
        if port in taken and not ours:
            yield blocker(
                "nfs.port-taken", f"Something listens on port {port} of {node.node} already.", node=node.node,
                hint="Take another port.", fix=f"ss --tcp --listening --numeric --processes sport = :{port}",
            )  # fmt: skip


def _state(after: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    name = after.nfs.state_volume
    volume = after.volume(name) if name else None
    if volume is None:
        yield warning(
            "nfs.state-not-shared", "Each node keeps by itself what NFS clients hold: their locks are lost at a failover.", hazard=8,
            hint="Let a volume keep what clients hold: a small one of its own, not exported.",
        )  # fmt: skip
        return
    if node.mount(volume.mount_point) is None:
        yield blocker(
            "nfs.state-not-mounted",
            f"{name} is not mounted on {node.node}.",
            node=node.node,
            hint="It must be part of the service group.",
            hazard=8,
        )
    elif any(export.volume == name for export in after.exports):
        yield warning(
            "nfs.state-exported", f"{name} is exported: who is root there may read what others hold, who fills it stops the NFS server.",
            hint="A small volume of its own that is not exported is better.", hazard=8,
        )  # fmt: skip
    else:
        yield fine("nfs.state-kept", f"{name} moves with the service and is not exported", hazard=8)


def _locks_lost(node: NodeObserved) -> Iterator[Finding]:
    locks = sum(use.locks for client in node.nfs_clients or () for use in client.uses or ())
    held = f"{locks} lock{'' if locks == 1 else 's'}" if node.nfs_clients is not None else "perhaps some locks"
    if locks or node.nfs_clients is None:
        yield warning(
            "nfs.locks-lost-once", f"Clients hold {held} now, and lose what they hold at this one restart.",
            hint="The server goes by another name or another store then. A program that holds a lock gets an error. Choose a quiet hour.",
            hazard=8, node=node.node,
        )  # fmt: skip


def _conf(node: NodeObserved) -> str:
    file = node.file(NFS_CONF)
    return (file.text if file else None) or ""


def _directory_in(node: NodeObserved) -> str:
    line = next((line for line in _conf(node).splitlines() if line.startswith("storagedir=")), "")
    return line.removeprefix("storagedir=")


def without_threads(file: ManagedFile, node: NodeObserved) -> bool:
    """Whether the file differs in more than the number of threads, which a running server takes by itself."""
    seen = node.file(file.path)

    def rest(text: str) -> list[str]:
        return [line for line in text.splitlines() if line and not line.startswith(("threads=", "#"))]

    return rest((seen.text if seen else None) or "") != rest(str(file.content))


def runs_otherwise(after: DesiredCluster, node: NodeObserved) -> bool:
    """Whether the running server goes by other times, versions or ports than wanted."""
    run, n = node.nfs_running, after.nfs
    if run is None:
        return False
    same = (run.grace, run.lease, set(run.versions)) == (n.grace_time, n.lease_time, set(n.versions))
    return not same or bool(wrong_ports(after, node, tuple(n.ports)))


def wrong_ports(after: DesiredCluster, node: NodeObserved, names: Collection[str]) -> tuple[int, ...]:
    """Give the pinned ports on which nothing listens yet. Without version 3 nobody needs them."""
    if node.listening is None or "3" not in after.nfs.versions:
        return ()
    listening = {port for _, port in node.listening}
    return tuple(port for name, port in after.nfs.ports.items() if name in names and port not in listening)
