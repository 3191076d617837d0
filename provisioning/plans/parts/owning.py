"""Who may write to a directory: chown and chmod of a volume's root or of an exported directory, and what to say when nobody may. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from clusters.findings import Finding, blocker, warning
from provisioning.desired import DesiredCluster, DesiredExport, DesiredVolume
from provisioning.observed import NodeObserved
from provisioning.steps import Command, Expect, Guard, Kind, Stage, Step, Wait, cmd

KINDS = {"passwd": "user", "group": "group"}
# chmod and chown look a path up anew, and a client may have put a link into it since the guard looked. Where a process is does not change under
# it: so it goes there, asks the kernel where that is, and works on "." only when no link has led it elsewhere.
INSIDE = 'cd -P -- "$1" && test "$(pwd -P)" = "$1" && shift && exec "$@"'
NO_LINK = 'test "$(readlink --canonicalize-missing -- "$1")" = "$1"'


def commands(path: str, owner: str, mode: str) -> tuple[Command, ...]:
    """chown first: it takes setgid away."""
    given = (inside(path, "chown", "--no-dereference", owner, "."),) if owner else ()
    return (*given, inside(path, "chmod", mode, ".")) if mode else given


def inside(path: str, *argv: str) -> Command:
    return cmd("sh", "-c", INSIDE, "inside", path, *argv)


def no_link(path: str) -> Command:
    """Look as `itself` does, between two commands of one step: in a volume that the step has mounted."""
    return cmd("sh", "-c", NO_LINK, "no-link", path)


def itself(path: str) -> Guard:
    """Clients write to a volume: a link that one of them put there would lead root, and the export, out of it."""
    seen = cmd("readlink", "--canonicalize-missing", "--", path)
    return Guard(f"no link on the way leads {path} elsewhere", seen, Expect(one_of=(path,)))


def words(owner: str, mode: str) -> str:
    return " with mode ".join(word for word in (owner, mode) if word)


def names(owner: str) -> tuple[tuple[str, str], ...]:
    """Give the names in an owner with where each is looked up; a number means itself, and root is 0 everywhere."""
    pairs = zip(KINDS, owner.split(":"), strict=False)
    return tuple((kind, name) for kind, name in pairs if name not in ("", "root") and not name.isdigit())


def known(owner: str) -> tuple[Guard, ...]:
    """A name must be known before anything is done with it."""
    return tuple(
        Guard(f"the {KINDS[kind]} {name} is known", cmd("getent", kind, name), Expect()) for kind, name in names(owner)
    )


def same(observed: Mapping[str, NodeObserved], owner: str) -> Iterator[Finding]:
    """Files keep the number and not the name: after a failover another number is somebody else (row 21)."""
    for kind, name in names(owner):
        who = f"{KINDS[kind]} {name}"
        found = {node: seen.account(kind, name) for node, seen in observed.items()}
        for node in [node for node, one in found.items() if one is None]:
            why = dict(observed[node].unreadable).get("accounts", "")
            yield blocker(
                "owner.unseen", f"{node} did not tell which number the {who} has{': ' + why if why else ''}.", node=node,
                hint="Plan again, or give the number.", hazard=21,
            )  # fmt: skip
        for node in [node for node, one in found.items() if one and one.number is None]:
            yield blocker(
                "owner.unknown", f"{node} knows no {who}.", node=node, fix=f"getent {kind} {name}", hazard=21,
                hint="Look how the name is spelled, make it on both nodes with the same number, or give the number.",
            )  # fmt: skip
        numbers = {node: one.number for node, one in found.items() if one and one.number is not None}
        if len(set(numbers.values())) > 1:
            yield blocker(
                "owner.differs", f"The {who} is {' and '.join(f'{number} on {node}' for node, number in numbers.items())}.",
                hint="After a failover the files would belong to somebody else. Make the numbers the same, or give the number itself.",
                fix=f"getent {kind} {name}", hazard=21,
            )  # fmt: skip


def asked(nodes: Iterable[str], owner: str, stage: Stage) -> Iterator[Step]:
    """Ask both nodes for the names before anything is made: the other one serves the same files some day (row 21)."""
    note = "With the same number on both nodes, or the files change hands in a failover."
    for node in nodes:
        for guard in known(owner):
            wait = Wait(guard.says, guard.command, guard.expect, bound=5)
            yield Step(node, f"See that {guard.says}", Kind.WAITS, stage, wait=wait, note=note)


def nobody_may_write(export: DesiredExport, volume: DesiredVolume | None) -> Iterator[Finding]:
    """A fresh file system belongs to root, and root of a client is squashed: then the export can be read and nothing else."""
    given = export.owner or export.mode
    if volume is not None and export.path == volume.mount_point:
        given = given or volume.owner or volume.mode
    writers = [c.client for c in export.clients if "ro" not in c.options and "no_root_squash" not in c.options]
    if writers and not given:
        yield warning(
            "export.root-owned",
            f"A new {export.path} belongs to root, and root of a client counts as nobody: {', '.join(writers)} could read and not write.",
            hint="Give the directory an owner or a mode. Leave it when it was given to somebody already.",
            hazard=21,
        )


def all_names(desired: DesiredCluster) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(pair for _, owner, _, _ in owned(desired) for pair in names(owner)))


def owned(desired: DesiredCluster) -> Iterator[tuple[str, str, str, DesiredVolume]]:
    """List what a set-up gives to somebody: path, owner, mode, the volume it lies on."""
    for volume in desired.volumes:
        if volume.owner or volume.mode:
            yield volume.mount_point, volume.owner, volume.mode, volume
    for export in desired.exports:
        home = desired.volume(export.volume)
        if home is not None and (export.owner or export.mode):
            yield export.path, export.owner, export.mode, home
