"""The audit log's only writer and its verifier.

Each entry is chained to the one before by hash. The head row says where the chain ends; updating it is also what puts
concurrent writers in line, so numbers have no gap on SQLite and PostgreSQL alike. An entry is written in the transaction of
what it describes: when it cannot be written, neither is the change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, InternalError, ProgrammingError, connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from clusters.models import AuditEntry, AuditHead, Cluster

GENESIS = "0" * 64
PANEL = "panel"  # the actor when nobody asked
REFUSALS = (IntegrityError, InternalError, ProgrammingError)  # the table itself says no; on PostgreSQL by the last
Row = dict[str, Any]

_FIELDS = (
    "sequence", "at", "actor", "actor_id", "action", "cluster_id", "cluster_name", "object", "text", "reason", "outcome",
    "before", "after", "commands", "job", "request_id", "remote_address", "previous_hash",
)  # fmt: skip


class AuditUnwritable(Exception):
    """The log cannot take an entry, so the change it describes must not happen."""


@dataclass(frozen=True, slots=True)
class Problem:
    sequence: int
    text: str

    def __str__(self) -> str:
        return f"entry {self.sequence}: {self.text}"


def record(
    *,
    action: str,
    text: str,
    outcome: str,
    actor: str = "",
    actor_id: int | None = None,
    cluster: Cluster | None = None,
    object: str = "",  # noqa: A002 - the word people read in the log
    reason: str = "",
    before: object = None,
    after: object = None,
    commands: Sequence[Mapping[str, object]] = (),
    job: int | None = None,
    request: HttpRequest | None = None,
) -> AuditEntry:
    """Append one entry. Must be called inside a transaction, best as its last statement: other writers wait from here on."""
    if not connection.in_atomic_block:
        raise AuditUnwritable("An audit entry must be written in the transaction of what it describes.")
    if request is not None and request.user.is_authenticated:
        actor, actor_id = actor or request.user.get_username(), actor_id or request.user.pk
    if not AuditHead.objects.filter(pk=AuditHead.ONLY).update(sequence=F("sequence") + 1):
        raise AuditUnwritable("The audit log has lost its head row. Restore it from a backup.")
    head = AuditHead.objects.get(pk=AuditHead.ONLY)
    entry = AuditEntry(
        sequence=head.sequence,
        at=timezone.now(),
        actor=_fit("actor", actor or PANEL),
        actor_id=actor_id,
        action=_fit("action", action),
        cluster=cluster,
        cluster_name=cluster.slug if cluster else "",
        object=_fit("object", object),
        text=_fit("text", text),
        reason=_fit("reason", reason),
        outcome=AuditEntry.Outcome(outcome),
        before=_plain(before),
        after=_plain(after),
        commands=_plain(list(commands)),
        job=job,
        request_id=getattr(request, "request_id", ""),
        remote_address=_address(request),
        previous_hash=head.hash,
    )
    entry.hash = digest(as_row(entry))
    try:
        entry.save(force_insert=True)
    except REFUSALS as error:
        raise AuditUnwritable(f"The audit log took no entry: {error}") from error
    AuditHead.objects.filter(pk=AuditHead.ONLY).update(hash=entry.hash)
    return entry


def as_row(entry: AuditEntry) -> Row:
    """Give an entry as it is hashed and exported: plain JSON values, time in UTC to the microsecond."""
    row = {name: getattr(entry, name) for name in _FIELDS}
    row["at"] = _instant(entry.at)
    row["outcome"] = str(entry.outcome)
    return row


def digest(row: Mapping[str, object]) -> str:
    """Hash a row's canonical JSON, the hash of the entry before included."""
    body = {name: row.get(name) for name in _FIELDS}
    return hashlib.sha256(
        json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    ).hexdigest()


def export() -> Iterator[Row]:
    """Yield every entry in order, with its hash: what `verify_rows` can check without the panel."""
    for entry in AuditEntry.objects.order_by("sequence").iterator(chunk_size=500):
        yield {**as_row(entry), "hash": entry.hash}


def verify() -> list[Problem]:
    """Check the whole log against its chain and its head; the first problem names the first bad row."""
    head = AuditHead.objects.filter(pk=AuditHead.ONLY).first()
    if head is None:
        return [*verify_rows(export()), Problem(0, "the head row is missing")]
    return verify_rows(export(), end=(head.sequence, head.hash))


def verify_rows(rows: Iterable[Row], end: tuple[int, str] | None = None) -> list[Problem]:
    """Check rows in order: numbers without a gap, each row's hash, each link to the row before, and, if given, the end."""
    problems: list[Problem] = []
    sequence, previous = 0, GENESIS
    for row in rows:
        expected, sequence = sequence + 1, int(row["sequence"])
        if sequence > expected:
            missing = f"{expected}" if sequence == expected + 1 else f"{expected} to {sequence - 1}"
            problems.append(Problem(expected, f"missing: {missing} is gone from the log"))
        elif sequence < expected:
            problems.append(Problem(sequence, f"out of order: it stands where {expected} belongs"))
        if digest(row) != row["hash"]:
            problems.append(Problem(sequence, "its content is not what was written"))
        if row["previous_hash"] != previous:
            problems.append(Problem(sequence, "it does not follow the entry before it"))
        previous = str(row["hash"])
    if end and sequence < end[0]:
        problems.append(Problem(sequence + 1, f"missing: the log ends at {sequence} but {end[0]} entries were written"))
    elif end and previous != end[1]:
        problems.append(Problem(sequence, "it is not the entry that was written last"))
    return problems


def _fit(field: str, text: str) -> str:
    limit = getattr(AuditEntry._meta.get_field(field), "max_length", 0)
    text = _clean(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _clean(text: str) -> str:
    """Replace what a database may refuse or change (NUL, lone surrogates), so that what is read back hashes the same."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def _plain(value: object) -> Any:
    """Reduce to JSON that every database gives back unchanged: numbers with a fraction become text."""
    if isinstance(value, Mapping):
        return {_clean(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, datetime):
        return _instant(value)
    return _clean(str(value))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _address(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:45] if request is not None else ""
