"""Exports, the NFS server's settings and the manager's files, the standby node first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from provisioning.checks.served import differing
from provisioning.checks.settings import keys_known
from provisioning.desired import DesiredCluster, DesiredExport
from provisioning.ha.base import Backend, active_node
from provisioning.observed import NodeObserved
from provisioning.plans.parts import naming, nfs_files
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.render.paths import AUTHKEYS, EXPORTS
from provisioning.steps import OBSERVER, Command, Kind, Opening, Probe, Stage, Step, cmd

HANDFUL = 3  # exports that are opened where a plan touches them all


def files(desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Iterator[Step]:
    """The standby node first, on a pair in service as well: what it refuses is not tried on the node that serves."""
    active = active_node(desired, observed)
    last = active or desired.first_source
    order = (desired.peer(last).name, last)
    for name in order:
        yield from nfs_files.companions(desired, observed[name])
    for name in order:
        step = write(
            observed[name],
            (nfs.exports(desired), nfs.settings(desired)),
            title="Write the exports and the NFS server's settings",
            stage=Stage.EXPORTS,
            note="The same on both nodes; /etc/exports is left as it is.",
        )
        serves = name == active and step.runs and EXPORTS in [file.path for file in step.files]
        differs = name == active and next(differing(desired, observed[name]), None)
        if serves or differs:
            yield from naming.asked(name, naming.names(desired))
        yield replace(step, load=take()) if serves else step
        if differs and not serves:
            yield taken(name)
        if name != active:
            yield from nfs_files.let_go(desired, observed[name])
    yield from managers(desired, observed, backend)


def take() -> Command:
    """Make the table what the files say. What stands in them stays as it is, for its clients, too: they are asked for again, not cut off."""
    return cmd("exportfs", "-r")


def taken(node: str) -> Step:
    """The file is right, yet the table is not: it was written and not taken, or somebody changed the table by hand."""
    return Step(node=node, title="Take the exports", kind=Kind.WRITES, stage=Stage.LIVE, commands=(take(),))


def managers(desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Iterator[Step]:
    """The manager's files, the standby node first, and what makes a running manager take them."""
    last = active_node(desired, observed) or desired.first_source
    for name in (desired.peer(last).name, last):
        yield from backend.take(desired, observed[name], _manager(desired, observed, name, backend))


def _manager(desired: DesiredCluster, observed: Mapping[str, NodeObserved], name: str, backend: Backend) -> Step:
    node = observed[name]
    return write(
        node,
        backend.files(desired, desired.node(name)),
        title="Write Heartbeat's files",
        stage=Stage.MANAGER,
        trusted=(AUTHKEYS,) if keys_known(desired, observed, node) else (),
        note="Times, paths, the shared secret, and the service group in start order.",
    )


def group(desired: DesiredCluster, node: NodeObserved, backend: Backend) -> Step:
    """The service group alone: nothing of the manager's own settings, which would make it restart."""
    return write(
        node,
        [backend.group(desired, desired.node(node.node))],
        title="Add it to the service group",
        stage=Stage.MANAGER,
        note="The standby node first: if the other write fails, a failover starts only what exists.",
    )


def probe(
    desired: DesiredCluster,
    opens: Sequence[DesiredExport] | None = None,
    gone: Sequence[DesiredExport] = (),
) -> Step:
    """See the service from outside: the cluster's exports are listed, and `gone` are not. `opens` are opened, too: by default the first few."""
    tried = desired.exports[:HANDFUL] if opens is None else opens
    what = "does not list it any more" if gone else "lists the exports"
    listed = "3" in desired.nfs.versions
    return Step(
        node=OBSERVER,
        title=f"See from outside that the service IP answers and {what}",
        kind=Kind.OBSERVES,
        stage=Stage.PROVE,
        probe=Probe(
            desired.service_ip,
            tuple(export.path for export in desired.exports),
            gone=tuple(export.path for export in gone),
            listed=listed,
            opens=tuple(_opening(desired, export) for export in tried)
            + tuple(replace(_opening(desired, export), clients=()) for export in gone),
            network=f"{desired.service_ip}/{desired.service_prefix}",
        ),
        note=""
        if listed
        else "Without version 3 a server may tell nobody its list; then only the answer is seen, and its own table was read.",
    )


def _opening(desired: DesiredCluster, export: DesiredExport) -> Opening:
    clients = tuple((client.client, client.options) for client in export.clients)
    within = tuple(each.fsid for each in desired.exports if export.path.startswith(f"{each.path}/"))
    return Opening(export.path, export.fsid, clients, within)
