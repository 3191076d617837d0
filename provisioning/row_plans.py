"""What every row of a batch would run, worked out before anybody approves it: a pair's nodes are read once, and each row is planned as if it were
the only one. Changes nothing. The plan that runs is made anew when the row's turn comes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from django.db import transaction

from clusters.models import Cluster
from clusters.states import AccessLevel
from provisioning import bulk, codec, inquiries, once_more
from provisioning.actions import ACTIONS
from provisioning.facts import Asked
from provisioning.ha import BACKENDS
from provisioning.models import Batch, Inquiry, RowPlan
from provisioning.observing import members, observe
from provisioning.pages import plan_page
from provisioning.snapshot import desired_of
from provisioning.steps import Plan
from provisioning.transport.choose import world_for
from provisioning.transport.clock import time_of

SIGN_OF_LIFE = 20.0  # seconds between two


def read(inquiry: Inquiry) -> inquiries.Answer:
    """Plan every row of a batch on one pair that can be planned at all. The answer says how many; the plans are rows of their own."""
    if inquiry.batch is None:
        raise ValueError("This question is about a batch.")
    keep(inquiry, _plans(inquiry, inquiry.batch))
    return {"rows": inquiry.plans.count()}


def _plans(inquiry: Inquiry, batch: Batch) -> Iterator[tuple[int, Plan]]:
    cluster = inquiry.cluster
    desired, action, backend = desired_of(cluster), ACTIONS[batch.action], BACKENDS[cluster.manager]
    intents = intents_of(batch, cluster)
    world = world_for(cluster)
    directories = (path for intent in intents.values() for path in action.asks(intent, desired).directories)
    asked = Asked(tuple(dict.fromkeys(directories)))
    observed, told = once_more.asked(lambda: observe(world, cluster, desired, asked), cluster, time_of(world))
    signed = time.monotonic()
    for number, intent in intents.items():
        plan = action.planner(intent, desired, observed, backend)
        yield number, replace(plan, findings=plan.findings + told)
        if time.monotonic() - signed > SIGN_OF_LIFE:
            inquiries.still_at_it(inquiry.pk)
            signed = time.monotonic()


def intents_of(batch: Batch, cluster: Cluster) -> dict[int, Any]:
    """Give what the rows ask for, by line. Who may ask for it is looked at when they are shown and when they are approved."""
    judged = bulk.judge(
        batch.kind, batch.text, {cluster.pk: AccessLevel.OPERATOR}, Cluster.objects.filter(pk=cluster.pk)
    )
    return {one.number: one.intent for one in judged if one.intent is not None}


def keep(inquiry: Inquiry, plans: Iterable[tuple[int, Plan]]) -> None:
    """Keep them as their page shows them; those of an earlier answer go."""
    lanes = [node.name for node in members(inquiry.cluster)]
    rows = [_row(inquiry, number, plan, lanes) for number, plan in plans]
    with transaction.atomic():
        RowPlan.objects.bulk_create(rows, batch_size=100)
        earlier = Inquiry.objects.filter(batch=inquiry.batch_id, cluster=inquiry.cluster_id, pk__lt=inquiry.pk)
        earlier.exclude(status__in=inquiries.OPEN).delete()


def _row(inquiry: Inquiry, number: int, plan: Plan, lanes: list[str]) -> RowPlan:
    """An exports file of a thousand lines is kept as its difference, not twice in whole for each of five hundred rows."""
    view = plan_page.view(plan, lanes)
    settle = [codec.dump(finding) for finding in view.to_settle]
    slim = replace(view, plan=replace(plan, steps=(), findings=()))
    return RowPlan(
        inquiry=inquiry, number=number, steps=view.work, danger=plan.danger, findings=settle, view=codec.dump(slim)
    )
