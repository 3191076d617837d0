"""Two people press the button at the same moment, on a real web process: one wins, the other is told who; never both."""

from __future__ import annotations

import html
from concurrent.futures import ThreadPoolExecutor

import pytest

from clusters.models import AuditEntry
from clusters.states import LOCKING, AccessLevel, JobStatus
from provisioning.desired import DesiredVolume
from provisioning.intents import CreateVolume
from provisioning.models import Job
from tests.faults.conftest import person
from tests.faults.live import MOVING, Browser, LivePanel, fresh, until
from tests.scenarios.stage import GIB

pytestmark = pytest.mark.services
ROUNDS = 2


def volume(name: str) -> CreateVolume:
    return CreateVolume("web-files", DesiredVolume(name, GIB, "ext4", f"/srv/{name}"))


def press(panel: LivePanel, presses: list[tuple[Browser, Job]]) -> list[tuple[int, str]]:
    with ThreadPoolExecutor(len(presses)) as both:
        return list(both.map(lambda press: panel.approve_as(*press), presses))


@pytest.fixture
def people(panel: LivePanel) -> tuple[Browser, Browser]:
    person("olga", AccessLevel.OPERATOR)
    return Browser(panel.installation.address, "ada"), Browser(panel.installation.address, "olga")


def ended(panel: LivePanel, job: Job) -> None:
    until(lambda: fresh(job).status not in MOVING, 60, f"job {job.pk} ends")
    assert job.status == JobStatus.SUCCEEDED, f"{job.problem}\n{panel.logs()}"


def test_two_plans_for_one_pair(panel: LivePanel, people: tuple[Browser, Browser]) -> None:
    for number in range(ROUNDS):
        plans = [panel.plan("volume.create", volume(f"{name}_{number}")) for name in ("one", "two")]
        answers = press(panel, list(zip(people, plans, strict=True)))
        assert [status for status, _ in answers] == [200, 200]
        won = [job for job in plans if fresh(job).status not in (JobStatus.PROPOSED, JobStatus.EXPIRED)]
        assert len(won) == 1 and Job.objects.filter(cluster=won[0].cluster, status__in=LOCKING).count() <= 1
        lost = 1 - plans.index(won[0])
        assert (
            f"Job {won[0].pk} was approved" in html.unescape(answers[lost][1]) or won[0].approved_by in answers[lost][1]
        )
        ended(panel, won[0])
        assert panel.sound(won[0].cluster) == []


def test_one_plan_approved_by_two_people_and_by_a_double_click(
    panel: LivePanel, people: tuple[Browser, Browser]
) -> None:
    job = panel.plan("volume.create", volume("pressed_often"))
    answers = press(panel, [(browser, job) for browser in (*people, *people)])
    assert {status for status, _ in answers} == {200}
    ended(panel, job)
    asked = AuditEntry.objects.filter(job=job.pk, outcome=AuditEntry.Outcome.REQUESTED)
    assert [entry.actor for entry in asked] == [job.approved_by]
    refused = AuditEntry.objects.filter(job=job.pk, outcome=AuditEntry.Outcome.REFUSED)
    assert {entry.actor for entry in refused} == {"ada", "olga"} - {job.approved_by}
    assert job.claim == 1 and panel.sound(job.cluster) == []
