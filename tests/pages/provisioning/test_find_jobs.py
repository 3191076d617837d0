"""The list of jobs, the cluster's part of it, and how the panel's own parts are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import Cluster
from clusters.states import JobStatus
from provisioning import codec
from provisioning.models import Job, PanelPart
from tests.jobs.conftest import volume_intent

pytestmark = pytest.mark.django_db


def page(response: Any) -> str:
    return response.content.decode()


def make(cluster: Cluster, count: int, status: str = "succeeded", **fields: Any) -> None:
    Job.objects.bulk_create(
        Job(cluster=cluster, action="volume.create", status=status, title=f"Create volume v{n}", intent={}, idempotency_key=f"{status}{n}",
            created_by="ada", ended_at=timezone.now(), **fields)
        for n in range(count)
    )  # fmt: skip


def test_jobs_stand_where_they_belong(web_files: Cluster, vera_client: Client):
    make(web_files, 1, "running")
    make(web_files, 1, "proposed")
    make(web_files, 2, "failed")
    make(web_files, 1, "cancelled")
    groups = {name: len(jobs) for name, _, jobs in vera_client.get("/jobs/").context["groups"]}
    assert groups == {"running": 1, "waiting": 1, "failed": 2}
    assert "2 jobs failed and need somebody" in page(vera_client.get("/jobs/"))


def test_a_failure_that_was_dealt_with_is_history(web_files: Cluster, vera_client: Client):
    make(web_files, 1, "failed", dealt_with_by="ada")
    response = vera_client.get("/jobs/")
    assert "Nothing is under way" in page(response) and "failed, dealt with" in page(response)


def test_history_has_pages_and_filters_in_the_url(web_files: Cluster, vera_client: Client):
    make(web_files, 45)
    make(web_files, 3, "cancelled")
    assert len(vera_client.get("/jobs/?page=2").context["history"]) == 8
    assert len(vera_client.get("/jobs/?ended=cancelled").context["history"]) == 3
    assert len(vera_client.get("/jobs/?cluster=nothing").context["history"]) == 0
    assert "ended=succeeded" in page(vera_client.get("/jobs/?ended=succeeded"))


@pytest.mark.parametrize(
    "query",
    ["page=999", "page=x", "page=-1", "ended=nonsense", "action=<script>", "cluster=%00", "cluster=" + "x" * 5000],
)
def test_nonsense_in_the_url_is_no_error(query: str, web_files: Cluster, vera_client: Client):
    make(web_files, 2)
    response = vera_client.get(f"/jobs/?{query}")
    assert response.status_code == 200 and "<script>alert" not in page(response)


def test_the_number_of_questions_is_constant(
    web_files: Cluster, vera_client: Client, django_assert_max_num_queries: Any
):
    make(web_files, 60)
    with django_assert_max_num_queries(16):
        vera_client.get("/jobs/")


def test_the_open_part_renews_itself(web_files: Cluster, vera_client: Client):
    make(web_files, 1, "proposed")
    seen = vera_client.get("/jobs/").context["seen"]
    assert vera_client.get(f"/jobs/?part=open&seen={seen}").status_code == 204
    Job.objects.update(status="running")
    assert "under way" in page(vera_client.get(f"/jobs/?part=open&seen={seen}"))


def test_the_cluster_s_part_shows_what_needs_somebody(web_files: Cluster, vera_client: Client):
    make(web_files, 1, "failed", problem="It broke on alice.")
    make(web_files, 3)
    first = vera_client.get("/c/web-files/jobs/")
    assert "It broke on alice." in page(first) and "See what happened" in page(first) and "v1" not in page(first)
    assert vera_client.get(f"/c/web-files/jobs/?seen={first.context['seen']}").status_code == 204


def test_the_parts_of_the_panel_say_since_when(vera_client: Client):
    PanelPart.objects.create(part="jobs", at=timezone.now())
    PanelPart.objects.create(part="beat", at=timezone.now() - timedelta(minutes=3))
    first = vera_client.get("/panel/parts/")
    shown = page(first)
    assert "alive" in shown and "silent" in shown and "never seen" in shown
    assert vera_client.get(f"/panel/parts/?seen={first.context['seen']}").status_code == 204


def test_a_job_of_a_forgotten_cluster_can_still_be_read(
    ran: Callable[..., Job], web_files: Cluster, vera_client: Client
):
    job = ran(JobStatus.SUCCEEDED, "done")
    Cluster.objects.update(inventory="forgotten")
    assert vera_client.get(f"/jobs/{job.pk}/").status_code == 200
    assert vera_client.get("/c/web-files/jobs/").status_code == 200


@pytest.mark.parametrize("status", ["cancelled", "stale"])
def test_a_job_that_broke_off_stays_on_the_clusters_page(status: str, web_files: Cluster, olga_client: Client):
    """What it began holds its names, so nothing else is made before somebody goes on or gives it up."""
    make(web_files, 1, status, approved_at=timezone.now(), approved_by="olga")
    job = Job.objects.get()
    assert "See how far it came" in page(olga_client.get("/c/web-files/jobs/"))
    Job.objects.update(intent=codec.dump(volume_intent()))
    assert "I have dealt with it" in page(olga_client.get(f"/jobs/{job.pk}/"))
    olga_client.post(f"/jobs/{job.pk}/acknowledge/")
    assert "See how far it came" not in page(olga_client.get("/c/web-files/jobs/"))


def test_a_job_called_off_and_made_up_for_is_history(web_files: Cluster, olga_client: Client):
    make(web_files, 1, "cancelled", approved_at=timezone.now())
    make(web_files, 1, "succeeded", approved_at=timezone.now())
    assert "See how far it came" not in page(olga_client.get("/c/web-files/jobs/"))
