"""What stands beside a plan and is no part of it: what the clients that will feel it are called, and the moment a volume goes back to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clusters import connected, figures, snapshots
from provisioning import codec
from provisioning.actions import intent_of
from provisioning.intents import RestoreSnapshot
from provisioning.models import Job
from provisioning.steps import Plan


@dataclass(frozen=True, slots=True)
class Moment:
    """When the snapshot was taken that a volume is rolled back to."""

    volume: str
    at: datetime
    age: str


def names(plan: Plan | None) -> dict[str, str]:
    return connected.names_of(client.address for client in plan.impact.clients) if plan else {}


def goes_back_to(job: Job, now: datetime) -> Moment | None:
    """Give the moment as long as the panel keeps the snapshot: it is used up when the volume is rolled back."""
    if job.action != "snapshot.restore":
        return None
    try:
        intent = intent_of(job)
    except codec.Unreadable:
        return None
    if not isinstance(intent, RestoreSnapshot):
        return None
    row = snapshots.of(job.cluster, intent.volume, intent.name).first()
    if row and row.created_at > (job.approved_at or now):
        return None  # another one that took its name
    age = figures.span_text((now - row.created_at).total_seconds()) if row else ""
    return Moment(intent.volume, row.created_at, age) if row else None
