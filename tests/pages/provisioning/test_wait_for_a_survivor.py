"""While the copies of a pair are apart nothing is added to it: the page says why, the door too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters import apart
from clusters.models import AuditEntry, Cluster, ClusterState
from clusters.states import Health, JobStatus
from provisioning.models import Job
from tests.pages.provisioning.conftest import make_plan

pytestmark = pytest.mark.django_db
VOLUME = {
    "name": "shop", "size": "5", "unit": "GiB", "fstype": "ext4", "mount_point": "/srv/shop", "mount_options": "",
}  # fmt: skip
EXPORT = {
    "volume": "web_files", "directory": "shop", "clients": "1", "c0-client": "10.10.0.0/24", "c0-access": "rw",
    "c0-squash": "root_squash", "c0-sync": "on",
}  # fmt: skip


@pytest.fixture(params=sorted(apart.CODES))
def split(request: Any, web_files: Cluster) -> Cluster:
    """Read an hour ago: the last word counts, however old it is."""
    at = timezone.now() - timedelta(hours=1)
    reasons = [{"code": request.param, "severity": "blocker", "text": "Apart.", "hint": "", "node": "", "hazard": 1}]
    ClusterState.objects.create(
        cluster=web_files, health=Health.DANGER, sentence="Split brain.", reasons=reasons, since=at, judged_at=at
    )
    return web_files


def test_the_page_says_why_it_offers_nothing(split: Cluster, ada_client: Client):
    shown = ada_client.get("/c/web-files/").content.decode()
    for name in ("volume-new", "export-new", "cluster-mend"):
        assert f'id="do-{name}"' not in shown and f'id="why-{name}">{apart.WHY}<' in shown
    assert "to-volume-new" not in shown and "volumes-new" not in shown and "exports-new" not in shown
    assert 'id="do-cluster-forget"' in shown


@pytest.mark.parametrize("path", ["volumes/new/", "exports/new/"])
def test_a_form_that_could_not_work_does_not_open(path: str, split: Cluster, olga_client: Client):
    response = olga_client.get(f"/c/web-files/{path}", follow=True)
    assert response.redirect_chain == [("/c/web-files/", 302)]
    assert apart.WHY in response.content.decode()


@pytest.mark.parametrize(
    ("path", "typed"),
    [("volumes/new/", VOLUME), ("exports/new/", EXPORT), ("mend/", {})],
    ids=["volume", "export", "mend"],
)
def test_the_door_refuses_with_the_reason(path: str, typed: dict[str, str], split: Cluster, ada_client: Client):
    response = ada_client.post(f"/c/web-files/{path}", typed, follow=True)
    assert apart.WHY in response.content.decode()
    assert not Job.objects.exists()
    assert apart.WHY in AuditEntry.objects.get(outcome="refused").text


def test_what_was_proposed_before_is_not_let_in(proposed: Callable[..., Job], web_files: Cluster, olga_client: Client):
    job = proposed(make_plan())
    reasons = [{"code": "drbd.split-brain", "severity": "blocker", "text": "Apart.", "hint": "", "node": ""}]
    ClusterState.objects.create(cluster=web_files, health=Health.DANGER, reasons=reasons, judged_at=timezone.now())
    assert apart.WHY in olga_client.post(f"/jobs/{job.pk}/approve/").content.decode()
    job.refresh_from_db()
    assert job.status == JobStatus.PROPOSED


def test_once_it_is_mended_all_is_offered_again(split: Cluster, ada_client: Client):
    ClusterState.objects.update(health=Health.OK, reasons=[], judged_at=timezone.now())
    assert 'id="do-volume-new"' in ada_client.get("/c/web-files/").content.decode()
    assert ada_client.post("/c/web-files/volumes/new/", VOLUME).status_code == 302
