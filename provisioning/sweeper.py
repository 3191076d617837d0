"""What makes the queue a mere doorbell: whatever waits in the database too long is rung for again. Safe to run twice at once."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from clusters.states import JobStatus
from provisioning import jobs, unseal
from provisioning.doorbell import ring
from provisioning.models import Inquiry, Job

AGAIN_AFTER = timedelta(seconds=10)  # between two rings for the same thing
QUEUED_FOR = timedelta(seconds=15)
DRAFTING_FOR = timedelta(seconds=30)


def sweep() -> None:
    now = timezone.now()
    queued = Q(status=JobStatus.QUEUED, approved_at__lt=now - QUEUED_FOR)
    lapsed = Q(status=JobStatus.RUNNING, lease_until__lt=now)
    _ring_again("jobs.run", Job.objects.filter(queued | lapsed))
    left_alone = Q(lease_until=None) | Q(lease_until__lt=now)
    drafting = Q(status=JobStatus.DRAFTING, created_at__lt=now - DRAFTING_FOR)
    _ring_again("jobs.propose", Job.objects.filter(left_alone, drafting))
    unasked = Inquiry.objects.filter(status=Inquiry.Status.QUEUED, asked_at__lt=now - QUEUED_FOR)
    _ring_again("jobs.inquire", unasked)
    jobs.expire()
    unseal.purge()


def _ring_again(task: str, rows: QuerySet[Job] | QuerySet[Inquiry]) -> None:
    """Whoever moves `sent_at` rings; another sweep at the same moment finds it moved."""
    now = timezone.now()
    due = rows.filter(Q(sent_at=None) | Q(sent_at__lt=now - AGAIN_AFTER))
    for pk, sent_at in due.values_list("pk", "sent_at"):
        if rows.model.objects.filter(pk=pk, sent_at=sent_at).update(sent_at=now):
            ring(task, pk)
