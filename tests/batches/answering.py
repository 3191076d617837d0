"""A worker's answer to "what would every row run", where no node is there to be read."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning import inquiries, row_plans
from provisioning.models import Batch, Inquiry
from provisioning.steps import Plan
from tests.jobs.conftest import make_plan


def answer(batch: Batch, plans: Mapping[int, Plan] | None = None) -> None:
    """Plan every row of the batch that can be, on every pair: as told, else without a word against it."""
    for asked in list(batch.inquiries.filter(status=Inquiry.Status.QUEUED).order_by("pk")):
        inquiry = inquiries.take(asked.pk)
        assert inquiry is not None
        intents = row_plans.intents_of(batch, inquiry.cluster)
        row_plans.keep(inquiry, [(n, intent, (plans or {}).get(n) or make_plan()) for n, intent in intents.items()])
        inquiries.end(inquiry.pk, Inquiry.Status.DONE, result={})
