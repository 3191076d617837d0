"""Questions to nodes that are not in service yet: asked by a page, answered by a worker, shown by the page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from clusters.models import Cluster, Node
from provisioning import doorbell
from provisioning.models import Batch, Inquiry

Answer = dict[str, Any]
OPEN = (Inquiry.Status.QUEUED, Inquiry.Status.RUNNING)
GIVEN_UP_AFTER = timedelta(minutes=3)


class NotNow(Exception):
    """The question cannot be answered at this moment; the text says why, the hint what to wait for."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.hint = hint


def ask(
    kind: Inquiry.Kind, cluster: Cluster, *, asked_by: str, node: Node | None = None, batch: Batch | None = None
) -> Inquiry:
    """Ask once: a question that nobody has begun to answer is not asked again.

    One that is being answered may have looked before what this person did just now (a key put there, an address mended), so
    the question is asked once more and waits for it to end.
    """
    with transaction.atomic():
        give_up_old(cluster)
        same = Inquiry.objects.filter(cluster=cluster, node=node, batch=batch, kind=kind)
        inquiry = same.filter(status=Inquiry.Status.QUEUED).first() or Inquiry.objects.create(
            cluster=cluster, node=node, batch=batch, kind=kind, asked_by=asked_by, sent_at=timezone.now()
        )
        transaction.on_commit(lambda: doorbell.ring("jobs.inquire", inquiry.pk))
    return inquiry


def take(pk: int) -> Inquiry | None:
    """Begin to answer, unless somebody else did, or the same question is being answered and this one has to wait for its end."""
    running = Inquiry.objects.filter(
        cluster=OuterRef("cluster"), kind=OuterRef("kind"), status=Inquiry.Status.RUNNING
    ).filter(Q(node=OuterRef("node")) | Q(node=None))
    mine = Inquiry.objects.filter(~Exists(running), pk=pk, status=Inquiry.Status.QUEUED)
    if not mine.update(status=Inquiry.Status.RUNNING):
        return None
    return Inquiry.objects.select_related("cluster", "node", "batch").get(pk=pk)


def end(pk: int, status: Inquiry.Status, *, problem: str = "", hint: str = "", result: Answer | None = None) -> None:
    """Keep the answer, and ring for the same question asked meanwhile."""
    answered = Inquiry.objects.filter(pk=pk, status=Inquiry.Status.RUNNING)
    answered.update(status=status, ended_at=timezone.now(), problem=problem, hint=hint, result=result)
    inquiry = Inquiry.objects.filter(pk=pk).first()
    if inquiry is None:
        return  # given up, asked again and answered meanwhile
    same = Inquiry.objects.filter(cluster=inquiry.cluster_id, node=inquiry.node_id, kind=inquiry.kind)
    for meanwhile in same.filter(status=Inquiry.Status.QUEUED).values_list("pk", flat=True):
        doorbell.ring("jobs.inquire", meanwhile)


def still_at_it(pk: int) -> None:
    """A long answer is not one that a dead worker left."""
    Inquiry.objects.filter(pk=pk, status=Inquiry.Status.RUNNING).update(sent_at=timezone.now())


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
