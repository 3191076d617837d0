"""Two people at once: one job wins, the other is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from clusters import audit
from clusters.models import AuditEntry, Cluster, Volume
from clusters.states import LOCKING, AccessLevel, Inventory, JobStatus
from provisioning import jobs
from provisioning.models import Job
from tests import factories
from tests.jobs.conftest import propose, request_of, volume_intent
from tests.services import in_threads

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 50


def approve_as(person_and_job: tuple[Any, Job]) -> str:
    person, job = person_and_job
    try:
        return jobs.approve(request_of(person), job).status
    except jobs.Refused as refused:
        return f"refused: {refused}"


def test_two_approvals_of_two_plans_let_exactly_one_in() -> None:
    ada, olga = factories.make_user("ada", AccessLevel.ADMIN), factories.make_user("olga", AccessLevel.OPERATOR)
    cluster = factories.make_cluster()
    for number in range(ROUNDS):
        rivals = [
            propose(jobs.draft(request_of(person), "volume.create", cluster, volume_intent(f"{person}{number}")))
            for person in (ada, olga)
        ]
        answers = in_threads(approve_as, zip((ada, olga), rivals, strict=True), threads=2)
        assert sorted(answer.split()[0] for answer in answers) == ["queued", "refused:"]
        assert any(" is about to run on web-files since " in answer for answer in answers), answers
        assert Job.objects.filter(status__in=LOCKING).count() == 1
        assert Volume.objects.filter(inventory=Inventory.CREATING).count() == 1
        Job.objects.update(status=JobStatus.SUCCEEDED)
        Volume.objects.update(inventory=Inventory.PRESENT)
    assert AuditEntry.objects.filter(outcome="requested").count() == ROUNDS
    assert AuditEntry.objects.filter(outcome="refused").count() == ROUNDS
    assert audit.verify() == []


def test_two_approvals_of_one_plan_are_one_job() -> None:
    ada, olga = factories.make_user("ada", AccessLevel.ADMIN), factories.make_user("olga", AccessLevel.OPERATOR)
    cluster = factories.make_cluster()
    for number in range(ROUNDS):
        job = propose(jobs.draft(request_of(olga), "volume.create", cluster, volume_intent(f"shop{number}")))
        answers = in_threads(approve_as, [(ada, job), (olga, job), (olga, job)], threads=3)
        assert "queued" in answers
        assert AuditEntry.objects.filter(outcome="requested", job=job.pk).count() == 1
        Job.objects.update(status=JobStatus.SUCCEEDED)
        Volume.objects.update(inventory=Inventory.PRESENT)


def test_the_database_itself_allows_one_locking_job(olga: Any, web_files: Cluster) -> None:
    made = [jobs.draft(request_of(olga), "volume.create", web_files, volume_intent(name)) for name in ("a", "b")]
    Job.objects.filter(pk=made[0].pk).update(status=JobStatus.INTERRUPTED)
    with pytest.raises(IntegrityError):
        Job.objects.filter(pk=made[1].pk).update(status=JobStatus.QUEUED)
