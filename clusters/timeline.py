"""What happened on a cluster lately: states and audit in one line of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from clusters.models import AuditEntry, Cluster, StateChange
from clusters.nodetext import clean
from clusters.states import Health
from clusters.verdict import GROUPS

RECENT = 12
READ_OF_ENTRY = ("sequence", "at", "actor", "text", "reason", "outcome")


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    kind: str
    text: str
    small: str
    url: str = ""


TITLES = {
    "role": "{node} is {new}", "disk": "{node}: its copy is {new}", "connection": "{node}: replication link {new}",
    "replication": "{node}: replication {new}", "reachable": "{node}: {new}", "boot": "{node} was started again",
    "manager": "{node}: manager {new}", "group": "Service group on {new}", "health": "{new}",
    "files": "Managed files: {new}", "split-brain": "Split brain: {new}",
}  # fmt: skip


def told_change(change: StateChange) -> str:
    if change.cause == StateChange.Cause.PAUSE:
        return f"The service on {change.new} goes on" if change.new else f"The service on {change.old} pauses for a job"
    if change.subject == StateChange.Subject.GROUP and not change.new:
        return "Nobody holds the service group"
    if change.subject == StateChange.Subject.HEALTH and change.new in GROUPS:
        return GROUPS[Health(change.new)][0]
    return TITLES[change.subject].format(node=change.node_name, new=change.new or "not known")


KINDS = {
    "UpToDate": "ok", "Connected": "ok", "Established": "ok", "Diskless": "danger", "Failed": "danger", "StandAlone": "danger",
    "Inconsistent": "risk", "Outdated": "risk", "SyncTarget": "risk", "SyncSource": "risk", "ok": "ok", "warn": "warn", "risk": "risk",
    "danger": "danger", "unknown": "unknown", "unreachable": "unknown", "reachable": "ok",
}  # fmt: skip
CAUSES = {"failover": "risk", "unclean": "danger", "switchover": "work", "start": "work", "stop": "risk"}


def change_kind(change: StateChange) -> str:
    if change.subject == StateChange.Subject.GROUP and change.cause != StateChange.Cause.PAUSE:
        return "danger" if not change.new else CAUSES.get(change.cause, "idle")
    return KINDS.get(change.new, "idle")


OUTCOMES = {
    "done": "ok",
    "succeeded": "ok",
    "failed": "danger",
    "interrupted": "danger",
    "refused": "idle",
    "requested": "work",
    "cancelled": "idle",
}


def events(cluster: Cluster) -> list[Event]:
    """States and audit in one line of time, the newest first."""
    changes = StateChange.objects.filter(cluster=cluster).order_by("-at", "-pk")[:RECENT]
    found = [Event(row.at, change_kind(row), told_change(row), row.why or _from(row)) for row in changes]
    since = min((event.at for event in found), default=None)
    entries = AuditEntry.objects.filter(cluster=cluster).order_by("-sequence").only(*READ_OF_ENTRY)
    if since and len(found) == RECENT:
        entries = entries.filter(at__gte=since - timedelta(seconds=1))
    for entry in entries[:RECENT]:
        small = " · ".join(part for part in (entry.actor, f"“{entry.reason}”" if entry.reason else "") if part)
        found.append(Event(entry.at, OUTCOMES[entry.outcome], clean(entry.text), small, f"/audit/{entry.sequence}/"))
    return sorted(found, key=attrgetter("at"), reverse=True)[:RECENT]


def _from(change: StateChange) -> str:
    return f"{change.old} → {change.new}" if change.old and change.new else ""
