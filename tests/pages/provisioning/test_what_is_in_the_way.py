"""What did not end is said where it is shown and before a form is filled in, with the way to its job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, Export
from clusters.states import Inventory, JobStatus
from provisioning import in_the_way
from provisioning.models import Job
from tests import factories

pytestmark = pytest.mark.django_db
VOLUME, OTHER, NEW = "/c/web-files/volumes/shop/", "/c/web-files/volumes/media/", "/c/web-files/volumes/new/"


def page(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def stopped(ran: Callable[..., Job], web_files: Cluster) -> Callable[..., Job]:
    """The job that made volume shop, in a status, and what it left."""

    def make(status: JobStatus, **fields: Any) -> Job:
        job = ran(status, "failed")
        factories.make_volume(web_files, "shop", inventory=Inventory.CREATING)
        Job.objects.filter(pk=job.pk).update(**fields)
        return job

    return make


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (JobStatus.FAILED, "failed"),
        (JobStatus.CANCELLED, "was called off"),
        (JobStatus.STALE, "was overtaken and not run"),
        (JobStatus.INTERRUPTED, "was interrupted"),
    ],
)
def test_a_volume_that_was_not_finished_says_which_job(
    status: JobStatus, how: str, stopped: Callable[..., Job], olga_client: Client
):
    job = stopped(status)
    shown = page(olga_client.get(VOLUME))
    assert f"Not finished: “{job.title}” {how}." in shown and f'href="/jobs/{job.pk}/">Open job {job.pk}<' in shown
    assert "being made" not in shown and "creating" not in shown
    assert "somebody has dealt with it" in shown


def test_so_does_an_export(stopped: Callable[..., Job], web_files: Cluster, olga_client: Client):
    job = stopped(JobStatus.FAILED)
    Export.objects.update(inventory=Inventory.CREATING)
    shown = page(olga_client.get(web_files.exports.get().get_absolute_url()))
    assert f"Open job {job.pk}" in shown and "<dd>not finished</dd>" in shown


@pytest.mark.parametrize("address", [OTHER, NEW, "/c/web-files/exports/new/", "/c/web-files/nfs/", f"{OTHER}grow/"])
def test_everything_else_says_before_it_is_asked_for_that_it_waits(
    address: str, stopped: Callable[..., Job], olga_client: Client
):
    job = stopped(JobStatus.FAILED)
    shown = page(olga_client.get(address))
    assert f"Open job {job.pk}" in shown and "Other changes of this cluster wait" in shown
    assert "Not finished: “" not in shown


def test_the_pairs_page_says_which_of_its_jobs_others_wait_for(stopped: Callable[..., Job], olga_client: Client):
    stopped(JobStatus.FAILED, problem="It broke on alice.")
    waits = "Other changes wait until it is planned again or dealt with."
    assert page(olga_client.get("/c/web-files/jobs/")).count(f"It broke on alice. {waits}") == 1
    Job.objects.update(dealt_with_by="ada")
    assert waits not in page(olga_client.get("/c/web-files/jobs/"))


def test_a_job_that_runs_can_be_watched(stopped: Callable[..., Job], olga_client: Client):
    job = stopped(JobStatus.RUNNING)
    assert f"Watch job {job.pk}" in page(olga_client.get(NEW))


def test_what_was_dealt_with_or_left_nothing_is_in_nobodys_way(ran: Callable[..., Job], web_files: Cluster):
    job = ran(JobStatus.FAILED, "failed")
    assert in_the_way.of(web_files) is None
    factories.make_volume(web_files, "shop", inventory=Inventory.CREATING)
    assert in_the_way.of(web_files)
    Job.objects.filter(pk=job.pk).update(dealt_with_by="ada")
    assert in_the_way.of(web_files) is None
