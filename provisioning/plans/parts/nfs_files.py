"""The files beside the NFS server's own settings: the domain of names, and its keeper of clients bound to it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.render.managed import ManagedFile
from provisioning.steps import Stage, Step, cmd


def companions(after: DesiredCluster, node: NodeObserved) -> Iterator[Step]:
    """What is in place before the settings are: the domain, and the keeper of clients bound to the NFS server."""
    if after.nfs.domain or _there(node, nfs.idmapd(after)):
        serves = bool(node.nfsd_threads)
        yield write(
            node,
            [nfs.idmapd(after)],
            title="Write the domain of NFSv4 names",
            stage=Stage.EXPORTS,
            load=cmd("systemctl", "restart", "nfs-idmapd.service") if serves else None,
            note="The kernel keeps names it has asked for up to ten minutes.",
        )
    for file in keeper(after, node):
        yield write(
            node,
            [file],
            title="Bind the keeper of NFS clients to the NFS server",
            stage=Stage.EXPORTS,
            load=cmd("systemctl", "daemon-reload"),
            note="Left running it would hold the volume when the service moves.",
        )


def keeper(after: DesiredCluster, node: NodeObserved) -> tuple[ManagedFile, ...]:
    """The drop-in of the keeper of clients, where it is wanted or there from before."""
    file = nfs.nfsdcld(after)
    return (file,) if nfs.state_directory(after) or node.file(file.path) is not None and _there(node, file) else ()


def _there(node: NodeObserved, file: ManagedFile) -> bool:
    seen = node.file(file.path)
    return seen is not None and seen.sha256 is not None
