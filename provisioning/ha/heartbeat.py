"""Heartbeat 3 with haresources. Pure.

Heartbeat believes that it owns the group, and starts nothing, when the group's first member is already active: hence the hand-over before the
start. It reads haresources anew at every takeover, so a member is added to a running pair by writing the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clusters.states import Role
from provisioning.checks.ours import manager_runs, unit
from provisioning.checks.settings import new_times
from provisioning.desired import DesiredCluster, DesiredNode
from provisioning.ha.base import active_node, mounted
from provisioning.observed import NodeObserved
from provisioning.plans.parts.nfs_files import keeps
from provisioning.plans.parts.services import AT_BOOT, RUNS, bring
from provisioning.plans.parts.writing import write as write_files
from provisioning.render import heartbeat as render
from provisioning.render import messages, nfs
from provisioning.render.managed import ManagedFile, is_ours
from provisioning.render.paths import HA_CF, HARESOURCES, SHELLFUNCS, WHOLE_MESSAGES
from provisioning.steps import Expect, Guard, Kind, Stage, Step, Wait, cmd, unchanged

RELOAD = "/usr/libexec/heartbeat/heartbeat"  # the unit knows no reload, and the init script hands it to the unit
RESOURCES, AT_REST = cmd("cl_status", "rscstatus"), Expect(one_of=("all", "local", "foreign", "none"))
SETTLED = "Heartbeat runs here and moves nothing"
RESTART = 120  # seconds for a slow node to restart Heartbeat in place, beyond initdead
UNITS = ("drbd", "heartbeat")
TAKEOVER = 300  # seconds for a slow pair to start every member, beyond initdead


class Heartbeat:
    name = "heartbeat"

    def files(self, desired: DesiredCluster, node: DesiredNode) -> tuple[ManagedFile, ...]:
        return render.ha_cf(desired, node), render.authkeys(desired), render.haresources(desired)

    def group(self, desired: DesiredCluster, node: DesiredNode) -> ManagedFile:
        return render.haresources(desired)

    def take(self, desired: DesiredCluster, node: NodeObserved, write: Step) -> tuple[Step, ...]:
        """A changed ha.cf restarts Heartbeat in place; haresources is read at each takeover, authkeys at the next start."""
        if not write.runs or not manager_runs(node) or HA_CF not in [file.path for file in write.files]:
            return (write,)
        told = replace(
            write,
            title="Write Heartbeat's files and have it take them",
            guards=(
                Guard(SETTLED, RESOURCES, AT_REST),
                *(Guard(wait.says, wait.command, wait.expect) for wait in _hears(desired, node)),
            ),
            load=cmd(RELOAD, "-r"),
            note="It checks the files, then restarts in place and keeps what it holds.",
        )
        return (_settled(desired, node.node), told, *_taken(desired, node), _settled(desired, node.node))

    def running(self, node: NodeObserved) -> bool | None:
        if node.heartbeat is not None and node.heartbeat.running:
            return True
        seen = unit(node, "heartbeat")
        if seen is not None:
            return seen.active in ("active", "activating", "deactivating", "reloading")
        return None if node.heartbeat is None and node.units is None else False

    def holds_volume(self, desired: DesiredCluster, node: NodeObserved, volume: str) -> bool:
        file = node.file(HARESOURCES)
        text = file.text if file else None
        return is_ours(text, desired.name) and f"::/dev/{desired.resource.vg}/{volume}::" in (text or "")

    def start(self, desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> tuple[Step, ...]:
        first, other = desired.first_source, desired.peer(desired.first_source).name
        runs = any(self.running(observed[name]) for name in (first, other))
        handovers = [_hand_over(desired, observed[name], runs) for name in (first, other)]
        order = [observed[name] for name in (first, other)]
        waits = [step for node in order for step in (_whole_messages(desired, node), _wait_for_data(desired, node))]
        enables, starts = [_enable(node) for node in order], [_start(node) for node in order]
        return (*(step for step in handovers if step), *waits, *enables, *starts)

    def serve(self, desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> tuple[Step, ...]:
        active = active_node(desired, observed)
        steps = _waits(desired, active or desired.first_source)
        if active:
            steps = tuple(unchanged(step, f"{active} serves already") for step in steps)
        return steps


def _settled(desired: DesiredCluster, name: str) -> Step:
    """For some seconds after its peer restarted, Heartbeat says that it is in transition, though it moves nothing."""
    wait = Wait(SETTLED, RESOURCES, AT_REST, bound=desired.heartbeat.initdead + RESTART)
    return Step(name, "See that Heartbeat moves nothing", Kind.WAITS, Stage.MANAGER, wait=wait)


def _taken(desired: DesiredCluster, node: NodeObserved) -> Iterator[Step]:
    """The old one answers until it restarts, so it is asked for the new value first and for its peer afterwards."""
    bound, peer = desired.heartbeat.initdead + RESTART, desired.peer(node.node).name
    for name, (_, value) in list(new_times(desired, node).items())[:1]:
        said = (value, f"Heartbeat parameter {name}'s value: {value}")
        wait = Wait(
            f"Heartbeat on {node.node} runs with {name} {value}",
            cmd("cl_status", "hbparameter", "-p", name),
            Expect(one_of=said),
            bound=bound,
        )
        yield Step(node.node, "See that Heartbeat took its new times", Kind.WAITS, Stage.MANAGER, wait=wait)
    for wait in _hears(desired, node):
        yield Step(node.node, f"See that Heartbeat hears {peer}", Kind.WAITS, Stage.MANAGER, wait=wait)


def _hears(desired: DesiredCluster, node: NodeObserved) -> Iterator[Wait]:
    """The peer must be heard before and after, if it was heard when the plan was made: it may be restarting itself."""
    peer, bound = desired.peer(node.node).name, desired.heartbeat.initdead + RESTART
    if node.heartbeat is not None and (peer, "active") in node.heartbeat.nodes:
        asked = cmd("cl_status", "nodestatus", peer)
        yield Wait(f"{node.node} sees {peer} active", asked, Expect(one_of=("active",)), bound=bound)


def _hand_over(desired: DesiredCluster, node: NodeObserved, manager_runs: bool) -> Step | None:
    """Release what provisioning itself activated, in the reverse order of the group. Nothing is released under a running manager."""
    r = desired.resource
    replica = node.replica(r.name)
    if node.node != desired.first_source and (replica is None or replica.role != Role.PRIMARY):
        return None
    mounted = [v.mount_point for v in desired.volumes if node.mount(v.mount_point) is not None]
    step = Step(
        node=node.node,
        title="Release everything, so that Heartbeat finds nothing active",
        kind=Kind.WRITES,
        stage=Stage.HANDOVER,
        guards=(
            Guard(
                "Heartbeat is not running here",
                cmd("systemctl", "is-active", "heartbeat.service"),
                Expect(exits=(3, 4), lacks=("activating",)),
            ),
        ),
        commands=(
            *(cmd("umount", point, timeout=120) for point in sorted(mounted, reverse=True)),
            cmd("vgchange", "--activate", "n", r.vg, timeout=120),
            cmd("udevadm", "settle", "--timeout=30"),  # a rule that still looks at the device would hold it open
            cmd("drbdadm", "secondary", r.name, timeout=120),
        ),
        note="Heartbeat takes a group whose first member is active for its own and starts nothing.",
    )
    if manager_runs:
        return unchanged(step, "Heartbeat runs already; nothing is stopped")
    if replica is not None and replica.role == Role.SECONDARY and _has_data(replica.disk, replica.peer_disk):
        return unchanged(step, f"{r.name} is Secondary here and nothing of the group is active")
    return step


def _has_data(*disks: object) -> bool:
    return any(disk == "UpToDate" for disk in disks)


def _whole_messages(desired: DesiredCluster, node: NodeObserved) -> Step:
    """Put the block into the package's file by a script: on bare nodes the file is not there yet when the plan is made."""
    script = messages.whole_messages(desired)
    step = write_files(
        node,
        (script,),
        title="Have Heartbeat's scripts write each message in one piece",
        stage=Stage.MANAGER,
        load=cmd(WHOLE_MESSAGES),
        note=f"It adds a block to {SHELLFUNCS}, which is the package's. As shipped, two scripts at once tear each other's messages.",
    )
    file = node.file(SHELLFUNCS)
    if step.runs or (file is not None and messages.block(desired) in (file.text or "")):
        return step
    return replace(step, unchanged="", files=(), load=None, commands=(cmd(WHOLE_MESSAGES),))


def _wait_for_data(desired: DesiredCluster, node: NodeObserved) -> Step:
    return write_files(
        node,
        render.waits(desired),
        title="Have Heartbeat wait for a current copy at its start",
        stage=Stage.MANAGER,
        load=cmd("systemctl", "daemon-reload", timeout=300),
        note="Without one it would try in vain, give up, and serve nothing even when the data is back.",
    )


def _enable(node: NodeObserved) -> Step:
    """Enable both units in one call: each call costs seconds for units that have an init script."""
    return bring(
        node,
        cmd("systemctl", "enable", "drbd.service", "heartbeat.service", timeout=900),
        units=UNITS,
        to=AT_BOOT,
        title="Start DRBD and Heartbeat at every boot",
        stage=Stage.START,
        already="both are enabled",
        note="Nothing else brings DRBD up at boot; Heartbeat only promotes.",
    )


def _start(node: NodeObserved) -> Step:
    return bring(
        node,
        cmd("systemctl", "start", "drbd.service", timeout=600),
        cmd("systemctl", "start", "heartbeat.service", timeout=600),
        units=UNITS,
        to=RUNS,
        title="Start DRBD's unit and Heartbeat",
        stage=Stage.START,
        already="both run already",
        note="A started drbd.service takes DRBD down in order at shutdown, which tells the peer that this copy is the older one.",
    )


def _waits(desired: DesiredCluster, node: str) -> tuple[Step, ...]:
    """Ask for each part of the group itself. The address comes first: it is the last member, so waiting for it waits for all."""
    address = f"{desired.service_ip}/{desired.service_prefix}"
    asks = [
        (
            "Wait for the service IP",
            Wait(
                f"{node} holds {address}: the last member of the group",
                cmd("ip", "-oneline", "address", "show", "to", desired.service_ip),
                Expect(contains=(f" {address} ",)),
                bound=desired.heartbeat.initdead + TAKEOVER,
                every=2.0,
            ),
        ),
        *((f"See {volume.mount_point} mounted", mounted(volume, bound=30)) for volume in desired.volumes),
        (
            "See the NFS server run",
            Wait(
                "the kernel NFS server has threads",
                cmd("cat", "/proc/fs/nfsd/threads"),
                Expect(one_of=(str(desired.nfs.threads),)),
                bound=30,
            ),
        ),
    ]
    if directory := nfs.state_directory(desired):
        asks.append(("See where what clients hold is kept", keeps(directory)))
    if desired.exports:
        fsids = tuple(f"fsid={export.fsid}," for export in desired.exports)
        says = "every export is active with its fsid"
        asks.append(("See every export", Wait(says, cmd("exportfs", "-v"), Expect(contains=fsids), bound=30)))
    return tuple(Step(node=node, title=title, kind=Kind.WAITS, stage=Stage.SERVE, wait=wait) for title, wait in asks)
