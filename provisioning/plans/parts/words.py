"""Sentences of plans: what is true now, what will be, sizes as people write them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusters.figures import listed as listed
from clusters.findings import Finding, blockers
from provisioning.checks.export_line import unreached
from provisioning.desired import BackingKind, DesiredCluster
from provisioning.ha.base import active_node
from provisioning.observed import NodeObserved
from provisioning.steps import Kind, Step

UNITS = (("TiB", 1024**4), ("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))


def size(count: int) -> str:
    """Write bytes with the unit that suits them: 40 GiB, 1.5 GiB, 200 MiB."""
    for unit, factor in UNITS:
        if count >= factor:
            return f"{count / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"


IDLE = "Nothing is changed: both nodes have it as it is asked for."


def idle(steps: Sequence[Step], findings: Sequence[Finding], *, same: bool) -> bool:
    """Whether a change is none: the panel knows it so (`same`), and so do both nodes, as far as they were read and nothing is in the way."""
    return same and bool(steps) and not any(step.runs for step in steps) and not blockers(findings)


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def provision_title(name: str, *, in_service: bool) -> str:
    return f"Compare {name} with what it is meant to be and mend it" if in_service else f"Set up {name}"


def provision_summary(desired: DesiredCluster, steps: Sequence[Step]) -> str:
    todo = [step for step in steps if step.runs]
    if steps and not todo:
        return "Everything is as it should be. Nothing would run."
    if desired.in_service:
        return _mending(todo, len(steps) - len(todo))
    names = listed([node.name for node in desired.nodes])
    what = (
        f"{names} become a pair: DRBD, {counted(len(desired.volumes), 'volume')}, {counted(len(desired.exports), 'export')} "
        f"behind {desired.service_ip}."
    )
    done = len(steps) - len(todo)
    already = f" {counted(done, 'step is', 'steps are')} done already." if done else ""
    destroys = any(step.kind is Kind.DESTROYS for step in todo)
    danger = " The chosen disks are overwritten." if destroys else " No disk is overwritten."
    return f"{what} {counted(len(todo), 'step')}.{already}{danger}"


def _mending(todo: Sequence[Step], done: int) -> str:
    destroys = any(step.kind is Kind.DESTROYS for step in todo)
    danger = "The chosen disks are overwritten." if destroys else "No disk is overwritten."
    mends = f"{counted(len(todo), 'step mends', 'steps mend')} what differs" if todo else "Nothing could be compared"
    return f"{mends}; {counted(done, 'step is', 'steps are')} done already. {danger}"


def provision_after(desired: DesiredCluster) -> str:
    if desired.in_service:
        names = " and ".join(node.name for node in desired.nodes)
        served = listed([volume.mount_point for volume in desired.volumes]) or "no volume yet"
        return (
            f"{names} are as {desired.name} is meant to be, with {served} at {desired.service_ip}. Both nodes start and fail over "
            f"without this panel. {start_up(desired)}"
        )
    source, target = desired.first_source, desired.peer(desired.first_source).name
    mounts = listed([volume.mount_point for volume in desired.volumes]) or "no volume yet"
    return (
        f"{source} serves {mounts} at {desired.service_ip}; {target} is ready to take over once the first copy is complete. "
        f"Until then the data is on {source} only. Both nodes start and fail over without this panel. {start_up(desired)}"
    )


def start_up(desired: DesiredCluster) -> str:
    """Say in words what a booting node does (row 27)."""
    r = desired.resource
    wait = "for ever" if r.wfc_timeout == 0 else f"{r.wfc_timeout} s"
    return (
        f"A node that boots waits {wait} for its peer, and at most {r.degr_wfc_timeout} s when it was the last one serving "
        "and knows the other copy to be older; a copy that may be the older one is never served without a person."
    )


def now(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> str:
    active = active_node(desired, observed)
    if active:
        return f"{active} holds the service group at {desired.service_ip}. {_copies(desired, observed[active])}"
    return " ".join(_node_now(desired, node.name, observed.get(node.name)) for node in desired.nodes)


def _copies(desired: DesiredCluster, node: NodeObserved) -> str:
    replica = node.replica(desired.resource.name)
    if replica is None:
        return ""
    if replica.disk == replica.peer_disk == "UpToDate":
        return "Both copies are UpToDate."
    return f"Its copy is {replica.disk or 'unknown'}, the other one {replica.peer_disk or 'unknown'}."


def _node_now(desired: DesiredCluster, name: str, node: NodeObserved | None) -> str:
    if node is None:
        return f"{name} was not read."
    backing = desired.node(name).backing
    disk = node.disk(backing.disk)
    replica = node.replica(desired.resource.name)
    carries = "an empty disk" if disk and not (disk.fstype or disk.children) else "a disk that carries something"
    where = f"{backing.disk}, {size(disk.size) if disk else 'not seen'}, {carries}"
    kind = "as a volume of a local group" if backing.kind is BackingKind.LV else "as a whole"
    drbd = f"DRBD is {replica.role or 'up'}, {replica.disk}" if replica else "DRBD is not set up"
    return f"{name} gives {where}, {kind}; {drbd}."


def can_mount(desired: DesiredCluster, clients: Sequence[str], path: str) -> str:
    """Say who can, without those that its findings say cannot."""
    away = unreached(desired, clients)
    reach = [client for client in clients if client not in away]
    return f"{listed(reach) if reach else 'Nobody yet'} can mount {desired.service_ip}:{path}"
