"""Who will feel a change: the clients of the NFS server as they were read just now, in one `Impact`. Pure.

    impact=felt(desired, observed, pause="about 15 s", mount_points=("/srv/homes",))      one volume is interrupted or goes
    impact=felt(desired, observed, pause="for good", path=export.path)                    one export is withdrawn or changed
    impact=felt(desired, observed, pause="about 60 s")                                    the whole server: every client

What NFS cannot tell is said in the notes and never guessed: a version 4 client without an open file may have anything mounted that is meant
for it, a version 3 client is known by what it once asked for. Whom no export means is left out, unless it holds something all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from provisioning.desired import DesiredCluster
from provisioning.ha.base import active_node
from provisioning.observed import NfsClient, NodeObserved
from provisioning.plans.parts import meant
from provisioning.plans.parts.meant import Can, Meant, below
from provisioning.plans.parts.words import counted, listed
from provisioning.steps import FeltClient, Impact

NAMED = 3  # clients that the sentence names; the table below it has them all
MOST = 200  # clients that are kept with the plan
OLD = "NFSv3 tells what a client once mounted, not whether it still uses it, and not which files are open."
IDLE = (
    "An NFSv4 client without open files may have any export mounted that is meant for it: the server cannot tell which."
)
BY_NAME = "may have it mounted if its name is one that the export means"


def felt(
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    *,
    pause: str,
    takes: str = "",
    notes: Iterable[str] = (),
    mount_points: Collection[str] | None = None,
    path: str = "",
    spared: Collection[str] = (),
) -> Impact:
    """Tell who is interrupted: those with something on `mount_points`, those of the export `path`, or without either all clients.

    `spared` are addresses of clients that lose nothing by it.
    """
    known = clients_of(desired, observed)
    if known is None:
        why = "The clients that are connected now were not read, so anybody may feel it."
        return Impact("not known", pause, takes, (*notes, why))
    points = mount_points
    if path and points is None:
        points = [volume.mount_point for volume in desired.volumes if below(path, volume.mount_point)]
    whom = _whom(desired, observed, points, path)
    found = [_felt(client, points, path, whom) for client in known if client.address not in spared]
    if not path and points is not None and not exported(desired, observed, points):
        found = [one for one in found if one is not None and (one.opens or one.locks)]
        if not found:
            return Impact("nobody: nothing of it is exported", "none", takes, tuple(notes))
    sure = [one for one in found if one is not None and not one.note]
    perhaps = [one for one in found if one is not None and one.note]
    said = list(notes)
    if any(one.version == "3" for one in (*sure, *perhaps)):
        said.append(OLD)
    if any(one.version.startswith("4") for one in perhaps):
        said.append(IDLE)
    return Impact(_sentence(sure, perhaps, _nobody(known, spared)), pause, takes, tuple(said), (*sure, *perhaps)[:MOST])


def going_on(impact: Impact, note: str) -> Impact:
    """Say of the same clients that they go on: who has something open by `note`, of the others what was said stays."""
    if not impact.clients:
        return impact
    clients = tuple(one if one.note else replace(one, note=note) for one in impact.clients)
    return replace(impact, interrupted="nobody who has it mounted", clients=clients)


def exported(desired: DesiredCluster, observed: Mapping[str, NodeObserved], mount_points: Collection[str]) -> bool:
    """Whether anything there is served, by the panel or by hand; what a node did not tell counts as served."""
    return meant.of_mounts(desired, observed, mount_points).clients != ()


def clients_of(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> tuple[NfsClient, ...] | None:
    """Give the clients of the node that serves; None when it is not known who serves or whom."""
    active = active_node(desired, observed)
    if active is not None:
        return observed[active].nfs_clients
    known = [node.nfs_clients for node in observed.values()]
    if len(known) < 2 or any(clients is None for clients in known):
        return None
    return tuple(client for clients in known for client in clients or ())


def _felt(client: NfsClient, mount_points: Collection[str] | None, path: str, whom: _Whom | None) -> FeltClient | None:
    """Judge one client; None when it has nothing to do with it as far as NFS and its exports tell."""
    found = _told(client, mount_points, path)
    return whom.judge(client, found) if whom and found else found


def _told(client: NfsClient, mount_points: Collection[str] | None, path: str) -> FeltClient | None:
    if not client.version.startswith("4"):
        return _old(client, mount_points, path)
    if client.uses is None:
        return FeltClient(client.address, client.version, note="holds too many files to count")
    uses = [use for use in client.uses if mount_points is None or use.mount in mount_points]
    opens, locks = sum(use.opens for use in uses), sum(use.locks for use in uses)
    note = ""
    if mount_points is not None and not any(use.opens or use.locks or use.delegations for use in uses):
        note = "may have it mounted; has nothing open on it"
    elif client.state == "courtesy":
        note = "was not heard of for longer than the lease"
    return FeltClient(client.address, client.version, opens, locks, note)


def _old(client: NfsClient, mount_points: Collection[str] | None, path: str) -> FeltClient | None:
    """Version 3, or a connection that nothing else is known of."""
    if not client.version:
        return FeltClient(client.address, note="is connected; what it uses is not known")
    asked = [one for one in client.paths if _asked(one, mount_points, path)]
    if mount_points is not None and client.paths and not asked:
        return None
    note = "" if client.connected else "mounted it once and is not connected now"
    return FeltClient(client.address, client.version, note=note)


def _asked(mounted: str, mount_points: Collection[str] | None, path: str) -> bool:
    if mount_points is None:
        return True
    return below(mounted, path) if path else any(below(mounted, point) for point in mount_points)


@dataclass(frozen=True, slots=True)
class _Whom:
    """Whom it is meant for, and who may hold files of the same file system by another export of it."""

    it: Meant
    others: Meant

    def judge(self, client: NfsClient, found: FeltClient) -> FeltClient | None:
        """Judge by the rights what NFS told; None for who cannot have it mounted."""
        v4 = client.version.startswith("4")
        holds = v4 and bool(found.opens or found.locks or not found.note)
        match self.it.can(client.address):
            case Can.NO:  # what is held all the same was opened before the export went, or by another one
                return found if holds and self.others.can(client.address) is Can.NO else None
            case Can.PERHAPS if self.it.clients is not None and not holds and not client.paths:
                return replace(found, note=BY_NAME)
        return found


def _whom(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], points: Collection[str] | None, path: str
) -> _Whom | None:
    """None for the whole server, which everybody feels who is connected."""
    if points is None:
        return None
    if path:
        return _Whom(meant.of_export(desired, observed, path), meant.others_of(desired, observed, path, points))
    return _Whom(meant.of_mounts(desired, observed, points), Meant(()))


def _nobody(known: Collection[NfsClient], spared: Collection[str]) -> str:
    if not known:
        return "nobody: no client is connected"
    return f"nobody: who is connected {'loses nothing' if spared else 'does not have it mounted'}"


def _sentence(sure: list[FeltClient], perhaps: list[FeltClient], nobody: str) -> str:
    if not sure and not perhaps:
        return nobody
    names = [_named(one) for one in sure[:NAMED]]
    if len(sure) > NAMED:
        names.append(f"{len(sure) - NAMED} more")
    certain = f"{counted(len(sure), 'client')}: {listed(names)}" if sure else "nobody for certain"
    maybe = f"; {counted(len(perhaps), 'client')} perhaps" if perhaps else ""
    files, locks = sum(one.opens or 0 for one in sure), sum(one.locks or 0 for one in sure)
    held = f" ({counted(files, 'open file')}, {counted(locks, 'lock')} in all)" if len(sure) > 1 and files else ""
    return f"{certain}{held}{maybe}"


def _named(client: FeltClient) -> str:
    parts = [f"NFSv{client.version}"]
    if client.opens is not None:
        parts.append(counted(client.opens, "open file"))
    if client.locks:
        parts.append(counted(client.locks, "lock"))
    return f"{client.address} ({', '.join(parts)})"
