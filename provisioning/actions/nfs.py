"""What can be done to a pair's NFS server."""

from __future__ import annotations

from clusters import inventory
from clusters.models import Cluster
from clusters.states import AccessLevel, Inventory
from provisioning.actions.action import Action, not_running
from provisioning.intents import ConfigureNfs
from provisioning.plans import nfs_server


def _refuses(cluster: Cluster, intent: ConfigureNfs) -> str:
    if why := not_running(cluster):
        return why
    name = intent.nfs.state_volume
    if name and not cluster.volumes.filter(name=name, inventory=Inventory.PRESENT).exists():
        return f"{cluster} has no volume {name}."
    return ""


def _settle(cluster: Cluster, intent: ConfigureNfs) -> None:
    n = intent.nfs
    inventory.nfs_settings(
        cluster,
        nfs_threads=n.threads,
        nfs_grace=n.grace_time,
        nfs_lease=n.lease_time,
        nfs_versions=",".join(n.versions),
        nfs_domain=n.domain,
        nfs_mountd_port=n.mountd_port,
        nfs_statd_port=n.statd_port,
        nfs_lockd_port=n.lockd_port,
        nfs_state_volume=n.state_volume,
    )


ROWS = (
    Action(
        name="nfs.configure",
        title="Set up the NFS server",
        intent=ConfigureNfs,
        planner=nfs_server.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.cluster,
        refuses=_refuses,
        begin=lambda *_: None,
        settle=_settle,
        give_back=lambda *_: None,
    ),
)
