"""The steps of a volume that gets other options, another name, another mount point, while it is in service. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from clusters.findings import Finding, blocker
from provisioning.checks.placed import in_the_way
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.ha.base import Backend
from provisioning.observed import NodeObserved
from provisioning.plans.parts import growing, naming, places, serving, snapshots, volumes
from provisioning.plans.parts.moving_exports import Moved
from provisioning.render import mounting, nfs
from provisioning.render.lvm import mapper
from provisioning.render.managed import ManagedFile
from provisioning.steps import Expect, Guard, Kind, Stage, Step, Wait, cmd, unchanged


@dataclass(frozen=True, slots=True)
class Change:
    desired: DesiredCluster
    after: DesiredCluster
    was: DesiredVolume
    now: DesiredVolume
    observed: Mapping[str, NodeObserved]
    active: str
    backend: Backend

    @property
    def node(self) -> NodeObserved:
        return self.observed[self.active]

    @property
    def order(self) -> tuple[str, str]:
        """The standby node first: when the other write fails, a failover finds what is."""
        return self.desired.peer(self.active).name, self.active

    @property
    def renamed(self) -> bool:
        return self.was.name != self.now.name

    @property
    def moved(self) -> bool:
        return self.was.mount_point != self.now.mount_point

    def group(self, desired: DesiredCluster, name: str) -> ManagedFile:
        return self.backend.group(desired, desired.node(name))

    def exports(self) -> Moved:
        change = nfs.Change.of(self.desired, self.after)
        theirs = tuple(e for e in self.after.exports if self.moved and e.volume == self.now.name)
        return Moved(change, theirs, self.was.mount_point, self.now.mount_point, self.observed, self.order)


def steps(change: Change) -> Iterator[Step]:
    exports = change.exports()
    yield from _options(change)
    if change.moved:
        # Asked again before the old place goes; here, so that a backup which runs stops the move before anything has moved.
        yield places.unused(change.node, change.was.mount_point)
        for name in change.order:
            step = volumes.mount_point(change.after, change.observed[name], change.now, change.backend)
            yield replace(step, title=f"Make the new mount point {change.now.mount_point}")
    yield from exports.tried()
    if change.moved:
        yield from _mount_there_too(change)
        yield from _files(change, exports)
        yield from _let_go(change, exports)
    if change.renamed:
        yield from _rename(change)
    if not (change.moved or change.renamed):
        yield from _files(change, exports)


def _options(change: Change) -> Iterator[Step]:
    """At the place where it is mounted now; after the move the new place has them from its own mount."""
    added, dropped = mounting.changed(change.was, change.now)
    mount = change.node.mount(change.was.mount_point)
    if not (added or dropped) or (mount is None and change.moved):
        return
    there, away = mounting.visible(change.was, change.now)
    see = Step(
        node=change.active,
        title="See the options it is mounted with",
        kind=Kind.WAITS,
        stage=Stage.LIVE,
        wait=Wait(
            f"{change.was.mount_point} is mounted as wanted",
            cmd("findmnt", "--noheadings", "--output", "OPTIONS", "--mountpoint", change.was.mount_point),
            Expect(contains=there, lacks=away),
            bound=10,
        ),
        note="A remount may pass over an option without a word; the kernel's own table tells.",
    )
    done = mount is not None and mounting.holds(mount.options, change.was, change.now)
    for step in (*_take_them(change), see):
        yield unchanged(step, "it is mounted so") if done else step


def _take_them(change: Change) -> tuple[Step, ...]:
    if mounting.needs_a_fresh_mount(change.was, change.now):
        return places.unused(change.node, change.was.mount_point), _mount_anew(change), _nfs_runs(change)
    device = f"/dev/{change.desired.resource.vg}/{change.was.name}"
    return (
        Step(
            node=change.active,
            title=f"Mount {change.was.name} with the new options, in place",
            kind=Kind.WRITES,
            stage=Stage.LIVE,
            commands=(
                cmd(
                    "mount",
                    "--options",
                    mounting.remount_options(change.was, change.now),
                    device,
                    change.was.mount_point,
                    timeout=120,
                ),
            ),
            note="It stays mounted, and clients feel nothing. Way back: the same with the old options.",
        ),
    )


def _mount_anew(change: Change) -> Step:
    """One unit on the node, so that it goes on to the end whatever happens to the panel. When the new options are refused, the mount before last puts
    the old ones back; when they were taken, that mount is refused as done already. NFS starts again in any case."""
    point = change.was.mount_point
    again, back = (
        volumes.mount(change.desired, replace(change.now, name=change.was.name, mount_point=point)),
        volumes.mount(change.desired, change.was),
    )
    return Step(
        node=change.active,
        title=f"Stop NFS, mount {change.was.name} anew, start NFS",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        guards=naming.known(naming.names(change.desired)),
        commands=(
            cmd("systemctl", "stop", "nfs-server.service", timeout=120),
            cmd("umount", point, timeout=120, exits=(0, 32)),
            replace(again, exits=(0, 32)),
            replace(back, exits=(0, 32), fallback=True),
            cmd("systemctl", "start", "nfs-server.service", timeout=120),
        ),
        note="Open files of NFS clients keep the file system busy until NFS stops; those of version 4 take them up again in its grace time.",
    )


def _nfs_runs(change: Change) -> Step:
    return Step(
        node=change.active,
        title="See the NFS server run",
        kind=Kind.WAITS,
        stage=Stage.LIVE,
        wait=Wait(
            "the kernel NFS server has threads",
            cmd("cat", "/proc/fs/nfsd/threads"),
            Expect(one_of=(str(change.desired.nfs.threads),)),
            bound=30,
        ),
    )


def _rename(change: Change) -> Iterator[Step]:
    """The service group of both nodes names the volume: so the node that serves takes name and group in one step, and a refusal takes both back."""
    vg, old, new = change.desired.resource.vg, change.was.name, change.now.name
    standby, active = (change.observed[name] for name in change.order)
    yield replace(
        serving.group(change.after, standby, change.backend),
        title="Write the new name into the service group",
        note="The standby node first.",
    )
    ask = cmd("lvs", "--noheadings", "--options", "lv_name", "--select", f"lv_name={new}", vg)
    rename, named = cmd("lvrename", vg, old, new, timeout=60), f"{vg} has a volume {new}"
    group = serving.group(change.after, active, change.backend)
    if named_already(change.desired, change.node, change.was, change.now):
        yield (
            replace(group, title="Write the new name into the service group")
            if group.runs
            else unchanged(replace(group, title=f"Rename the logical volume {old} to {new}"), "it is named so")
        )
        return
    step = replace(
        group,
        title=f"Rename the logical volume {old} to {new}",
        guards=(Guard(f"{vg} has no volume {new}", ask, Expect(one_of=("",))),),
        load=rename,
        both=True,
        way_back=(
            cmd("lvrename", vg, new, old, timeout=60, exits=(0, 5)),  # 5: it has its old name, as a rule
            cmd("lvs", "--noheadings", "--options", "lv_tags", f"{vg}/{old}"),
        ),
        wait=Wait(named, ask, Expect(one_of=(new,)), bound=20),
        note="With the service group, while it is mounted. If that fails, the old name and the previous files come back, on both nodes.",
    )
    rest = replace(step, files=(), load=None, way_back=(), commands=(rename,), note="", unchanged="")
    yield step if group.runs else rest


def named_already(desired: DesiredCluster, node: NodeObserved, was: DesiredVolume, now: DesiredVolume) -> bool:
    vg = desired.resource.vg
    return was.name != now.name and node.lv(vg, now.name) is not None and node.lv(vg, was.name) is None


def _mount_there_too(change: Change) -> Iterator[Step]:
    now = change.now
    mount = Step(
        node=change.active,
        title=f"Mount it at {now.mount_point} as well",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        commands=(volumes.mount(change.after, now),),
        note="One file system at two places for a moment. Way back: unmount the new place.",
    )
    device = mapper(change.after.resource.vg, now.name)
    see = Step(
        node=change.active,
        title=f"See {now.mount_point} mounted",
        kind=Kind.WAITS,
        stage=Stage.LIVE,
        wait=Wait(
            f"{now.name} itself is mounted at {now.mount_point}",
            cmd("findmnt", "--noheadings", "--output", "SOURCE", "--mountpoint", now.mount_point),
            Expect(one_of=(device,)),
            bound=10,
        ),
    )
    done = change.node.mount(now.mount_point) is not None
    yield unchanged(mount, "it is mounted there") if done else mount
    yield unchanged(see, "it is let go already") if change.node.mount(change.was.mount_point) is None and done else see


def _files(change: Change, exports: Moved) -> Iterator[Step]:
    for name in change.order:
        if exports.exports:
            yield from exports.written(change.observed[name], change.group(change.after, name))
            continue
        yield replace(
            serving.group(change.after, change.observed[name], change.backend),
            both=name == change.active,
            if_it_fails=places.let_the_second_go(change.node, change.was.mount_point, change.now.mount_point)
            if change.moved and name == change.active
            else None,
            title="Write the service group",
            note="Heartbeat reads it anew at every takeover.",
        )


def _let_go(change: Change, exports: Moved) -> Iterator[Step]:
    old = change.was.mount_point
    mount = change.node.mount(old)
    yield places.unused(change.node, old)
    leave = Step(
        node=change.active,
        title=f"Let the old place {old} go",
        kind=Kind.WRITES,
        stage=Stage.SERVE,
        guards=(
            Guard(f"it is mounted at {change.now.mount_point}", cmd("mountpoint", change.now.mount_point), Expect()),
        ),
        commands=(cmd("umount", "--lazy", old, timeout=60),),
        note="Lazy, because NFS keeps what clients had open before on the old mount until they close it; both are one file system.",
    )
    yield leave if mount else unchanged(leave, "nothing is mounted there")
    yield from exports.proof()
    for name in change.order:
        yield replace(places.take_away(change.observed[name], old), title=f"Take the old mount point {old} away")


def reasons(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str, was: DesiredVolume, now: DesiredVolume
) -> Iterator[Finding]:
    node, vg = observed[active], desired.resource.vg
    if was.name != now.name and node.lv(vg, now.name) is not None and node.lv(vg, was.name) is not None:
        yield blocker(
            "volume.name-taken", f"{vg} has a volume {now.name} already.", hint="Take another name.", fix=f"lvs {vg}"
        )
    if was.name != now.name:
        # The kernel would go on showing the old name at a second place, and nobody knew it for the volume's.
        yield from in_the_way(desired, node, was)
        known = snapshots.lvs_of(desired, node, was.name)
        yield from growing.no_snapshots(node, vg, was.name, "They carry its name. Delete them first.", known)
    if was.mount_point == now.mount_point:
        return
    for one in observed.values():
        if named := [source for source, target in one.fstab or () if target in (was.mount_point, now.mount_point)]:
            yield blocker(
                "fstab.names-it", f"/etc/fstab of {one.node} mounts {named[0]}.", node=one.node, hazard=10,
                hint="Only the service group may mount it. Take the line out.", fix="editor /etc/fstab",
            )  # fmt: skip
        mount = one.mount(now.mount_point)
        if mount is None and one.directory(now.mount_point) == "full":
            yield blocker(
                "mount.point-holds-files", f"{now.mount_point} of {one.node} holds files already.", node=one.node, hazard=17,
                hint="The volume would hide them. Take another place, or move them away.", fix=f"ls -la {now.mount_point}",
            )  # fmt: skip
        yield from places.not_looked_into(one, now.mount_point)
        itself = mount is not None and one is node and mount.source in (f"/dev/{vg}/{was.name}", mapper(vg, was.name))
        if mount is not None and not itself:
            yield blocker("mount.point-taken", f"{mount.source} is mounted at {mount.target} on {one.node}.", node=one.node,
                          hint="Unmount it, or take another mount point.", hazard=10, fix=f"umount {mount.target}")  # fmt: skip
