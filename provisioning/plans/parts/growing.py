"""What all changes of a volume in service look at: the volume as LVM shows it, its snapshots, room in the group. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from clusters.findings import Finding, blocker, fine
from clusters.rules.names import OF_A_CHECK
from clusters.states import ConnectionState, DiskState
from provisioning.checks.disks import EXTENT
from provisioning.desired import DesiredCluster
from provisioning.observed import LogicalVolume, NodeObserved, VolumeGroup
from provisioning.plans.parts import words
from provisioning.steps import Command, Expect, Guard, Wait, cmd

LEFT = "A check that broke off left it. Check the file system again, which removes it."
GONE = "Plan again when the volume is there."


def rounded(size: int, group: VolumeGroup | None) -> int:
    """LVM gives whole extents."""
    extent = (group.extent_size if group else 0) or EXTENT
    return -(-size // extent) * extent


def ask_size(vg: str, lv: str) -> Command:
    return cmd("lvs", "--noheadings", "--units", "b", "--nosuffix", "--options", "lv_size", f"{vg}/{lv}")


def size_is(vg: str, lv: str, size: int) -> Guard:
    return Guard(f"{vg}/{lv} still has {size} bytes", ask_size(vg, lv), Expect(one_of=(str(size),)))


def see_size(vg: str, lv: str, size: int) -> Wait:
    return Wait(f"{vg}/{lv} has {size} bytes", ask_size(vg, lv), Expect(one_of=(str(size),)), bound=30)


def role_is(resource: str, *roles: str) -> Guard:
    return Guard(
        f"{resource} is {roles[0].partition('/')[0]} here",
        cmd("drbdadm", "role", resource),
        Expect(one_of=roles),
    )


def both_good(resource: str) -> tuple[Guard, Guard]:
    return (
        Guard("both copies are UpToDate", cmd("drbdadm", "dstate", resource), Expect(one_of=("UpToDate/UpToDate",))),
        Guard("they are connected", cmd("drbdadm", "cstate", resource), Expect(one_of=("Connected",))),
    )


def redundant(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> bool:
    """Whether both nodes say that both copies are good and that they see each other."""
    replicas = [node.replica(desired.resource.name) for node in observed.values()]
    return len(replicas) == 2 and all(
        r is not None
        and r.disk is DiskState.UP_TO_DATE
        and r.peer_disk is DiskState.UP_TO_DATE
        and r.connection is ConnectionState.CONNECTED
        and not (r.replication and r.replication.resyncing)
        for r in replicas
    )


def of_a_check(volume: str) -> str:
    """Name the snapshot in which a check looks at a volume. It is gone when the check ends."""
    return f"{volume}-{OF_A_CHECK}"


def no_snapshots(node: NodeObserved, vg: str, name: str, why: str, known: Iterable[str] = ()) -> Iterator[Finding]:
    """Refuse while snapshots of the volume exist: those LVM shows as its own, and `known` ones of which it forgot that."""
    snapshots = sorted({lv.name for lv in node.snapshots_of(vg, name)} | set(known))
    if snapshots:
        yield blocker(
            "volume.has-snapshots",
            f"{name} has {words.counted(len(snapshots), 'snapshot')}: {words.listed(snapshots)}.",
            hint=LEFT if snapshots == [of_a_check(name)] else why,
            fix=f"lvs --select origin={name} {vg}",
            node=node.node,
        )
    else:
        yield fine("volume.no-snapshots", f"{name} has no snapshot")


def fits(group: VolumeGroup, lv: LogicalVolume, size: int) -> Finding:
    more = size - lv.size
    if more > group.free:
        return blocker(
            "volume.no-room",
            f"{lv.name} needs {words.size(more)} more; {group.name} has {words.size(group.free)} free.",
            hint="Make it less, make the pair's device larger, or make room in the group.",
        )
    return fine(
        "volume.fits", f"{group.name} has {words.size(group.free)} free, {words.size(group.free - more)} afterwards"
    )
