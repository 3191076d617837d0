"""Jobs in a worker: a draft becomes a proposal, an approved proposal is carried out. Everything that a message may ask for, by id.

A message may come twice, late, or for a job that has ended: each function first takes the job by a conditional UPDATE.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from django.db import InterfaceError, InternalError, OperationalError
from django.utils import timezone

from clusters.models import Cluster
from clusters.states import JobStatus
from provisioning import codec, enrolment, once_more
from provisioning.actions import ACTIONS, intent_of
from provisioning.carrying import Carrying
from provisioning.ending import Ending, end
from provisioning.ha import BACKENDS
from provisioning.lease import Lease, LeaseLost, claim, claim_draft
from provisioning.models import Job
from provisioning.observed import NodeObserved
from provisioning.observing import observe_each
from provisioning.snapshot import Incomplete, desired_of
from provisioning.steps import Plan
from provisioning.transport.choose import world_for
from provisioning.transport.clock import time_of
from provisioning.transport.world import NodeError, World
from provisioning.unseal import SecretMissing

log = logging.getLogger(__name__)
TRIES = 10  # workers that a job may lose to a database that is away
READ_ONLY = "25006"  # PostgreSQL's word for it, an InternalError as some mistakes of the panel's are
inquire = enrolment.inquire
BROKEN = "The panel made a mistake: {error}. Nothing more was run."
REPORT = "Look at the panel's log, then plan again."


def propose(job_id: int) -> None:
    """Read both nodes now, plan, and put the proposal before a person. Changes nothing on a node."""
    if not claim_draft(job_id):
        return
    job = Job.objects.select_related("cluster").get(pk=job_id)
    try:
        plan, _ = plan_now(job, world_for(job.cluster))
    except (NodeError, SecretMissing, Incomplete) as problem:
        _end_draft(job_id, str(problem), getattr(problem, "hint", ""))
        return
    Job.objects.filter(pk=job_id, status=JobStatus.DRAFTING).update(
        status=JobStatus.PROPOSED,
        plan=codec.dump(plan),
        title=plan.title[:200] or job.title,
        danger=plan.danger,
        fingerprint=plan.fingerprint(),
        planned_at=timezone.now(),
        lease_until=None,
    )


def run(job_id: int) -> None:
    """Carry out an approved job, or go on with one whose worker was lost."""
    number = claim(job_id)
    if number is None:
        log.info("job %s: somebody else has it, or it has ended", job_id)
        return
    job = Job.objects.select_related("cluster").get(pk=job_id)
    with Lease(job.pk, number) as lease:
        try:
            Carrying(job, lease, plan_now).carry_out()
        except LeaseLost as lost:
            log.warning("stopped: %s", lost)
        except Exception as error:  # the edge of a job: whatever it was, the job says so
            log.exception("job %s: broke off", job_id)
            _broke_off(job, lease, error)


def plan_now(job: Job, world: World) -> tuple[Plan, dict[str, NodeObserved]]:
    """Read both nodes and plan the job's intent. A node that gives no answer is asked once more; some actions do without the standby node."""
    cluster: Cluster = job.cluster
    desired = desired_of(cluster)
    action, intent = ACTIONS[job.action], intent_of(job)
    questions = action.asks(intent, desired)
    observed, told = once_more.asked(
        lambda: observe_each(world, cluster, desired, questions), cluster, time_of(world), one_is_enough=action.alone
    )
    plan: Plan = action.planner(intent, desired, observed, BACKENDS[cluster.manager])
    return replace(plan, findings=plan.findings + told), dict(observed)


def propose_failed(job_id: int, error: Exception) -> None:
    """What the task's edge does with an error that nobody expected."""
    _end_draft(job_id, BROKEN.format(error=error), REPORT)


def _broke_off(job: Job, lease: Lease, error: Exception) -> None:
    """A step that was under way has an end that was not seen, so a person decides."""
    if _database_away(error) and lease.claim < TRIES:
        return  # the lease lapses, and the next worker reads back what ran
    try:
        end(job, lease, Ending.broken(job, BROKEN.format(error=error), REPORT))
    except LeaseLost as lost:
        log.warning("stopped: %s", lost)


def _database_away(error: Exception) -> bool:
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "sqlstate", None) == READ_ONLY
    return isinstance(error, (OperationalError, InterfaceError))


def _end_draft(job_id: int, problem: str, hint: str) -> None:
    Job.objects.filter(pk=job_id, status=JobStatus.DRAFTING).update(
        status=JobStatus.FAILED, problem=problem, hint=hint, ended_at=timezone.now(), lease_until=None
    )
