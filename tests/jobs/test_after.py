"""Calling off, dealing with a failure, planning again: the lock and the inventory afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import Http404

from clusters import audit
from clusters.models import AuditEntry, Cluster, Volume
from clusters.states import Inventory, JobStatus
from provisioning import actions, jobs
from provisioning.ending import Ending
from provisioning.ending import end as end_of_job
from provisioning.intents import ProvisionCluster
from provisioning.lease import Lease, claim
from provisioning.models import Job, JobStep
from tests import factories
from tests.jobs.conftest import end, propose, request_of, volume_intent

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(olga: Any, proposed: Callable[..., Job]) -> Job:
    """A job that failed on its first step, with nothing done."""
    return end(jobs.approve(request_of(olga), proposed()), JobStatus.FAILED)


def ran(job: Job, status: JobStep.Status, node: str = "alice", number: int = 2) -> None:
    JobStep.objects.create(job=job, number=number, node_name=node, title="x", kind="writes", digest="0", status=status)


def volume_state() -> str | None:
    return Volume.objects.filter(name="shop").values_list("inventory", flat=True).first()


def test_a_proposal_is_called_off_at_once(olga: Any, proposed: Callable[..., Job]) -> None:
    assert jobs.cancel(request_of(olga), proposed()).status == JobStatus.CANCELLED
    assert AuditEntry.objects.get().outcome == "cancelled"


def test_a_queued_job_is_called_off_and_takes_its_row_back(olga: Any, proposed: Callable[..., Job]) -> None:
    job = jobs.cancel(request_of(olga), jobs.approve(request_of(olga), proposed()))
    assert job.status == JobStatus.CANCELLED
    assert volume_state() is None
    assert jobs.holder(job.cluster) is None


def test_a_running_job_is_asked_to_stop(olga: Any, proposed: Callable[..., Job]) -> None:
    job = jobs.approve(request_of(olga), proposed())
    Job.objects.filter(pk=job.pk).update(status=JobStatus.RUNNING)
    job = jobs.cancel(request_of(olga), job)
    assert (job.status, job.cancel_requested) == (JobStatus.RUNNING, True)
    assert volume_state() == Inventory.CREATING


def test_a_job_that_ended_cannot_be_called_off(olga: Any, failed: Job) -> None:
    with pytest.raises(jobs.Refused, match="is failed"):
        jobs.cancel(request_of(olga), failed)


def test_it_refuses_a_viewer(vera: Any, failed: Job) -> None:
    for verb in (jobs.cancel, jobs.acknowledge, jobs.plan_again, jobs.approve):
        with pytest.raises(jobs.Denied):
            verb(request_of(vera), failed)


def test_dealing_with_a_failure_before_anything_ran_removes_the_row(olga: Any, failed: Job) -> None:
    ran(failed, JobStep.Status.WAITING)
    job = jobs.acknowledge(request_of(olga), failed, "wrong size")
    assert (job.status, job.dealt_with_by) == (JobStatus.FAILED, "olga")
    assert volume_state() is None
    entry = AuditEntry.objects.first()
    assert entry and (entry.text, entry.reason) == (
        f"Dealt with job {job.pk}. Nothing had run on the nodes.",
        "wrong size",
    )


@pytest.mark.parametrize("status", [JobStep.Status.DONE, JobStep.Status.FAILED, JobStep.Status.UNKNOWN])
def test_what_may_exist_on_a_node_is_said_and_stays_a_draft(olga: Any, failed: Job, status: JobStep.Status) -> None:
    ran(failed, status)
    ran(failed, JobStep.Status.SKIPPED, "bob", 3)
    jobs.acknowledge(request_of(olga), failed)
    assert volume_state() == Inventory.DRAFT
    entry = AuditEntry.objects.first()
    assert entry and entry.text.endswith(
        "1 step had begun on alice; what it made is still there, and shop is a draft again."
    )
    again = jobs.draft(request_of(olga), "volume.create", failed.cluster, volume_intent())
    jobs.approve(request_of(olga), propose(again))
    assert volume_state() == Inventory.CREATING


def test_a_draft_that_could_not_be_planned_owns_no_rows(olga: Any, failed: Job) -> None:
    ran(failed, JobStep.Status.DONE)
    unplanned = end(jobs.plan_again(request_of(olga), failed), JobStatus.FAILED)
    jobs.acknowledge(request_of(olga), unplanned)
    assert volume_state() == Inventory.CREATING
    jobs.acknowledge(request_of(olga), failed)
    assert volume_state() == Inventory.DRAFT


def test_a_job_that_ended_untouched_needs_nobody_for_its_row(olga: Any, proposed: Callable[..., Job]) -> None:
    job = end(jobs.approve(request_of(olga), proposed()), JobStatus.STALE)
    actions.give_back_untouched(job)
    assert volume_state() is None
    jobs.approve(request_of(olga), propose(jobs.plan_again(request_of(olga), job)))
    assert volume_state() == Inventory.CREATING


@pytest.mark.parametrize("status", [JobStatus.STALE, JobStatus.CANCELLED, JobStatus.FAILED])
def test_the_worker_takes_the_rows_back_with_the_end_of_the_job(
    olga: Any, proposed: Callable[..., Job], status: JobStatus
) -> None:
    job = jobs.approve(request_of(olga), proposed())
    number = claim(job.pk)
    assert number
    end_of_job(job, Lease(job.pk, number), Ending(status, "Nothing ran."))
    assert volume_state() is None


def test_what_was_touched_is_not_given_back_by_itself(olga: Any, failed: Job) -> None:
    ran(failed, JobStep.Status.UNKNOWN)
    actions.give_back_untouched(failed)
    assert volume_state() == Inventory.CREATING


def test_what_an_earlier_try_made_is_not_forgotten(olga: Any, failed: Job) -> None:
    ran(failed, JobStep.Status.DONE)
    again = jobs.approve(request_of(olga), propose(jobs.plan_again(request_of(olga), failed)))
    jobs.cancel(request_of(olga), again)
    assert volume_state() == Inventory.DRAFT
    entry = AuditEntry.objects.first()
    assert entry and "1 step had begun on alice" in entry.text


def test_dealing_with_it_twice_is_one_entry(ada: Any, olga: Any, failed: Job) -> None:
    jobs.acknowledge(request_of(olga), failed)
    before = AuditEntry.objects.count()
    assert jobs.acknowledge(request_of(ada), failed).dealt_with_by == "olga"
    assert AuditEntry.objects.count() == before


def test_a_job_that_waits_or_runs_is_nothing_to_deal_with(olga: Any, proposed: Callable[..., Job]) -> None:
    job = proposed()
    with pytest.raises(jobs.Refused, match="nothing to deal with"):
        jobs.acknowledge(request_of(olga), job)


def test_an_interrupted_job_lets_go_of_the_lock(olga: Any, proposed: Callable[..., Job]) -> None:
    job = end(jobs.approve(request_of(olga), proposed()), JobStatus.INTERRUPTED)
    with pytest.raises(jobs.Refused, match="was interrupted and still holds web-files"):
        jobs.draft(request_of(olga), "volume.create", job.cluster, volume_intent("mail"))
    assert jobs.acknowledge(request_of(olga), job).status == JobStatus.FAILED
    jobs.draft(request_of(olga), "volume.create", job.cluster, volume_intent("mail"))


def test_an_unfinished_volume_keeps_other_changes_out_until_dealt_with(olga: Any, failed: Job) -> None:
    with pytest.raises(jobs.Refused, match="before shop was finished"):
        jobs.draft(request_of(olga), "volume.create", failed.cluster, volume_intent("mail"))
    jobs.acknowledge(request_of(olga), failed)
    assert jobs.draft(request_of(olga), "volume.create", failed.cluster, volume_intent("mail"))


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.INTERRUPTED])
def test_planning_again_takes_over_when_it_is_approved(
    olga: Any, proposed: Callable[..., Job], status: JobStatus
) -> None:
    old = end(jobs.approve(request_of(olga), proposed()), status)
    again = jobs.plan_again(request_of(olga), old)
    assert again != old
    assert jobs.plan_again(request_of(olga), old) == again
    old.refresh_from_db()
    assert (old.status, old.dealt_with_by) == (status, "")
    again = jobs.approve(request_of(olga), propose(again))
    old.refresh_from_db()
    assert (old.status, old.dealt_with_by) == (JobStatus.FAILED, "olga")
    assert jobs.holder(old.cluster) == again
    assert volume_state() == Inventory.CREATING
    assert f"Job {again.pk} takes over from job {old.pk}" in " ".join(AuditEntry.objects.values_list("text", flat=True))
    assert audit.verify() == []


def test_planning_a_proposal_again_replaces_it(olga: Any, proposed: Callable[..., Job]) -> None:
    old = proposed()
    again = jobs.plan_again(request_of(olga), old)
    old.refresh_from_db()
    assert (old.status, again.status) == (JobStatus.EXPIRED, JobStatus.DRAFTING)


def test_asking_for_the_same_again_closes_the_first_proposal(
    ada: Any, olga: Any, web_files: Cluster, proposed: Callable[..., Job]
) -> None:
    first, other = proposed("shop"), proposed("mail")
    second = proposed("shop")
    for job in (first, other):
        job.refresh_from_db()
    assert (first.status, first.problem) == (JobStatus.EXPIRED, f"Replaced by job {second.pk}.")
    assert other.status == JobStatus.PROPOSED
    jobs.draft(request_of(ada), "volume.create", web_files, volume_intent("shop"))
    second.refresh_from_db()
    assert second.status == JobStatus.PROPOSED  # somebody else's is not closed under their eyes


def test_a_stale_job_can_be_planned_again_or_given_up(olga: Any, proposed: Callable[..., Job]) -> None:
    job = end(jobs.approve(request_of(olga), proposed()), JobStatus.STALE)
    jobs.acknowledge(request_of(olga), job)
    assert volume_state() is None
    assert jobs.plan_again(request_of(olga), job).status == JobStatus.DRAFTING


def test_what_succeeded_is_not_planned_again(olga: Any, proposed: Callable[..., Job]) -> None:
    job = end(jobs.approve(request_of(olga), proposed()), JobStatus.SUCCEEDED)
    with pytest.raises(jobs.Refused, match="is succeeded"):
        jobs.plan_again(request_of(olga), job)


def test_a_set_up_moves_the_whole_pair(ada: Any, worker_keys: Any) -> None:
    cluster = factories.make_cluster(inventory=Inventory.DRAFT)
    job = propose(jobs.draft(request_of(ada), "cluster.provision", cluster, ProvisionCluster("web-files")))
    job = jobs.approve(request_of(ada), job)
    assert states(cluster) == {Inventory.CREATING}
    end(job, JobStatus.FAILED)
    ran(job, JobStep.Status.DONE)
    jobs.acknowledge(request_of(ada), job)
    assert states(cluster) == {Inventory.DRAFT}
    again = jobs.approve(request_of(ada), propose(jobs.plan_again(request_of(ada), job)))
    actions.settle(again)
    assert states(cluster) == {Inventory.PRESENT}


def states(cluster: Cluster) -> set[str]:
    cluster.refresh_from_db()
    rows = [*cluster.volumes.all(), *cluster.exports.all()]
    return {cluster.inventory, *(row.inventory for row in rows)}


def test_a_job_is_hidden_from_a_stranger(vera: Any, mallory: Any, failed: Job) -> None:
    assert jobs.get_job(request_of(vera), failed.pk) == failed
    with pytest.raises(Http404):
        jobs.get_job(request_of(mallory), failed.pk)
    with pytest.raises(jobs.Denied):
        jobs.get_job(request_of(vera), failed.pk, jobs.AccessLevel.OPERATOR)
