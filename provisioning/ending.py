"""How a job ends: its row, its steps, the inventory and the audit entry, in one transaction, and only by who holds its lease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from clusters import audit
from clusters.models import AuditEntry
from clusters.nodetext import clean
from clusters.states import JobStatus
from provisioning import actions
from provisioning.lease import Lease, LeaseLost
from provisioning.models import Job, JobStep
from provisioning.recording import commands_that_ran, skip_what_waits

Outcome = AuditEntry.Outcome
_OUTCOMES = {
    JobStatus.SUCCEEDED: Outcome.SUCCEEDED,
    JobStatus.FAILED: Outcome.FAILED,
    JobStatus.CANCELLED: Outcome.CANCELLED,
    JobStatus.INTERRUPTED: Outcome.INTERRUPTED,
    JobStatus.STALE: Outcome.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Ending:
    status: JobStatus
    problem: str = ""
    hint: str = ""
    felt: Mapping[str, object] = field(
        default_factory=dict
    )  # as `affected.felt_by` gives it, when others felt it than the plan named

    @classmethod
    def broken(cls, job: Job, problem: str, hint: str) -> Ending:
        """Interrupted when a step's end was not seen, else failed."""
        unseen = job.steps.filter(status__in=[JobStep.Status.RUNNING, JobStep.Status.UNKNOWN])
        return cls(JobStatus.INTERRUPTED if unseen.exists() else JobStatus.FAILED, problem, hint)


def end(job: Job, lease: Lease, ending: Ending) -> None:
    with transaction.atomic():
        now = timezone.now()
        ended_at = None if ending.status is JobStatus.INTERRUPTED else now
        mine = Job.objects.filter(lease.ours())
        if not mine.update(
            status=ending.status, problem=ending.problem, hint=ending.hint, ended_at=ended_at, lease_until=None
        ):
            raise LeaseLost(f"job {job.pk}: claim {lease.claim} is not ours any more")
        job.steps.filter(status=JobStep.Status.RUNNING).update(status=JobStep.Status.UNKNOWN, ended_at=now)
        skip_what_waits(job)
        if ending.status is JobStatus.SUCCEEDED:
            actions.settle(job)
        elif ending.status is not JobStatus.INTERRUPTED:
            actions.give_back_untouched(job)
        audit.record(
            actor=job.approved_by,
            action=job.action,
            text=_sentence(job, ending),
            outcome=_OUTCOMES[ending.status],
            cluster=job.cluster,
            object=actions.ACTIONS[job.action].object(actions.intent_of(job)),
            reason=job.reason,
            after=dict(ending.felt) or None,
            commands=commands_that_ran(job),
            job=job.pk,
        )


def _sentence(job: Job, ending: Ending) -> str:
    word = {
        JobStatus.SUCCEEDED: "succeeded",
        JobStatus.STALE: "was not run",
        JobStatus.CANCELLED: "was cancelled",
    }.get(ending.status, str(ending.status))
    return f"{job.title} {word}." + (f" {clean(ending.problem)}" if ending.problem else "")
