"""Jobs that touch no node (forgetting a pair): planned and done by the door itself, so that they work without a worker."""

from __future__ import annotations

from django.utils import timezone

from clusters.states import JobStatus
from provisioning import actions, codec
from provisioning.actions import ACTIONS
from provisioning.ha import BACKENDS
from provisioning.intents import Intent
from provisioning.models import Job
from provisioning.snapshot import Incomplete, desired_of


def propose(job: Job) -> None:
    """Plan without a reading; an inventory that is not complete yet is no obstacle."""
    try:
        desired = desired_of(job.cluster)
    except Incomplete:
        desired = None
    backend = BACKENDS[job.cluster.manager]
    plan = ACTIONS[job.action].planner(actions.intent_of(job), desired, {}, backend)
    job.plan = codec.dump(plan)
    job.title, job.danger, job.fingerprint = plan.title, plan.danger, plan.fingerprint()
    job.status, job.planned_at = JobStatus.PROPOSED, timezone.now()
    job.save(update_fields=["plan", "title", "danger", "fingerprint", "status", "planned_at"])


def run(job: Job, intent: Intent) -> None:
    """Do it now, inside the transaction that admitted it."""
    ACTIONS[job.action].settle(job.cluster, intent)
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(status=JobStatus.SUCCEEDED, started_at=now, ended_at=now)
