"""Letting a plan run: once, by somebody who may, asked for in the way its danger demands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from clusters import audit
from clusters.findings import blocker, warning
from clusters.models import AuditEntry, AuditHead, Cluster, Membership, Volume
from clusters.states import Danger, Inventory, JobStatus
from provisioning import actions, jobs, sealed, worker
from provisioning.models import Job
from provisioning.steps import MASK
from tests.factories import PASSWORD
from tests.jobs.conftest import make_plan, propose, request_of, volume_intent

pytestmark = pytest.mark.django_db


def test_it_queues_locks_records_and_rings(
    olga: Any, proposed: Callable[..., Job], rings: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    job = proposed()
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.approve(request_of(olga), job, reason="Ticket 4412")
        assert rings == []
    assert rings == [("jobs.run", job.pk)]
    assert (job.status, job.approved_by, job.reason) == (JobStatus.QUEUED, "olga", "Ticket 4412")
    assert job.approved == [step.digest() for step in make_plan("Create volume shop").todo()]
    assert jobs.holder(job.cluster) == job
    volume = Volume.objects.get(name="shop")
    assert (volume.inventory, volume.mount_options) == (Inventory.CREATING, "noatime")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.outcome, entry.object, entry.reason, entry.job) == (
        "volume.create", "requested", "shop", "Ticket 4412", job.pk,
    )  # fmt: skip
    assert [(line["node"], line["command"]) for line in entry.commands] == [
        ("alice", "lvcreate --name shop 'vg data'"),
        ("bob", "put /etc/ha.d/authkeys 0600 root:root"),
        ("bob", "systemctl reload heartbeat"),
    ]


def test_a_second_approval_is_the_same_job(olga: Any, proposed: Callable[..., Job]) -> None:
    job = proposed()
    first, second = jobs.approve(request_of(olga), job), jobs.approve(request_of(olga), job)
    assert first == second
    assert AuditEntry.objects.count() == 1


def test_a_rival_is_told_who_approved_it(ada: Any, olga: Any, proposed: Callable[..., Job]) -> None:
    job = proposed()
    jobs.approve(request_of(olga), job)
    with pytest.raises(jobs.Refused, match="is queued. olga approved it at"):
        jobs.approve(request_of(ada), job)


def test_the_other_plan_of_the_same_pair_lapses(ada: Any, olga: Any, proposed: Callable[..., Job]) -> None:
    one, two = proposed("shop"), proposed("mail")
    jobs.approve(request_of(olga), one)
    two.refresh_from_db()
    assert (two.status, two.problem) == (JobStatus.EXPIRED, f"Job {one.pk} was approved and changes web-files.")
    with pytest.raises(jobs.Refused, match=r"“Create volume shop” \(job \d+\) of olga"):
        jobs.approve(request_of(ada), two)


def test_a_locking_job_refuses_whatever_its_proposal_says(ada: Any, olga: Any, proposed: Callable[..., Job]) -> None:
    one, two = proposed("shop"), proposed("mail")
    jobs.approve(request_of(olga), one)
    Job.objects.filter(pk=two.pk).update(status=JobStatus.PROPOSED)
    Job.objects.filter(pk=one.pk).update(status=JobStatus.RUNNING, started_at=timezone.now())
    with pytest.raises(jobs.Refused, match=r"olga runs on web-files since \d\d:\d\d:\d\d UTC"):
        jobs.approve(request_of(ada), two)
    assert not Volume.objects.filter(name="mail").exists()
    assert list(AuditEntry.objects.values_list("outcome", flat=True)) == ["refused", "requested"]


def test_it_refuses_who_lost_the_level_meanwhile(olga: Any, proposed: Callable[..., Job]) -> None:
    job = proposed()
    Membership.objects.filter(user=olga).update(level=10)
    with pytest.raises(jobs.Denied):
        jobs.approve(request_of(olga), job)
    job.refresh_from_db()
    assert job.status == JobStatus.PROPOSED
    assert AuditEntry.objects.get().outcome == "refused"


def test_a_draft_that_is_still_being_read_lapses_too(
    olga: Any, web_files: Cluster, proposed: Callable[..., Job]
) -> None:
    """Its number is lower, so the nodes would refuse it after the job that was approved first."""
    slow = jobs.draft(request_of(olga), "volume.create", web_files, volume_intent("slow"))
    quick = jobs.approve(request_of(olga), proposed())
    slow.refresh_from_db()
    assert slow.pk < quick.pk
    assert (slow.status, slow.problem) == (JobStatus.EXPIRED, f"Job {quick.pk} was approved and changes web-files.")
    worker.propose(slow.pk)  # its message comes late
    slow.refresh_from_db()
    assert slow.status == JobStatus.EXPIRED


def test_an_old_plan_lapses(olga: Any, proposed: Callable[..., Job]) -> None:
    job = proposed()
    Job.objects.filter(pk=job.pk).update(planned_at=timezone.now() - timedelta(minutes=31))
    with pytest.raises(jobs.Refused, match="older than 30 minutes"):
        jobs.approve(request_of(olga), job)
    job.refresh_from_db()
    assert job.status == JobStatus.EXPIRED


def test_the_sweeper_lets_old_plans_lapse(proposed: Callable[..., Job]) -> None:
    old, new = proposed("shop"), proposed("mail")
    Job.objects.filter(pk=old.pk).update(planned_at=timezone.now() - timedelta(minutes=31))
    assert jobs.expire() == 1
    assert set(Job.objects.values_list("pk", "status")) == {(old.pk, "expired"), (new.pk, "proposed")}


def test_a_draft_without_a_plan_cannot_run(olga: Any, web_files: Cluster) -> None:
    job = jobs.draft(request_of(olga), "volume.create", web_files, volume_intent())
    with pytest.raises(jobs.Refused, match="no plan yet"):
        jobs.approve(request_of(olga), job)


def test_a_blocker_stops_it_and_a_warning_does_not(olga: Any, proposed: Callable[..., Job]) -> None:
    stopped = proposed("shop", findings=(blocker("lvm.full", "vg_data is full on alice.", hint="Make room."),))
    with pytest.raises(jobs.Refused, match="vg_data is full on alice") as no:
        jobs.approve(request_of(olga), stopped)
    assert no.value.hint == "Make room."
    warned = proposed("mail", findings=(warning("lvm.low", "Little room."),))
    assert jobs.approve(request_of(olga), warned).status == JobStatus.QUEUED


def test_what_interrupts_needs_a_reason(olga: Any, proposed: Callable[..., Job]) -> None:
    job = proposed(danger=Danger.INTERRUPTS)
    with pytest.raises(jobs.Refused) as no:
        jobs.approve(request_of(olga), job, reason="  ")
    assert no.value.field == "reason"
    assert jobs.approve(request_of(olga), job, reason="Window of tonight").reason == "Window of tonight"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"reason": ""}, "reason"), ({"typed_name": "webfiles"}, "typed_name"), ({"password": "wrong"}, "password")],
)
def test_what_destroys_needs_reason_name_and_password(
    olga: Any, proposed: Callable[..., Job], change: dict[str, str], field: str
) -> None:
    job = proposed(danger=Danger.DESTROYS)
    said = {"reason": "New disks", "typed_name": " web-files ", "password": PASSWORD}
    with pytest.raises(jobs.Refused) as no:
        jobs.approve(request_of(olga), job, **{**said, **change})
    assert no.value.field == field
    assert not Volume.objects.filter(name="shop").exists()
    assert jobs.approve(request_of(olga), job, **said).status == JobStatus.QUEUED


def test_guessing_the_password_ends_after_five(ada: Any, olga: Any, proposed: Callable[..., Job]) -> None:
    job = proposed(danger=Danger.DESTROYS)
    said = {"reason": "New disks", "typed_name": "web-files"}
    for guess in range(5):
        with pytest.raises(jobs.Refused, match="not your password"):
            jobs.approve(request_of(olga), job, **said, password=f"guess {guess}")
    with pytest.raises(jobs.Refused, match="Too many"):
        jobs.approve(request_of(olga), job, **said, password=PASSWORD)
    assert AuditEntry.objects.filter(action="password.check", outcome="refused").count() == 5
    assert jobs.approve(request_of(ada), job, **said, password=PASSWORD).approved_by == "ada"


def test_without_an_audit_log_nothing_starts(olga: Any, proposed: Callable[..., Job]) -> None:
    job = proposed()
    AuditHead.objects.all().delete()
    with pytest.raises(jobs.Refused, match="cannot write its audit log"):
        jobs.approve(request_of(olga), job)
    job.refresh_from_db()
    assert (job.status, job.approved) == (JobStatus.PROPOSED, [])
    assert not Volume.objects.filter(name="shop").exists()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_change_starts_nothing(
    olga: Any, proposed: Callable[..., Job], rings: list[Any]
) -> None:
    job = proposed()
    rings.clear()
    with connection.cursor() as cursor:
        switch = "PRAGMA query_only = {}" if connection.vendor == "sqlite" else "SET default_transaction_read_only = {}"
        cursor.execute(switch.format("on"))
        try:
            with pytest.raises(jobs.Refused, match="took no change"):
                jobs.approve(request_of(olga), job)
        finally:
            cursor.execute(switch.format("off"))
    job.refresh_from_db()
    assert job.status == JobStatus.PROPOSED
    assert rings == []


def test_settling_makes_the_volume_present(olga: Any, proposed: Callable[..., Job]) -> None:
    job = jobs.approve(request_of(olga), proposed())
    actions.settle(job)
    assert Volume.objects.get(name="shop").inventory == Inventory.PRESENT


def test_somebody_took_the_mount_point_meanwhile(olga: Any, web_files: Cluster, proposed: Callable[..., Job]) -> None:
    job = proposed()
    Volume.objects.create(cluster=web_files, name="other", size=1, mount_point="/srv/shop", inventory=Inventory.PRESENT)
    with pytest.raises(jobs.Refused, match="mount point of other"):
        jobs.approve(request_of(olga), job)
    job.refresh_from_db()
    assert job.status == JobStatus.PROPOSED


def test_no_secret_in_rows(olga: Any, web_files: Cluster, proposed: Callable[..., Job], worker_keys: Any) -> None:
    sealed.seal("authkeys", b"c0ffee-secret", cluster=web_files)
    job = jobs.approve(request_of(olga), proposed(danger=Danger.DESTROYS), "why", "web-files", PASSWORD)
    stored = repr(list(Job.objects.values())) + repr(list(AuditEntry.objects.values()))
    assert "c0ffee-secret" not in stored
    assert PASSWORD not in stored
    assert MASK not in repr(job.intent)
    assert audit.verify() == []


def test_a_plan_with_nothing_left_to_do_may_end_the_job(olga: Any, web_files: Cluster) -> None:
    job = jobs.draft(request_of(olga), "volume.create", web_files, volume_intent())
    job = jobs.approve(request_of(olga), propose(job, make_plan("Create volume shop")))
    assert job.status == JobStatus.QUEUED


def test_a_double_click_whose_halves_overtake_each_other_is_no_refusal(
    olga: Any, proposed: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = proposed()
    check = jobs.ceremony.check

    def overtaken(*args: Any, **said: Any) -> None:
        monkeypatch.setattr(jobs.ceremony, "check", check)
        jobs.approve(request_of(olga), job)
        check(*args, **said)

    monkeypatch.setattr(jobs.ceremony, "check", overtaken)
    assert jobs.approve(request_of(olga), job).status == JobStatus.QUEUED
    assert [entry.outcome for entry in AuditEntry.objects.filter(job=job.pk)] == ["requested"]
