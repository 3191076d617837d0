"""Who tries to change what their access level does not cover is in the audit log, and cannot fill it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters import audit, refused
from clusters.models import AuditEntry, Cluster
from provisioning import doorbell
from provisioning.models import Job
from tests import factories

pytestmark = pytest.mark.django_db
REFUSED = AuditEntry.Outcome.REFUSED


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", lambda *args: True)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("path", "of_cluster"),
    [
        ("/c/web-files/volumes/new/", True),
        ("/c/web-files/exports/new/", True),
        ("/c/web-files/forget/", True),
        ("/c/web-files/draft/storage/", True),
        ("/new/", False),
        ("/people/", False),
        ("/people/ada/level/", False),
    ],
)
def test_an_attempt_is_written_down(path: str, of_cluster: bool, vera: Any, ada: Any, web_files: Cluster) -> None:
    response = signed_in(vera).post(path, {"name": "secret stuff"}, REMOTE_ADDR="10.10.0.9")
    assert response.status_code == 403
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.object, entry.outcome, entry.remote_address) == ("vera", path, REFUSED, "10.10.0.9")
    assert entry.cluster == (web_files if of_cluster else None)
    assert "yours is viewer" in entry.text and entry.request_id == response["X-Request-ID"]
    assert audit.verify() == []
    assert path in signed_in(ada).get("/audit/?outcome=refused").content.decode()


def test_looking_is_no_attempt(vera: Any, mallory: Any, web_files: Cluster) -> None:
    assert signed_in(vera).get("/c/web-files/volumes/new/").status_code == 403
    assert signed_in(mallory).get("/c/web-files/volumes/new/").status_code == 404
    assert not AuditEntry.objects.exists()


def test_a_stranger_is_told_nothing_but_written_down(mallory: Any, web_files: Cluster) -> None:
    client = signed_in(mallory)
    assert client.post("/c/web-files/forget/").status_code == client.post("/c/no-files/forget/").status_code == 404
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.cluster, entry.object) == ("mallory", web_files, "/c/web-files/forget/")


def test_so_is_what_somebody_wants_with_a_job(vera: Any, mallory: Any, ada: Any, web_files: Cluster) -> None:
    signed_in(ada).post("/c/web-files/forget/")
    job = Job.objects.get()
    for _ in range(3):
        assert signed_in(vera).post(f"/jobs/{job.pk}/approve/").status_code == 403
        assert signed_in(mallory).post(f"/jobs/{job.pk}/approve/").status_code == 404
    entries = AuditEntry.objects.filter(outcome=REFUSED, job=job.pk, action="cluster.forget")
    assert sorted(entries.values_list("actor", flat=True)) == ["mallory", "vera"]


def test_the_same_again_is_written_once_a_minute(
    vera: Any, olga: Any, web_files: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(vera)
    for _ in range(5):
        client.post("/c/web-files/forget/")
    signed_in(olga).post("/c/web-files/forget/")
    assert sorted(AuditEntry.objects.values_list("actor", flat=True)) == ["olga", "vera"]
    later = timezone.now() + timedelta(seconds=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    client.post("/c/web-files/forget/")
    assert AuditEntry.objects.filter(actor="vera").count() == 2


def test_a_flood_over_many_addresses_cannot_fill_the_log(vera: Any, olga: Any, web_files: Cluster) -> None:
    client = signed_in(vera)
    for number in range(3 * refused.MOST):
        path = f"/people/x{number}{'y' * 300}\x00/level/"
        assert client.post(path).status_code == 403
    entries = AuditEntry.objects.filter(actor="vera")
    assert entries.count() == refused.MOST
    last = entries.first()
    assert last and "More of this person's within the minute are not listed." in last.text
    signed_in(olga).post("/c/web-files/forget/")
    assert AuditEntry.objects.filter(actor="olga").exists()


def test_a_log_that_takes_nothing_does_not_open_the_door(
    vera: Any, web_files: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise audit.AuditUnwritable("full")

    monkeypatch.setattr(audit, "record", full)
    assert signed_in(vera).post("/c/web-files/forget/").status_code == 403


def test_each_level_has_its_own_say(web_files: Cluster) -> None:
    """Admin on one pair, nobody on the other."""
    factories.make_cluster("mail-store")
    nils = factories.make_user("nils", factories.AccessLevel.ADMIN, web_files)
    assert signed_in(nils).post("/c/web-files/forget/").status_code == 302
    assert signed_in(nils).post("/c/mail-store/forget/").status_code == 404
    assert list(AuditEntry.objects.filter(outcome=REFUSED).values_list("cluster_name", flat=True)) == ["mail-store"]
