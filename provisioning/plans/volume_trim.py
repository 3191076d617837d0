"""The plan that gives free blocks of a volume back to the disks below (discard), while it is in use: nobody is interrupted. Pure.

A discard goes through LVM and DRBD to both nodes' disks. Where one layer takes none it would fail, or, on the peer, become a write of
zeros as long as the volume: so every layer on both nodes is asked first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusters.findings import Finding, blocker, blockers, fine
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import TrimVolume
from provisioning.observed import Layer, NodeObserved
from provisioning.plans.parts import copies, growing, snapshots, words
from provisioning.render.lvm import mapper
from provisioning.steps import Expect, Guard, Impact, Kind, Plan, Stage, Step, cmd

LONGEST = 6 * 3600  # seconds


def plan(intent: TrimVolume, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    volume, active = desired.volume(intent.name), active_node(desired, observed)
    findings = snapshots.ready(desired, observed, backend)
    steps: tuple[Step, ...] = ()
    if volume is None:
        findings.append(blocker("volume.unknown", f"There is no volume {intent.name}.", hint="Draft the change again."))
    elif active and len(observed) == 2 and not snapshots.ill_formed(findings):
        findings += _reasons(desired, observed, active, volume)
        steps = (_trim(observed[active], volume),)
    alone = active if active and copies.cut(desired, observed[active]) else ""
    disks = f"the disk of {alone}" if alone else "the disks of both nodes"
    return Plan(
        title=f"Trim {intent.name}",
        summary=f"Tells {disks} which blocks of {intent.name} hold nothing. Nobody is interrupted; no file is touched.",
        now=words.now(desired, observed),
        after=f"Thin or flash storage below {intent.name} can use what is free in it.",
        steps=steps,
        findings=tuple(findings),
        button=f"Trim {intent.name}" if steps or blockers(findings) else "Nothing to do",
        impact=Impact(
            pause="none; reads and writes go on, perhaps slower",
            takes="seconds to minutes",
            notes=(_sent(desired, alone),),
        ),
    )


def _sent(desired: DesiredCluster, alone: str) -> str:
    """A resync copies what differs and discards nothing, so the other disk is not told later either."""
    if not alone:
        return "The discards go over the replication link as well; they are short."
    peer = desired.peer(alone).name
    return f"The replication link to {peer} is down: its disk is not told. Trim again when both copies are UpToDate."


def _trim(node: NodeObserved, volume: DesiredVolume) -> Step:
    point = volume.mount_point
    return Step(
        node=node.node,
        title=f"Discard what is free in {volume.name}",
        kind=Kind.WRITES,
        stage=Stage.LIVE,
        guards=(Guard(f"{volume.name} is mounted at {point}", cmd("mountpoint", point), Expect()),),
        commands=(cmd("fstrim", "--verbose", point, timeout=LONGEST),),
        note="It prints how much it discarded, which is kept on the volume's page. Run twice it does no harm.",
    )


def _reasons(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], active: str, volume: DesiredVolume
) -> Iterator[Finding]:
    top = mapper(desired.resource.vg, volume.name)
    for name, start in ((active, top), (desired.peer(active).name, desired.resource.device)):
        layers = observed[name].layers
        if layers is None:
            yield blocker(
                "trim.unseen", f"{name} did not tell which of its devices take discards.", hint="Plan again.", node=name
            )
            continue
        chain = _chain(layers, start)
        if not chain:
            yield blocker(
                "trim.unseen", f"{start} was not seen on {name}.", hint="Plan again when it is there.", node=name
            )
        elif deaf := [layer for layer in chain if not layer.discard]:
            yield _deaf(desired, observed[name], volume, deaf[-1])
        else:
            yield fine("trim.through", f"Every layer below {volume.name} on {name} takes discards", node=name)


def _deaf(desired: DesiredCluster, node: NodeObserved, volume: DesiredVolume, layer: Layer) -> Finding:
    """Name the lowest one: what stands on it takes none because of it."""
    if node.snapshots_of(desired.resource.vg, volume.name) and layer.path == mapper(desired.resource.vg, volume.name):
        text = f"{volume.name} has snapshots: LVM passes no discards of a volume as long as it has any."
        left = node.lv(desired.resource.vg, growing.of_a_check(volume.name)) is not None
        hint = growing.LEFT if left else "Trim it when they are gone."
        return blocker("trim.snapshots", text, hint=hint, node=node.node)
    text = f"{layer.path} on {node.node} takes no discards."
    hint = "There is nothing to gain by trimming this volume."
    return blocker("trim.unsupported", text, hint=hint, node=node.node, fix="lsblk --discard")


def _chain(layers: tuple[Layer, ...], path: str) -> list[Layer]:
    """List a device and all that it stands on, itself first."""
    found: list[Layer] = []
    todo = [path]
    while todo:
        one = todo.pop(0)
        here = [layer for layer in layers if layer.path == one and layer not in found]
        found += here
        todo += [layer.below for layer in here if layer.below]
    return found
