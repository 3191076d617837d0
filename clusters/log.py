"""The audit log for readers: filtered, page by page. Only `clusters.audit` writes it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from clusters import access, clock
from clusters.models import AuditEntry
from clusters.states import AccessLevel

PER_PAGE = 50
KINDS = {
    "done": "ok", "succeeded": "ok", "failed": "danger", "interrupted": "danger", "refused": "idle", "requested": "work", "cancelled": "idle",
}  # fmt: skip
VIEWS: tuple[tuple[str, dict[str, str]], ...] = (
    ("Everything", {}),
    ("Refused", {"outcome": "refused"}),
    ("Failed", {"outcome": "failed"}),
    ("Jobs", {"action": "job"}),
    ("People and sign-ins", {"action": "people"}),
)
GROUPS: dict[str, tuple[str, ...]] = {"people": ("person.", "sign-", "people."), "job": ()}


@dataclass(frozen=True, slots=True)
class Filters:
    q: str = ""
    who: str = ""
    where: str = ""
    outcome: str = ""
    action: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        outcome, action = query.get("outcome", ""), query.get("action", "")
        return cls(
            query.get("q", "").strip()[:100], query.get("who", "")[:150], query.get("where", "")[:40],
            outcome if outcome in AuditEntry.Outcome.values else "", action if action in GROUPS else "",
            query.get("since", "") if _date(query.get("since", "")) else "", query.get("until", "") if _date(query.get("until", "")) else "",
        )  # fmt: skip

    def as_query(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Line:
    entry: AuditEntry
    kind: str


def readable(user: AbstractBaseUser | AnonymousUser) -> QuerySet[AuditEntry]:
    """Who reads everywhere reads all of it; others what was done to their clusters."""
    if access.level(user) >= AccessLevel.VIEWER:
        return AuditEntry.objects.all()
    return AuditEntry.objects.filter(cluster__in=access.visible(user, forgotten=True).values("pk"))


def load(entries: QuerySet[AuditEntry], filters: Filters, number: str | None) -> tuple[Page[AuditEntry], list[Line]]:
    page = Paginator(filtered(entries, filters).defer("before", "after", "commands"), PER_PAGE).get_page(number)
    return page, [Line(entry, KINDS[entry.outcome]) for entry in page.object_list]


def filtered(entries: QuerySet[AuditEntry], filters: Filters) -> QuerySet[AuditEntry]:
    if filters.q:
        entries = entries.filter(_words(filters.q))
    if filters.who:
        entries = entries.filter(actor=filters.who)
    if filters.where:
        # A forgotten pair has another name since; the entries keep the one that people knew.
        entries = entries.filter(Q(cluster_name=filters.where) | Q(cluster__slug=filters.where))
    if filters.outcome:
        entries = entries.filter(outcome=filters.outcome)
    if filters.action == "job":
        entries = entries.exclude(job=None)
    elif filters.action:
        of_kind = Q()
        for prefix in GROUPS[filters.action]:
            of_kind |= Q(action__startswith=prefix)
        entries = entries.filter(of_kind)
    if day := _date(filters.since):
        entries = entries.filter(at__gte=_midnight(day))
    if day := _date(filters.until):
        entries = entries.filter(at__lt=_midnight(day + timedelta(days=1)))
    return entries


def _words(text: str) -> Q:
    words = Q(text__icontains=text) | Q(reason__icontains=text) | Q(object__icontains=text) | Q(action__icontains=text)
    words |= Q(request_id=text) | Q(commands__icontains=text)
    return words | Q(job=int(text)) | Q(sequence=int(text)) if text.isdecimal() and len(text) < 16 else words


def _date(text: str) -> date | None:
    """Read a day; at the ends of the calendar there is no day before or after it, nor its midnight in every zone."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1900 <= day.year <= 9000 else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.zone())


def people(entries: QuerySet[AuditEntry]) -> list[str]:
    return sorted(entries.order_by().values_list("actor", flat=True).distinct())


@dataclass(frozen=True, slots=True)
class Open:
    """One entry with everything it holds and its neighbours in the chain."""

    entry: AuditEntry
    kind: str
    previous: AuditEntry | None
    following: AuditEntry | None
    diff: list[tuple[str, str]]  # css class and line
    commands: list[dict[str, Any]]
    felt: dict[str, Any] | None  # who was going to feel it when it was approved, or felt it in the end

    @property
    def fits(self) -> bool:
        """Whether the hashes beside it point at it; its own content is checked by the verification of the whole."""
        before = self.previous is None or self.previous.hash == self.entry.previous_hash
        return before and (self.following is None or self.following.previous_hash == self.entry.hash)


def opened(entry: AuditEntry) -> Open:
    around = {
        row.sequence: row for row in AuditEntry.objects.filter(sequence__in=(entry.sequence - 1, entry.sequence + 1))
    }
    after, felt = _without_felt(entry.after)
    return Open(
        entry, KINDS[entry.outcome], around.get(entry.sequence - 1), around.get(entry.sequence + 1),
        _diff(entry.before, after), _commands(entry.commands), felt,
    )  # fmt: skip


def _without_felt(after: object) -> tuple[object, dict[str, Any] | None]:
    """Split what was asked from who would feel it."""
    if not isinstance(after, dict) or not isinstance(after.get("felt"), dict):
        return after, None
    return {key: value for key, value in after.items() if key != "felt"} or None, after["felt"]


def _diff(before: object, after: object) -> list[tuple[str, str]]:
    """Before and after as lines, with the sign kept in the text."""
    if before is None and after is None:
        return []
    old, new = _lines(before), _lines(after)
    signs = {"- ": "r", "+ ": "a", "  ": ""}
    return [(signs[line[:2]], line) for line in difflib.ndiff(old, new) if line[:2] in signs]


def _lines(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, dict):
        return [line for key in sorted(value) for line in _member(key, value[key])]
    return json.dumps(value, indent=2, ensure_ascii=False).splitlines()


def _member(key: str, value: object) -> list[str]:
    if isinstance(value, str):
        first, *rest = value.splitlines() or [""]
        return [f"{key}: {first}", *(f"  {line}" for line in rest)]
    return [f"{key}: {json.dumps(value, ensure_ascii=False)}"]


def _commands(rows: object) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
