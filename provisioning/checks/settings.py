"""Settings that changed under a running Heartbeat or NFS server: what it takes in service, what it takes later, and what it must not (rows 2, 20).

docs/decisions/heartbeat-settings.md says what Heartbeat does with a changed file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusters.findings import Finding, blocker, warning
from provisioning.checks.ours import manager_runs, signed
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render import heartbeat, nfs
from provisioning.render.paths import AUTHKEYS, HA_CF, NFS_CONF

TIMES = ("keepalive", "warntime", "deadtime", "initdead")
SHARED = ("udpport", "ucast", "node")  # while the nodes disagree about these they do not hear each other


def new_settings(desired: DesiredCluster, node: NodeObserved) -> bool:
    """Whether ha.cf is not as it is meant to be on the node."""
    file = node.file(HA_CF)
    return file is None or file.text != str(heartbeat.ha_cf(desired, desired.node(node.node)).content)


def new_times(desired: DesiredCluster, node: NodeObserved) -> dict[str, tuple[str, str]]:
    """Give the times that differ: name, what stands in the file, what is meant to."""
    file = node.file(HA_CF)
    old = dict(line.split(" ", 1) for line in ((file.text if file else None) or "").splitlines() if " " in line)
    wanted = {name: str(getattr(desired.heartbeat, name)) for name in TIMES}
    return {name: (old.get(name, "none"), value) for name, value in wanted.items() if old.get(name) != value}


def keys_known(desired: DesiredCluster, observed: Mapping[str, NodeObserved], node: NodeObserved) -> bool:
    """authkeys is secret: it is trusted when our ha.cf stands beside it and no other digest is on the peer."""
    digests = {file.sha256 for seen in observed.values() if (file := seen.file(AUTHKEYS)) and file.sha256}
    return signed(desired, node, HA_CF) and len(digests) == 1


def keys_stand(desired: DesiredCluster, observed: Mapping[str, NodeObserved], node: NodeObserved) -> bool:
    file = node.file(AUTHKEYS)
    there = file is not None and file.sha256 is not None and file.mode in ("", "0600", "600")
    return there and keys_known(desired, observed, node)


def under_way(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    yield from manager(desired, observed)
    for node in observed.values():
        file = node.file(NFS_CONF)
        if node.nfsd_threads and (file is None or file.text != str(nfs.settings(desired).content)):
            yield warning(
                "nfs.not-live", f"The NFS server of {node.node} takes new threads, grace and lease at its next start only.", node=node.node,
                hint="That is the next time the service group moves. Until then the old ones hold.", hazard=9,
            )  # fmt: skip


def manager(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    """What a running Heartbeat would take, and what it must not."""
    running = [observed[node.name] for node in desired.nodes if manager_runs(observed.get(node.name))]
    for node in running:
        if new_settings(desired, node):
            yield _taking(desired, observed, node)
        elif not keys_stand(desired, observed, node):
            yield warning(
                "heartbeat.keys-later", f"{AUTHKEYS} is written on {node.node}; the running Heartbeat keeps the key that it has.", node=node.node,
                hint="It reads the file at its next start. Both nodes get the same one.", hazard=20,
            )  # fmt: skip


def _taking(desired: DesiredCluster, observed: Mapping[str, NodeObserved], node: NodeObserved) -> Finding:
    if shared := _shared_differs(desired, node):
        return blocker(
            "heartbeat.not-live", f"Heartbeat on {node.node} cannot take this while it runs: {shared}.", node=node.node, hazard=2,
            hint="Until both nodes have it they do not hear each other, and both would take over. Keep what was, or stop the service: "
            "stop Heartbeat on both nodes, the standby node first, and plan again.",
            fix="systemctl stop heartbeat.service",
        )  # fmt: skip
    if not keys_stand(desired, observed, node):
        return blocker(
            "heartbeat.keys-not-live", f"{AUTHKEYS} on {node.node} is not the peer's, and Heartbeat would read it together with its new times.",
            hint="With two keys the nodes do not hear each other. Put the file right by hand first: the peer's, mode 0600.",
            fix=f"sha256sum {AUTHKEYS}", node=node.node, hazard=20,
        )  # fmt: skip
    times = [f"{name} {old} → {new}" for name, (old, new) in new_times(desired, node).items()]
    return warning(
        "heartbeat.reload",
        f"Heartbeat on {node.node} restarts in place, keeping what it holds, to take {', '.join(times) or 'its new file'}.",
        hint="While it does, it answers no failure of the peer. Choose a quiet hour.",
        node=node.node,
    )


def _shared_differs(desired: DesiredCluster, node: NodeObserved) -> str:
    """Say in which lines that both nodes must share the file differs from what is meant."""
    file = node.file(HA_CF)
    if file is None or file.text is None:
        return f"{HA_CF} is not there, so nobody can see what it runs with"
    wanted = _lines(str(heartbeat.ha_cf(desired, desired.node(node.node)).content))
    seen = _lines(file.text)
    gone, new = (", ".join(sorted(lines)) or "nothing" for lines in (seen - wanted, wanted - seen))
    return f"{gone} → {new}" if seen != wanted else ""


def _lines(text: str) -> set[str]:
    return {line for line in text.splitlines() if line.split(" ", 1)[0] in SHARED}
