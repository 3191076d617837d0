"""Whom the NFS servers know, as last read. Written by the monitor only; `NodeState.clients_read_at` says how old a node's rows are."""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import Node, Volume


class ConnectedClient(models.Model):
    """A session of NFS version 4, or what is known of a client of version 3."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="nfs_clients", help_text="that serves it")
    address = models.CharField(max_length=253, db_index=True)
    version = models.CharField(
        max_length=8, blank=True, default="", help_text="empty: a connection of which nothing else is known"
    )
    identity = models.CharField(max_length=120, blank=True, default="", help_text="what it calls itself")
    state = models.CharField(max_length=20, blank=True, default="", help_text="of a session: confirmed, courtesy …")
    renewed_at = models.DateTimeField(null=True, help_text="when it last renewed its lease; NULL: version 3 has none")
    connected = models.BooleanField(null=True, help_text="a TCP connection was seen")

    class Meta:
        ordering = ["address", "version", "pk"]

    def __str__(self) -> str:
        return f"{self.address} NFSv{self.version or '?'}"


class ClientUse(models.Model):
    """What a client holds on one volume, or, in version 3, the directory it once mounted."""

    client = models.ForeignKey(ConnectedClient, on_delete=models.CASCADE, related_name="uses")
    volume = models.ForeignKey(Volume, on_delete=models.CASCADE, null=True, related_name="+")
    path = models.CharField(max_length=300, blank=True, default="", help_text="version 3: the directory it mounted")
    opens = models.PositiveIntegerField(null=True, help_text="NULL: version 3 does not tell")
    locks = models.PositiveIntegerField(null=True)
    delegations = models.PositiveIntegerField(null=True)
    files = models.JSONField(default=list, help_text="the last two parts of the paths of a few open files")

    def __str__(self) -> str:
        return f"{self.client}: {self.path or self.volume}"


UNANSWERED = "the name service does not answer"  # as a problem of a name


class ClientName(models.Model):
    """What the name service calls an address. Asked by the worker beside its sweeps; one that does not answer holds nothing up."""

    address = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=253, blank=True, default="", help_text="empty: it has none")
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=120, blank=True, default="")

    def __str__(self) -> str:
        return self.name or self.address
