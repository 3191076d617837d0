"""One volume out of service for a while, and back: NFS server stopped, volume unmounted, mounted, NFS server started, seen. Pure.

NFS is one server for all volumes, and an NFSv4 client that has a file open keeps its volume from being unmounted. So the whole server is
stopped: its clients stand still and go on afterwards. Withdrawing one volume's exports instead would answer them with errors.
Heartbeat is not stopped: it watches nodes and not services. After a failover the other node mounts and serves by itself; every step that
puts something back looks first whether DRBD is Primary here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from clusters.findings import Finding, blocker, warning
from provisioning.checks.placed import in_the_way
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.ha.base import Backend, mounted
from provisioning.observed import NodeObserved
from provisioning.plans.parts import growing, naming, serving, snapshots, volumes
from provisioning.steps import Command, Expect, Guard, Kind, Stage, Step, Wait, cmd, unchanged

NFS = "nfs-server.service"
STANDS_STILL = (
    "NFS serves all volumes with one server, so clients of all of them stand still while it is stopped. "
    "Locks of version 4 are kept; those of version 3 can be lost, and no program is told."
)
# What is left of a job that broke off in the middle: the volume back where nothing happened to it, and the server for the others, whose
# clients wait. What does not mount is not served, by `mountpoint` of its exports. Where DRBD is not Primary any more the other node serves.
# The service IP is the first to go when the group leaves this node, and DRBD's role the last.
BACK = (
    '[ -n "$(ip -oneline address show to "$2")" ] || exit 0; '
    'case "$(drbdadm role "$1")" in Primary*) shift 2; [ $# -eq 0 ] || "$@"; systemctl start nfs-server.service;; esac'
)
STAY = "Do not switch over by hand meanwhile: a node that cannot release the volume is restarted by Heartbeat."


def holder(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> str | None:
    """Name the node that holds the group, also when a job of ours stopped its NFS server or unmounted a volume."""
    return snapshots.holder(desired, observed)


def halfway(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> bool:
    """Whether what is missing of the service is what such a job takes away: the NFS server, and this one volume."""
    others = all(node.mount(one.mount_point) is not None for one in desired.volumes if one.name != volume.name)
    return others and not (node.nfsd_threads and node.mount(volume.mount_point) is not None)


def out_already(node: NodeObserved, volume: DesiredVolume) -> bool:
    """Whether the volume is not mounted while the NFS server serves the others: nobody has to stand still for it."""
    return bool(node.nfsd_threads) and node.mount(volume.mount_point) is None


def ready(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend, volume: DesiredVolume | None
) -> list[Finding]:
    """Reasons not to. Of a service that an earlier try left stopped it is said that this job brings it back."""
    found = snapshots.ready(desired, observed, backend)
    name = holder(desired, observed)
    found += in_the_way(desired, observed[name], volume) if name else []
    if volume is None or name is None or not halfway(desired, observed[name], volume):
        return found
    kept = [finding for finding in found if finding.code != "service.nowhere"]
    if out_already(observed[name], volume):
        text = f"{volume.name} is not mounted on {name}: its clients are without it already."
        hint = "The NFS server serves the other volumes meanwhile and is left alone."
        return [*kept, warning("volume.out-already", text, hint=hint, node=name)]
    text = f"The service on {name} is stopped half way: the NFS server, or {volume.name}."
    return [
        *kept,
        warning("service.halfway", text, hint="An earlier try left it so. This job brings it back.", node=name),
    ]


def below(node: NodeObserved, volume: DesiredVolume, hint: str = "Take it away first.") -> list[Finding]:
    """What is mounted inside the volume keeps it from being unmounted."""
    inside = [mount.target for mount in node.mounts or () if mount.target.startswith(f"{volume.mount_point}/")]
    if not inside:
        return []
    text = f"{inside[0]} is mounted inside {volume.mount_point} on {node.node}, so {volume.name} cannot be unmounted."
    return [blocker("volume.mounted-inside", text, hint=hint, node=node.node, fix=f"umount {inside[0]}")]


def keeps_state(desired: DesiredCluster, volume: DesiredVolume, hint: str = "") -> list[Finding]:
    """nfsdcld has its list open there: nobody may use a volume when NFS is stopped for it, and asked after the stop, whoever else does would
    leave the pair without its service."""
    if desired.nfs.state_volume != volume.name:
        return []
    text = f"{volume.name} keeps what NFS clients hold, so it cannot be unmounted while it does."
    choose = "Choose another place for that first: Set up the NFS server."
    return [blocker("volume.keeps-nfs-state", text, hint=f"{choose} {hint}".strip(), hazard=8)]


def leave(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> Iterator[Step]:
    there = node.mount(volume.mount_point) is not None
    stop, unmount = stopping(desired, node, volume.mount_point), unmounting(desired, node, volume)
    yield stop if node.nfsd_threads else unchanged(stop, "it does not run")
    yield unmount if there else unchanged(unmount, "it is not mounted")


def come_back(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> Iterator[Step]:
    """Mount and start. A volume that does not mount is not served, by the option `mountpoint` of its exports; the others are."""
    here = primary_here(desired)
    mount, start = mounting(desired, node, volume), starting(desired, node)
    yield replace(
        mount,
        guards=(here, *unmounted(desired, volume)[:1]),
        commands=(replace(volumes.mount(desired, volume), exits=(0, 32)),),
        note="If it does not mount, the NFS server starts all the same, for the other volumes.",
    )
    yield replace(start, guards=(here,))
    yield from looks(desired, node, volume)


def nfs_again(desired: DesiredCluster) -> Command:
    """For a step that breaks off between stop and start, with a volume that nobody may use as it is now."""
    return cmd("sh", "-c", BACK, "back", desired.resource.name, desired.service_ip, timeout=300)


def all_again(desired: DesiredCluster, volume: DesiredVolume) -> Command:
    """For a step that breaks off between stop and start and did nothing to the volume."""
    mount = volumes.mount(desired, volume).argv
    return cmd("sh", "-c", BACK, "back", desired.resource.name, desired.service_ip, *mount, timeout=300)


def paused(done: Iterable[Step], left: Iterable[Step]) -> bool:
    """Whether a job has stopped the NFS server and is still to start it."""
    verbs = [command.argv[1] for step in done for command in step.commands if _of_nfs(command)]
    return verbs[-1:] == ["stop"] and any(
        command.argv[1] == "start" for step in left for command in filter(_of_nfs, step.commands)
    )


def stops(steps: Iterable[Step]) -> bool:
    """Whether the NFS server is stopped in one of them, if only to start it again."""
    commands = (command for step in steps if step.runs for command in (*step.commands, step.load) if command)
    return any(
        command.argv[0] == "systemctl" and command.argv[1] in ("stop", "restart") and NFS in command.argv[2:]
        for command in commands
    )


def _of_nfs(command: Command) -> bool:
    return command.argv[0] == "systemctl" and command.argv[1] in ("stop", "start") and command.argv[2:] == (NFS,)


def serve_again(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> Iterator[Step]:
    yield from mounted_again(desired, node, volume)
    yield from looks(desired, node, volume)


def mounted_again(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> Iterator[Step]:
    """Mount a volume below an NFS server that runs, and let the kernel ask anew what is exported."""
    mount = mounting(desired, node, volume)
    yield replace(mount, guards=(primary_here(desired), *unmounted(desired, volume)[:1]), if_it_fails=None)
    yield Step(
        node=node.node,
        title=f"Serve {volume.name} again",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        commands=(cmd("exportfs", "-f"),),
        note="The kernel remembers that the mount point was empty; what is exported to whom stays as it is.",
    )


def unmounted(desired: DesiredCluster, volume: DesiredVolume) -> tuple[Guard, ...]:
    """Read again right before the device is touched: nothing on this node has it mounted."""
    device = f"/dev/{desired.resource.vg}/{volume.name}"
    return (
        Guard(
            f"{volume.name} is not mounted",
            cmd("mountpoint", volume.mount_point),
            Expect(exits=(1, 32)),
        ),
        Guard(
            f"nothing has {device} mounted, wherever",
            cmd("findmnt", "--noheadings", "--output", "TARGET", "--source", device),
            Expect(exits=(1,)),
        ),
    )


def primary_here(desired: DesiredCluster) -> Guard:
    return growing.role_is(desired.resource.name, "Primary", "Primary/Secondary", "Primary/Unknown")


def stopping(desired: DesiredCluster, node: NodeObserved, point: str) -> Step:
    return Step(
        node=node.node,
        title="Stop the NFS server for the moment",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        guards=(_unused(node.node, point), *naming.known(naming.names(desired))),
        commands=(cmd("systemctl", "stop", NFS, timeout=120),),
        if_it_fails=nfs_again(desired),
        note=f"Clients wait for it. Way back: systemctl start {NFS}.",
    )


def _unused(node: str, point: str) -> Guard:
    """Holds for a volume that does not mount too: without the first option fuser would ask for users of the file system around the mount point."""
    asks = cmd("fuser", "--ismountpoint", "--mount", point)
    return Guard(f"no process on {node} uses {point}", asks, Expect(exits=(1,)))


def unmounting(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, note: str = "") -> Step:
    return Step(
        node=node.node,
        title=f"Unmount {volume.name}",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        commands=(cmd("umount", volume.mount_point, timeout=120),),
        if_it_fails=all_again(desired, volume),
        note=note or "Way back: mount it again, start the NFS server.",
    )


def mounting(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> Step:
    return Step(
        node=node.node,
        title=f"Mount {volume.name} again",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        commands=(volumes.mount(desired, volume),),
        if_it_fails=nfs_again(desired),
    )


def starting(desired: DesiredCluster, node: NodeObserved) -> Step:
    return Step(
        node=node.node,
        title="Start the NFS server again",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        commands=(cmd("systemctl", "start", NFS, timeout=300),),
        if_it_fails=nfs_again(desired),
    )


def looks(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume) -> Iterator[Step]:
    """See it served again: mounted, every export active, and from outside."""
    yield Step(
        node=node.node, title=f"See {volume.mount_point} mounted", kind=Kind.WAITS, stage=Stage.SERVE, wait=mounted(volume, bound=30)
    )  # fmt: skip
    if not desired.exports:
        return
    fsids = tuple(f"fsid={export.fsid}," for export in desired.exports)
    yield Step(
        node=node.node,
        title="See every export",
        kind=Kind.WAITS,
        stage=Stage.SERVE,
        wait=Wait("every export is active with its fsid", cmd("exportfs", "-v"), Expect(contains=fsids), bound=60),
    )
    yield replace(serving.probe(desired), stage=Stage.SERVE)
