"""A database that takes no more: nothing is sent to a node that is not written down, and the sentence says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from clusters.models import AuditEntry
from clusters.states import JobStatus
from provisioning import doorbell, jobs, tasks, worker
from provisioning.intents import ProvisionCluster
from provisioning.models import Job
from provisioning.simulator import world
from tests import factories
from tests.faults import invariants
from tests.scenarios.stage import JumpingTime, draft_pair, request_of

SENTENCE = "The panel's database took no change, so nothing was changed."


class Clock(JumpingTime):
    """After a number of waits the database is full, as its disk would be."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC).timestamp())
        self.full_after: int | None = None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.full_after is not None:
            self.full_after -= 1
            if self.full_after == 0:
                take_no_more(True)


def take_no_more(yes: bool) -> None:
    """What a read-only file system or a standby server does to every write."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA query_only={int(yes)}")
        else:
            cursor.execute(f"SET SESSION default_transaction_read_only = {'on' if yes else 'off'}")


@contextmanager
def full() -> Iterator[None]:
    take_no_more(True)
    try:
        yield
    finally:
        take_no_more(False)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    heard: list[object] = []
    monkeypatch.setattr(doorbell, "ring", lambda *args: heard.append(args) or True)
    return heard


@pytest.fixture
def clock(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(world, "clock", clock)
    yield clock
    take_no_more(False)  # the next test's database is this one


@pytest.fixture
def job(transactional_db: None, worker_keys: Path, ada: Any, rings: list[object], clock: Clock) -> Job:
    """Planned, and not approved yet."""
    cluster = draft_pair()
    job = jobs.draft(request_of(ada), "cluster.provision", cluster, ProvisionCluster(cluster.slug))
    worker.propose(job.pk)
    rings.clear()
    return job


def approve(ada: Any, job: Job, password: str = factories.PASSWORD) -> Job:
    return jobs.approve(request_of(ada), job, reason="fault", typed_name=job.cluster.slug, password=password)


@pytest.mark.parametrize("password", [factories.PASSWORD, "wrong"])
def test_nothing_is_approved_and_nobody_is_rung_for(ada: Any, job: Job, rings: list[object], password: str) -> None:
    entries = AuditEntry.objects.count()
    with full(), pytest.raises(jobs.Refused, match=SENTENCE):
        approve(ada, job, password)
    job.refresh_from_db()
    assert (job.status, rings, AuditEntry.objects.count()) == (JobStatus.PROPOSED, [], entries)
    assert invariants.journal(job.cluster) == []
    assert approve(ada, job).status == JobStatus.QUEUED, "and later it is"


def test_the_page_says_so_and_reading_works(ada: Any, job: Job) -> None:
    client = Client()
    client.force_login(ada)
    fields = {"reason": "fault", "typed_name": job.cluster.slug, "password": factories.PASSWORD}
    with full():
        answer = client.post(reverse("job-approve", args=[job.pk]), fields)
        pages = [client.get(path).status_code for path in ("/", f"/jobs/{job.pk}/", "/jobs/", "/audit/")]
    assert answer.status_code == 422 and "took no change" in answer.content.decode()
    assert pages == [200] * 4


@pytest.mark.parametrize("after", [1, 2, 7, 20, 33])
def test_full_in_the_middle_of_a_job(ada: Any, job: Job, clock: Clock, after: int) -> None:
    approve(ada, job)
    clock.at, clock.full_after = datetime.now(UTC).timestamp(), after
    tasks.run(job.pk)
    take_no_more(False)
    did = len(invariants.journal(job.cluster))
    job.refresh_from_db()
    assert job.status == JobStatus.RUNNING and 0 <= did < after, "the lease lapses and another worker goes on"
    Job.objects.filter(pk=job.pk).update(lease_until=datetime(2000, 1, 1, tzinfo=UTC))
    tasks.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.claim) == (JobStatus.SUCCEEDED, 2), job.problem
    assert invariants.broken(job.cluster) == []


def test_a_log_that_refuses_entries_stops_the_approval(ada: Any, job: Job, rings: list[object]) -> None:
    """Somebody locked the audit table alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER closed BEFORE INSERT ON clusters_auditentry BEGIN SELECT RAISE(ABORT, 'closed'); END"
            if connection.vendor == "sqlite"
            else "CREATE TRIGGER closed BEFORE INSERT ON clusters_auditentry EXECUTE FUNCTION clusters_auditentry_refuse()"
        )
    try:
        with pytest.raises(jobs.Refused, match="cannot write its audit log, so nothing was changed"):
            approve(ada, job)
    finally:
        with connection.cursor() as cursor:
            on = "" if connection.vendor == "sqlite" else " ON clusters_auditentry"
            cursor.execute(f"DROP TRIGGER closed{on}")
    job.refresh_from_db()
    assert (job.status, rings) == (JobStatus.PROPOSED, [])
    assert invariants.broken(job.cluster) == []
