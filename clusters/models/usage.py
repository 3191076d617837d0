"""How full volumes were: a row every few minutes, thinned as it gets older (`clusters.thinning`). Written by the monitor only."""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import Volume


class UsageSample(models.Model):
    volume = models.ForeignKey(Volume, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    size = models.BigIntegerField(help_text="bytes of the file system")
    used = models.BigIntegerField(help_text="bytes")
    inodes = models.BigIntegerField(null=True, help_text="NULL: the file system does not tell")
    inodes_used = models.BigIntegerField(null=True)
    written = models.BigIntegerField(
        null=True,
        help_text="bytes, to its device since the kernel made it; NULL: not told, or kept before it was asked",
    )

    class Meta:
        ordering = ["volume_id", "at"]
        constraints = [models.UniqueConstraint(fields=["volume", "at"], name="one_usage_at_a_moment")]

    def __str__(self) -> str:
        return f"{self.volume} at {self.at}: {self.used} of {self.size}"
