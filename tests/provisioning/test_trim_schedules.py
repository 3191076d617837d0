"""Trims by schedule: when they are due, and that a run goes through the door like everybody's."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from clusters import care
from clusters.findings import blocker
from clusters.models import Cluster, TrimSchedule, Volume
from clusters.states import JobStatus
from provisioning import codec, schedules
from provisioning.intents import TrimVolume
from provisioning.models import Job
from tests.jobs.conftest import make_plan, propose

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("weekday", "hour", "then"),
    [
        (None, 3, "2026-03-28T03:00:00+01:00"),
        (None, 14, "2026-03-27T14:00:00+01:00"),
        (5, 14, "2026-03-27T14:00:00+01:00"),
        (5, 13, "2026-04-03T13:00:00+02:00"),
        (1, 0, "2026-03-30T00:00:00+02:00"),
        (7, 2, "2026-03-29T02:00:00+01:00"),  # an hour that this day does not have
    ],
)
def test_the_next_run_is_the_first_such_hour(weekday: int | None, hour: int, then: str) -> None:
    assert care.next_trim(NOW, weekday, hour, BERLIN).isoformat() == then


@pytest.fixture
def schedule(web_files: Cluster) -> TrimSchedule:
    volume = web_files.volumes.get(name="web_files")
    return TrimSchedule.objects.create(volume=volume, weekday=5, hour=12, next_run=NOW, set_by="olga")


@pytest.mark.django_db
def test_a_run_is_drafted_once_and_approved_in_the_name_of_the_schedule(schedule: TrimSchedule) -> None:
    with time_machine.travel(NOW, tick=False):
        schedules.tick()
        schedules.tick()
        job = Job.objects.get()
        assert (job.action, job.created_by, job.status) == ("volume.trim", "schedule", JobStatus.DRAFTING)
        assert codec.load(TrimVolume, job.intent) == TrimVolume("web-files", "web_files", schedule.pk)
        propose(job, make_plan())
        schedules.tick()
    job.refresh_from_db()
    schedule.refresh_from_db()
    assert job.status == JobStatus.QUEUED and job.reason == "schedule set by olga"
    assert schedule.next_run is not None and schedule.next_run > NOW


@pytest.mark.django_db
def test_a_run_that_must_not_be_made_says_why(schedule: TrimSchedule) -> None:
    with time_machine.travel(NOW, tick=False):
        schedules.tick()
        job = Job.objects.get()
        propose(job, make_plan(findings=(blocker("trim.unsupported", "/dev/vdb takes no discards.", hint="."),)))
        schedules.tick()
    job.refresh_from_db()
    schedule.refresh_from_db()
    assert job.status == JobStatus.CANCELLED and schedule.said == "/dev/vdb takes no discards."


@pytest.mark.django_db
def test_one_that_is_off_or_not_due_does_nothing(schedule: TrimSchedule) -> None:
    with time_machine.travel(NOW.replace(hour=11), tick=False):
        schedules.tick()
    TrimSchedule.objects.update(enabled=False)
    with time_machine.travel(NOW, tick=False):
        schedules.tick()
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_a_damaged_file_system_is_not_trimmed(schedule: TrimSchedule) -> None:
    """Its bitmap of free blocks may be wrong, and what is discarded is gone on both disks."""
    Volume.objects.filter(pk=schedule.volume_id).update(damaged_at=NOW)
    with time_machine.travel(NOW, tick=False):
        schedules.tick()
    schedule.refresh_from_db()
    assert not Job.objects.exists() and "repair it first" in schedule.said
