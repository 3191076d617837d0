"""Reasons not to change a running pair: nobody or both serve, a node is silent, the copies are apart (rows 7, 14, 20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusters.findings import Finding, blocker, fine, warning
from clusters.states import ConnectionState, DiskState
from provisioning.checks.ours import manager_is_ours
from provisioning.checks.placed import lost
from provisioning.checks.settings import new_settings
from provisioning.desired import DesiredCluster
from provisioning.ha.base import Backend, active_node
from provisioning.observed import NodeObserved
from provisioning.render.paths import EXPORTS, EXPORTS_DIRECTORY, FOREIGN_EXPORTS, HARESOURCES, SNAPSHOT_EXPORTS


def running(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend, *, alone: bool = False
) -> list[Finding]:
    """`alone`: the plan changes what lies on the replicated device only, so the node that serves is enough."""
    silent = [node.name for node in desired.nodes if node.name not in observed]
    if silent and not (alone and len(silent) == len(observed) == 1):
        hint = "Both nodes get the same files; a change needs both."
        return [blocker("node.not-read", f"{name} was not read.", hint=hint, node=name) for name in silent]
    findings = [*_service(desired, observed, backend)]
    if silent:
        findings += _without(desired, observed[desired.peer(silent[0]).name], silent[0])
    else:
        findings += _copies(desired, observed)
    findings += _files(desired, observed)
    findings += lost(desired, observed)
    return findings


def _service(desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Iterator[Finding]:
    active = active_node(desired, observed)
    if active is None:
        yield blocker(
            "service.nowhere",
            "No node holds the whole service group.",
            hint="Bring the service back first; the cluster page says what is missing.",
        )
    else:
        yield fine("service.active", f"{active} holds the service group")
    for node in observed.values():
        if not backend.running(node):
            yield warning(
                "manager.not-running", f"Heartbeat does not run on {node.node}.", node=node.node,
                hint="A failover would not work. The change is made all the same.", fix="systemctl start heartbeat.service",
            )  # fmt: skip
        elif manager_is_ours(desired, node) and new_settings(desired, node):
            yield warning(
                "manager.settings-differ", f"Heartbeat's times or paths on {node.node} are not those set for {desired.name}.", node=node.node,
                hint="This job leaves them alone. Plan the set-up again to change them.", hazard=20,
            )  # fmt: skip


def _copies(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    replicas = [observed[node.name].replica(desired.resource.name) for node in desired.nodes]
    if any(replica is None for replica in replicas):
        yield blocker(
            "drbd.unseen", f"{desired.resource.name} was not seen on both nodes.", hint="Read both nodes again."
        )
        return
    both = all(r and r.disk is DiskState.UP_TO_DATE and r.connection is ConnectionState.CONNECTED for r in replicas)
    if both:
        yield fine("drbd.redundant", "Both copies are UpToDate and connected")
        return
    yield not_redundant(desired.resource.name)


def _without(desired: DesiredCluster, node: NodeObserved, silent: str) -> Iterator[Finding]:
    """One node for both: its own copy must be good, and what it knows of the other one is said."""
    replica = node.replica(desired.resource.name)
    if replica is None or replica.disk is not DiskState.UP_TO_DATE:
        text = f"{silent} was not read, and the copy of {node.node} is {replica.disk if replica else 'not seen'}."
        yield blocker("node.not-read", text, node=silent, hint="With one node alone its copy must be UpToDate.")
        return
    if replica.connection is ConnectionState.CONNECTED:
        hint = "DRBD still reaches it, so its copy gets the change. Only the panel does not."
    elif replica.peer_disk is DiskState.OUTDATED:
        hint = "Its copy is marked Outdated, so it does not take over; it gets the change when it is back."
    else:
        hint = (
            f"If it serves as well, the copies part, and what is changed now may be thrown away: make sure that it is off. "
            f"Otherwise it gets the change when {desired.resource.name} is connected again."
        )
    yield warning("node.not-read", f"{silent} was not read.", hint=hint, node=silent, hazard=14)
    if not (replica.connection is ConnectionState.CONNECTED and replica.peer_disk is DiskState.UP_TO_DATE):
        yield not_redundant(desired.resource.name)


def not_redundant(resource: str) -> Finding:
    text = f"{resource} is not redundant now."
    hint = "What is written goes to one copy until the other has caught up."
    return warning("drbd.not-redundant", text, hint=hint, hazard=23)


def _files(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    """The manager's files must be ours and the same on both nodes, or a change would hide a difference (row 20)."""
    for node in observed.values():
        if not manager_is_ours(desired, node):
            yield blocker(
                "manager.not-ours", f"Heartbeat's files on {node.node} were not written for {desired.name}.", node=node.node,
                hint="Set the pair up again, or put them right by hand.", hazard=20,
            )  # fmt: skip
    for path in (HARESOURCES, EXPORTS):
        digests = {file.sha256 for node in observed.values() if (file := node.file(path))}
        if len(digests) > 1:
            yield warning(
                "file.differs", f"{path} differs between the nodes.", hint="This job writes the same file on both.", hazard=20,
                fix=f"sha256sum {path}",
            )  # fmt: skip
    main = {file.sha256 for node in observed.values() if (file := node.file(FOREIGN_EXPORTS))}
    beside = {_beside(node) for node in observed.values() if node.export_files is not None}
    if len(main) > 1 or len(beside) > 1:
        what = FOREIGN_EXPORTS if len(main) > 1 else f"What others wrote into {EXPORTS_DIRECTORY}"
        yield warning(
            "file.differs", f"{what} differs between the nodes.", hazard=20, fix=f"sha256sum {FOREIGN_EXPORTS} {EXPORTS_DIRECTORY}/*",
            hint="The panel leaves it alone. A failover changes what of it is exported: make it the same on both.",
        )  # fmt: skip


def _beside(node: NodeObserved) -> tuple[tuple[str, str], ...]:
    """The files of others; which snapshots are open is each node's own."""
    return tuple(file for file in node.export_files or () if file[0] != SNAPSHOT_EXPORTS)
