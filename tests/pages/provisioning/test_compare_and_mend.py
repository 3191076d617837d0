"""Planning the set-up of a pair again that is in service: what differs is shown, and what would mend it."""

import pytest
from django.test import Client

from clusters.models import Cluster
from clusters.states import Inventory, JobStatus
from provisioning.models import Job
from provisioning.pages.before_after import pictures

pytestmark = pytest.mark.django_db
URL = "/c/web-files/mend/"


def test_the_cluster_page_offers_it_to_an_admin(web_files: Cluster, ada_client: Client, olga_client: Client):
    assert 'id="do-cluster-mend"' in ada_client.get("/c/web-files/").content.decode()
    assert 'id="why-cluster-mend"' in olga_client.get("/c/web-files/").content.decode()
    assert olga_client.get(URL).status_code == 403


def test_it_becomes_one_job_however_often_it_is_sent(web_files: Cluster, ada_client: Client):
    key = ada_client.get(URL).context["key"]
    response = ada_client.post(URL, {"key": key})
    assert ada_client.post(URL, {"key": key})["Location"] == response["Location"]
    job = Job.objects.get()
    assert (job.action, response["Location"]) == ("cluster.provision", f"/jobs/{job.pk}/")


def test_its_job_says_what_it_is(web_files: Cluster, ada_client: Client):
    ada_client.post(URL)
    job = Job.objects.get()
    assert job.title == "Compare web-files with what it is meant to be and mend it"
    page = ada_client.get(job.get_absolute_url()).content.decode()
    assert "Compare web-files with what it is meant to be and mend it" in page and "Set up web-files" not in page


def test_a_draft_is_not_compared(bare: Cluster, ada_client: Client):
    assert ada_client.get("/c/shop-files/mend/")["Location"] == "/c/shop-files/"
    assert not Job.objects.exists()


def test_a_job_that_holds_the_cluster_is_named(web_files: Cluster, ada_client: Client):
    ada_client.post(URL)
    Job.objects.update(status=JobStatus.RUNNING, title="Create volume shop", approved_by="olga")
    assert "Create volume shop" in ada_client.get(URL).content.decode()


def test_a_pair_in_service_is_not_drawn_as_two_bare_servers(web_files: Cluster, ada_client: Client):
    ada_client.post(URL)
    in_service = Job.objects.get()
    assert pictures(in_service) == []
    Cluster.objects.update(inventory=Inventory.CREATING)
    assert [title for title, _ in pictures(Job.objects.get())] == ["Before", "After"]


def test_a_pair_in_service_has_no_draft_to_change(web_files: Cluster, ada_client: Client):
    ada_client.post(URL)
    page = Job.objects.get().get_absolute_url()
    assert "Change the draft" not in ada_client.get(page).content.decode()
    Cluster.objects.update(inventory=Inventory.CREATING)
    Job.objects.update(status="proposed")
    assert "Change the draft" in ada_client.get(page).content.decode()
