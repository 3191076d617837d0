"""Taking a pair out of the panel: done by the door itself, in any state, with the nodes left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import Http404
from django.test import Client
from django.utils import timezone

from clusters import access, audit
from clusters.models import AuditEntry, Cluster
from clusters.states import Inventory, JobStatus
from provisioning import codec, jobs, sealed
from provisioning.intents import ForgetCluster
from provisioning.models import Job, SealedSecret
from provisioning.steps import Plan
from tests import factories
from tests.factories import PASSWORD
from tests.jobs.conftest import end, request_of, volume_intent

pytestmark = pytest.mark.django_db


def forget(user: Any, cluster: Cluster) -> Job:
    job = jobs.draft(request_of(user), "cluster.forget", cluster, ForgetCluster(cluster.slug))
    plan = codec.load(Plan, job.plan)
    assert not plan.todo()
    return jobs.approve(request_of(user), job, "Sold", plan.typed_name, PASSWORD)


def test_it_is_gone_from_the_panel_and_stays_in_its_books(ada: Any, web_files: Cluster, rings: list[Any]) -> None:
    job = forget(ada, web_files)
    web_files.refresh_from_db()
    assert (job.status, web_files.inventory) == (JobStatus.SUCCEEDED, Inventory.FORGOTTEN)
    assert web_files.forgotten_at is not None
    assert rings == []
    assert not access.visible(ada).exists()
    with pytest.raises(Http404):
        access.get_cluster(request_of(ada), "web-files")
    assert jobs.get_job(request_of(ada), job.pk) == job
    assert [(entry.outcome, entry.cluster_name) for entry in AuditEntry.objects.all()] == [
        ("succeeded", "web-files"),
        ("requested", "web-files"),
    ]
    assert audit.verify() == []


@pytest.mark.parametrize(
    ("state", "touched", "says"),
    [
        (Inventory.PRESENT, True, "fail over by themselves"),
        (Inventory.DRAFT, False, "the panel set nothing up on them"),
        (Inventory.CREATING, True, "do not count on a failover"),
    ],
)
def test_it_says_what_stays(ada: Any, client: Client, state: Inventory, touched: bool, says: str) -> None:
    cluster = factories.make_cluster(inventory=state, touched_at=timezone.now() if touched else None)
    job = jobs.draft(request_of(ada), "cluster.forget", cluster, ForgetCluster(cluster.slug))
    told = codec.load(Plan, job.plan)
    client.force_login(ada)
    shown = client.get(f"/c/{cluster.slug}/forget/").content.decode()
    assert says in told.after
    assert ("failover work without the panel" in shown) is (state is Inventory.PRESENT)
    for text in (str(told.impact.notes), shown):
        assert ("policy-rc.d" in text) is (state is Inventory.CREATING)


def test_its_name_is_free_again(ada: Any, web_files: Cluster) -> None:
    forget(ada, web_files)
    again = factories.make_cluster("web-files")
    forget(ada, again)
    assert not Cluster.objects.filter(slug="web-files").exists()
    assert Cluster.objects.count() == 2


def test_a_long_name_still_fits(ada: Any) -> None:
    cluster = factories.make_cluster("a" * 40)
    forget(ada, cluster)
    cluster.refresh_from_db()
    assert len(cluster.slug) == 40
    assert cluster.slug.endswith(f"-forgotten-{cluster.pk}")


def test_its_secrets_go(ada: Any, web_files: Cluster, worker_keys: Any) -> None:
    sealed.make_cluster_secrets(web_files, ["alice", "bob"])
    sealed.seal("password", b"typed", node=web_files.nodes.first())
    sealed.make_panel_key()
    forget(ada, web_files)
    assert list(SealedSecret.objects.values_list("scope", flat=True)) == ["panel"]


@pytest.mark.parametrize("state", [Inventory.DRAFT, Inventory.CREATING, Inventory.PRESENT, Inventory.REMOVING])
def test_it_works_in_any_state(ada: Any, state: Inventory) -> None:
    assert forget(ada, factories.make_cluster(inventory=state)).status == JobStatus.SUCCEEDED


def test_it_works_on_a_draft_without_nodes(ada: Any, db: None) -> None:
    assert forget(ada, Cluster.objects.create(slug="empty")).status == JobStatus.SUCCEEDED


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.INTERRUPTED])
def test_it_takes_over_from_a_set_up_that_stopped(
    ada: Any, olga: Any, proposed: Callable[..., Job], status: JobStatus
) -> None:
    stopped = end(jobs.approve(request_of(olga), proposed()), status)
    forget(ada, stopped.cluster)
    stopped.refresh_from_db()
    assert (stopped.status, stopped.dealt_with_by) == (JobStatus.FAILED, "ada")
    assert not Cluster.objects.exclude(inventory=Inventory.FORGOTTEN).exists()


def test_it_waits_for_a_job_that_runs(ada: Any, olga: Any, web_files: Cluster, proposed: Callable[..., Job]) -> None:
    early = jobs.draft(request_of(ada), "cluster.forget", web_files, ForgetCluster("web-files"))
    running = jobs.approve(request_of(olga), proposed())
    with pytest.raises(jobs.Refused, match="of olga is about to run"):
        jobs.approve(request_of(ada), early, "Sold", "web-files", PASSWORD)
    with pytest.raises(jobs.Refused, match="of olga is about to run"):
        jobs.draft(request_of(ada), "cluster.forget", web_files, ForgetCluster("web-files"))
    assert jobs.holder(web_files) == running


def test_drafts_of_the_pair_lapse(ada: Any, olga: Any, web_files: Cluster) -> None:
    draft = jobs.draft(request_of(olga), "volume.create", web_files, volume_intent())
    forget(ada, web_files)
    draft.refresh_from_db()
    assert draft.status == JobStatus.EXPIRED
