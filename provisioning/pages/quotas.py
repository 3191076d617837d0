"""Limits and usage of a volume as they were last read, out of the answer to the question."""

from __future__ import annotations

from dataclasses import dataclass

from clusters import figures
from clusters.models import Volume
from provisioning import inquiries
from provisioning.models import Inquiry
from provisioning.observed import QuotaGrace, QuotaUse


def last(volume: Volume) -> tuple[list[QuotaUse] | None, Inquiry | None, str]:
    """Give what was last read of a volume, the question it answered, and why there is nothing."""
    inquiry = inquiries.last_answered(Inquiry.Kind.QUOTAS, volume.cluster)
    told = (inquiry.result or {}).get(volume.name) if inquiry else None
    if not told:
        return None, inquiry, "No node has it mounted with quotas." if inquiry else ""
    try:
        return [QuotaUse(**use) for use in told["uses"]], inquiry, ""
    except (KeyError, TypeError):
        return None, inquiry, str(told.get("problem", ""))


@dataclass(frozen=True, slots=True)
class Grace:
    """For whom, and how long for space and for files, in words."""

    kind: str
    space: str
    files: str


def graces(volume: Volume, inquiry: Inquiry | None) -> list[Grace]:
    """Give the grace times in force as they were last read."""
    told = ((inquiry.result or {}).get(volume.name) or {}) if inquiry else {}
    try:
        read = [QuotaGrace(**each) for each in told.get("graces", ())]
        return [Grace(each.kind, long(each.space), long(each.files)) for each in read]
    except TypeError:
        return []


def long(seconds: int) -> str:
    """Say a grace time as it was told: 36 hours are not a day."""
    hours, rest = divmod(seconds, 3600)
    if hours < 24 or seconds % 86_400 == 0:
        return figures.span_text(seconds)
    return f"{hours} h {rest // 60} min" if rest else f"{hours} h"
