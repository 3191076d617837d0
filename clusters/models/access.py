"""Who may do what. A membership without a cluster holds everywhere."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from clusters.models.cluster import Cluster
from clusters.states import AccessLevel


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships")
    level = models.PositiveSmallIntegerField(
        choices=[(level.value, level.name.lower()) for level in AccessLevel if level]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "cluster"], name="one_level_per_person_and_cluster"),
            models.UniqueConstraint(fields=["user"], condition=models.Q(cluster=None), name="one_level_everywhere"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {AccessLevel(self.level).name.lower()} on {self.cluster or 'all clusters'}"
