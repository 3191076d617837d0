"""Attempts to change something that an access level does not cover. They are in the audit log, but nobody can fill it with them: the same
address once a minute, and of one person's ten."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.encoding import escape_uri_path

from clusters import audit
from clusters.models import AuditEntry, Cluster

log = logging.getLogger(__name__)

READING = frozenset({"GET", "HEAD", "OPTIONS"})
ONCE_IN = timedelta(minutes=1)
MOST = 10  # by one person within that time: who tries every address writes no more than this
LONGEST_PATH = 150


def attempt(
    request: HttpRequest, why: str, *, cluster: Cluster | None = None, action: str = "access", job: int | None = None
) -> None:
    """Write down who tried what, once a minute for the same address. The page refuses whether or not this can be written."""
    if request.method in READING or not request.user.is_authenticated:
        return
    path = escape_uri_path(request.path)[:LONGEST_PATH]
    try:
        with transaction.atomic():
            lately = _lately(request)
            if path in lately or len(lately) >= MOST:
                return
            more = " More of this person's within the minute are not listed." if len(lately) == MOST - 1 else ""
            audit.record(
                request=request,
                action=action,
                text=f"Refused at {path}: {why}{more}",
                outcome=AuditEntry.Outcome.REFUSED,
                cluster=cluster,
                object=path,
                job=job,
            )
    except (audit.AuditUnwritable, DatabaseError) as error:
        log.error("%s: %s refused to %s, which the audit log did not take: %s", cluster, path, request.user, error)


def _lately(request: HttpRequest) -> set[str]:
    """Addresses that this person was refused at within the last minute."""
    entries = AuditEntry.objects.filter(
        at__gt=timezone.now() - ONCE_IN,
        actor_id=request.user.pk,
        outcome=AuditEntry.Outcome.REFUSED,
        object__startswith="/",
    )
    return set(entries.values_list("object", flat=True))
