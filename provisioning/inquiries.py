"""Questions to nodes that are not in service yet: asked by a page, answered by a worker, shown by the page."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from clusters.models import Cluster, Node
from provisioning import doorbell
from provisioning.models import Inquiry

OPEN = (Inquiry.Status.QUEUED, Inquiry.Status.RUNNING)
GIVEN_UP_AFTER = timedelta(minutes=3)


def ask(kind: Inquiry.Kind, cluster: Cluster, *, asked_by: str, node: Node | None = None) -> Inquiry:
    """Ask once: a question that is on its way already is not asked again."""
    with transaction.atomic():
        give_up_old(cluster)
        waiting = Inquiry.objects.filter(cluster=cluster, node=node, kind=kind, status__in=OPEN).first()
        inquiry = waiting or Inquiry.objects.create(
            cluster=cluster, node=node, kind=kind, asked_by=asked_by, sent_at=timezone.now()
        )
        transaction.on_commit(lambda: doorbell.ring("jobs.inquire", inquiry.pk))
    return inquiry


def give_up_old(cluster: Cluster) -> None:
    """A worker that died leaves its question open; after a while it counts as failed, so that it can be asked again."""
    now = timezone.now()
    stuck = Q(sent_at__lt=now - GIVEN_UP_AFTER) | Q(sent_at=None, asked_at__lt=now - GIVEN_UP_AFTER)
    Inquiry.objects.filter(stuck, cluster=cluster, status__in=OPEN).update(
        status=Inquiry.Status.FAILED,
        ended_at=now,
        problem="No answer for three minutes.",
        hint="Look whether the panel's worker is running, then ask again.",
    )


def last(kind: Inquiry.Kind, cluster: Cluster, node: Node | None = None) -> Inquiry | None:
    return Inquiry.objects.filter(kind=kind, cluster=cluster, node=node).order_by("-pk").first()


def last_answered(kind: Inquiry.Kind, cluster: Cluster) -> Inquiry | None:
    done = Inquiry.objects.filter(kind=kind, cluster=cluster, status=Inquiry.Status.DONE)
    return done.order_by("-pk").first()
