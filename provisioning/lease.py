"""A running job belongs to one worker: for twenty seconds at a time, renewed every five, under a claim number that only grows."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from clusters.states import JobStatus
from provisioning.models import Job

log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker may have this job: whoever sees this stops and writes nothing."""


def _until() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def claim(job_id: int) -> int | None:
    """Take a queued job, or one whose worker was lost. None when somebody else has it or it has ended."""
    now = timezone.now()
    free = Q(status=JobStatus.QUEUED) | Q(status=JobStatus.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        won = Job.objects.filter(free, pk=job_id).update(
            status=JobStatus.RUNNING,
            claim=F("claim") + 1,
            lease_until=now + _until(),
            started_at=Coalesce("started_at", now),
        )
        return Job.objects.values_list("claim", flat=True).get(pk=job_id) if won else None


def claim_draft(job_id: int) -> bool:
    """Take a draft to plan it; a worker that dies leaves it free again after a minute."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    drafting = Job.objects.filter(free, pk=job_id, status=JobStatus.DRAFTING)
    return bool(drafting.update(lease_until=now + timedelta(minutes=1)))


class Lease:
    """Keeps a claim alive from a thread of its own while the job's steps run."""

    def __init__(self, job_id: int, claim_number: int) -> None:
        self.job_id = job_id
        self.claim = claim_number
        self._renewed = time.monotonic()
        self._lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{job_id}", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=settings.JOB_LEASE_SECONDS)

    def check(self) -> None:
        """Raise when the lease was taken over, or could not be renewed in time: a worker that slept must not act."""
        if self._lost or time.monotonic() - self._renewed > settings.JOB_LEASE_SECONDS:
            raise LeaseLost(f"job {self.job_id}: claim {self.claim} is not ours any more")

    def ours(self) -> Q:
        """The condition under which rows of this job may be written."""
        return Q(pk=self.job_id, claim=self.claim, status=JobStatus.RUNNING)

    def renew(self) -> None:
        began = time.monotonic()
        if Job.objects.filter(self.ours()).update(lease_until=timezone.now() + _until()):
            self._renewed = began
        else:
            self._lost = True

    def _keep(self) -> None:
        try:
            while not self._over.wait(settings.JOB_LEASE_SECONDS / 4) and not self._lost:
                try:
                    self.renew()
                except (
                    DatabaseError
                ) as error:  # the next try may find it again; `check` knows how old the last success is
                    log.warning("job %s: the lease could not be renewed: %s", self.job_id, error)
        finally:
            connection.close()
