"""Who can have something mounted: whom the exports of it mean, as the panel lists them and as the nodes serve them now. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from clusters.export_access import Client, access_of, network_of, what_gets
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render import snapshots

Listed = tuple[str, Client]  # the directory, and who with which options


class Can(Enum):
    YES = "yes"
    PERHAPS = "perhaps"  # by its name, which the addresses do not tell
    NO = "no"


@dataclass(frozen=True, slots=True)
class Meant:
    """Those whom the exports of one thing mean. `clients` is None when a node did not tell what it exports."""

    clients: Sequence[Client] | None

    def can(self, address: str) -> Can:
        if self.clients is None or (self.clients and network_of(address) is None):
            return Can.PERHAPS
        gets = what_gets(address, self.clients)
        if gets.client:
            return Can.YES
        return Can.NO if gets.sure or not self.clients else Can.PERHAPS


def of_mounts(desired: DesiredCluster, observed: Mapping[str, NodeObserved], points: Collection[str]) -> Meant:
    """Of the file systems mounted there, by any export on them, or by one above that crosses into them."""
    return _of(desired, observed, lambda path, client: any(_reaches(path, client, point) for point in points))


def of_export(desired: DesiredCluster, observed: Mapping[str, NodeObserved], path: str) -> Meant:
    return _of(desired, observed, lambda listed, _: listed == path)


def others_of(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], path: str, points: Collection[str]
) -> Meant:
    """Of the other exports of the same file systems."""
    return _of(
        desired,
        observed,
        lambda listed, client: listed != path and any(_reaches(listed, client, point) for point in points),
    )


def below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top.rstrip('/')}/")


def _of(desired: DesiredCluster, observed: Mapping[str, NodeObserved], fits: Callable[[str, Client], bool]) -> Meant:
    if any(node.exports is None for node in observed.values()):
        return Meant(None)
    return Meant(tuple(dict.fromkeys(client for path, client in _listed(desired, observed) if fits(path, client))))


def _listed(desired: DesiredCluster, observed: Mapping[str, NodeObserved]) -> Iterator[Listed]:
    """What is in force counts beside what should be: somebody may have mounted by either."""
    opened = snapshots.exported(desired, [one for one in desired.snapshots if one.opened])
    for export in (*desired.exports, *opened.exports):
        yield from ((export.path, (client.client, tuple(client.options))) for client in export.clients)
    for node in observed.values():
        yield from ((one.path, (one.client, tuple(one.options))) for one in node.exports or ())


def _reaches(path: str, client: Client, point: str) -> bool:
    return below(path, point) or (below(point, path) and access_of(client[1]).crossmnt)
