"""The page of a job, from the idea to the last line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.findings import blocker, fine, warning
from clusters.models import ClientName
from clusters.states import Danger, JobStatus
from provisioning import codec
from provisioning import worker as the_worker
from provisioning.models import Job, JobCommand, JobStep, PanelPart
from provisioning.steps import FeltClient, Impact
from tests import factories
from tests.pages.provisioning.conftest import make_plan

pytestmark = pytest.mark.django_db


def page(response: Any) -> str:
    return response.content.decode()


def test_a_plan_tells_everything_before_it_runs(proposed: Callable[..., Job], olga_client: Client):
    job = proposed(findings=(warning("volume.no-snapshots", "No snapshots."), fine("fsid.free", "fsid 2 is free.")))
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    for part in (
        "alice holds the service group.", "5 GiB, ext4, at /srv/shop.", "lvcreate --name shop vg", "Way back: remove it.", "true already",
        "put /etc/ha.d/authkeys", "1 sha1 ••••", "+ /srv/shop 10.10.0.0/24(rw,sync,fsid=2)", "same on bob and alice", "exportfs -r",
        "10.10.0.50 answers and lists /srv/shop", "No snapshots.", "volume.no-snapshots", "none; NFS is not restarted", "shop is mounted on alice.",
        "Create shop", "To run it: confirm",
    ):  # fmt: skip
        assert part in shown, part


def test_one_press_is_enough_when_nothing_is_at_risk(proposed: Callable[..., Job], olga_client: Client):
    job = proposed()
    response = olga_client.post(f"/jobs/{job.pk}/approve/", {"reason": ""})
    job.refresh_from_db()
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert (job.status, job.approved_by) == (JobStatus.QUEUED, "olga")


def test_a_change_that_is_none_cannot_be_approved(proposed: Callable[..., Job], olga_client: Client):
    job = proposed(idle=True)
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "Nothing is changed, so there is nothing to approve. Change a field of the form, or call this off." in shown
    assert "Call it off" in shown and "To run it" not in shown and "Create shop</button>" not in shown
    refused = olga_client.post(f"/jobs/{job.pk}/approve/")
    assert refused.status_code == 422 and "Nothing is changed" in page(refused)


def test_an_interruption_asks_for_a_reason(proposed: Callable[..., Job], olga_client: Client):
    job = proposed(danger=Danger.INTERRUPTS)
    assert "To run it: say why" in page(olga_client.get(f"/jobs/{job.pk}/"))
    refused = olga_client.post(f"/jobs/{job.pk}/approve/", {"reason": " "})
    assert refused.status_code == 422 and "needs a reason" in page(refused)
    assert olga_client.post(f"/jobs/{job.pk}/approve/", {"reason": "Ticket 1"}).status_code == 302


def test_destruction_asks_for_all_three_and_keeps_what_was_typed(proposed: Callable[..., Job], olga_client: Client):
    job = proposed(danger=Danger.DESTROYS)
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "btn-danger" in shown and 'name="typed_name"' in shown and 'type="password"' in shown
    url, whole = (
        f"/jobs/{job.pk}/approve/",
        {"reason": "New disks", "typed_name": "web-files", "password": factories.PASSWORD},
    )
    for wrong in ({"reason": ""}, {"typed_name": "web-file"}, {"password": "guess"}):
        refused = olga_client.post(url, whole | wrong)
        assert refused.status_code == 422
        assert 'aria-invalid="true"' in page(refused) and factories.PASSWORD not in page(refused)
    assert 'value="New disks"' in page(olga_client.post(url, whole | {"password": ""}))
    assert olga_client.post(url, whole).status_code == 302


def test_a_viewer_reads_and_is_told_why_there_is_no_button(proposed: Callable[..., Job], vera_client: Client):
    job = proposed()
    shown = page(vera_client.get(f"/jobs/{job.pk}/"))
    assert "needs access level operator" in shown and "Create shop</button>" not in shown
    assert vera_client.post(f"/jobs/{job.pk}/approve/").status_code == 403


def test_what_blocks_is_named_and_leaves_no_button(proposed: Callable[..., Job], olga_client: Client):
    job = proposed(findings=(blocker("vg.full", "vg_data is full.", hint="Grow it.", fix="vgs vg_data"),))
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "vg_data is full." in shown and "Grow it." in shown and "vgs vg_data" in shown
    assert "Create shop</button>" not in shown and "Plan again" in shown
    assert olga_client.post(f"/jobs/{job.pk}/approve/").status_code == 422


def test_an_old_plan_is_refused_with_a_way_on(proposed: Callable[..., Job], olga_client: Client):
    job = proposed()
    Job.objects.update(planned_at=timezone.now() - timedelta(hours=1))
    shown = page(olga_client.post(f"/jobs/{job.pk}/approve/", follow=True))
    assert "older than 30 minutes" in shown and "Plan again" in shown


def test_a_plan_of_another_version_of_the_panel_is_not_guessed(proposed: Callable[..., Job], olga_client: Client):
    job = proposed()
    Job.objects.update(plan={"type": "Plan", "version": 99})
    assert "This plan cannot be read." in page(olga_client.get(f"/jobs/{job.pk}/"))


def test_the_proposed_page_is_never_swapped_but_loaded_again_when_it_moved_on(
    proposed: Callable[..., Job], olga_client: Client
):
    job = proposed()
    assert olga_client.get(f"/jobs/{job.pk}/?part=moved&seen=proposed").status_code == 204
    Job.objects.update(status=JobStatus.RUNNING)
    assert olga_client.get(f"/jobs/{job.pk}/?part=moved&seen=proposed")["HX-Refresh"] == "true"


def test_while_it_is_being_planned_it_says_so(proposed: Callable[..., Job], olga_client: Client, worker: PanelPart):
    job = proposed()
    Job.objects.update(status=JobStatus.DRAFTING, plan=None)
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "Reading both nodes." in shown and 'data-live="1"' in shown and "No worker" not in shown


def test_without_a_worker_it_says_since_when(proposed: Callable[..., Job], olga_client: Client, worker: PanelPart):
    job = proposed()
    Job.objects.update(status=JobStatus.QUEUED)
    PanelPart.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert "No worker since" in page(olga_client.get(f"/jobs/{job.pk}/"))


def test_running_shows_steps_output_and_durations(ran: Callable[..., Job], olga_client: Client, worker: PanelPart):
    job = ran(JobStatus.RUNNING)
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "step 3 of 6" in shown and "lvcreate --name shop vg" in shown and "vg_data 41 GiB" in shown
    assert "Stop after this step" in shown and "Ticket 4412" in shown


def test_before_the_first_step_it_begins_and_counts_none(proposed: Callable[..., Job], olga_client: Client):
    job = proposed()
    Job.objects.update(status=JobStatus.RUNNING, started_at=timezone.now())
    for part in ("", "?part=progress"):
        shown = page(olga_client.get(f"/jobs/{job.pk}/{part}"))
        assert "<span>begins · " in shown and "of 0" not in shown


def test_the_plan_as_approved_says_who_was_going_to_feel_it(ran: Callable[..., Job], olga_client: Client):
    job = ran(JobStatus.RUNNING)
    ClientName.objects.create(address="192.0.2.50", name="web1.example.net")
    felt = Impact("1 client: 192.0.2.50 (NFSv3)", "about 5 s", clients=(FeltClient("192.0.2.50", "3"),))
    Job.objects.update(plan=codec.dump(replace(make_plan(), impact=felt)))
    kept = page(olga_client.get(f"/jobs/{job.pk}/")).partition('id="as-approved"')[2]
    assert "Who was going to feel it" in kept
    assert "192.0.2.50" in kept and "web1.example.net" in kept


def test_progress_is_asked_for_each_second_and_sent_only_when_it_moved(
    ran: Callable[..., Job], olga_client: Client, worker: PanelPart
):
    job = ran(JobStatus.RUNNING)
    url = f"/jobs/{job.pk}/?part=progress&seen={olga_client.get(f'/jobs/{job.pk}/').context['seen']}"
    assert olga_client.get(url).status_code == 204
    step = JobStep.objects.get(job=job, number=3)
    JobCommand.objects.create(step=step, position=1, kind="run", command="mkfs", output="half way")
    part = olga_client.get(url)
    assert part.status_code == 200 and "half way" in page(part) and "<html" not in page(part)
    Job.objects.update(status=JobStatus.SUCCEEDED)
    assert olga_client.get(url)["HX-Refresh"] == "true"


def test_a_failure_says_what_where_why_and_what_to_do(ran: Callable[..., Job], olga_client: Client):
    job = ran(
        JobStatus.FAILED,
        "failed",
        "insufficient free space",
        problem="lvcreate failed on alice: exit 5.",
        hint="Free some space.",
    )
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    for part in (
        "lvcreate failed on alice: exit 5.",
        "Free some space.",
        "insufficient free space",
        "at step 3 of 6",
        "Plan the rest again",
        "I have dealt with it",
    ):
        assert part in shown, part
    olga_client.post(f"/jobs/{job.pk}/acknowledge/", {"reason": "grew the disk"})
    job.refresh_from_db()
    assert job.dealt_with_by == "olga"
    assert "I have dealt with it" not in page(olga_client.get(f"/jobs/{job.pk}/"))


def test_plan_again_goes_to_the_new_job(ran: Callable[..., Job], olga_client: Client):
    job = ran(JobStatus.FAILED, "failed")
    response = olga_client.post(f"/jobs/{job.pk}/again/")
    again = Job.objects.exclude(pk=job.pk).get()
    assert response["Location"] == f"/jobs/{again.pk}/"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (JobStatus.STALE, "other steps would have been needed"),
        (JobStatus.EXPIRED, "too old to be approved"),
        (JobStatus.CANCELLED, "Somebody called it off"),
        (JobStatus.INTERRUPTED, "stays locked until somebody decides"),
        (JobStatus.SUCCEEDED, "Every step was done and checked"),
    ],
)
def test_each_end_is_explained(status: JobStatus, said: str, ran: Callable[..., Job], olga_client: Client):
    job = ran(status, "done")
    assert said in page(olga_client.get(f"/jobs/{job.pk}/"))


@pytest.mark.parametrize("problem", ["Job 77 was approved and changes web-files.", "Replaced by job 77."])
def test_a_plan_that_another_job_came_before_is_not_called_too_old(
    problem: str, proposed: Callable[..., Job], olga_client: Client
):
    job = proposed()
    Job.objects.filter(pk=job.pk).update(status=JobStatus.EXPIRED, problem=problem)
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "overtaken by job 77" in shown and problem in shown and "too old" not in shown


def test_a_plan_that_could_not_be_made_stopped_at_no_step(proposed: Callable[..., Job], olga_client: Client):
    job = proposed()
    Job.objects.update(status=JobStatus.DRAFTING, plan=None, planned_at=None)
    the_worker._end_draft(job.pk, "bob: no answer", "Check that the node is on.")
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "The nodes could not be read or the plan could not be made." in shown
    assert "bob: no answer" in shown and "first step" not in shown and "I have dealt with it" in shown


def test_calling_off_before_and_stopping_while_it_runs(
    proposed: Callable[..., Job], ran: Callable[..., Job], olga_client: Client
):
    job = proposed()
    olga_client.post(f"/jobs/{job.pk}/cancel/")
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert "olga called it off." in page(olga_client.get(f"/jobs/{job.pk}/"))
    assert "cannot be called off any more" in page(olga_client.post(f"/jobs/{job.pk}/cancel/", follow=True))


def test_stopping_while_it_runs(ran: Callable[..., Job], olga_client: Client):
    job = ran(JobStatus.RUNNING)
    shown = page(olga_client.post(f"/jobs/{job.pk}/cancel/", follow=True))
    assert "It stops after the step that runs." in shown and "Stop after this step" not in shown
    Job.objects.filter(pk=job.pk).update(status=JobStatus.CANCELLED)  # as the worker ends it
    assert "olga called it off." in page(olga_client.get(f"/jobs/{job.pk}/"))


HOSTILE = "<script>alert(1)</script>\x1b[31mred\x1b[0m\u202egpj\ufffd{{ 7*7 }}\x1b]0;x\x07"


def test_output_of_a_node_is_text_and_nothing_else(ran: Callable[..., Job], olga_client: Client):
    job = ran(JobStatus.FAILED, "failed", HOSTILE, problem=HOSTILE, hint=HOSTILE)
    for url in (f"/jobs/{job.pk}/", "/jobs/", "/c/web-files/jobs/"):
        shown = page(olga_client.get(url))
        assert "<script>alert" not in shown and "\x1b" not in shown and "\u202e" not in shown and "\0" not in shown
        assert "&lt;script&gt;" in shown and "⟨U+202E⟩" in shown and "{{ 7*7 }}" in shown


def test_a_reason_with_a_character_that_cannot_be_kept_is_kept_without_it(
    proposed: Callable[..., Job], olga_client: Client
):
    job = proposed()
    assert olga_client.post(f"/jobs/{job.pk}/approve/", {"reason": "Ticket\0 7"}).status_code == 302
    job.refresh_from_db()
    assert job.reason == "Ticket 7"


def test_megabytes_are_capped_with_the_way_to_the_rest(ran: Callable[..., Job], olga_client: Client):
    job = ran(JobStatus.FAILED, "failed", "x" * 1_000_000)
    shown = page(olga_client.get(f"/jobs/{job.pk}/"))
    assert len(shown) < 60_000 and "994 000 more characters" in shown
    link = f"/jobs/{job.pk}/steps/3/0/"
    assert link in shown
    whole = olga_client.get(link)
    assert len(whole.content) == 1_000_000 and whole["Content-Type"].startswith("text/plain")
    assert whole["X-Content-Type-Options"] == "nosniff"


def test_the_transcript_is_plain_text(ran: Callable[..., Job], olga_client: Client):
    job = ran(JobStatus.FAILED, "failed", HOSTILE, problem="It broke.")
    response = olga_client.get(f"/jobs/{job.pk}/transcript/")
    text = response.content.decode()
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    for part in (
        "1. alice: Read free space again",
        "$ lvcreate --name shop vg",
        "| 1 sha1 ••••",
        "[exit 5]",
        "Problem: It broke.",
    ):
        assert part in text, part
    assert "\x1b" not in text


def test_the_page_asks_the_database_the_same_number_of_questions_whatever_ran(
    ran: Callable[..., Job], olga_client: Client, django_assert_max_num_queries: Any
):
    job = ran(JobStatus.RUNNING)
    for number in range(7, 60):
        step = JobStep.objects.create(
            job=job, number=number, node_name="alice", title="x", kind="writes", digest="0", status="done"
        )
        JobCommand.objects.create(step=step, position=0, kind="run", command="true", output="y")
    with django_assert_max_num_queries(20):
        olga_client.get(f"/jobs/{job.pk}/")


def test_there_is_no_such_job(olga_client: Client):
    for url in ("/jobs/999/", "/jobs/999/transcript/", "/jobs/0/", "/jobs/x/"):
        assert olga_client.get(url).status_code == 404
