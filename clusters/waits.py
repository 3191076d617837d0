"""What lets a run of a schedule or a row of a batch wait for its turn on a pair: asked by whoever begins it, and by the pages that say why.

Jobs belong to the other app and are reached by the name of the relation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from clusters.models import Cluster, SnapshotSchedule, TrimSchedule
from clusters.states import LOCKING, JobStatus

READING = timedelta(minutes=5)  # for so long a plan that was asked for is not taken away: somebody may be reading it
UNDECIDED = (JobStatus.DRAFTING, JobStatus.PROPOSED)


@dataclass(frozen=True, slots=True)
class Holder:
    """The job that has the pair, or whose plan somebody reads."""

    job: int
    title: str
    by: str
    status: str
    until: datetime | None = None  # a plan is waited for so long at most

    @property
    def why(self) -> str:
        if self.status == JobStatus.INTERRUPTED:
            return "it stopped half way, and its page says how to go on"
        return "nothing else runs on the pair meanwhile" if self.until is None else f"{self.by} may be reading its plan"


def holder(cluster: Cluster, but: int | None = None) -> Holder | None:
    """Give the job that has the lock, else the newest plan of the last minutes; approving another would take that away. One query."""
    lately = Q(status__in=UNDECIDED, created_at__gte=timezone.now() - READING)
    rows = cluster.jobs.filter(Q(status__in=LOCKING) | lately)
    others = rows if but is None else rows.exclude(pk=but)
    found = list(others.order_by("-pk").only("pk", "title", "created_by", "status", "created_at"))
    one = next((job for job in found if job.status in LOCKING), found[0] if found else None)
    if one is None:
        return None
    until = None if one.status in LOCKING else one.created_at + READING
    return Holder(one.pk, one.title, one.created_by, one.status, until)


def of_schedule(schedule: SnapshotSchedule | TrimSchedule | None, action: str, now: datetime) -> Holder | None:
    """Give what a run waits for that is due, or planned already; None when none waits."""
    if schedule is None or not schedule.enabled:
        return None
    cluster = schedule.volume.cluster
    planned = cluster.jobs.filter(action=action, status__in=UNDECIDED, intent__schedule=schedule.pk)
    mine = planned.values_list("pk", flat=True).first()
    due = schedule.next_run is not None and schedule.next_run <= now
    found = holder(cluster, but=mine) if due or mine else None
    return None if mine and found and found.until else found  # one that is planned waits for the lock alone
