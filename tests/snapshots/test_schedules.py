"""Snapshots by schedule: drafted, planned and run through the door by nobody, on simulated machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clusters import snapshots
from clusters.findings import blocker
from clusters.models import AuditEntry, Cluster, Snapshot, SnapshotSchedule, SnapshotState, Volume
from clusters.states import Inventory, JobStatus
from provisioning import actions, codec, doorbell, jobs, schedules
from provisioning.intents import KeepSnapshots
from provisioning.models import Job
from provisioning.steps import Kind, Stage, Step, cmd
from tests.jobs.conftest import make_plan, propose, request_of, volume_intent

pytestmark = pytest.mark.django_db
GIB = 1024**3
NOON = datetime(2026, 6, 3, 12, 0, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", lambda *_: True)


@pytest.fixture
def volume(web_files: Cluster) -> Volume:
    return web_files.volumes.get(name="media")


@pytest.fixture
def hourly(volume: Volume, olga: Any) -> SnapshotSchedule:
    with time_machine.travel(NOON - timedelta(hours=1), tick=False):
        return snapshots.set_schedule(
            request_of(olga), volume, hourly=2, daily=0, weekly=0, size=GIB, enabled=True, due=NOON.replace(second=0)
        )


@pytest.fixture
def at() -> Callable[..., Any]:
    def go(minutes: float = 0) -> Any:
        return time_machine.travel(NOON + timedelta(minutes=minutes), tick=False)

    return go


def taken(schedule: SnapshotSchedule, moment: datetime) -> Snapshot:
    name = f"auto-{moment:%Y%m%d-%H%M}"
    row = Snapshot.objects.create(
        volume=schedule.volume, name=name, lv=f"media-{name}", size=GIB, inventory=Inventory.PRESENT, schedule=schedule
    )
    Snapshot.objects.filter(pk=row.pk).update(created_at=moment)
    return row


def intent_of(job: Job) -> KeepSnapshots:
    return codec.load(KeepSnapshots, job.intent)


def test_one_that_is_due_is_drafted_once_and_planned_for_the_next_hour(
    hourly: SnapshotSchedule, at: Callable[..., Any]
):
    with at():
        schedules.tick()
        schedules.tick()
    job = Job.objects.get()
    assert (job.action, job.created_by, job.status) == ("snapshot.keep", "schedule", JobStatus.DRAFTING)
    assert intent_of(job).take.name == "auto-20260603-1200"
    hourly.refresh_from_db()
    assert hourly.next_run == datetime(2026, 6, 3, 13, 0, tzinfo=UTC)


def test_none_is_taken_before_its_time(hourly: SnapshotSchedule, at: Callable[..., Any]):
    with at(-10):
        schedules.tick()
    assert not Job.objects.exists()


def test_a_missed_night_is_made_up_for_once(hourly: SnapshotSchedule, at: Callable[..., Any]):
    with at(9 * 60):
        schedules.tick()
        hourly.refresh_from_db()
        assert hourly.next_run > timezone.now()
    assert Job.objects.count() == 1


def test_what_is_not_kept_goes_and_what_a_person_took_or_opened_stays(hourly: SnapshotSchedule, at: Callable[..., Any]):
    old = [taken(hourly, NOON - timedelta(hours=hours)) for hours in (1, 2, 3, 4)]
    Snapshot.objects.filter(pk=old[3].pk).update(fsid=1_000_001, clients="10.10.0.7")
    Snapshot.objects.create(volume=hourly.volume, name="mine", lv="media-mine", size=GIB, inventory=Inventory.PRESENT)
    with at():
        schedules.tick()
    assert sorted(intent_of(Job.objects.get()).drop) == ["auto-20260603-0900", "auto-20260603-1000"]


def test_only_what_the_run_removed_leaves_the_list(hourly: SnapshotSchedule, at: Callable[..., Any]):
    """One that somebody mounted by hand is still on the node: without its row nobody could ever delete it here."""
    _, held, gone = (taken(hourly, NOON - timedelta(hours=hours)) for hours in (1, 2, 3))
    with at():
        schedules.tick()
    job = Job.objects.get()
    assert set(intent_of(job).drop) == {held.name, gone.name}
    drop = Step(
        "alice", "Remove it", Kind.DESTROYS, Stage.TIDY, commands=(cmd("lvremove", "--yes", f"vg_data/{gone.lv}"),)
    )
    propose(job, replace(make_plan(), steps=(drop,)))
    actions.settle(job)
    assert Snapshot.objects.filter(pk=held.pk).exists() and not Snapshot.objects.filter(pk=gone.pk).exists()


@pytest.mark.parametrize("lost", [{"valid": False}, {"there": False}])
def test_one_that_is_lost_stands_for_no_hour(hourly: SnapshotSchedule, at: Callable[..., Any], lost: dict[str, bool]):
    """It was once kept in place of the good one of the same hour. It goes when its own time is over."""
    full, good = taken(hourly, NOON - timedelta(minutes=55)), taken(hourly, NOON - timedelta(minutes=25))
    SnapshotState.objects.create(snapshot=full, read_at=NOON, percent=100, **lost)
    with at():
        schedules.tick()
    assert intent_of(Job.objects.get()).drop == ()
    taken(hourly, NOON)
    assert set(schedules.no_longer_kept(hourly, NOON + timedelta(hours=1))) == {full.name, good.name}


def test_it_waits_while_a_person_reads_a_plan(
    hourly: SnapshotSchedule, web_files: Cluster, olga: Any, at: Callable[..., Any]
):
    with at(-1):
        propose(jobs.draft(request_of(olga), "volume.create", web_files, volume_intent()))
    with at():
        schedules.tick()
        assert Job.objects.filter(action="snapshot.keep").count() == 0
    with at(6):
        schedules.tick()
        assert Job.objects.filter(action="snapshot.keep").count() == 1


def test_it_waits_while_a_job_has_the_pair(
    hourly: SnapshotSchedule, web_files: Cluster, olga: Any, at: Callable[..., Any]
):
    with at(-1):
        jobs.approve(
            request_of(olga), propose(jobs.draft(request_of(olga), "volume.create", web_files, volume_intent()))
        )
    with at(10):
        schedules.tick()
    assert Job.objects.filter(action="snapshot.keep").count() == 0


def test_a_planned_run_is_let_in_and_the_log_says_who_decided(hourly: SnapshotSchedule, at: Callable[..., Any]):
    with at():
        schedules.tick()
        job = propose(Job.objects.get())
        schedules.tick()
    job.refresh_from_db()
    assert (job.status, job.approved_by) == (JobStatus.QUEUED, "schedule")
    entry = AuditEntry.objects.filter(action="snapshot.keep").get()
    assert (entry.actor, entry.reason) == ("schedule", "schedule set by olga")
    row = Snapshot.objects.get()
    assert (row.inventory, row.schedule) == (Inventory.CREATING, hourly)


def test_a_reason_not_to_is_said_on_the_volume_and_nothing_runs(hourly: SnapshotSchedule, at: Callable[..., Any]):
    with at():
        schedules.tick()
        why = blocker("snapshot.no-room", "It needs 1 GiB; vg_data has 0 bytes free.")
        job = propose(Job.objects.get(), make_plan(findings=(why,)))
        schedules.tick()
        schedules.tick()
    job.refresh_from_db()
    hourly.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert hourly.said == why.text
    assert Job.objects.count() == 1


def test_a_failed_run_is_dealt_with_and_does_not_stand_in_the_way(
    hourly: SnapshotSchedule, web_files: Cluster, at: Callable[..., Any]
):
    with at():
        schedules.tick()
        job = propose(Job.objects.get())
        schedules.tick()
        Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED, problem="Step 1 failed.", ended_at=timezone.now())
        schedules.tick()
    job.refresh_from_db()
    hourly.refresh_from_db()
    assert job.dealt_with_by == "schedule" and hourly.said == "Step 1 failed."
    assert not Snapshot.objects.exists()
    with at(61):
        schedules.tick()
    assert Job.objects.count() == 2


def test_a_run_that_lost_its_turn_is_planned_again(hourly: SnapshotSchedule, at: Callable[..., Any]):
    with at():
        schedules.tick()
        job = propose(Job.objects.get())
        Job.objects.filter(pk=job.pk).update(status=JobStatus.EXPIRED, ended_at=timezone.now())
        schedules.tick()
        schedules.tick()
    assert Job.objects.count() == 2
    again = Job.objects.first()
    assert again and again.status == JobStatus.DRAFTING and intent_of(again) == intent_of(job)


def test_a_run_whose_nodes_could_not_be_read_is_tried_again_a_few_times(
    hourly: SnapshotSchedule, at: Callable[..., Any]
):
    def unread() -> None:
        away = {"status": JobStatus.FAILED, "problem": "alice: no sign of life", "ended_at": timezone.now()}
        Job.objects.filter(status=JobStatus.DRAFTING).update(**away)

    counts = []
    for minute in range(8):
        with at(minute):
            for _ in range(3):
                schedules.tick()
            unread()
            schedules.tick()
            counts.append(Job.objects.count())
    hourly.refresh_from_db()
    assert counts == [1, 2, 3, 3, 3, 3, 3, 3]
    assert hourly.said == "alice: no sign of life"
    assert not Job.objects.filter(dealt_with_by="").exists()


def test_one_that_is_off_takes_none(hourly: SnapshotSchedule, at: Callable[..., Any]):
    SnapshotSchedule.objects.update(enabled=False)
    with at():
        schedules.tick()
    assert not Job.objects.exists()


def test_a_run_that_waits_says_for_which_job_on_the_volumes_page(
    hourly: SnapshotSchedule, at: Callable[..., Any], olga: Any, client: Client
):
    """Nothing was said: the run was due, and no snapshot came."""
    cluster, address = hourly.volume.cluster, hourly.volume.get_absolute_url()
    client.force_login(olga)
    with at(-1):
        read = propose(jobs.draft(request_of(olga), "volume.create", cluster, volume_intent()))
        assert "A run is due" not in client.get(address).content.decode()
    with at():
        schedules.tick()
        html = client.get(address).content.decode()
        assert f'A run is due and waits for <a href="/jobs/{read.pk}/">job {read.pk}</a>' in html
        assert "olga may be reading its plan" in html
        jobs.cancel(request_of(olga), read)
        assert "A run is due" not in client.get(address).content.decode()
        schedules.tick()
        propose(Job.objects.get(action="snapshot.keep"))
        held = Job.objects.create(
            cluster=cluster, action="volume.grow", title="Grow", intent={}, idempotency_key="k", status=JobStatus.RUNNING
        )  # fmt: skip
        schedules.tick()
        assert (
            f'waits for <a href="/jobs/{held.pk}/">job {held.pk}</a> (Grow): nothing else runs'
            in client.get(address).content.decode()
        )
