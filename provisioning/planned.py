"""How far the planning of a batch's rows is, and what it says of each: asked for by a page, answered by a worker (`row_plans`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clusters.findings import Finding, Severity, blockers
from clusters.models import Cluster
from clusters.states import Danger
from provisioning import codec, inquiries
from provisioning.models import Batch, Inquiry, RowPlan
from provisioning.pages.plan_page import PlanView

INTERRUPTS = "It would interrupt somebody: do it by itself, where its plan can be read."
LAPSED = "It is not planned: what the panel knows of the pair has changed since the others were. Plan the rows again."


@dataclass(frozen=True, slots=True)
class Planned:
    """How far the planning of a batch's rows on one pair is."""

    asked: Inquiry | None = None  # the newest question
    rows: Mapping[int, RowPlan] = field(default_factory=dict)  # its answer; `view` is not loaded

    @property
    def key(self) -> str:
        """What an approval names, so that it holds for these plans and no others."""
        return str(self.asked.pk) if self.asked else ""

    @property
    def open(self) -> bool:
        return self.asked is not None and self.asked.status in inquiries.OPEN

    @property
    def done(self) -> bool:
        return self.asked is not None and self.asked.status == Inquiry.Status.DONE

    @property
    def failed(self) -> bool:
        return self.asked is not None and self.asked.status == Inquiry.Status.FAILED


def ask(batch: Batch, cluster: Cluster, who: str) -> None:
    inquiries.ask(Inquiry.Kind.PLANS, cluster, asked_by=who, batch=batch)


def of_batch(batch: Batch) -> dict[int, Planned]:
    """Give the newest plans by cluster; questions that nobody answers any more have failed."""
    for waiting in batch.inquiries.filter(status__in=inquiries.OPEN).select_related("cluster"):
        inquiries.give_up_old(waiting.cluster)
    newest = {inquiry.cluster_id: inquiry for inquiry in batch.inquiries.select_related("cluster").order_by("pk")}
    plans: dict[int, dict[int, RowPlan]] = {}
    for row in RowPlan.objects.filter(inquiry__in=[one.pk for one in newest.values()]).defer("view"):
        plans.setdefault(row.inquiry_id, {})[row.number] = row
    return {pk: Planned(inquiry, plans.get(inquiry.pk, {})) for pk, inquiry in newest.items()}


def findings_of(row: RowPlan) -> list[Finding]:
    return [codec.load(Finding, finding) for finding in row.findings]


def against(row: RowPlan | None) -> str:
    """Say why a row will not be run, as its plan tells now; "" when nothing speaks against it."""
    if row is None:
        return LAPSED
    if stops := blockers(findings_of(row)):
        return " ".join(f"{stop.text} {stop.hint}".strip() for stop in stops)
    return "" if row.danger == Danger.NONE else INTERRUPTS


def warned(row: RowPlan) -> list[Finding]:
    return [finding for finding in findings_of(row) if finding.severity is Severity.WARNING]


def view_of(row: RowPlan) -> PlanView | None:
    """None when another version of the panel wrote it: then it is planned again."""
    try:
        return codec.load(PlanView, row.view)
    except codec.Unreadable:
        return None
