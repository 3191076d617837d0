"""The audit log: append-only rows chained by hash. Only `clusters.audit.record` writes here; database triggers refuse UPDATE and DELETE."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from clusters.models.cluster import Cluster


class AuditEntry(models.Model):
    class Outcome(models.TextChoices):
        DONE = "done"  # a change inside the panel, complete with this entry
        REQUESTED = "requested"  # a job was admitted
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        INTERRUPTED = "interrupted"
        REFUSED = "refused"

    sequence = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    actor = models.CharField(
        max_length=150, help_text="name, kept after the account is gone; 'panel' for the panel itself"
    )
    actor_id = models.PositiveBigIntegerField(null=True)
    action = models.CharField(max_length=60, db_index=True, help_text="volume.create, node.pin-host-key, sign-in …")
    cluster = models.ForeignKey(Cluster, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    cluster_name = models.CharField(max_length=40, blank=True, default="", db_index=True)
    object = models.CharField(max_length=200, blank=True, default="", help_text="what it was done to")
    text = models.CharField(max_length=400, help_text="one sentence")
    reason = models.CharField(max_length=400, blank=True, default="")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    commands = models.JSONField(
        default=list, help_text="[{node, command, exit}] that changed something; secrets masked"
    )
    job = models.PositiveBigIntegerField(null=True, db_index=True)
    request_id = models.CharField(max_length=36, blank=True, default="")
    remote_address = models.CharField(max_length=45, blank=True, default="")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-sequence"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.actor} {self.action}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Audit entries cannot be deleted.")


class AuditHead(models.Model):
    """Where the chain ends: one row, so that a log cut short is noticed and writers stand in line."""

    ONLY = 1

    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:12]}"
