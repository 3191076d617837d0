"""Every page and verb: who gets in, who is refused, who gets told that there is nothing, and which methods there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clusters.models import Cluster
from clusters.states import JobStatus
from provisioning.models import Job
from provisioning.urls import urlpatterns

pytestmark = pytest.mark.django_db

ADMIN, OPERATOR, VIEWER = "ada", "olga", "vera"
# name → (lowest level that gets in, methods, how to make its arguments)
PAGES = {
    "cluster-new": (ADMIN, "GET POST"), "cluster-draft-resume": (ADMIN, "GET"), "draft-remove": (ADMIN, "POST"), "cluster-draft": (ADMIN, "GET POST"),
    "node-ask-host-key": (ADMIN, "POST"), "node-pin": (ADMIN, "POST"), "node-install-key": (ADMIN, "POST"), "node-trust": (ADMIN, "GET POST"),
    "volume-new": (OPERATOR, "GET POST"), "export-new": (OPERATOR, "GET POST"), "cluster-forget": (ADMIN, "GET POST"),
    "cluster-mend": (ADMIN, "GET POST"), "nfs-configure": (OPERATOR, "GET POST"), "manager-configure": (ADMIN, "GET POST"),
    "resource-grow": (ADMIN, "GET POST"), "volume-grow": (OPERATOR, "GET POST"), "volume-edit": (OPERATOR, "GET POST"),
    "volume-delete": (ADMIN, "GET POST"), "volume-check": (OPERATOR, "GET POST"), "volume-repair": (ADMIN, "GET POST"),
    "volume-trim": (OPERATOR, "GET POST"), "volume-quotas": (VIEWER, "GET"), "volume-quotas-read": (VIEWER, "POST"),
    "quota-edit": (OPERATOR, "GET POST"), "quota-grace": (OPERATOR, "POST"),
    "export-edit": (OPERATOR, "GET POST"), "export-withdraw": (OPERATOR, "GET POST"),
    "snapshot": (VIEWER, "GET"), "snapshot-new": (OPERATOR, "GET POST"), "snapshot-schedule": (OPERATOR, "GET POST"),
    "snapshot-open": (OPERATOR, "GET POST"), "snapshot-close": (OPERATOR, "POST"), "snapshot-delete": (OPERATOR, "POST"),
    "snapshot-restore": (ADMIN, "POST"),
    "cluster-jobs": (VIEWER, "GET"), "jobs": (VIEWER, "GET"), "job": (VIEWER, "GET"), "job-approve": (OPERATOR, "POST"),
    "job-cancel": (OPERATOR, "POST"), "job-acknowledge": (OPERATOR, "POST"), "job-again": (OPERATOR, "POST"),
    "simulation": (OPERATOR, "POST"), "job-transcript": (VIEWER, "GET"), "job-output": (VIEWER, "GET"), "panel-parts": (VIEWER, "GET"),
}  # fmt: skip
EVERYBODY = {"jobs", "panel-parts"}  # lists that show a stranger nothing of a cluster
FLEET = {"cluster-new"}
MANY = {
    "volumes-import",
    "exports-import",
    "batch",
    "batch-approve",
    "batch-line",
    "batch-plan",
    "batch-stop",
}  # of the person who sent them; their access is tried in tests/batches


@pytest.fixture
def address(web_files: Cluster, ran: Callable[..., Job]) -> Callable[[str], str]:
    job = ran(JobStatus.FAILED, "failed", "boom")
    node = web_files.nodes.first()

    def make(name: str) -> str:
        arguments: dict[str, list[Any]] = {
            "cluster-draft": ["web-files", "nodes"], "draft-remove": ["web-files", "volume", 1], "job-output": [job.pk, 3, 0],
        }  # fmt: skip
        if name in FLEET | EVERYBODY:
            return reverse(name)
        if name.startswith("node-"):
            return reverse(name, args=["web-files", node.pk])
        if name.startswith("job-") or name == "job":
            return reverse(name, args=arguments.get(name, [job.pk]))
        if name.startswith(("volume-", "quota-", "snapshot")) and name != "volume-new":
            one = name.removeprefix("snapshot") in ("", "-open", "-close", "-delete", "-restore")
            return reverse(name, args=["web-files", "web_files", "before"] if one else ["web-files", "web_files"])
        if name in ("export-edit", "export-withdraw"):
            return reverse(name, args=["web-files", 1])
        return reverse(name, args=arguments.get(name, ["web-files"]))

    return make


def test_every_url_is_in_this_table():
    assert {pattern.name for pattern in urlpatterns} == set(PAGES) | MANY


@pytest.mark.parametrize("name", PAGES)
def test_a_wrong_method_is_refused(name: str, address: Callable[[str], str], ada_client: Client):
    wrong = [method for method in ("get", "post", "put", "delete") if method.upper() not in PAGES[name][1]]
    for method in wrong:
        assert getattr(ada_client, method)(address(name)).status_code == 405


@pytest.mark.parametrize("name", [name for name, (level, _) in PAGES.items() if level != VIEWER])
def test_below_its_level_it_is_refused(
    name: str, address: Callable[[str], str], olga_client: Client, vera_client: Client
):
    below = [vera_client] + ([olga_client] if PAGES[name][0] == ADMIN else [])
    for client in below:
        for method in PAGES[name][1].lower().split():
            assert getattr(client, method)(address(name)).status_code == 403


@pytest.mark.parametrize("name", [name for name in PAGES if name not in EVERYBODY | FLEET])
def test_a_stranger_is_told_that_there_is_nothing(name: str, address: Callable[[str], str], mallory_client: Client):
    for method in PAGES[name][1].lower().split():
        for query in ("", "?part=progress", "?part=moved", "?part=cards", "?check=1"):
            assert getattr(mallory_client, method)(address(name) + query).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_nobody_gets_in_without_signing_in(name: str, address: Callable[[str], str], client: Client):
    for method in PAGES[name][1].lower().split():
        response = getattr(client, method)(address(name))
        assert response.status_code == 302 and response["Location"].startswith("/sign-in/")


def test_lists_show_a_stranger_nothing(address: Callable[[str], str], mallory_client: Client):
    page = mallory_client.get(address("jobs")).content.decode()
    assert "Create volume shop" not in page and "web-files" not in page


def test_the_csrf_token_is_asked_for(ada: Any, web_files: Cluster):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post("/c/web-files/forget/").status_code == 403
