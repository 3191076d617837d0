"""Approved rows become jobs one after the other, in the name of who approved them; what fails is kept with its reason."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clusters.findings import blocker, warning
from clusters.models import AuditEntry, Cluster, Membership, Replica
from clusters.states import AccessLevel, Danger, JobStatus
from provisioning import actions, batches, jobs, planned
from provisioning.models import Batch, BatchRow, Job
from tests import factories
from tests.batches.sending import approve, codes, send, states
from tests.jobs.conftest import end, make_plan, propose, request_of, volume_intent

pytestmark = pytest.mark.django_db
GIB = 1024**3


def test_nothing_runs_before_it_is_approved(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "/dev/vg_data/a, 1 GiB, ext4, at /srv/a" in html and "4 of 5 volumes can be added, 1 cannot." in html
    assert "Add 3 to web" in html and "Add 1 to db" in html
    batches.tick()
    assert not Job.objects.exists() and not BatchRow.objects.exists()
    assert f"Batch {batch.pk}" in client.get("/volumes/import/").content.decode()  # it can be come back to


def test_rows_run_one_after_the_other_on_their_own_pair(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    approve(client, batch)
    approve(client, batch)  # twice is once
    approve(client, batch, "db")
    batches.tick()
    batches.tick()
    assert sorted(Job.objects.values_list("cluster__slug", "created_by")) == [("db", "olga"), ("web", "olga")]
    job = propose(Job.objects.get(cluster__slug="web"))
    batches.tick()
    job.refresh_from_db()
    assert (job.status, job.approved_by, job.reason) == (JobStatus.QUEUED, "olga", f"line 2 of batch {batch.pk}")
    assert AuditEntry.objects.filter(action="volume.create", actor="olga", job=job.pk).exists()
    actions.settle(end(job, JobStatus.SUCCEEDED))
    batches.tick()
    batches.tick()
    assert states(batch)[:3] == [(2, "done"), (3, "running"), (4, "waiting")]
    assert Job.objects.filter(cluster__slug="web").count() == 2
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "1 of 5 volumes added, 3 under way or waiting, 1 not run." in html


def test_a_plan_that_finds_a_reason_against_it_is_not_run_and_the_next_row_is_tried(
    client: Client, olga: Any, two: None
):
    batch = send(client, olga)
    approve(client, batch)
    batches.tick()
    propose(Job.objects.get(), make_plan(findings=(blocker("vg.no-room", "There is no room."),)))
    batches.tick()
    batches.tick()
    assert states(batch)[:2] == [(2, "not run"), (3, "running")]
    assert batch.rows.get(number=2).problem == "There is no room."
    propose(Job.objects.latest("pk"), make_plan(danger=Danger.INTERRUPTS))
    batches.tick()
    assert "interrupt somebody" in batch.rows.get(number=3).problem
    assert not Job.objects.exclude(approved_at=None).exists()


def test_after_a_row_that_stopped_half_way_the_rest_of_its_pair_is_left(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    approve(client, batch)
    approve(client, batch, "db")
    batches.tick()
    job = propose(Job.objects.get(cluster__slug="web"))
    batches.tick()
    end(job, JobStatus.FAILED)
    batches.tick()
    assert states(batch) == [(2, "failed"), (3, "left"), (4, "left"), (5, "not run"), (6, "running")]
    answer: Any = client.get(f"{batch.get_absolute_url()}?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["name"] for row in rows] == ["a", "b", "c", "Bad"]
    assert rows[0]["problem"] == "It broke." and rows[1]["problem"].startswith(f"Not tried: job {job.pk} of line 2")
    assert all(row["problem"] for row in rows)


def test_a_row_waits_while_a_person_reads_a_plan(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    approve(client, batch)
    propose(
        jobs.draft(request_of(olga), "volume.create", Cluster.objects.get(slug="web"), volume_intent(cluster="web"))
    )
    batches.tick()
    assert states(batch)[0] == (2, "waiting")
    job, html = Job.objects.get(), client.get(batch.get_absolute_url()).content.decode()
    assert f'The next row waits for <a href="/jobs/{job.pk}/">job {job.pk}</a>' in html
    assert "olga may be reading its plan. It waits until" in html
    Job.objects.update(status=JobStatus.INTERRUPTED)
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "it stopped half way, and its page says how to go on." in html and "at the latest" not in html


def test_a_row_whose_plan_waits_for_the_lock_says_whose(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    approve(client, batch)
    batches.tick()
    mine = propose(Job.objects.get())
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "The next row waits" not in html  # its own plan holds nobody back
    other = Job.objects.create(
        cluster=mine.cluster, action="volume.grow", title="Grow a", intent={}, idempotency_key="k", status=JobStatus.RUNNING
    )  # fmt: skip
    batches.tick()
    assert states(batch)[0] == (2, "running")
    html = client.get(batch.get_absolute_url()).content.decode()
    assert f'waits for <a href="/jobs/{other.pk}/">job {other.pk}</a> (Grow a): nothing else runs on the pair' in html


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.STALE])
def test_a_row_whose_job_never_ran_is_not_called_failed(client: Client, olga: Any, two: None, status: JobStatus):
    batch = send(client, olga)
    approve(client, batch)
    batches.tick()
    job = propose(Job.objects.get())
    Job.objects.filter(pk=job.pk).update(status=status, problem="The plan was called off.")
    batches.tick()
    assert states(batch)[0] == (2, "not run")
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "The plan was called off." in html and "2 not run." in html and ">failed<" not in html


def test_who_lost_the_level_meanwhile_adds_nothing(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    approve(client, batch)
    Membership.objects.filter(user=olga).update(level=AccessLevel.VIEWER)
    batches.tick()
    assert states(batch)[0] == (2, "not run") and not Job.objects.exists()
    olga.delete()
    batches.tick()
    assert states(batch)[1] == (3, "not run") and not Job.objects.exists()


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-be"])
def test_what_excel_calls_unicode_text_is_taken(coding: str, client: Client, olga: Any, two: None):
    """UTF-16 with its mark, and tabs between the cells. Once it was "not a text"."""
    client.force_login(olga)
    mark = "\ufeff" if coding == "utf-16-be" else ""
    raw = f"{mark}cluster\tname\tsize\r\nweb\ta\t1 GiB\r\n".encode(coding)
    answer = client.post("/volumes/import/", {"file": SimpleUploadedFile("volumes.txt", raw), "text": ""})
    assert answer.status_code == 302 and "web\ta\t1 GiB" in Batch.objects.get().text
    broken = client.post("/volumes/import/", {"file": SimpleUploadedFile("volumes.txt", raw[:-1]), "text": ""})
    assert broken.status_code == 422 and b"The file is not whole" in broken.content


def test_a_file_is_taken_and_what_was_typed_is_kept_on_an_error(client: Client, olga: Any, two: None):
    client.force_login(olga)
    file = SimpleUploadedFile("volumes.csv", "\ufeffcluster;name;size\r\nweb;a;1 GiB\r\n".encode())
    assert client.post("/volumes/import/", {"file": file, "text": ""}).status_code == 302
    answer = client.post("/volumes/import/", {"text": "name\n<typed>"})
    assert answer.status_code == 422
    assert b"&lt;typed&gt;</textarea>" in answer.content and b"cluster and size are not among them" in answer.content


def test_viewers_and_strangers_are_refused(client: Client, olga: Any, vera: Any, mallory: Any, two: None):
    batch = send(client, olga)
    for person in (vera, mallory):
        client.force_login(person)
        assert client.get("/volumes/import/").status_code == 403
        assert client.post("/exports/import/", {"text": "x"}).status_code == 403
        assert client.get(batch.get_absolute_url()).status_code == 404
        assert client.get(f"{batch.get_absolute_url()}lines/2/").status_code == 404
        for verb in ("approve", "plan"):
            assert client.post(f"{batch.get_absolute_url()}{verb}/", {"cluster": "web"}).status_code == 404
    client.force_login(olga)
    assert client.get(f"{batch.get_absolute_url()}approve/").status_code == 405
    assert client.post(f"{batch.get_absolute_url()}approve/", {"cluster": "nowhere"}).status_code == 404


def test_rows_of_clusters_that_cannot_be_seen_look_like_rows_of_none(client: Client, two: None):
    peter = factories.make_user("peter", AccessLevel.OPERATOR, Cluster.objects.get(slug="db"))
    batch = send(client, peter)
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "There is no cluster web." in html and "Add 1 to db" in html and "to web" not in html
    assert client.post(f"/batches/{batch.pk}/approve/", {"cluster": "web"}).status_code == 404


def test_the_tables_offer_it_to_those_who_may(client: Client, olga: Any, vera: Any, two: None):
    client.force_login(olga)
    assert b'href="/volumes/import/"' in client.get("/volumes/").content
    client.force_login(vera)
    assert b"/volumes/import/" not in client.get("/volumes/").content


def test_a_batch_that_is_stopped_begins_nothing_more_and_says_what_was_not_done(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    approve(client, batch)
    approve(client, batch, "db")
    batches.tick()
    runs = propose(Job.objects.get(cluster__slug="web"))
    batches.tick()  # web's first row runs, db's only row has a plan to come
    assert "Stop after the row that runs" in client.get(batch.get_absolute_url()).content.decode()
    assert client.post(f"/batches/{batch.pk}/stop/").status_code == 302
    propose(Job.objects.get(cluster__slug="db"))
    batches.tick()
    runs.refresh_from_db()
    assert runs.status == JobStatus.QUEUED  # it was approved: it ends
    actions.settle(end(runs, JobStatus.SUCCEEDED))
    batches.tick()
    batches.tick()
    assert states(batch) == [(2, "done"), (3, "left"), (4, "left"), (5, "not run"), (6, "left")]
    assert batch.rows.get(number=3).problem == "Not tried: olga stopped the batch before its turn."
    assert batch.rows.get(number=6).problem == "Planned, and not run: olga stopped the batch."
    assert Job.objects.get(cluster__slug="db").status == JobStatus.CANCELLED
    assert Job.objects.count() == 2
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "1 of 5 volumes added, 1 not run, 3 not tried." in html and "What is left, as CSV" in html
    assert "olga stopped it. Not done: lines 3, 4, 6." in html and "Stop after the row" not in html
    answer: Any = client.get(f"{batch.get_absolute_url()}?format=csv")
    assert [row["name"] for row in csv.DictReader(io.StringIO(answer.getvalue().decode()))] == ["b", "c", "Bad", "a"]
    told = AuditEntry.objects.filter(action="batch.stop", actor="olga").order_by("cluster_name")
    assert [(entry.cluster_name, entry.after) for entry in told] == [
        ("db", {"lines_not_tried": [], "lines_under_way": [6]}),
        ("web", {"lines_not_tried": [3, 4], "lines_under_way": [2]}),
    ]


def test_stopped_twice_or_with_nothing_left_it_says_nothing_more(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    approve(client, batch)
    for _ in range(2):
        assert client.post(f"/batches/{batch.pk}/stop/").status_code == 302
    assert AuditEntry.objects.filter(action="batch.stop").count() == 1
    batches.tick()
    assert not Job.objects.exists()
    approve(client, batch, "db")  # another pair's rows were not asked for before: this is a new decision
    batches.tick()
    assert Job.objects.get().cluster.slug == "db"


def test_a_row_that_is_stopped_between_its_look_up_and_its_job_runs_nothing(
    client: Client, olga: Any, two: None, monkeypatch: pytest.MonkeyPatch
):
    batch = send(client, olga)
    approve(client, batch)
    drafts = jobs.draft

    def and_somebody_stops(*args: Any, **kwargs: Any) -> Job:
        made = drafts(*args, **kwargs)
        batches.stop(request_of(olga), batch)
        return made

    monkeypatch.setattr(jobs, "draft", and_somebody_stops)
    batches.tick()
    assert [status for _, status in states(batch)][:3] == ["left"] * 3
    assert Job.objects.get().status == JobStatus.CANCELLED


def test_only_who_sent_it_or_an_admin_of_everything_stops_it(client: Client, olga: Any, vera: Any, ada: Any, two: None):
    batch = send(client, olga)
    approve(client, batch)
    assert client.get(f"/batches/{batch.pk}/stop/").status_code == 405
    client.force_login(vera)
    assert client.post(f"/batches/{batch.pk}/stop/").status_code == 404
    assert batch.rows.filter(status="waiting").count() == 3
    client.force_login(ada)
    assert client.post(f"/batches/{batch.pk}/stop/").status_code == 302
    assert not batch.rows.filter(status="waiting").exists()


RISKY = 'cluster,volume,path,clients\nweb,data,/srv/data/a,"*(rw,no_root_squash,async)"\nweb,data,/srv/data/b,10.0.0.7(ro)\n'


def test_what_is_risky_about_a_row_stands_at_it_before_it_is_approved(client: Client, olga: Any, two: None):
    batch = send(client, olga, RISKY, "exports")
    answer: Any = client.get(batch.get_absolute_url())
    html = answer.content.decode()
    for said in (
        "root of a client is root on /srv/data/a.",
        "Everybody who reaches the service IP may write to /srv/data/a.",
        "async for *:",
        "/srv/data/a lies within /srv/data, which is exported, too.",
    ):
        assert said in html
    [group] = answer.context["shown"].groups
    assert [line.kind for line in group.lines] == ["warn", "warn"]
    approve(client, batch, shown=group.shown)
    first, second = batch.rows.all()
    assert codes(first) == ["export.everybody", "export.nested", "export.no-root-squash", "export.risk-async"]
    assert codes(second) == ["export.nested"]


def test_a_plan_that_warns_of_what_was_shown_runs(client: Client, olga: Any, two: None):
    batch = send(client, olga, RISKY, "exports")
    [group] = client.get(batch.get_absolute_url()).context["shown"].groups
    approve(client, batch, shown=group.shown)
    batches.tick()
    stood = warning("export.nested", "/srv/data/a lies within /srv/data, which is exported, too.")
    job = propose(Job.objects.get(), make_plan(findings=(stood,)))
    batches.tick()
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


@pytest.mark.parametrize("told", ["Heartbeat does not run on alice.", "Heartbeat does not run on bob."])
def test_another_warning_of_the_same_kind_waits_for_a_person(client: Client, olga: Any, two: None, told: str):
    read = make_plan(findings=(warning("manager.not-running", "Heartbeat does not run on bob."),))
    batch = send(client, olga, plans={2: read})
    approve(client, batch)
    batches.tick()
    job = propose(Job.objects.get(), make_plan(findings=(*read.findings, warning("manager.not-running", told))))
    batches.tick()
    job.refresh_from_db()
    assert (job.status == JobStatus.QUEUED) is (told in read.findings[0].text)


def test_a_pool_that_the_rows_before_have_filled_is_the_warning_that_was_read(client: Client, olga: Any, two: None):
    batch = send(
        client, olga, plans={2: make_plan(findings=(warning("pool.overcommitted", "pool has promised 8 GiB."),))}
    )
    approve(client, batch)
    batches.tick()
    job = propose(Job.objects.get(), make_plan(findings=(warning("pool.overcommitted", "pool has promised 9 GiB."),)))
    batches.tick()
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_a_plan_that_warns_of_what_was_not_shown_waits_for_a_person(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    forged = planned.stood(warning("drbd.not-redundant", "r0 is not redundant now."))
    approve(client, batch, shown=forged)  # sent, and not at the row
    batches.tick()
    job = propose(Job.objects.get(), make_plan(findings=(warning("drbd.not-redundant", "r0 is not redundant now."),)))
    batches.tick()
    batches.tick()
    job.refresh_from_db()
    assert job.status == JobStatus.PROPOSED
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "r0 is not redundant now. Read the plan, and run it or cancel it." in html
    assert states(batch)[:2] == [(2, "running"), (3, "waiting")]
    jobs.approve(request_of(olga), job)
    assert client.get(batch.get_absolute_url()).context["shown"].groups[0].lines[0].word == "running"
    actions.settle(end(job, JobStatus.SUCCEEDED))
    batches.tick()
    row = batch.rows.get(number=2)
    assert (row.status, row.problem) == ("done", "")


def test_a_pair_with_one_copy_is_said_beside_its_rows(client: Client, olga: Any, two: None):
    Replica.objects.filter(resource__cluster__slug="web", node__name="bob").update(disk="Inconsistent")
    batch = send(client, olga)
    answer: Any = client.get(batch.get_absolute_url())
    web, db = answer.context["shown"].groups
    assert web.shown.startswith("drbd.not-redundant:") and " " not in web.shown and db.shown == ""
    assert "r0 is not redundant now. What is written goes to one copy" in answer.content.decode()
    approve(client, batch, shown=web.shown)
    assert batch.rows.first().shown == [web.shown]


@pytest.mark.parametrize(
    ("kind", "head", "line"),
    [
        ("exports", "cluster,volume,path,clients", "{slug},data,/srv/data/{n},10.0.0.7"),
        ("volumes", "cluster,name,size", "{slug},v{n},1 GiB"),
    ],
)
def test_more_rows_ask_the_database_no_more_often(
    client: Client, olga: Any, two: None, django_assert_max_num_queries: Any, kind: str, head: str, line: str
):
    counts = []
    for rows in (1, 25):
        batch = send(client, olga, "\n".join([head, *(line.format(slug="web", n=n) for n in range(rows))]), kind)
        with django_assert_max_num_queries(60) as asked:
            assert client.get(batch.get_absolute_url()).context["shown"].good == rows
        counts.append(len(asked))
    assert counts[0] == counts[1]
