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
    if files := keeper(after, node):
        yield write(
            node,
            files,
            title="Let both nodes go by one name, and the keeper of clients go with the NFS server",
            stage=Stage.EXPORTS,
            load=cmd("systemctl", "daemon-reload"),
            note="Nothing is restarted by it. A keeper left running would hold the volume when the service moves.",
        )


def keeper(after: DesiredCluster, node: NodeObserved) -> tuple[ManagedFile, ...]:
    """The units' own lines for what clients hold, where they are wanted or there from before."""
    files = (nfs.nfsdcld(after), nfs.nfsd(after))
    return files if nfs.state_directory(after) or any(_there(node, file) for file in files) else ()


def _there(node: NodeObserved, file: ManagedFile) -> bool:
    seen = node.file(file.path)
    return seen is not None and seen.sha256 is not None
