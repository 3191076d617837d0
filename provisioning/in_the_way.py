"""The one job that keeps others out of a cluster, for the pages that say so before somebody fills a form in."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from clusters import inventory
from clusters.models import Cluster
from clusters.states import LOCKING, Inventory, JobStatus
from provisioning import actions, codec
from provisioning.actions import ACTIONS
from provisioning.models import Job

ENDED = {
    JobStatus.FAILED: "failed", JobStatus.INTERRUPTED: "was interrupted", JobStatus.CANCELLED: "was called off",
    JobStatus.STALE: "was overtaken and not run",
}  # fmt: skip
RUNS = {JobStatus.QUEUED: "is about to run", JobStatus.RUNNING: "runs"}


@dataclass(frozen=True, slots=True)
class InTheWay:
    job: Job
    object: str  # the volume, directory or whatever it is about

    @property
    def runs(self) -> bool:
        return self.job.status in RUNS

    @property
    def how(self) -> str:
        return (RUNS | ENDED)[JobStatus(self.job.status)]


def of(cluster: Cluster) -> InTheWay | None:
    """Give the job that holds the lock, else the last one that stopped before what it began was finished."""
    stopped = Q(status__in=ENDED, dealt_with_by="", approved_at__isnull=False)
    found = list(Job.objects.filter(stopped | Q(status__in=LOCKING), cluster=cluster).defer("plan").order_by("-pk"))
    if held := next((job for job in found if job.status in LOCKING), None):
        return _told(held)
    if not found or cluster.inventory != Inventory.PRESENT:  # a set-up that stopped is planned again from its draft
        return None
    left = inventory.half_made(cluster)
    return next((one for one in map(_told, found) if one.object in left), None) if left else None


def _told(job: Job) -> InTheWay:
    try:
        return InTheWay(job, ACTIONS[job.action].object(actions.intent_of(job)))
    except codec.Unreadable:  # kept by another version: its page still opens
        return InTheWay(job, "")
