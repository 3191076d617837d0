"""Mount points of volumes in service: made on both nodes, taken away from both, and whether somebody of the node itself is in them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from clusters.findings import Finding, blocker
from provisioning.observed import NodeObserved
from provisioning.steps import Command, Expect, Guard, Kind, Stage, Step, Wait, cmd, unchanged

# Unmounted while it is exported it would end for its clients what is served from there.
UNLESS_EXPORTED = 'awk -v at="$1" \'$1 == at || index($1, at "/") == 1 { found = 1 } END { exit found }\' /var/lib/nfs/etab && umount --lazy "$1"'


def let_the_second_go(node: NodeObserved, own: str, second: str) -> Command | None:
    """For a move that was refused: nothing else lets it go, and a node that keeps it cannot release the volume."""
    return cmd("sh", "-c", UNLESS_EXPORTED, "let-go", second, timeout=60) if node.mount(own) is not None else None


def unmounted(point: str) -> Guard:
    return Guard(f"nothing is mounted at {point}", cmd("mountpoint", point), Expect(exits=(1, 32)))


def unused(node: NodeObserved, point: str) -> Step:
    """Nobody who is logged in, no backup and no program of the node itself has a file of the volume open; NFS clients do not count here."""
    step = Step(
        node=node.node,
        title=f"See that no program of {node.node} uses {point}",
        kind=Kind.WAITS,
        stage=Stage.LIVE,
        wait=Wait(
            f"no program of {node.node} has a file below {point} open",
            cmd("fuser", "--mount", "--silent", point, exits=(0, 1)),
            Expect(exits=(1,)),
            bound=20,
        ),
        note=f"fuser --verbose --mount {point} names who does.",
    )
    return step if node.mount(point) else unchanged(step, "nothing is mounted there")


def not_looked_into(node: NodeObserved, point: str) -> Iterator[Finding]:
    """A directory that could not be read may hold files, which a volume mounted there would hide."""
    why = dict(node.unreadable).get("directories")
    if why is not None and node.mount(point) is None and node.directory(point) is None:
        yield blocker(
            "facts.unseen", f"{node.node} did not tell what lies in {point}: {why}.", node=node.node,
            hint="Nothing is planned on a guess. Look at it, or take another place.", fix=f"ls -la {point}", hazard=17,
        )  # fmt: skip


def take_away(node: NodeObserved, point: str) -> Step:
    """The directory below the mount: immutable, so nothing can have been written into it while nothing was mounted."""
    step = Step(
        node=node.node,
        title=f"Take the mount point {point} away",
        kind=Kind.WRITES,
        stage=Stage.TIDY,
        guards=(unmounted(point),),
        commands=(cmd("chattr", "-i", point), cmd("rmdir", point)),
        note="Only when it is empty: rmdir takes nothing else away.",
    )
    if node.mount(point) is not None:
        return step
    match node.directory(point):
        case "absent":
            return unchanged(step, "it is not there")
        case "full":
            return unchanged(step, "something lies in it: it stays, look at it by hand")
    return step
