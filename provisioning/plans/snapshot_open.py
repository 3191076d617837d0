"""The plans that open a snapshot for restoring files, and close it again. Nobody else is interrupted. Pure.

Open: 1. The directory, on both nodes. 2. The line is tried, as for any export. 3. A member of the service group that closes what is opened when the
group leaves a node, the standby first. 4. Mount the snapshot read-only, where the group is. 5. Export it; if the node refuses, the previous file is
put back. 6. See it.
Close: the same backwards. An opened snapshot does not move: a failover closes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clusters.export_access import of_all, stricter, strictest, weakest
from clusters.findings import Finding, blocker, blockers, warning
from clusters.states import Danger
from provisioning.checks import kerberos, spelling
from provisioning.checks.export_line import line_itself
from provisioning.checks.exporting import beside, foreign, taking
from provisioning.checks.placed import undescribed
from provisioning.checks.served import served
from provisioning.desired import DesiredCluster, DesiredSnapshot, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import CloseSnapshot, OpenSnapshot
from provisioning.observed import NodeObserved
from provisioning.plans.parts import exporting, naming, owning, serving, snapshots, words
from provisioning.plans.parts.felt import felt
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.render import snapshots as render
from provisioning.render.heartbeat import CLOSING
from provisioning.render.paths import HARESOURCES, SNAPSHOT_EXPORTS, SNAPSHOTS
from provisioning.steps import (
    Expect,
    Guard,
    Impact,
    Kind,
    Plan,
    Stage,
    Step,
    Wait,
    cmd,
    in_order,
    unchanged,
)

Observed = Mapping[str, NodeObserved]
# The trial needs it: exportfs refuses a directory that is not there. An empty one binds nobody, so a snapshot whose line is refused stays closed.
MAKES = "Make the directory"


def plan(intent: OpenSnapshot, desired: DesiredCluster, observed: Observed, backend: Backend) -> Plan:
    snapshot, volume = intent.snapshot, desired.volume(intent.snapshot.volume)
    active = active_node(desired, observed)
    after = snapshots.with_one(desired, snapshot)
    findings = [*snapshots.ready(desired, observed, backend), *undescribed(desired, observed)]
    findings += [f for f in spelling.snapshot(snapshot) if f not in findings]
    steps: tuple[Step, ...] = ()
    if desired.snapshot(snapshot.volume, snapshot.name) is None or volume is None:
        findings.append(blocker("snapshot.unknown", f"{snapshot.volume} has no snapshot {snapshot.name}.", hint="Take one first."))  # fmt: skip
    elif active and len(observed) == 2 and not snapshots.ill_formed(findings):
        own = nfs.Change.of(desired, desired)
        strange = own.strange(exporting.text_of(observed[active]))  # in the file of the pair's own exports
        findings += [
            *_reasons(desired, observed[active], snapshot),
            *_line(desired, observed[active], snapshot, strange),
            *taking(own, observed, active),
            *beside(_opened(after, observed[active], snapshot), observed[active]),
        ]
        steps = in_order(_opening(after, observed, active, snapshot, volume, backend, strange))
    clients, path = words.listed(snapshot.clients), render.path(snapshot)
    sec = f" and sec={snapshot.sec}" if snapshot.sec else ""
    return Plan(
        title=f"Open snapshot {snapshot.volume}@{snapshot.name}",
        summary=f"Read-only at {path}, for {clients}, with fsid {snapshot.fsid}{sec}. Nobody is interrupted.",
        now=words.now(desired, observed),
        after=f"{words.can_mount(desired, snapshot.clients, path)} and copy files out of it. "
        "It is not part of what moves: a failover closes it, and it can be opened again.",
        steps=steps,
        findings=tuple(dict.fromkeys(findings)),  # lines of others are judged twice
        button=f"Open {snapshot.name}" if any(s.runs for s in steps) or blockers(findings) else "Nothing to do",
        impact=Impact(pause="none; NFS is not restarted", takes="a few seconds", notes=(f"New for {clients}.",)),
    )


def close(intent: CloseSnapshot, desired: DesiredCluster, observed: Observed, backend: Backend) -> Plan:
    snapshot = desired.snapshot(intent.volume, intent.name)
    active = active_node(desired, observed)
    findings = [*snapshots.ready(desired, observed, backend), *undescribed(desired, observed)]
    steps: tuple[Step, ...] = ()
    if snapshot is None:
        findings.append(blocker("snapshot.unknown", f"{intent.volume} has no snapshot {intent.name}.", hint="It was deleted."))  # fmt: skip
    elif active and len(observed) == 2 and not snapshots.ill_formed(findings):
        found, todo = closing(desired, observed, active, snapshot, backend)
        findings, steps = findings + found, in_order(todo)
    runs = any(step.runs for step in steps)
    path = render.path(snapshot) if snapshot else ""
    return Plan(
        title=f"Close snapshot {intent.volume}@{intent.name}",
        summary=f"{path} is not exported and not mounted any more. The snapshot itself stays.",
        now=words.now(desired, observed),
        after=f"The snapshot can be deleted or rolled back to. A client that still has {path} mounted gets errors there, and only there.",
        steps=steps,
        findings=tuple(findings),
        danger=Danger.INTERRUPTS if runs else Danger.NONE,
        button=f"Close {intent.name}" if runs or blockers(findings) else "Nothing to do",
        impact=felt(desired, observed, pause="for good, on the snapshot only", takes="a few seconds", mount_points=(path,))
        if runs else Impact(),
    )  # fmt: skip


def closing(
    desired: DesiredCluster, observed: Observed, active: str, snapshot: DesiredSnapshot, backend: Backend
) -> tuple[list[Finding], list[Step]]:
    """Give the steps that close it, and what speaks against them; of one that a failover closed, its lines and the group's member are left."""
    after = snapshots.with_one(desired, replace(snapshot, fsid=None, clients=()))
    own = nfs.Change.of(desired, desired)
    findings = [f for node in observed.values() for f in beside(_left(after, node, snapshot), node)]
    findings += taking(own, observed, active)
    strange = own.strange(exporting.text_of(observed[active]))
    return findings, list(_closing(after, observed, active, snapshot, backend, strange))


def _reasons(desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> list[Finding]:
    found: list[Finding] = []
    lv, path = snapshots.seen(desired, node, snapshot), render.path(snapshot)
    if snapshot.volume and snapshots.taking_back(desired, node, snapshot.volume):
        text = f"{snapshot.volume} is being rolled back to a snapshot right now."
        found.append(blocker("snapshot.merging", text, hint="Wait until that has ended.", node=node.node))
    elif lv is None:
        text = f"LVM on {node.node} shows no snapshot {snapshot.lv} of {snapshot.volume}."
        found.append(blocker("snapshot.gone", text, hint="Somebody removed it. Delete it here to take it off the list.", node=node.node))  # fmt: skip
    elif not lv.valid:
        text = f"{snapshot.name} ran full: what it held is lost."
        found.append(blocker("snapshot.full", text, hint="Delete it.", node=node.node))
    else:
        found.append(snapshots.whole(snapshot, lv))
    if not snapshot.clients or snapshot.fsid is None:
        found.append(blocker("snapshot.nobody", "Nobody would be allowed to mount it.", hint="Name at least one client."))  # fmt: skip
    if over := [v.mount_point for v in desired.volumes if SNAPSHOTS.startswith(f"{v.mount_point.rstrip('/')}/")]:
        text = f"{SNAPSHOTS} lies on the volume mounted at {over[0]}."
        found.append(blocker("snapshot.path-taken", text, hint="That directory must lie on the node itself."))
    mounted = next((m for m in node.mounts or () if m.target == path), None)
    if mounted is not None and "ro" not in mounted.options:
        found.append(warning("snapshot.writable", f"{path} is mounted writable, by hand.", hint=f"umount {path}", node=node.node))  # fmt: skip
    if snapshot.as_root:
        text = "root of these clients may read every file in it."
        found.append(warning("export.no-root-squash", text, hint="Close it when the files are restored.", hazard=21))
    found += kerberos.ready({node.node: node}, [(f"sec={snapshot.sec or 'sys'}",)])  # a failover closes it
    return found + _weaker(desired, snapshot)


def _weaker(desired: DesiredCluster, snapshot: DesiredSnapshot) -> list[Finding]:
    """It holds the files of the volume, so who may read those only with Kerberos should not get these without."""
    own = [client for export in desired.exports if export.volume == snapshot.volume for client in export.clients]
    asked, given = strictest(client.options for client in own), weakest((snapshot.sec or "sys").split(":"))
    if not stricter(asked, given):
        return []
    some = "" if of_all(client.options for client in own) else " to some of its clients"
    text = f"{snapshot.volume} is exported with sec={asked}{some}, and the same files in this snapshot would be with sec={given}."
    return [
        warning("snapshot.weaker-sec", text, hint=f"Open it with sec={asked}, unless its clients have no Kerberos.")
    ]


def _line(
    desired: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, strange: Sequence[str]
) -> Iterator[Finding]:
    """What is said of any export's line, by itself and beside those of others."""
    if snapshot.fsid is None or not snapshot.clients:
        return
    others = render.exported(desired, [s for s in desired.snapshots if s.opened and s.lv != snapshot.lv])
    only = render.exported(desired, [snapshot])
    before = replace(desired, exports=(*desired.exports, *others.exports))
    said = line_itself(before, only.exports[0], only.volumes[0])
    yield from (finding for finding in said if finding.code not in ("export.no-root-squash", "export.fsid-free"))
    yield from (finding for finding in foreign(only, node, strange) if finding.code != "export.foreign")


def _opening(
    after: DesiredCluster,
    observed: Observed,
    active: str,
    snapshot: DesiredSnapshot,
    volume: DesiredVolume,
    backend: Backend,
    strange: Sequence[str],
) -> Iterator[Step]:
    node, path = observed[active], render.path(snapshot)
    order = (observed[after.peer(active).name], node)
    for each in order:
        at = path if each is node else SNAPSHOTS
        make = Step(
            node=each.node, title=f"{MAKES} {at}", kind=Kind.WRITES, stage=Stage.MOUNTS,
            guards=(owning.itself(at),), commands=(cmd("mkdir", "--parents", at),),
        )  # fmt: skip
        yield unchanged(make, "it is there") if _is_there(each, at) else make
    for each in order:
        yield replace(
            serving.group(after, each, backend),
            title="Let the service group close it when it leaves",
            note="A mounted snapshot would keep the volume group busy and a switchover would end with a restart of the node.",
        )
    yield from _mounting(after, node, snapshot, volume)
    change = _opened(after, node, snapshot)
    there = node.mount(path) is not None and served(change.after, node, path)
    text = render.of_others(exporting.text_of(node, SNAPSHOT_EXPORTS))
    yield from exporting.steps(change, {active: text}, observed, path, there, strange, names=naming.names(after))


def _opened(after: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> nfs.Change:
    """The exports of this snapshot and of those that are open on the node."""
    here = [s for s in after.snapshots if s.opened and (s is snapshot or node.mount(render.path(s)) is not None)]
    return render.change(after, here)


def _left(after: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot) -> nfs.Change:
    """The exports of those that are open on the node when this one was closed."""
    left = [s for s in after.snapshots if s.opened and node.mount(render.path(s)) is not None]
    change = render.change(after, left)
    return replace(change, before=render.exported(after, [*left, snapshot]))


def _is_there(node: NodeObserved, directory: str) -> bool:
    """Seen by itself, or by what can only be where it is."""
    file = node.file(HARESOURCES)
    named = directory == SNAPSHOTS and CLOSING in ((file.text if file else None) or "")
    return named or node.mount(directory) is not None or node.directory(directory) in ("empty", "full")


def _mounting(
    after: DesiredCluster, node: NodeObserved, snapshot: DesiredSnapshot, volume: DesiredVolume
) -> Iterator[Step]:
    path, vg = render.path(snapshot), after.resource.vg
    bind = Step(
        node=node.node,
        title=f"Mount {SNAPSHOTS} on itself",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        guards=(Guard(f"nothing is mounted at {SNAPSHOTS}", cmd("mountpoint", SNAPSHOTS), Expect(exits=(1, 32))),),
        commands=(cmd("mount", "--bind", SNAPSHOTS, SNAPSHOTS, timeout=60),),
        note="As the service group's member does it: what is mounted below it goes when it goes.",
    )
    options = ",".join(render.MOUNT_OPTIONS[volume.fstype])
    mount = Step(
        node=node.node,
        title=f"Mount {snapshot.name} read-only",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        guards=(snapshots.is_whole(after, node, snapshot),),
        commands=(
            *snapshots.activated(after, node, snapshot),
            cmd("mount", "--types", volume.fstype, "--options", options, f"/dev/{vg}/{snapshot.lv}", path, timeout=120),
        ),
        note="The file system was frozen when it was taken, so no journal has to be replayed.",
    )
    yield unchanged(bind, "it is mounted") if node.mount(SNAPSHOTS) is not None else bind
    yield unchanged(mount, "it is mounted") if node.mount(path) is not None else mount


def _closing(
    after: DesiredCluster,
    observed: Observed,
    active: str,
    snapshot: DesiredSnapshot,
    backend: Backend,
    strange: Sequence[str],
) -> Iterator[Step]:
    node, path = observed[active], render.path(snapshot)
    written = list(_withdrawn(after, observed, active, snapshot))
    if any(step.runs and step.load for step in written):
        yield from naming.asked(active, naming.names(after), Stage.BACKING)
        change, text = _left(after, node, snapshot), render.of_others(exporting.text_of(node, SNAPSHOT_EXPORTS))
        yield replace(exporting.trial(change, active, text, (), beside=strange), stage=Stage.BACKING)
    yield from written
    unmount = Step(
        node=node.node,
        title=f"Unmount {snapshot.name}",
        kind=Kind.WRITES,
        stage=Stage.VOLUMES,
        commands=(cmd("umount", path, timeout=60), cmd("rmdir", path), *snapshots.deactivated(after, node, snapshot)),
        note="If a client still holds a file of it open, this fails: let it close the file and plan again.",
    )
    yield unmount if node.mount(path) is not None else unchanged(unmount, "it is not mounted")
    yield from _last(after, observed, active, backend)
    see = Step(
        node=node.node, title="See it gone", kind=Kind.WAITS, stage=Stage.PROVE,
        wait=Wait(f"{path} is not exported", cmd("exportfs", "-v"), Expect(lacks=(f"{nfs.quoted(path)} ",)), bound=10),
    )  # fmt: skip
    gone = node.mount(path) is None and all(one.path != path for one in node.exports or ())
    yield unchanged(see, "it is not exported") if gone else see


def _withdrawn(after: DesiredCluster, observed: Observed, active: str, snapshot: DesiredSnapshot) -> Iterator[Step]:
    for each in observed.values():
        file = each.file(SNAPSHOT_EXPORTS)
        if file is None or file.sha256 is None:
            continue
        kept = _left(after, each, snapshot).among(render.of_others(file.text))
        load = cmd("exportfs", "-r") if each.node == active else None
        yield write(
            each, [kept], title="Take its export away", stage=Stage.BACKING, load=load,
        )  # fmt: skip


def _last(after: DesiredCluster, observed: Observed, active: str, backend: Backend) -> Iterator[Step]:
    """When none is opened any more, the member of the group goes too."""
    if any(snapshot.opened for snapshot in after.snapshots):
        return
    node = observed[active]
    unbind = Step(
        node=node.node, title=f"Unmount {SNAPSHOTS}", kind=Kind.WRITES, stage=Stage.MOUNTS,
        commands=(cmd("umount", SNAPSHOTS, timeout=60),),
    )  # fmt: skip
    yield unbind if node.mount(SNAPSHOTS) is not None else unchanged(unbind, "it is not mounted")
    for name in (after.peer(active).name, active):
        yield replace(serving.group(after, observed[name], backend), title="Take its closing out of the service group")
