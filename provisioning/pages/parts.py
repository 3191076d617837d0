"""Which parts of the panel itself are alive, by when they were last seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from provisioning.models import PanelPart

PARTS = (
    ("jobs", "Worker for jobs", "Runs plans. Without it nothing is planned or run; what runs on a node goes on."),
    ("probes", "Worker for readings", "Reads the pairs. Without it pages show old values, with their age."),
    ("beat", "Clock", "Asks for readings and sends forgotten jobs again."),
)
# Beat rings every ten seconds at the latest; three misses, and the time that the last ring may take, are silence.
SILENT_AFTER = timedelta(seconds=35)


@dataclass(frozen=True, slots=True)
class Part:
    part: str
    title: str
    about: str
    at: datetime | None
    note: str
    alive: bool

    @property
    def seconds(self) -> float | None:
        """Since it was last heard of; None: never."""
        return None if self.at is None else max(0.0, round((timezone.now() - self.at).total_seconds(), 1))

    @property
    def state(self) -> str:
        return "ok" if self.alive else "unknown" if self.at is None else "danger"

    @property
    def word(self) -> str:
        return "alive" if self.alive else "never seen" if self.at is None else "silent"


def everything() -> list[Part]:
    rows = {row.part: row for row in PanelPart.objects.all()}
    return [_part(part, title, about, rows.get(part)) for part, title, about in PARTS]


def jobs_worker() -> Part:
    part, title, about = PARTS[0]
    return _part(part, title, about, PanelPart.objects.filter(part=part).first())


def _part(part: str, title: str, about: str, row: PanelPart | None) -> Part:
    alive = row is not None and timezone.now() - row.at <= SILENT_AFTER
    return Part(part, title, about, row.at if row else None, row.note if row else "", alive)
