"""How far the planning of a batch's rows is, and what it says of each: asked for by a page, answered by a worker (`row_plans`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clusters.findings import Finding, blockers, warned
from clusters.models import Cluster
from clusters.states import Danger
from provisioning import codec, inquiries
from provisioning.intents import CreateVolume, PublishExport
from provisioning.models import Batch, Inquiry, RowPlan
from provisioning.pages.plan_page import PlanView

INTERRUPTS = "It would interrupt somebody: do it by itself, where its plan can be read."
COUNTED = {"pool.overcommitted", "pool.fills"}  # warnings whose figures change with every row that ran before


@dataclass(frozen=True, slots=True)
class OfRow:
    """What the plan of one row says; the plan itself is read when its page is asked for."""

    steps: int
    danger: str
    findings: tuple[Finding, ...]  # blockers and warnings
    intent: str  # digest of what was planned

    @property
    def warnings(self) -> list[Finding]:
        return warned(self.findings)

    @property
    def against(self) -> str:
        """Say why the row will not be run, as its plan tells now; "" when nothing speaks against it."""
        if stops := blockers(self.findings):
            return " ".join(f"{stop.text} {stop.hint}".strip() for stop in stops)
        return "" if self.danger == Danger.NONE else INTERRUPTS


@dataclass(frozen=True, slots=True)
class Planned:
    """How far the planning of a batch's rows on one pair is."""

    asked: Inquiry | None = None  # the newest question
    rows: Mapping[int, OfRow] = field(default_factory=dict)  # its answer, by line

    def of(self, number: int, intent: CreateVolume | PublishExport | None) -> OfRow | None:
        """Give the plan of a row, unless it was made for something else: what a row asks for hangs on the inventory too."""
        row = self.rows.get(number)
        return row if row and intent and row.intent == digest(intent) else None

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
    plans: dict[int, dict[int, OfRow]] = {}
    for row in RowPlan.objects.filter(inquiry__in=[one.pk for one in newest.values()]).defer("view"):
        if said := of_row(row):
            plans.setdefault(row.inquiry_id, {})[row.number] = said
    return {pk: Planned(inquiry, plans.get(inquiry.pk, {})) for pk, inquiry in newest.items()}


def of_row(row: RowPlan) -> OfRow | None:
    """None when another version of the panel wrote it: then it is planned again."""
    try:
        findings = tuple(codec.load(Finding, finding) for finding in row.findings)
    except codec.Unreadable:
        return None
    return OfRow(row.steps, row.danger, findings, row.intent)


def view_of(row: RowPlan) -> PlanView | None:
    try:
        return codec.load(PlanView, row.view)
    except codec.Unreadable:
        return None


def digest(intent: CreateVolume | PublishExport) -> str:
    """Tell intents apart. The fsid of an export is given when it is its turn."""
    if isinstance(intent, PublishExport):
        intent = replace(intent, export=replace(intent.export, fsid=0))
    return hashlib.sha256(json.dumps(codec.dump(intent), sort_keys=True).encode()).hexdigest()


def stood(finding: Finding) -> str:
    """Name a warning that stands at a row, by all that it says: another one of the same kind was not read by anybody."""
    return f"{finding.code}:{hashlib.sha256(finding.text.encode()).hexdigest()[:16]}"


def was_read(finding: Finding, shown: list[str]) -> bool:
    if finding.code in COUNTED:
        return any(name.split(":")[0] == finding.code for name in shown)
    return stood(finding) in shown
