"""The inventory: what the panel's people described. Written by forms while it is a draft, by jobs afterwards; never by the monitor."""

from __future__ import annotations

from functools import lru_cache

from django.db import models
from django.urls import get_script_prefix, reverse

from clusters.states import Inventory


def _choices(enum: type[Inventory]) -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in enum]


@lru_cache(maxsize=16384)
def _address_of(prefix: str, page: str, *names: str | int) -> str:
    """The same for the life of a process under one `prefix`, the path the panel is served at."""
    return reverse(page, args=names)


def _address(page: str, *names: str | int) -> str:
    """Look an address up once: a table of the fleet asks for each of its rows."""
    return _address_of(get_script_prefix(), page, *names)


class Cluster(models.Model):
    """The managed pair with its service group."""

    slug = models.SlugField(max_length=40, unique=True)
    inventory = models.CharField(max_length=12, choices=_choices(Inventory), default=Inventory.DRAFT)
    simulated = models.BooleanField(default=False)
    manager = models.CharField(max_length=12, default="heartbeat")
    labels = models.CharField(max_length=200, blank=True, default="", help_text="words separated by blanks")
    service_ip = models.GenericIPAddressField(null=True, blank=True)
    service_prefix = models.PositiveSmallIntegerField(default=24)
    first_source = models.CharField(
        max_length=64, blank=True, default="", help_text="node whose disk is copied at the first sync"
    )
    keepalive = models.PositiveSmallIntegerField(default=1, help_text="seconds")
    warntime = models.PositiveSmallIntegerField(default=5, help_text="seconds")
    deadtime = models.PositiveSmallIntegerField(default=12, help_text="seconds")
    initdead = models.PositiveSmallIntegerField(default=60, help_text="seconds")
    udpport = models.PositiveIntegerField(default=694)
    nfs_threads = models.PositiveSmallIntegerField(default=8)
    nfs_grace = models.PositiveSmallIntegerField(default=45, help_text="seconds")
    nfs_lease = models.PositiveSmallIntegerField(default=45, help_text="seconds")
    nfs_versions = models.CharField(max_length=40, default="3,4.0,4.1,4.2", help_text="separated by commas")
    nfs_domain = models.CharField(
        max_length=253, blank=True, default="", help_text="of names in NFSv4; empty: the nodes' own"
    )
    nfs_mountd_port = models.PositiveIntegerField(default=0, help_text="0: any")
    nfs_statd_port = models.PositiveIntegerField(default=0, help_text="0: any")
    nfs_lockd_port = models.PositiveIntegerField(default=0, help_text="0: any")
    nfs_state_volume = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="volume that carries what clients held; empty: each node its own",
    )
    highest_fsid = models.PositiveIntegerField(
        default=0, help_text="of exports that were withdrawn: their numbers are not given again"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True, default="")
    touched_at = models.DateTimeField(
        null=True, blank=True, help_text="when a step that changes a node ran for the first time"
    )
    forgotten_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return _address("cluster", self.slug)

    @property
    def label_list(self) -> list[str]:
        return self.labels.split()


class Node(models.Model):
    """One server of a pair, or the observer near the clients. SSH address, replication and service addresses are fields of their own."""

    class Kind(models.TextChoices):
        MEMBER = "member"
        OBSERVER = "observer"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="nodes")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.MEMBER)
    name = models.CharField(max_length=64, help_text="equals `uname --nodename`")
    position = models.PositiveSmallIntegerField(default=0, help_text="0 is drawn left, 1 right")
    ssh_host = models.CharField(max_length=253)
    ssh_port = models.PositiveIntegerField(default=22)
    ssh_user = models.CharField(max_length=32, default="root")
    offered_host_key = models.TextField(blank=True, default="", help_text="what the node showed, not trusted yet")
    host_key = models.TextField(blank=True, default="", help_text="pinned by a person: 'ssh-ed25519 AAAA…'")
    host_key_pinned_by = models.CharField(max_length=150, blank=True, default="")
    host_key_pinned_at = models.DateTimeField(null=True, blank=True)
    key_installed = models.BooleanField(default=False, help_text="a login with the panel's key was seen to work")
    replication_address = models.GenericIPAddressField(null=True, blank=True)
    replication_interface = models.CharField(max_length=15, blank=True, default="")
    service_address = models.GenericIPAddressField(null=True, blank=True)
    service_interface = models.CharField(max_length=15, blank=True, default="")

    class Meta:
        ordering = ["cluster_id", "kind", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "name"], name="node_name_once_in_a_cluster"),
            models.UniqueConstraint(fields=["cluster", "ssh_host", "ssh_port"], name="ssh_address_once_in_a_cluster"),
        ]

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """The DRBD resource of a pair. Minor and port are allocated once and never change."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="resource")
    name = models.CharField(max_length=32, default="r0")
    minor = models.PositiveIntegerField(default=0)
    port = models.PositiveIntegerField(default=7788)
    vg = models.CharField(max_length=64, default="vg_data", help_text="volume group on the DRBD device")
    verify_alg = models.CharField(max_length=20, default="crc32c")
    resync_rate = models.CharField(max_length=12, default="100M")
    wfc_timeout = models.PositiveIntegerField(default=0)
    degr_wfc_timeout = models.PositiveIntegerField(default=60)
    outdated_wfc_timeout = models.PositiveIntegerField(default=60)

    def __str__(self) -> str:
        return self.name


class Backing(models.Model):
    """What DRBD writes to on one node."""

    class Kind(models.TextChoices):
        LV = "lv"
        DISK = "disk"

    node = models.OneToOneField(Node, on_delete=models.CASCADE, related_name="backing")
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.LV)
    disk = models.CharField(max_length=200, help_text="/dev/vdb, when it was chosen")
    disk_link = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text="its name below /dev/disk/by-id, which stays when the kernel's changes",
    )
    disk_serial = models.CharField(max_length=100, blank=True, default="")
    disk_model = models.CharField(max_length=100, blank=True, default="")
    disk_size = models.BigIntegerField(default=0, help_text="bytes")
    vg = models.CharField(max_length=64, blank=True, default="")
    lv = models.CharField(max_length=64, blank=True, default="")
    size = models.BigIntegerField(default=0, help_text="bytes of the backing LV")

    def __str__(self) -> str:
        return f"{self.node}: {self.disk}"


class Volume(models.Model):
    """An LV of the pair's volume group with a file system and a mount point."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="volumes")
    inventory = models.CharField(max_length=12, choices=_choices(Inventory), default=Inventory.DRAFT)
    name = models.CharField(max_length=64)
    size = models.BigIntegerField(help_text="bytes")
    fstype = models.CharField(max_length=4, choices=[("ext4", "ext4"), ("xfs", "XFS")], default="ext4")
    mount_point = models.CharField(max_length=200)
    mount_options = models.CharField(max_length=200, blank=True, default="", help_text="separated by commas")
    owner = models.CharField(max_length=70, blank=True, default="", help_text="of its root directory; empty: root")
    mode = models.CharField(max_length=4, blank=True, default="", help_text="of its root directory; empty: 0755")
    pool = models.CharField(
        max_length=127, blank=True, default="", help_text="thin pool it takes its room from; empty: it has all of it"
    )
    damaged_at = models.DateTimeField(
        null=True, blank=True, help_text="when a check found its file system damaged; empty: whole as far as is known"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["cluster_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "name"], name="volume_name_once_in_a_cluster"),
            models.UniqueConstraint(fields=["cluster", "mount_point"], name="mount_point_once_in_a_cluster"),
            models.CheckConstraint(condition=models.Q(size__gt=0), name="volume_has_a_size"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return _address("volume", self.cluster.slug, self.name)


class Export(models.Model):
    """A directory of a volume that clients may mount. The fsid is given by the panel and never changes."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="exports")
    volume = models.ForeignKey(Volume, on_delete=models.PROTECT, related_name="exports")
    inventory = models.CharField(max_length=12, choices=_choices(Inventory), default=Inventory.DRAFT)
    path = models.CharField(max_length=300)
    fsid = models.PositiveIntegerField()
    owner = models.CharField(max_length=70, blank=True, default="", help_text="of the directory; empty: left alone")
    mode = models.CharField(max_length=4, blank=True, default="", help_text="of the directory; empty: left alone")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="when a job last published, changed or moved it: an older reading tells nothing of that",
    )

    class Meta:
        ordering = ["cluster_id", "path"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "path"], name="export_path_once_in_a_cluster"),
            models.UniqueConstraint(fields=["cluster", "fsid"], name="fsid_once_in_a_cluster"),
            models.CheckConstraint(condition=models.Q(fsid__gt=0), name="fsid_is_not_the_root"),
        ]

    def __str__(self) -> str:
        return self.path

    def get_absolute_url(self) -> str:
        return _address("export", self.cluster.slug, self.fsid)


class ExportClient(models.Model):
    """Who may mount an export, and how."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="clients")
    position = models.PositiveSmallIntegerField(default=0)
    client = models.CharField(max_length=253)
    options = models.CharField(max_length=300, help_text="separated by commas, without fsid")

    class Meta:
        ordering = ["export_id", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["export", "client"], name="client_once_in_an_export")]

    def __str__(self) -> str:
        return f"{self.client}({self.options})"
