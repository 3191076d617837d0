"""Rows for tests, as plain functions. The pair is web-files with nodes alice and bob."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from clusters.models import Backing, Cluster, Export, ExportClient, Membership, Node, Resource, Volume
from clusters.states import AccessLevel, Inventory

GIB = 1024**3
PASSWORD = "correct horse battery staple"
HOST_KEYS = {
    "alice": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAlice00000000000000000000000000000000000000",
    "bob": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBob0000000000000000000000000000000000000000",
}


def make_user(name: str, level: AccessLevel = AccessLevel.NONE, cluster: Cluster | None = None) -> Any:
    """A person; the level holds everywhere unless a cluster is given."""
    user = get_user_model().objects.create_user(name, password=PASSWORD)
    if level:
        Membership.objects.create(user=user, cluster=cluster, level=level)
    return user


def make_node(cluster: Cluster, name: str, position: int, *, number: int | None = None, pinned: bool = True) -> Node:
    number = number or 11 + position
    node = Node.objects.create(
        cluster=cluster,
        name=name,
        position=position,
        ssh_host=f"10.10.0.{number}",
        host_key=HOST_KEYS.get(name, HOST_KEYS["alice"]) if pinned else "",
        key_installed=pinned,
        replication_address=f"192.168.77.{number}",
        replication_interface="ens4",
        service_address=f"10.10.0.{number}",
        service_interface="ens3",
    )
    Backing.objects.create(
        node=node, disk="/dev/vdb", disk_serial=f"data-{name}", disk_model="QEMU HARDDISK", disk_size=100 * GIB,
        vg="vg_local", lv="r0", size=80 * GIB,
    )  # fmt: skip
    return node


def make_cluster(slug: str = "web-files", *, inventory: Inventory = Inventory.PRESENT, **fields: Any) -> Cluster:
    """A complete pair: two nodes, resource r0, volumes web_files and media, web_files exported."""
    fields = {"service_ip": "10.10.0.50", "first_source": "alice", "created_by": "ada", **fields}
    cluster = Cluster.objects.create(slug=slug, inventory=inventory, **fields)
    make_node(cluster, "alice", 0)
    make_node(cluster, "bob", 1)
    Resource.objects.create(cluster=cluster)
    volume = make_volume(cluster, "web_files", inventory=inventory)
    make_volume(cluster, "media", size=20 * GIB, fstype="xfs", inventory=inventory)
    make_export(volume, inventory=inventory)
    return cluster


def make_volume(cluster: Cluster, name: str, **fields: Any) -> Volume:
    fields = {"size": 10 * GIB, "mount_point": f"/srv/{name}", "inventory": Inventory.PRESENT, **fields}
    return Volume.objects.create(cluster=cluster, name=name, **fields)


def make_export(
    volume: Volume, *, fsid: int = 1, clients: tuple[str, ...] = ("10.10.0.0/24",), **fields: Any
) -> Export:
    fields = {"path": volume.mount_point, "inventory": Inventory.PRESENT, **fields}
    export = Export.objects.create(cluster=volume.cluster, volume=volume, fsid=fsid, **fields)
    for position, client in enumerate(clients):
        ExportClient.objects.create(
            export=export, position=position, client=client, options="rw,sync,no_subtree_check,root_squash"
        )
    return export
