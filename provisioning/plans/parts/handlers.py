"""The fence-peer and split-brain handlers with their keys, tried before anything relies on them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioning.checks.ours import exact, resource_is_ours
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.plans.parts.writing import stands, write
from provisioning.render import fencing
from provisioning.render.managed import ManagedFile
from provisioning.render.paths import AUTHORIZED_KEYS, FENCE_KEY, FENCE_PEER, FENCE_PUBLIC
from provisioning.steps import Kind, Stage, Step, Text, cmd, unchanged


def steps(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Step]:
    files = [step for node in desired.nodes for step in _files(desired, observed[node.name])]
    yield from files
    changed = any(step.runs for step in files)
    for node in desired.nodes:
        yield _try(desired, observed[node.name], changed)


def _files(desired: DesiredCluster, node: NodeObserved) -> Iterator[Step]:
    wanted = desired.node(node.node)
    public = fencing.public(desired, wanted)
    yield write(
        node,
        fencing.handlers(desired, wanted),
        title="Write DRBD's handlers",
        stage=Stage.HANDLERS,
        note="One asks the peer to mark its copy Outdated, one answers that, one leaves a mark in a split brain.",
    )
    yield write(
        node,
        (fencing.key(wanted), fencing.known_hosts(desired, wanted), public),
        title="Write the fencing key and the peer's host key",
        stage=Stage.HANDLERS,
        trusted=(FENCE_KEY,) if stands(public, node.file(FENCE_PUBLIC), trusted=False) else (),
    )
    text = fencing.authorized_keys(desired, wanted, exact(node.file(AUTHORIZED_KEYS)))
    yield write(
        node,
        [ManagedFile(AUTHORIZED_KEYS, Text.of(text), mode="0600")],
        title=f"Let {desired.peer(node.node).name}'s fencing key do one thing here",
        stage=Stage.HANDLERS,
        note="The key can run storagepanel-outdate-here and nothing else.",
    )


def _try(desired: DesiredCluster, node: NodeObserved, changed: bool) -> Step:
    peer = desired.peer(node.node).name
    step = Step(
        node=node.node,
        title=f"Try the way to {peer}",
        kind=Kind.READS,
        stage=Stage.HANDLERS,
        commands=(cmd(FENCE_PEER, "--try", timeout=90),),
        note="Without this way a node that is left alone could not be told from an older copy. The peer's sshd must let root in by key.",
    )
    if resource_is_ours(desired, node) and not changed:
        return unchanged(step, "it was tried before DRBD was set up")
    return step
