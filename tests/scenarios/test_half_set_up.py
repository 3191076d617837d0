"""A set-up that fails on its way and is given up: what is said of the pair afterwards, and what stays on its nodes."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from clusters.states import Inventory, JobStatus
from provisioning import codec, jobs
from provisioning.intents import ForgetCluster
from provisioning.render.paths import POLICY
from provisioning.simulator import store
from provisioning.steps import Plan
from tests.scenarios.stage import Stage, request_of
from tests.scenarios.test_scenarios import stage

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["stage"]


def test_packages_that_fail(stage: Stage, client: Client) -> None:
    client.force_login(stage.ada)
    assert "Nothing was sent to its nodes." in client.get("/").content.decode()
    stage.do_fail("alice", "apt-get", "E: no room")
    stage.do_provision()
    assert stage.job
    assert stage.job.status == JobStatus.FAILED
    with store.opened(stage.cluster.pk) as pair:
        assert POLICY not in pair.machines["alice"].files
    stage.do_acknowledge()
    stage.cluster.refresh_from_db()
    assert stage.cluster.inventory == Inventory.DRAFT
    for page in ("/", stage.cluster.get_absolute_url()):
        shown = client.get(page).content.decode()
        assert "Set-up not finished" in shown
        assert "Nothing was sent" not in shown
    shown = client.get(reverse("cluster-forget", args=[stage.cluster.slug])).content.decode()
    assert f"rm --force {POLICY}" in shown
    assert "failover work without the panel" not in shown
    job = jobs.draft(request_of(stage.ada), "cluster.forget", stage.cluster, ForgetCluster(stage.cluster.slug))
    plan = codec.load(Plan, job.plan)
    assert "fail over by themselves" not in plan.after
    assert "do not count on a failover" in plan.after
    assert [note for note in plan.impact.notes if f"rm --force {POLICY}" in note]
