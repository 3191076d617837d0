"""What every row of a batch would run, worked out before anybody approves it: a pair's nodes are read once, and each row is planned as if it were
the only one. Changes nothing. The plan that runs is made anew when the row's turn comes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from clusters.models import Cluster
from clusters.states import AccessLevel
from provisioning import admission, bulk, codec, inquiries, once_more, planned
from provisioning.actions import ACTIONS
from provisioning.facts import Asked
from provisioning.ha import BACKENDS
from provisioning.intents import CreateVolume, PublishExport
from provisioning.models import Batch, Inquiry, RowPlan
from provisioning.observing import members, observe_each
from provisioning.pages import plan_page
from provisioning.snapshot import desired_of
from provisioning.steps import Plan
from provisioning.transport.choose import world_for
from provisioning.transport.clock import time_of

SIGN_OF_LIFE = 20.0  # seconds between two
Wanted = CreateVolume | PublishExport
Asking = tuple[int, Wanted, Plan]  # line, what it asks for, what that would run


def read(inquiry: Inquiry) -> inquiries.Answer:
    """Plan every row of a batch on one pair that can be planned at all. The answer says how many; the plans are rows of their own."""
    if inquiry.batch is None:
        raise ValueError("This question is about a batch.")
    keep(inquiry, _plans(inquiry, inquiry.batch))
    return {"rows": inquiry.plans.count()}


def _plans(inquiry: Inquiry, batch: Batch) -> Iterator[Asking]:
    cluster = inquiry.cluster
    _nobody_at_it(cluster)
    desired, action, backend = desired_of(cluster), ACTIONS[batch.action], BACKENDS[cluster.manager]
    intents = intents_of(batch, cluster)
    world = world_for(cluster)
    asked = together([action.asks(intent, desired) for intent in intents.values()])
    observed, told = once_more.asked(lambda: observe_each(world, cluster, desired, asked), cluster, time_of(world))
    _nobody_at_it(cluster)
    signed = time.monotonic()
    for number, intent in intents.items():
        plan = action.planner(intent, desired, observed, backend)
        yield number, intent, replace(plan, findings=plan.findings + told)
        if time.monotonic() - signed > SIGN_OF_LIFE:
            inquiries.still_at_it(inquiry.pk)
            signed = time.monotonic()


def together(questions: Sequence[Asked]) -> Asked:
    """Ask for everybody at once what volumes and exports ask for."""
    return Asked(
        tuple(dict.fromkeys(path for one in questions for path in one.directories)),
        kerberos=any(one.kerberos for one in questions),
        accounts=tuple(dict.fromkeys(pair for one in questions for pair in one.accounts)),
    )


def _nobody_at_it(cluster: Cluster) -> None:
    """Half of a change is no reading to plan from, and the nodes do not answer before the step under way has ended."""
    if job := admission.holder(cluster):
        raise inquiries.NotNow(f"Job {job.pk} changes {cluster} now.", "Plan the rows when it has ended.")


def intents_of(batch: Batch, cluster: Cluster) -> dict[int, Wanted]:
    """Give what the rows ask for, by line. Who may ask for it is looked at when they are shown and when they are approved."""
    judged = bulk.judge(
        batch.kind, batch.text, {cluster.pk: AccessLevel.OPERATOR}, Cluster.objects.filter(pk=cluster.pk)
    )
    return {one.number: one.intent for one in judged if one.intent is not None}


def keep(inquiry: Inquiry, plans: Iterable[Asking]) -> None:
    """Keep them as their page shows them; those of an earlier answer go. Nothing is kept of a question that was given up meanwhile."""
    lanes = [node.name for node in members(inquiry.cluster)]
    rows = [_row(inquiry, number, intent, plan, lanes) for number, intent, plan in plans]
    with transaction.atomic():
        if not Inquiry.objects.filter(pk=inquiry.pk, status=Inquiry.Status.RUNNING).update(sent_at=timezone.now()):
            return
        RowPlan.objects.bulk_create(rows, batch_size=100)
        earlier = Inquiry.objects.filter(batch=inquiry.batch_id, cluster=inquiry.cluster_id, pk__lt=inquiry.pk)
        earlier.exclude(status__in=inquiries.OPEN).delete()


def _row(inquiry: Inquiry, number: int, intent: Wanted, plan: Plan, lanes: list[str]) -> RowPlan:
    """An exports file of a thousand lines is kept as its difference, not twice in whole for each of five hundred rows."""
    view = plan_page.view(plan, lanes)
    settle = [codec.dump(finding) for finding in view.to_settle]
    slim = replace(view, plan=replace(plan, steps=(), findings=()))
    return RowPlan(
        inquiry=inquiry,
        number=number,
        intent=planned.digest(intent),
        steps=view.work,
        danger=plan.danger,
        findings=settle,
        view=codec.dump(slim),
    )
