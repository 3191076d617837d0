"""Write whom the NFS servers know: the rows of each node that told them, and which names have to be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from clusters.models import ClientUse, Cluster, ConnectedClient, Node, NodeState, Volume
from provisioning.observed import NfsClient, NodeObserved
from provisioning.transport.world import NodeError

MOST = 2000  # clients kept of one node; beyond that the page says that there are more


def write_clients(
    cluster: Cluster, members: Mapping[str, Node], answers: Mapping[str, NodeObserved | NodeError], now: datetime
) -> tuple[str, ...]:
    """Replace the rows of every node whose clients were read; returns the addresses that were seen."""
    addresses: list[str] = []
    for name, answer in answers.items():
        if isinstance(answer, NodeObserved) and answer.nfs_clients is not None:
            _replace(members[name], answer.nfs_clients[:MOST], list(cluster.volumes.all()), now)
            addresses += [client.address for client in answer.nfs_clients[:MOST]]
            pool = answer.nfs_pool
            NodeState.objects.filter(node=members[name]).update(
                clients_read_at=now,
                nfs_arrived=pool.arrived if pool else None,
                nfs_waited=pool.waited if pool else None,
            )
    return tuple(dict.fromkeys(addresses))


def _replace(node: Node, clients: Iterable[NfsClient], volumes: list[Volume], now: datetime) -> None:
    ConnectedClient.objects.filter(node=node).delete()
    rows = [
        (
            ConnectedClient(
                node=node,
                address=client.address,
                version=client.version,
                identity=client.name,
                state=client.state[:20],
                renewed_at=now - timedelta(seconds=client.idle) if client.idle is not None else None,
                connected=client.connected,
            ),
            client,
        )
        for client in clients
    ]
    ConnectedClient.objects.bulk_create(row for row, _ in rows)
    ClientUse.objects.bulk_create(use for row, client in rows for use in _uses(row, client, volumes))


def _uses(row: ConnectedClient, client: NfsClient, volumes: list[Volume]) -> Iterable[ClientUse]:
    at = {volume.mount_point: volume for volume in volumes}
    for use in client.uses or ():
        yield ClientUse(
            client=row,
            volume=at.get(use.mount),
            opens=use.opens,
            locks=use.locks,
            delegations=use.delegations,
            files=list(use.files),
        )
    for path in client.paths:
        yield ClientUse(client=row, volume=_volume_of(path, volumes), path=path[:300])


def _volume_of(path: str, volumes: list[Volume]) -> Volume | None:
    """Find the volume a directory lies on: the one with the deepest mount point above it."""
    above = [v for v in volumes if path == v.mount_point or path.startswith(f"{v.mount_point}/")]
    return max(above, key=lambda volume: len(volume.mount_point), default=None)
