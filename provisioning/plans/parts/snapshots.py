"""What the plans about snapshots share: the questions to LVM, reasons not to, and the steps that take one or remove it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, fine, warning
from clusters.states import Role
from provisioning.checks import spelling
from provisioning.checks.known import gaps
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster, DesiredSnapshot
from provisioning.ha.base import Backend
from provisioning.observed import LogicalVolume, NodeObserved
from provisioning.plans.parts import thin, words
from provisioning.render import snapshots as render
from provisioning.render.lvm import mapper
from provisioning.steps import Command, Expect, Guard, Kind, Stage, Step, Wait, cmd, unchanged

MANY = (
    8  # snapshots of one volume from which its writes are noticeably slower: each first change is copied into every one
)

LITTLE = 100  # a snapshot with less room than this part of its volume is soon full when anything is written

TAKEN = "storagepanel.snapshot"  # tag of a thin one: LVM forgets of which volume it is once that was rolled back


def with_one(desired: DesiredCluster, snapshot: DesiredSnapshot) -> DesiredCluster:
    """Give the pair with this snapshot in the place of the one of its name, if there is one."""
    others = tuple(s for s in desired.snapshots if (s.volume, s.name) != (snapshot.volume, snapshot.name))
    return replace(desired, snapshots=(*others, snapshot))


def ready(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend, *, alone: bool = False
) -> list[Finding]:
    """Reasons against any plan about snapshots: an ill-formed wish, a pair that does not run, facts that were not seen."""
    findings = [*spelling.cluster(desired), *running(desired, observed, backend, alone=alone)]
    return findings + [gap for node in observed.values() for gap in gaps(node)]


def ill_formed(findings: Iterable[Finding]) -> bool:
    return any(finding.code == "spelling.refused" for finding in findings)


def holder(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> str | None:
    """Name the node that is Primary and has the service IP: where the group is, also while its NFS server is stopped by a job of ours."""
    found = [
        name
        for name, node in observed.items()
        if (replica := node.replica(desired.resource.name)) is not None
        and replica.role is Role.PRIMARY
        and node.holds(desired.service_ip)
    ]
    return found[0] if len(found) == 1 else None


def seen(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> LogicalVolume | None:
    lv = node.lv(desired.resource.vg, snapshot.lv)
    if lv is None or not (lv.origin == snapshot.volume or (lv.pool and TAKEN in lv.tags)):
        return None
    return lv


def lvs_of(desired: DesiredCluster, node: NodeObserved, volume: str) -> list[str]:
    """Name those of a volume that are there, also when LVM forgot whose they are."""
    return [one.lv for one in desired.snapshots if one.volume == volume and seen(desired, node, one)]


def whole(snapshot: DesiredSnapshot, lv: LogicalVolume) -> Finding:
    used = "" if lv.pool else f", {lv.filled or 0:.0f} % of its room used"
    return fine("snapshot.whole", f"{snapshot.name} is whole{used}")


def pool_of(desired: DesiredCluster, node: NodeObserved, volume: str) -> str:
    """Name the thin pool that a volume, and with it each of its snapshots, takes its room from; "" for a thick one."""
    lv = node.lv(desired.resource.vg, volume)
    return lv.pool if lv is not None else ""


def taking_back(desired: DesiredCluster, node: NodeObserved, volume: str) -> bool:
    """Whether the volume takes a snapshot back right now; LVM hides that snapshot meanwhile."""
    origin = node.lv(desired.resource.vg, volume)
    return origin is not None and origin.merging


def is_snapshot(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> Guard:
    """LVM prints the origin, and beside it that the snapshot is invalid, if it is."""
    if pool_of(desired, node, snapshot.volume):
        return is_whole(desired, node, snapshot)
    return is_of(desired, snapshot)


def is_of(desired: DesiredCluster, snapshot: DesiredSnapshot) -> Guard:
    return Guard(
        f"{snapshot.lv} is a snapshot of {snapshot.volume}",
        cmd("lvs", "--noheadings", "--options", "origin", f"{desired.resource.vg}/{snapshot.lv}"),
        Expect(one_of=(snapshot.volume,)),
    )


def is_whole(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> Guard:
    """A thin one cannot run full by itself; that it is one of the panel's own is read from its tag."""
    if pool_of(desired, node, snapshot.volume):
        return Guard(
            f"{snapshot.lv} is a thin snapshot that this panel took",
            cmd("lvs", "--noheadings", "--options", "lv_tags", f"{desired.resource.vg}/{snapshot.lv}"),
            Expect(one_of=(TAKEN,)),
        )
    return Guard(
        f"{snapshot.lv} is a snapshot of {snapshot.volume} and did not run full",
        cmd("lvs", "--noheadings", "--options", "origin,lv_snapshot_invalid", f"{desired.resource.vg}/{snapshot.lv}"),
        Expect(one_of=(snapshot.volume,)),
    )


def gone(desired: DesiredCluster, snapshot: DesiredSnapshot, *, bound: int, says: str) -> Wait:
    vg = desired.resource.vg
    command = cmd("lvs", "--noheadings", "--all", "--options", "lv_name", "--select", f"lv_name={snapshot.lv}", vg)
    return Wait(says, command, Expect(one_of=("",)), bound=bound)


def take(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> list[Step]:
    vg, pool = desired.resource.vg, pool_of(desired, node, snapshot.volume)
    whole = is_whole(desired, node, snapshot)
    make = Step(
        node=node.node,
        title=f"Take the snapshot {snapshot.name} of {snapshot.volume}",
        kind=Kind.WRITES,
        stage=Stage.VOLUMES,
        guards=(
            Guard(
                f"{vg} has no volume {snapshot.lv}",
                cmd("lvs", "--noheadings", "--options", "lv_name", "--select", f"lv_name={snapshot.lv}", vg),
                Expect(one_of=("",)),
            ),
        ),
        commands=(
            cmd("lvcreate", "--yes", "--snapshot", *_room(snapshot, pool), "--name", snapshot.lv, f"{vg}/{snapshot.volume}", timeout=120),
        ),
        note="The device mapper freezes the file system for this moment: what was written before is whole in it. "
        f"Way back: lvremove {vg}/{snapshot.lv}.",
    )  # fmt: skip
    look = Step(
        node=node.node,
        title="See it",
        kind=Kind.WAITS,
        stage=Stage.SERVE,
        wait=Wait(f"{snapshot.lv} is a snapshot of {snapshot.volume}", whole.command, whole.expect, bound=10),
    )
    if seen(desired, node, snapshot) is not None:
        return [unchanged(make, "it was taken"), unchanged(look, "it is there")]
    return [make, look]


def _room(snapshot: DesiredSnapshot, pool: str) -> tuple[str, ...]:
    """A size would make a thick snapshot even of a thin volume. A thin one stays out of the way until it is opened: it is not activated."""
    return ("--setactivationskip", "y", "--addtag", TAKEN) if pool else ("--size", f"{snapshot.size}b")


def activated(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> tuple[Command, ...]:
    """A thin snapshot is passed over when the group is activated, so that a failover spends no time on it."""
    if not pool_of(desired, node, snapshot.volume):
        return ()
    name = f"{desired.resource.vg}/{snapshot.lv}"
    return (cmd("lvchange", "--activate", "y", "--ignoreactivationskip", name, timeout=120),)


def deactivated(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> tuple[Command, ...]:
    if not pool_of(desired, node, snapshot.volume):
        return ()
    return (cmd("lvchange", "--activate", "n", f"{desired.resource.vg}/{snapshot.lv}", timeout=120),)


def remove(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, *, note: str = "") -> list[Step]:
    steps = removal(desired, node, snapshot, note=note)
    if seen(desired, node, snapshot) is None:
        return [unchanged(step, "it is not there") for step in steps]
    return steps


def removal(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, *, note: str = "") -> list[Step]:
    vg = desired.resource.vg
    drop = Step(
        node=node.node,
        title=f"Remove the snapshot {snapshot.name} of {snapshot.volume}",
        kind=Kind.DESTROYS,
        stage=Stage.TIDY,
        guards=(is_snapshot(desired, node, snapshot),),
        commands=(cmd("lvremove", "--yes", f"{vg}/{snapshot.lv}", timeout=120),),
        assumes=(f"{snapshot.lv} is a snapshot of {snapshot.volume}",),
        note=note or "No way back. The volume itself is not touched.",
    )
    look = Step(
        node=node.node,
        title="See it gone",
        kind=Kind.WAITS,
        stage=Stage.TIDY,
        wait=gone(desired, snapshot, bound=30, says=f"{vg} has no volume {snapshot.lv}"),
    )
    return [drop, look]


def volume_ready(desired: DesiredCluster, node: NodeObserved, volume: str) -> list[Finding]:
    """Reasons not to take a snapshot of this volume, whatever its size."""
    vg = desired.resource.vg
    if desired.volume(volume) is None:
        return [blocker("snapshot.no-volume", f"There is no volume {volume}.", hint="Take one that exists.")]
    if (origin := node.lv(vg, volume)) is None:
        return [blocker("volume.unseen", f"{vg}/{volume} was not seen on {node.node}.", hint="Read the node again.", node=node.node)]  # fmt: skip
    if origin.merging:
        return [
            blocker("snapshot.merging", f"{volume} is being rolled back to a snapshot right now.", node=node.node,
                    hint="Wait until that has ended.", fix=f"lvs {vg}")
        ]  # fmt: skip
    return []


def fits(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    node: NodeObserved,
    snapshot: DesiredSnapshot,
    freed: int = 0,
) -> list[Finding]:
    if seen(desired, node, snapshot) is not None:
        return []
    if pool := pool_of(desired, node, snapshot.volume):
        more = getattr(node.lv(desired.resource.vg, snapshot.volume), "size", 0)
        name = desired.resource.vg
        return [*thin.ready(observed, node, name, pool), *thin.promise(node, name, pool, more)]
    vg = node.vg(desired.resource.vg)
    if vg is None:
        text = f"The volume group {desired.resource.vg} was not seen on {node.node}."
        return [blocker("vg.unseen", text, hint="Read the node again.", node=node.node)]
    extent = vg.extent_size or 1
    need = -(-snapshot.size // extent) * extent
    if need > vg.free + freed:
        return [
            blocker("snapshot.no-room", f"{snapshot.name} needs {words.size(need)}; {vg.name} has {words.size(vg.free)} free.",
                    hint="Reserve less, or delete a snapshot.")
        ]  # fmt: skip
    found = [fine("snapshot.fits", f"{vg.name} has {words.size(vg.free)} free")]
    others = len(node.snapshots_of(vg.name, snapshot.volume))
    if others + 1 >= MANY:
        found.append(
            warning("snapshot.many", f"{snapshot.volume} has {words.counted(others, 'snapshot')} already.",
                    hint="The first change of each block is copied into every one of them: writing becomes slower with each.")
        )  # fmt: skip
    return found


def little(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> list[Finding]:
    """Warn of one that is lost as soon as anything much is written."""
    origin = node.lv(desired.resource.vg, snapshot.volume)
    if origin is None or origin.pool or snapshot.size * LITTLE >= origin.size or seen(desired, node, snapshot):
        return []
    text = f"{words.size(snapshot.size)} is less than {100 // LITTLE} % of {snapshot.volume}, which has {words.size(origin.size)}."
    return [
        warning(
            "snapshot.little", text, hint="It is lost when more than that changes in the volume. Give it more room."
        )
    ]


def mounted_elsewhere(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> list[Finding]:
    """A snapshot that is mounted can be neither removed nor merged."""
    names = (render.device(desired, snapshot), mapper(desired.resource.vg, snapshot.lv))
    point = next((mount.target for mount in node.mounts or () if mount.source in names), None)
    if point is None:
        return []
    hint = "Close it first." if point == render.path(snapshot) else "Somebody mounted it by hand."
    return [
        blocker("snapshot.mounted", f"{snapshot.name} is mounted at {point} on {node.node}.", node=node.node, hint=hint, fix=f"umount {point}")
    ]  # fmt: skip
