"""Volumes beside where they are: what the service group names and LVM does not have, and what is mounted at a second place. Pure.

Both are what a change of a volume's name or place leaves when it breaks off. LVM shows a volume only on the node that is Primary.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from clusters.findings import Finding, blocker, warning
from clusters.states import Role
from provisioning.checks.ours import signed
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.observed import NodeObserved
from provisioning.observed.storage import Mount
from provisioning.render.heartbeat import CLOSING
from provisioning.render.lvm import mapper
from provisioning.render.paths import HARESOURCES


def members(text: str) -> list[tuple[str, str]]:
    """Device and directory of each volume in a service group's line, Filesystem::device::directory::type; what closes opened snapshots is none."""
    parts = (word.split("::") for word in text.split() if word != CLOSING)
    return [(each[1], each[2]) for each in parts if each[0] == "Filesystem" and len(each) > 2]


def unnamed(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """A group that names a volume which is not there starts nothing, on either node."""
    file, vg = node.file(HARESOURCES), desired.resource.vg
    # LVM's programs are asked one after the other: without the group, what they said may be of a moment in a switchover.
    if not _primary(desired, node) or node.vg(vg) is None or file is None or not file.text:
        return
    for device, _ in members(file.text):
        group, _, name = device.removeprefix("/dev/").partition("/")
        if group == vg and node.lv(vg, name) is None:
            yield warning(
                "group.names-missing", f"The service group in {HARESOURCES} of {node.node} names {device}, which is not there.", node=node.node,
                hazard=20, hint="A failover would start nothing. A change of the volume's name that broke off leaves this: plan it again.",
                fix=f"lvs {vg}",
            )  # fmt: skip


def undescribed(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], own: Collection[str] = ()
) -> Iterator[Finding]:
    """A reason not to write the service group anew: a place in it that no volume here has would go, and with it the volume at the next failover.
    `own`: mount points of the volume that the plan is about."""
    points = {volume.mount_point for volume in desired.volumes} | set(own)
    for node in observed.values():
        file = node.file(HARESOURCES) if signed(desired, node, HARESOURCES) else None
        for device, point in members((file.text if file else None) or ""):
            if point not in points:
                yield blocker(
                    "group.names-other", f"The service group in {HARESOURCES} of {node.node} has {device} at {point}; no volume here is there.",
                    hint="A change of a volume that broke off leaves this: plan that again first. This job would write over it.",
                    node=node.node, fix=f"grep Filesystem {HARESOURCES}", hazard=20,
                )  # fmt: skip


def elsewhere(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> list[Mount]:
    """Where else a volume is mounted. The kernel goes on showing the name it was mounted by, so places of others do not count."""
    vg, points = desired.resource.vg, {each.mount_point for each in (*desired.volumes, volume)}
    names = (f"/dev/{vg}/{volume.name}", mapper(vg, volume.name))
    return [mount for mount in node.mounts or () if mount.source in names and mount.target not in points]


def twice(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    for volume in desired.volumes:
        for mount in elsewhere(desired, node, volume):
            text, hint, fix = _second(node, volume, mount)
            yield warning("volume.mounted-elsewhere", text, hint=hint, fix=fix, node=node.node, hazard=18)


def in_the_way(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume | None) -> Iterator[Finding]:
    """Unmounted at its own place it would still be in use."""
    for mount in elsewhere(desired, node, volume) if volume else ():
        text, hint, fix = _second(node, volume, mount)
        yield blocker("volume.mounted-elsewhere", text, hint=hint, fix=fix, node=node.node, hazard=18)


def _second(node: NodeObserved, volume: DesiredVolume | None, mount: Mount) -> tuple[str, str, str]:
    """What the service group names or what is exported there must not be unmounted: that move is nearly done."""
    file = node.file(HARESOURCES)
    named = mount.target in (directory for _, directory in members((file.text if file else None) or ""))
    live = named or any(f"{export.path}/".startswith(f"{mount.target}/") for export in node.exports or ())
    text = f"{volume.name if volume else 'It'} is mounted at {mount.target} on {node.node}, too."
    again = "A move that did not end leaves this: plan it again."
    if live:
        return text, again, ""
    return (
        text,
        f"{again} Otherwise unmount it: a node that cannot release a volume is restarted.",
        f"umount {mount.target}",
    )


def lost(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    """A volume in service that LVM does not have: under another name it would be lost from the group, or be made once more, empty."""
    for node in observed.values():
        for volume in desired.volumes if _primary(desired, node) and node.lvs is not None else ():
            if node.lv(desired.resource.vg, volume.name) is None:
                yield blocker(
                    "volume.gone", f"{desired.resource.vg} on {node.node} has no volume {volume.name}.", node=node.node, hazard=20,
                    hint="If a change of its name broke off, plan that again. If somebody renamed it, give it its name back.",
                    fix=f"lvs {desired.resource.vg}",
                )  # fmt: skip


def _primary(desired: DesiredCluster, node: NodeObserved) -> bool:
    replica = node.replica(desired.resource.name)
    return replica is not None and replica.role is Role.PRIMARY
