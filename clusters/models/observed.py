"""What was last seen. Written by the monitor only. A value that was not seen is NULL; `read_at` says how old a row is."""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import Cluster, Node, Resource, Volume
from clusters.states import Health


class NodeState(models.Model):
    node = models.OneToOneField(Node, on_delete=models.CASCADE, related_name="state")
    reachable = models.BooleanField(null=True, help_text="NULL: never tried")
    misses = models.PositiveIntegerField(default=0, help_text="sweeps in a row without an answer")
    error = models.CharField(max_length=300, blank=True, default="")
    host_key_changed = models.BooleanField(default=False)
    tried_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True, help_text="last answer")
    boot_id = models.CharField(max_length=40, blank=True, default="")
    uptime = models.FloatField(null=True, help_text="seconds")
    clock_offset = models.FloatField(null=True, help_text="seconds, node minus panel")
    os = models.CharField(max_length=60, blank=True, default="")
    kernel = models.CharField(max_length=80, blank=True, default="")
    drbd = models.CharField(max_length=20, blank=True, default="")
    manager_running = models.BooleanField(null=True)
    manager_says = models.CharField(
        max_length=20, blank=True, default="", help_text="what the manager believes it holds"
    )
    holds_ip = models.BooleanField(null=True)
    nfsd_threads = models.PositiveIntegerField(null=True)
    nfs_arrived = models.BigIntegerField(
        null=True, help_text="pieces of work for the NFS threads since the server started"
    )
    nfs_waited = models.BigIntegerField(null=True, help_text="of them, how many found every thread busy")
    clients_read_at = models.DateTimeField(null=True, help_text="when the NFS clients were last read")
    vg_size = models.BigIntegerField(null=True, help_text="bytes, of the VG on DRBD; only where it is active")
    vg_free = models.BigIntegerField(null=True)
    pools = models.JSONField(
        null=True, help_text="thin pools of that VG: name, size, promised (bytes), data, metadata (percent), broken"
    )
    thin_tools = models.BooleanField(null=True, help_text="what checks and repairs a thin pool is installed")
    local_size = models.BigIntegerField(null=True, help_text="bytes, of the node's own VG below DRBD")
    local_free = models.BigIntegerField(null=True)
    mounted = models.JSONField(null=True, help_text="mount points of the cluster's volumes that are mounted here")
    exported = models.JSONField(null=True, help_text="paths exported here")
    links = models.JSONField(default=list, help_text="[node, link, status] as the manager says")
    file_digests = models.JSONField(default=dict, help_text="path → SHA-256 of managed files")
    marks = models.JSONField(default=list, help_text="split-brain marks left by the handler")
    standing = models.JSONField(null=True, help_text="findings of the last whole reading about how the node is set up")

    def __str__(self) -> str:
        return f"{self.node}: {'seen' if self.reachable else 'not seen'}"


class Replica(models.Model):
    """One node's copy of the resource, in the words of DRBD 9."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="replicas")
    node = models.OneToOneField(Node, on_delete=models.CASCADE, related_name="replica")
    read_at = models.DateTimeField(null=True)
    role = models.CharField(max_length=10, blank=True, default="")
    disk = models.CharField(max_length=14, blank=True, default="")
    connection = models.CharField(max_length=16, blank=True, default="")
    replication = models.CharField(max_length=16, blank=True, default="")
    peer_disk = models.CharField(max_length=14, blank=True, default="")
    size = models.BigIntegerField(null=True, help_text="bytes")
    out_of_sync = models.BigIntegerField(null=True, help_text="bytes")
    percent = models.FloatField(null=True, help_text="of a running resync or verify, 0 to 100")
    sync_left = models.BigIntegerField(null=True, help_text="bytes")
    sync_total = models.BigIntegerField(null=True, help_text="bytes")
    speed = models.BigIntegerField(null=True, help_text="bytes per second")
    eta = models.PositiveIntegerField(null=True, help_text="seconds")
    sync_started_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True, help_text="when sync_left last went down")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True) | models.Q(percent__gte=0, percent__lte=100),
                name="percent_is_a_percentage",
            )
        ]

    def __str__(self) -> str:
        return f"{self.node}: {self.role} {self.disk}"


class VolumeUsage(models.Model):
    volume = models.OneToOneField(Volume, on_delete=models.CASCADE, related_name="usage")
    read_at = models.DateTimeField()
    size = models.BigIntegerField(help_text="bytes of the file system")
    used = models.BigIntegerField(help_text="bytes")
    written = models.BigIntegerField(
        null=True, help_text="bytes, to its device on that node since the kernel made it; NULL: not told"
    )
    written_on = models.CharField(
        max_length=64, blank=True, default="", help_text="the node that `written` was read on"
    )
    written_at = models.DateTimeField(
        null=True, help_text="the reading that last saw more written than the one before; NULL: none did yet"
    )
    inodes = models.BigIntegerField(null=True, help_text="NULL: not told")
    inodes_used = models.BigIntegerField(null=True)
    sampled_at = models.DateTimeField(null=True, help_text="when the last `UsageSample` was kept")
    foretold_at = models.DateTimeField(null=True, help_text="when it was last computed how it goes on")
    verdict = models.CharField(max_length=8, blank=True, default="", help_text="of `clusters.forecast`")
    full_at = models.DateTimeField(
        null=True, db_index=True, help_text="when it will be full at this rate; NULL: not known, or never"
    )
    full_soonest = models.DateTimeField(null=True, help_text="with its spread")
    full_latest = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.volume}: {self.used} of {self.size}"


class ClusterState(models.Model):
    """The judgement over both nodes' readings, so that lists are one query. Made by `clusters.health`, written by the monitor."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="state")
    health = models.CharField(
        max_length=8, choices=[(h.value, h.value) for h in Health], default=Health.UNKNOWN, db_index=True
    )
    health_order = models.PositiveSmallIntegerField(default=1, db_index=True)
    sentence = models.CharField(max_length=200, default="Not read yet.")
    detail = models.CharField(max_length=400, blank=True, default="")
    reasons = models.JSONField(default=list, help_text="findings: code, severity, text, hint, node")
    dangers = models.JSONField(
        default=dict, help_text="what only both nodes' readings tell, and take back: code → when it was last seen"
    )
    active_node = models.ForeignKey(
        Node, on_delete=models.SET_NULL, null=True, related_name="+", help_text="seen to hold the whole group"
    )
    last_active = models.CharField(
        max_length=64, blank=True, default="", help_text="node last seen to hold the whole group"
    )
    served_at = models.DateTimeField(null=True, help_text="when the whole group was last seen somewhere")
    failover_works = models.BooleanField(default=False)
    since = models.DateTimeField(null=True, help_text="when this health began")
    judged_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.cluster}: {self.health}"
