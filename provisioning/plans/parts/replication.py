"""The DRBD resource: its file, its metadata, the connection, and the direction of the first copy. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusters.states import ConnectionState, DiskState, Role
from provisioning.checks.ours import finished_once, has_generation, has_metadata, resource_is_ours
from provisioning.desired import BackingKind, DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.plans.parts.backing import empty_disk, unsigned
from provisioning.plans.parts.writing import write
from provisioning.render import drbd
from provisioning.render.paths import resource_file
from provisioning.steps import Expect, Guard, Kind, Stage, Step, Wait, cmd, unchanged

CONNECTED = ("Connected", "SyncSource", "SyncTarget", "PausedSyncS", "PausedSyncT", "VerifyS", "VerifyT")
FRESH = "0000000000000004:0000000000000000:"  # the generation that create-md gives: no data was ever written


def steps(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Step]:
    for node in desired.nodes:
        yield _file(desired, observed, node.name)
    for node in desired.nodes:
        yield _metadata(desired, observed[node.name])
        yield _up(desired, observed[node.name])
    yield _connect(desired, observed)
    yield from _first_copy(desired, observed)


def _file(desired: DesiredCluster, observed: Mapping[str, NodeObserved], name: str) -> Step:
    """The file holds a secret, so it is compared by digest with the peer's: both must be the same, and known to DRBD as ours."""
    node, path = observed[name], resource_file(desired.resource.name)
    digests = {file.sha256 for seen in observed.values() if (file := seen.file(path)) and file.sha256}
    return write(
        node,
        [drbd.resource(desired)],
        title=f"Write the resource {desired.resource.name}",
        stage=Stage.RESOURCE,
        load=cmd("drbdadm", "sh-dev", desired.resource.name),
        trusted=(path,) if resource_is_ours(desired, node) and len(digests) == 1 else (),
    )


def _metadata(desired: DesiredCluster, node: NodeObserved) -> Step:
    backing = desired.node(node.node).backing
    whole = backing.kind is BackingKind.DISK
    step = Step(
        node=node.node,
        title=f"Write DRBD's metadata on {backing.device}",
        kind=Kind.DESTROYS,
        stage=Stage.RESOURCE,
        guards=empty_disk(backing) if whole else (unsigned(backing.device),),
        commands=(cmd("drbdadm", "create-md", desired.resource.name, timeout=300),),
        assumes=(f"{node.node}: {backing.device} on {backing.disk_serial} is empty and has no DRBD metadata",),
        note="No way back for what is on it; it was seen to be empty.",
    )
    return unchanged(step, "the metadata is there") if has_metadata(desired, node) else step


def _up(desired: DesiredCluster, node: NodeObserved) -> Step:
    r = desired.resource
    step = Step(
        node=node.node,
        title=f"Bring {r.name} up",
        kind=Kind.WRITES,
        stage=Stage.RESOURCE,
        commands=(cmd("drbdadm", "up", r.name, timeout=120),),
        note=f"Way back: drbdadm down {r.name}.",
    )
    replica = node.replica(r.name)
    up = replica is not None and replica.disk not in (None, DiskState.DISKLESS)
    return unchanged(step, f"it is up, {replica.disk}") if up and replica is not None else step


def _connect(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Step:
    r = desired.resource
    step = Step(
        node=desired.first_source,
        title="Wait for the connection",
        kind=Kind.WAITS,
        stage=Stage.CONNECT,
        wait=Wait("both copies see each other", cmd("drbdadm", "cstate", r.name), Expect(one_of=CONNECTED), bound=90),
    )
    replicas = [observed[node.name].replica(r.name) for node in desired.nodes]
    if all(replica is not None and replica.connection is ConnectionState.CONNECTED for replica in replicas):
        return unchanged(step, "they are connected")
    return step


def _first_copy(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Step]:
    """Force one side Primary, once in the life of a pair: both copies must be fresh, which is asked on both nodes right before (row 13)."""
    r, source, target = desired.resource, desired.first_source, desired.peer(desired.first_source).name
    look = Step(
        node=target,
        title=f"See that {target}'s copy was never written",
        kind=Kind.WAITS,
        stage=Stage.PROMOTE,
        wait=Wait(
            f"{target}'s copy is the fresh one that create-md made",
            cmd("drbdadm", "get-gi", r.name),
            Expect(contains=(FRESH,)),
            bound=5,
        ),
    )
    force = Step(
        node=source,
        title=f"Copy {source} to {target}, once",
        kind=Kind.DESTROYS,
        stage=Stage.PROMOTE,
        guards=(
            Guard("both copies are fresh", cmd("drbdadm", "get-gi", r.name), Expect(contains=(FRESH,))),
            Guard("they are connected", cmd("drbdadm", "cstate", r.name), Expect(one_of=("Connected",))),
            Guard(
                "neither copy is good yet",
                cmd("drbdadm", "dstate", r.name),
                Expect(one_of=("Inconsistent/Inconsistent",)),
            ),
            Guard("neither is Primary", cmd("drbdadm", "role", r.name), Expect(one_of=("Secondary/Secondary",))),
        ),
        commands=(cmd("drbdadm", "primary", "--force", r.name, timeout=60),),
        assumes=(f"{source} is copied to {target}; neither copy was ever written",),
        note="The copying goes on by itself; nothing here waits for it.",
    )
    if has_generation(desired, observed) or finished_once(desired, observed):
        yield from (unchanged(step, "the first copy was started before") for step in (look, force))
    else:
        yield from (look, force)


def primary(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> str | None:
    names = [
        name
        for name, node in observed.items()
        if (replica := node.replica(desired.resource.name)) and replica.role is Role.PRIMARY
    ]
    return names[0] if len(names) == 1 else None
