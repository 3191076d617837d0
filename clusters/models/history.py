"""What changed on a pair, as seen by the monitor. Append-only; charts, history pages and alerts are queries over it."""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import Cluster, Node


class StateChange(models.Model):
    class Subject(models.TextChoices):
        ROLE = "role"
        DISK = "disk"
        CONNECTION = "connection"
        REPLICATION = "replication"
        REACHABLE = "reachable"
        BOOT = "boot"
        MANAGER = "manager"
        GROUP = "group"  # which node serves: old and new are node names, "" for nobody
        HEALTH = "health"
        FILES = "files"
        SPLIT_BRAIN = "split-brain"

    class Cause(models.TextChoices):
        """For GROUP: how the service moved, as far as was known."""

        NONE = ""
        FAILOVER = "failover"
        SWITCHOVER = "switchover"
        START = "start"
        STOP = "stop"
        UNCLEAN = "unclean"
        PAUSE = "pause"  # a job of the panel stopped the service for a moment; it never left the node, and is no move

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="changes")
    node = models.ForeignKey(Node, on_delete=models.SET_NULL, null=True, related_name="+")
    node_name = models.CharField(max_length=64, blank=True, default="")
    subject = models.CharField(max_length=12, choices=Subject.choices)
    old = models.CharField(max_length=64, blank=True, default="")
    new = models.CharField(max_length=64, blank=True, default="")
    why = models.CharField(max_length=300, blank=True, default="", help_text="what was known when it was seen")
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True, default=Cause.NONE)
    pause = models.FloatField(
        null=True, help_text="GROUP: seconds between the last and the first time the service was seen"
    )
    job = models.PositiveBigIntegerField(null=True, help_text="the job that ran meanwhile")
    at = models.DateTimeField(help_text="the panel's clock when it was seen")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["cluster", "-at"], name="change_by_cluster"),
            models.Index(fields=["subject", "-at"], name="change_by_subject"),
            models.Index(fields=["cluster", "subject", "-at"], name="last_move_of_cluster"),
        ]

    def __str__(self) -> str:
        return f"{self.cluster} {self.node_name} {self.subject}: {self.old or '-'} → {self.new or '-'}"
