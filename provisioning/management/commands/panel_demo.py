"""Make the demo's first pair: described, planned, approved and carried out like any other, on simulated machines with a clock of their own.

The set-up is played an hour ago, so that its first full copy is through when a visitor comes.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.http import HttpRequest

from clusters.models import Backing, Cluster, Export, ExportClient, Membership, Node, Resource, Volume
from clusters.states import AccessLevel, Inventory, JobStatus
from provisioning import jobs, worker
from provisioning.intents import ProvisionCluster
from provisioning.simulator import store, world
from provisioning.simulator.make import NAMES
from provisioning.simulator.state import GIB, Client

SLUG = "web-files"
VOLUMES = (("homes", 20 * GIB, "ext4", 1, "10.10.0.0/24"), ("media", 30 * GIB, "xfs", 2, "10.10.0.0/24"))

CLIENTS: tuple[dict[str, Any], ...] = (  # who has mounted what
    {
        "address": "10.10.0.101",
        "version": "4.2",
        "mount": "/srv/homes",
        "opens": 14,
        "locks": 2,
        "files": ["ines/thesis.odt"],
    },
    {"address": "10.10.0.102", "version": "4.2", "mount": "/srv/homes", "opens": 3, "files": ["tom/notes.txt"]},
    {"address": "10.10.0.110", "version": "4.1", "mount": "/srv/media", "opens": 1, "files": ["films/trailer.mkv"]},
    {"address": "10.10.0.150", "version": "3", "mount": "/srv/media"},
)


class PastTime:
    """Begins an hour ago and jumps over every wait."""

    def __init__(self) -> None:
        self.at = time.time() - 3600

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


class Command(BaseCommand):
    help = "Make the simulated pair web-files, unless there is a cluster already."

    def handle(self, *args: Any, **options: Any) -> None:
        if Cluster.objects.exists():
            return
        self.stderr.write("Setting up the simulated pair ...")
        clock, world.clock = world.clock, PastTime()
        user, password = _somebody()
        try:
            cluster = _describe()
            _carry_out(cluster, user, password)
            with store.opened(cluster.pk) as pair:
                pair.clients = [Client(**client) for client in CLIENTS]
        finally:
            world.clock = clock
            user.set_unusable_password()
            user.is_active = False
            user.save()


def _somebody() -> tuple[Any, str]:
    """Make the account the demo's own set-up is made by; nobody can sign in as it afterwards."""
    password = secrets.token_urlsafe(24)
    user, _ = get_user_model().objects.get_or_create(username="demo")
    user.is_active = True
    user.set_password(password)
    user.save()
    Membership.objects.get_or_create(user=user, cluster=None, defaults={"level": AccessLevel.ADMIN})
    return user, password


def _carry_out(cluster: Cluster, user: Any, password: str) -> None:
    request = HttpRequest()
    request.user = user
    job = jobs.draft(request, "cluster.provision", cluster, ProvisionCluster(cluster.slug))
    worker.propose(job.pk)
    jobs.approve(request, job, reason="The demo's own pair", typed_name=cluster.slug, password=password)
    worker.run(job.pk)
    job.refresh_from_db()
    if job.status != JobStatus.SUCCEEDED:
        raise CommandError(f"The simulated set-up ended as {job.status}: {job.problem}")


def _describe() -> Cluster:
    """The rows that the steps of a draft would leave."""
    cluster = Cluster.objects.create(
        slug=SLUG, labels="demo", simulated=True, service_ip="10.10.0.50", first_source=NAMES[0], created_by="demo"
    )
    Resource.objects.create(cluster=cluster, vg="vg_web")
    for position, name in enumerate(NAMES):
        node = Node.objects.create(
            cluster=cluster, name=name, position=position, ssh_host=f"10.10.1.{11 + position}", key_installed=True,
            host_key=store.host_key_of(cluster.pk, name) or "", host_key_pinned_by="demo",
            replication_address=f"10.10.8.{1 + position}", replication_interface="eth2",
            service_address=f"10.10.0.{11 + position}", service_interface="eth1",
        )  # fmt: skip
        Backing.objects.create(
            node=node, disk="/dev/vdb", disk_serial=f"S-{name}-1", disk_model="SAMSUNG PM893", disk_size=100 * GIB,
            vg="vg_local", lv="r0", size=80 * GIB,
        )  # fmt: skip
    for name, size, fstype, fsid, client in VOLUMES:
        volume = Volume.objects.create(
            cluster=cluster, name=name, size=size, fstype=fstype, mount_point=f"/srv/{name}", inventory=Inventory.DRAFT
        )
        export = Export.objects.create(cluster=cluster, volume=volume, path=volume.mount_point, fsid=fsid)
        ExportClient.objects.create(export=export, client=client, options="rw,sync,no_subtree_check,root_squash")
    return cluster
