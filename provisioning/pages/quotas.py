"""Limits and usage of a volume as they were last read, out of the answer to the question."""

from __future__ import annotations

from clusters.models import Volume
from provisioning import inquiries
from provisioning.models import Inquiry
from provisioning.observed import QuotaUse


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
