"""The files beside the NFS server's own settings: the domain of names, and its keeper of clients bound to it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.checks.known import installed
from provisioning.checks.ours import unit
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.render.managed import ManagedFile
from provisioning.steps import Expect, Guard, Kind, Stage, Step, Wait, cmd, unchanged

NOT_SERVING = Guard(
    "The NFS server does not run here",
    cmd("systemctl", "is-active", "nfs-server.service"),
    Expect(exits=(3, 4), lacks=("activating",)),
)
LET_GO = cmd("systemctl", "stop", "nfsdcld.service")


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


def let_go(after: DesiredCluster, node: NodeObserved) -> Iterator[Step]:
    """Stop the keeper of clients on a node that serves nobody: it reads where its list is at its start only, and would go on with its own."""
    if not nfs.state_directory(after):
        return
    step = Step(
        node=node.node,
        title="Stop the keeper of clients until the NFS server starts",
        kind=Kind.WRITES,
        stage=Stage.EXPORTS,
        guards=(NOT_SERVING,),
        commands=(LET_GO,),
        note="It reads where its list is when it starts, and starts with the NFS server.",
    )
    known = installed(node, "nfs-kernel-server") and unit(node, "nfsdcld") is not None
    yield unchanged(step, "it does not run") if known and not keeper_runs(node) else step


def keeps(directory: str) -> Wait:
    found = Expect(contains=("main.sqlite",))
    return Wait("what clients hold is kept there", cmd("find", directory, "-name", "main.sqlite"), found, 30)


def keeper_runs(node: NodeObserved) -> bool:
    seen = unit(node, "nfsdcld")
    return seen is not None and seen.active == "active"


def keeper(after: DesiredCluster, node: NodeObserved) -> tuple[ManagedFile, ...]:
    """The units' own lines for what clients hold, where they are wanted or there from before."""
    files = (nfs.nfsdcld(after), nfs.nfsd(after))
    return files if nfs.state_directory(after) or any(_there(node, file) for file in files) else ()


def _there(node: NodeObserved, file: ManagedFile) -> bool:
    seen = node.file(file.path)
    return seen is not None and seen.sha256 is not None
