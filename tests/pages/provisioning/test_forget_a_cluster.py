"""Taking a pair out of the panel."""

import pytest
from django.test import Client

from clusters.models import Cluster
from clusters.states import JobStatus
from provisioning.models import Job

pytestmark = pytest.mark.django_db
URL = "/c/web-files/forget/"


def test_it_says_that_no_node_is_touched(web_files: Cluster, ada_client: Client):
    shown = ada_client.get(URL).content.decode()
    assert "Nothing is changed on alice and bob." in shown


def test_the_name_is_free_again(web_files: Cluster, ada_client: Client):
    ada_client.post(URL)
    ada_client.post(f"/jobs/{Job.objects.get().pk}/approve/", {"reason": "moved to the other site"})
    assert ada_client.post("/new/", {"slug": "web-files"})["Location"] == "/c/web-files/draft/nodes/"


def test_it_becomes_a_job(web_files: Cluster, ada_client: Client):
    key = ada_client.get(URL).context["key"]
    response = ada_client.post(URL, {"key": key})
    assert ada_client.post(URL, {"key": key})["Location"] == response["Location"]
    job = Job.objects.get()
    assert (job.action, response["Location"]) == ("cluster.forget", f"/jobs/{job.pk}/")
    assert ada_client.get(f"/jobs/{job.pk}/").status_code == 200


def test_the_end_says_that_no_node_was_asked(web_files: Cluster, ada_client: Client):
    ada_client.post(URL)
    job = Job.objects.get()
    ada_client.post(f"/jobs/{job.pk}/approve/", {"reason": "moved to the other site"})
    job.refresh_from_db()
    assert job.status == JobStatus.SUCCEEDED
    shown = ada_client.get(f"/jobs/{job.pk}/").content.decode()
    assert "nothing was run on a node" in shown and "Every step" not in shown


def test_a_bare_draft_can_be_forgotten_too(bare: Cluster, ada_client: Client):
    assert ada_client.post("/c/shop-files/forget/").status_code == 302


def test_a_job_that_holds_the_cluster_is_named(web_files: Cluster, ada_client: Client):
    ada_client.post(URL)
    Job.objects.update(status=JobStatus.RUNNING, title="Create volume shop", approved_by="olga")
    assert "Create volume shop" in ada_client.get(URL).content.decode()
    assert "olga" in ada_client.post(URL, follow=True).content.decode()
