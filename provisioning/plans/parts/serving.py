"""Exports, the NFS server's settings and the manager's files, the standby node first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioning.checks.ours import signed
from provisioning.desired import DesiredCluster
from provisioning.ha.base import Backend
from provisioning.observed import NodeObserved
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.render.paths import AUTHKEYS, HA_CF
from provisioning.steps import OBSERVER, Kind, Probe, Stage, Step


def files(desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Iterator[Step]:
    order = (desired.peer(desired.first_source).name, desired.first_source)
    for name in order:
        yield write(
            observed[name],
            (nfs.exports(desired), nfs.settings(desired)),
            title="Write the exports and the NFS server's settings",
            stage=Stage.EXPORTS,
            note="The same on both nodes; /etc/exports is left as it is.",
        )
    for name in order:
        yield manager(desired, observed, name, backend)


def manager(desired: DesiredCluster, observed: Mapping[str, NodeObserved], name: str, backend: Backend) -> Step:
    """authkeys is secret: it is trusted when our ha.cf stands beside it and no other digest is on the peer."""
    node = observed[name]
    digests = {file.sha256 for seen in observed.values() if (file := seen.file(AUTHKEYS)) and file.sha256}
    return write(
        node,
        backend.files(desired, desired.node(name)),
        title="Write Heartbeat's files",
        stage=Stage.MANAGER,
        trusted=(AUTHKEYS,) if signed(desired, node, HA_CF) and len(digests) == 1 else (),
        note="Times, paths, the shared secret, and the service group in start order.",
    )


def probe(desired: DesiredCluster) -> Step:
    return Step(
        node=OBSERVER,
        title="See from outside that the service IP answers and lists the exports",
        kind=Kind.OBSERVES,
        stage=Stage.PROVE,
        probe=Probe(desired.service_ip, tuple(export.path for export in desired.exports)),
    )
