"""Snapshots of volumes, what was last seen of them, and the schedules that take and drop them.

`Snapshot` is inventory (written by jobs), `SnapshotState` is observed (written by the monitor only), `SnapshotSchedule` is what a
person decided: when, and how many are kept.
"""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from clusters.models.cluster import Volume, _choices
from clusters.states import Inventory


class SnapshotSchedule(models.Model):
    """When snapshots of a volume are taken, and how many of them are kept: one of each of the latest hours, days and weeks."""

    volume = models.OneToOneField(Volume, on_delete=models.CASCADE, related_name="snapshot_schedule")
    enabled = models.BooleanField(default=True)
    hourly = models.PositiveSmallIntegerField(default=0)
    daily = models.PositiveSmallIntegerField(default=7)
    weekly = models.PositiveSmallIntegerField(default=4)
    size = models.BigIntegerField(help_text="bytes reserved for each")
    next_run = models.DateTimeField(null=True, blank=True)
    said = models.CharField(max_length=300, blank=True, default="", help_text="why the last run took none")
    said_at = models.DateTimeField(null=True, blank=True)
    set_by = models.CharField(max_length=150, blank=True, default="")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gt=0), name="scheduled_snapshot_has_a_size"),
            models.CheckConstraint(
                condition=models.Q(hourly__gt=0) | models.Q(daily__gt=0) | models.Q(weekly__gt=0),
                name="schedule_keeps_something",
            ),
        ]

    def __str__(self) -> str:
        return f"schedule of {self.volume}"


class Snapshot(models.Model):
    """A volume as it was at one moment. Lies in the volume group on DRBD: it moves with the service, and a resync overwrites it too.

    `fsid` and `clients` are set while it is opened: mounted read-only and exported to these clients.
    """

    volume = models.ForeignKey(Volume, on_delete=models.CASCADE, related_name="snapshots")
    inventory = models.CharField(max_length=12, choices=_choices(Inventory), default=Inventory.CREATING)
    name = models.CharField(max_length=64)
    lv = models.CharField(max_length=127, help_text="name of the logical volume")
    size = models.BigIntegerField(help_text="bytes reserved for what changes in the volume after it")
    created_at = models.DateTimeField(auto_now_add=True)
    schedule = models.ForeignKey(
        SnapshotSchedule, on_delete=models.SET_NULL, null=True, blank=True, related_name="snapshots"
    )
    fsid = models.PositiveIntegerField(null=True, blank=True, help_text="while it is opened")
    opened_at = models.DateTimeField(
        null=True, blank=True, help_text="when a job last opened it to the end; NULL: none has"
    )
    clients = models.CharField(max_length=1000, blank=True, default="", help_text="separated by blanks")
    as_root = models.BooleanField(default=False, help_text="root of these clients may read everything")
    sec = models.CharField(
        max_length=40, blank=True, default="", help_text="how they prove who their users are; empty: by address"
    )

    class Meta:
        ordering = ["volume_id", "-created_at", "-pk"]
        indexes = [
            models.Index(fields=["volume"], condition=models.Q(fsid__isnull=False), name="opened_snapshots"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["volume", "name"], name="snapshot_name_once_on_a_volume"),
            models.UniqueConstraint(fields=["volume", "lv"], name="snapshot_lv_once_on_a_volume"),
            models.CheckConstraint(condition=models.Q(size__gt=0), name="snapshot_has_a_size"),
        ]

    def __str__(self) -> str:
        return f"{self.volume}@{self.name}"

    def get_absolute_url(self) -> str:
        return reverse("snapshot", args=[self.volume.cluster.slug, self.volume.name, self.name])


class SnapshotState(models.Model):
    """What the node that has the volume group active last told of a snapshot."""

    snapshot = models.OneToOneField(Snapshot, on_delete=models.CASCADE, related_name="state")
    read_at = models.DateTimeField()
    there = models.BooleanField(default=True, help_text="LVM shows it")
    percent = models.FloatField(null=True, help_text="of its own room that is used, 0 to 100")
    valid = models.BooleanField(default=True, help_text="false: it ran full, what it held is lost")
    mounted = models.BooleanField(default=False, help_text="at its own path")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True) | models.Q(percent__gte=0, percent__lte=100),
                name="fill_is_a_percentage",
            )
        ]

    def __str__(self) -> str:
        return f"{self.snapshot}: {self.percent} %"
