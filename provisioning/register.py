"""What every function of the door does: check the level, write the audit entry (refusals too), ring when it is committed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.db import InternalError, OperationalError, transaction
from django.http import HttpRequest
from django.utils import timezone

from clusters import access, audit, refused
from clusters.models import AuditEntry, Cluster
from provisioning import actions, doorbell
from provisioning.actions import ACTIONS, Action
from provisioning.models import Job
from provisioning.refusal import Denied, Refused

log = logging.getLogger(__name__)


def may(request: HttpRequest, action: Action, cluster: Cluster) -> None:
    has = access.level(request.user, cluster)
    if has < action.level:
        raise Denied(
            f"This needs access level {action.level.name.lower()} on {cluster}; yours is {has.name.lower()}.",
            "Ask an admin.",
        )


def record(
    request: HttpRequest,
    action: Action,
    job: Job,
    outcome: str,
    text: str,
    *,
    reason: str = "",
    commands: Sequence[Mapping[str, object]] = (),
    after: object = None,
) -> None:
    audit.record(
        request=request,
        action=action.name,
        text=text,
        outcome=outcome,
        cluster=job.cluster,
        object=action.object(actions.intent_of(job)),
        reason=reason,
        after=after,
        commands=commands,
        job=job.pk,
    )


@contextmanager
def refusals_recorded(
    request: HttpRequest, action: str, cluster: Cluster, job: Job | None = None, reason: str = ""
) -> Iterator[None]:
    """Write a refusal down in a transaction of its own, after the one it ended; what cannot be written down is refused."""
    try:
        yield
    except Denied as denied:
        refused.attempt(request, str(denied), cluster=cluster, action=action, job=job.pk if job else None)
        raise
    except Refused as refusal:
        with transaction.atomic():
            audit.record(
                request=request,
                action=refusal.action or action,
                text=f"Refused: {refusal}",
                outcome=AuditEntry.Outcome.REFUSED,
                cluster=cluster,
                reason=reason,
                job=job.pk if job else None,
            )
        raise
    except audit.AuditUnwritable as error:
        log.error("%s: %s: %s", cluster.slug, action, error)
        raise Refused("The panel cannot write its audit log, so nothing was changed.", str(error)) from error
    except (OperationalError, InternalError) as error:  # full, read-only, locked for too long
        log.error("%s: %s: the database refused: %s", cluster.slug, action, error)
        raise Refused("The panel's database took no change, so nothing was changed.", "Try again.") from error


@contextmanager
def asked_of(request: HttpRequest, job: Job, reason: str = "") -> Iterator[Action]:
    """Begin what a person wants of a job: the access level first, and every refusal written down."""
    action = ACTIONS[job.action]
    with refusals_recorded(request, action.name, job.cluster, job, reason):
        may(request, action, job.cluster)
        yield action


def ring_on_commit(task: str, job: Job) -> None:
    def ring() -> None:
        if doorbell.ring(task, job.pk):
            Job.objects.filter(pk=job.pk).update(sent_at=timezone.now())

    transaction.on_commit(ring)
