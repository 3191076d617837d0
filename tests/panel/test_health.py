"""Something asks the panel whether it is alive."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from provisioning.models import PanelPart
from provisioning.pages import parts
from storagepanel.parts_seen import saw

pytestmark = pytest.mark.django_db


def test_it_tells_who_was_heard_of_without_a_sign_in(client: Client) -> None:
    saw("jobs.sweep")
    PanelPart.objects.create(part="probes", at=timezone.now() - timedelta(minutes=2))

    answer = client.get("/healthz/")

    assert answer.status_code == 200
    parts = answer.json()["parts"]
    assert parts["jobs"]["alive"] and parts["beat"]["alive"]
    assert not parts["probes"]["alive"] and parts["probes"]["seconds"] >= 120


@pytest.mark.parametrize(("seconds", "alive"), [(33, True), (37, False)])
def test_pages_and_the_address_for_supervisors_call_it_silent_at_once(
    client: Client, seconds: int, alive: bool
) -> None:
    PanelPart.objects.create(part="jobs", at=timezone.now() - timedelta(seconds=seconds))
    assert client.get("/healthz/").json()["parts"]["jobs"]["alive"] is alive
    assert parts.jobs_worker().alive is alive


def test_three_rings_may_be_missed() -> None:
    rings = list(settings.CELERY["beat_schedule"].values())
    for part in ("jobs", "probes"):
        every = min(ring["schedule"] for ring in rings if ring["task"].startswith(part))
        assert timedelta(seconds=3 * every) < parts.SILENT_AFTER


def test_a_part_never_heard_of_has_no_age(client: Client) -> None:
    assert client.get("/healthz/").json()["parts"]["jobs"] == {"alive": False, "seconds": None}


def test_a_task_of_a_job_proves_nothing(client: Client) -> None:
    saw("jobs.run")
    assert not PanelPart.objects.exists()


def test_it_fails_without_a_database(client: Client) -> None:
    with mock.patch.object(connection, "ensure_connection", side_effect=DatabaseError):
        answer = client.get("/healthz/")
    assert answer.status_code == 503
    assert answer.json()["database"] == "failed"


def test_it_is_not_sent_to_https(client: Client, settings: object) -> None:
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    assert client.get("/healthz/").status_code == 200


def test_it_only_reads(client: Client) -> None:
    assert client.post("/healthz/").status_code == 405
