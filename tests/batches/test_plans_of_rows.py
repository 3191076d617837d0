"""Every row of a batch is planned and can be read before it is approved; an approval holds for what was read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.findings import blocker, warning
from clusters.models import Cluster, Export, Membership, NodeState, Volume
from clusters.states import Danger, JobStatus
from provisioning import batches, enrolment, inquiries, jobs, planned, row_plans
from provisioning.facts import Asked
from provisioning.models import BatchRow, Inquiry, Job, RowPlan
from tests.batches import answering
from tests.batches.sending import approve, codes, only_send, send, states
from tests.jobs.conftest import make_plan, propose, request_of, volume_intent

pytestmark = pytest.mark.django_db
GIB = 1024**3


def test_it_is_approved_only_once_every_row_is_planned(client: Client, olga: Any, two: None):
    batch = only_send(client, olga)
    page = client.get(batch.get_absolute_url())
    html = page.content.decode()
    assert html.count("being planned") == 5 and "4 of 5 volumes are being planned, 1 cannot be added." in html
    assert "Reading both nodes." in html and "Add 3 to web" not in html
    assert page.context["live"] and 'hx-trigger="beat"' in html
    for plans in ("", str(batch.inquiries.get(cluster__slug="web").pk)):
        refused = client.post(f"/batches/{batch.pk}/approve/", {"cluster": "web", "plans": plans}, follow=True)
        assert "Look at them again." in refused.content.decode()
    assert not BatchRow.objects.exists()
    answering.answer(batch)
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "Add 3 to web" in html and "Add 1 to db" in html and "being planned" not in html
    assert f'href="/batches/{batch.pk}/lines/2/">3 steps' in html


def test_every_command_of_a_row_is_shown(client: Client, olga: Any, two: None):
    told = make_plan(findings=(warning("vg.little-room", "Little room is left.", hint="Think of snapshots."),))
    batch = send(client, olga, plans={2: told})
    html = client.get(f"/batches/{batch.pk}/lines/2/").content.decode()
    for said in (
        "lvcreate --name shop &#x27;vg data&#x27;",
        "/etc/ha.d/authkeys",
        "Little room is left.",
        "As if this row were the only one",
    ):
        assert said in html
    assert client.get(f"/batches/{batch.pk}/lines/5/").status_code == 404  # it cannot be planned at all
    html = client.get(batch.get_absolute_url()).content.decode()
    assert html.count("Little room is left. Think of snapshots.") == 1


def test_a_row_with_a_reason_against_it_is_not_approved_with_the_others(client: Client, olga: Any, two: None):
    full = make_plan(findings=(blocker("lv.exists", "vg_data/b exists already.", hint="Name it otherwise."),))
    batch = send(client, olga, plans={3: full, 4: make_plan(danger=Danger.INTERRUPTS)})
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "vg_data/b exists already. Name it otherwise." in html and "It would interrupt somebody" in html
    assert "Add 1 to web" in html and "2 of 5 volumes can be added, 3 cannot." in html
    assert "This row will not be run." in client.get(f"/batches/{batch.pk}/lines/3/").content.decode()
    approve(client, batch)
    assert states(batch) == [(2, "waiting"), (3, "not run"), (4, "not run"), (5, "not run")]
    assert batch.rows.get(number=3).problem == "vg_data/b exists already. Name it otherwise."
    batches.tick()
    assert Job.objects.count() == 1


def test_a_warning_of_its_plan_was_shown_and_lets_it_run(client: Client, olga: Any, two: None):
    told = make_plan(findings=(warning("vg.little-room", "Little room is left."),))
    batch = send(client, olga, plans={2: told})
    approve(client, batch)
    assert [codes(row) for row in batch.rows.filter(number__in=(2, 3))] == [["vg.little-room"], []]
    batches.tick()
    job = propose(Job.objects.get(), told)
    batches.tick()
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_what_every_plan_warns_of_is_said_once(client: Client, olga: Any, two: None):
    told = make_plan(findings=(warning("drbd.not-redundant", "r0 is not redundant now."),))
    batch = send(client, olga, plans={2: told, 3: told, 4: told})
    page: Any = client.get(batch.get_absolute_url())
    assert page.content.decode().count("r0 is not redundant now.") == 1
    assert [line.kind for line in page.context["shown"].groups[0].lines] == ["ok", "ok", "ok", "danger"]


def test_nodes_that_cannot_be_read_are_told_and_asked_again(client: Client, olga: Any, two: None):
    batch = only_send(client, olga)
    for asked in batch.inquiries.all():
        inquiries.take(asked.pk)
        inquiries.end(asked.pk, Inquiry.Status.FAILED, problem="bob does not answer.", hint="Look at its link.")
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "The rows could not be planned: bob does not answer. Look at its link." in html and "Add 3" not in html
    assert "4 of 5 volumes are not planned, 1 cannot be added." in html
    assert client.post(f"/batches/{batch.pk}/plan/", {"cluster": "web"}).status_code == 302
    answering.answer(batch)
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "Add 3 to web" in html and "Add 1 to db" not in html
    assert batch.inquiries.filter(cluster__slug="web").count() == 1  # the answer before it is gone


def test_an_approval_holds_for_the_plans_that_were_read(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    web = Cluster.objects.get(slug="web")
    read = planned.of_batch(batch)[web.pk].key
    client.post(f"/batches/{batch.pk}/plan/", {"cluster": "web"})
    answering.answer(batch, {2: make_plan(findings=(warning("vg.little-room", "Little room is left."),))})
    client.post(f"/batches/{batch.pk}/approve/", {"cluster": "web", "plans": read})
    assert not BatchRow.objects.exists()
    approve(client, batch)
    assert states(batch)[0] == (2, "waiting")
    client.post(f"/batches/{batch.pk}/plan/", {"cluster": "web"})
    assert not batch.inquiries.filter(status="queued").exists()  # what is approved is not planned again here


def test_a_row_that_became_possible_after_the_others_were_planned_waits_for_its_plan(
    client: Client, olga: Any, two: None
):
    NodeState.objects.filter(vg_size__isnull=False).update(vg_free=2 * GIB)
    batch = send(client, olga)
    NodeState.objects.filter(vg_size__isnull=False).update(vg_free=30 * GIB)
    page: Any = client.get(batch.get_absolute_url())
    html = page.content.decode()
    assert "1 of 5 volumes is not planned, 1 cannot be added." in html and "Plan them again." in html
    assert page.context["shown"].groups[0].may is False
    approve(client, batch)  # from a page that was loaded before
    assert not BatchRow.objects.exists()
    client.post(f"/batches/{batch.pk}/plan/", {"cluster": "web"})
    answering.answer(batch)
    assert "Add 3 to web" in client.get(batch.get_absolute_url()).content.decode()


def test_a_plan_of_something_else_is_not_approved(client: Client, olga: Any, two: None):
    """The row says the volume, and the volume says the directory."""
    Export.objects.filter(cluster__slug="web").delete()
    batch = send(client, olga, "cluster,volume,path,clients\nweb,data,,10.0.0.7(ro)\n", "exports")
    Volume.objects.filter(cluster__slug="web").update(mount_point="/srv/elsewhere")
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "/srv/elsewhere" in html and "not planned" in html and "lines/2/" not in html
    approve(client, batch)
    assert not BatchRow.objects.exists()


def test_plans_that_another_version_wrote_are_made_again(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    row = RowPlan.objects.get(inquiry__cluster__slug="web", number=2)
    RowPlan.objects.filter(pk=row.pk).update(findings=[{"type": "Finding", "version": 0}], view={"version": 0})
    html = client.get(batch.get_absolute_url()).content.decode()
    assert "1 of 5 volumes is not planned" in html and 'action="/batches/' in html
    assert "This plan cannot be read." in client.get(f"/batches/{batch.pk}/lines/2/").content.decode()


def test_who_sent_it_and_lost_the_cluster_since_reads_no_plan_of_it(client: Client, olga: Any, two: None):
    batch = send(client, olga)
    assert client.get(f"/batches/{batch.pk}/lines/2/").status_code == 200
    Membership.objects.filter(user=olga).delete()
    assert client.get(f"/batches/{batch.pk}/lines/2/").status_code == 404


def test_nothing_is_planned_from_half_of_a_change(client: Client, olga: Any, two: None):
    web = Cluster.objects.get(slug="web")
    intent = volume_intent(cluster="web")
    job = propose(jobs.draft(request_of(olga), "volume.create", web, intent))
    jobs.approve(request_of(olga), job, reason="by hand")
    batch = only_send(client, olga)
    enrolment.inquire(batch.inquiries.get(cluster=web).pk)
    html = client.get(batch.get_absolute_url()).content.decode()
    assert f"Job {job.pk} changes web now. Plan the rows when it has ended." in html


def test_an_answer_that_comes_after_it_was_given_up_is_dropped(client: Client, olga: Any, two: None):
    batch = only_send(client, olga)
    late = inquiries.take(batch.inquiries.get(cluster__slug="web").pk)
    Inquiry.objects.filter(pk=late.pk).update(sent_at=timezone.now() - timedelta(minutes=4))
    assert "No answer for three minutes." in client.get(batch.get_absolute_url()).content.decode()
    client.post(f"/batches/{batch.pk}/plan/", {"cluster": "web"})
    answering.answer(batch)
    intents = row_plans.intents_of(batch, late.cluster)
    row_plans.keep(late, [(n, intent, make_plan(danger=Danger.INTERRUPTS)) for n, intent in intents.items()])
    inquiries.end(late.pk, Inquiry.Status.DONE, result={})
    assert "Add 3 to web" in client.get(batch.get_absolute_url()).content.decode()


def test_a_second_batch_of_a_pair_waits_for_the_first_one_s_plans(client: Client, olga: Any, two: None):
    first, second = only_send(client, olga), only_send(client, olga)
    asked, waits = (batch.inquiries.get(cluster__slug="web") for batch in (first, second))
    assert inquiries.take(asked.pk) and inquiries.take(waits.pk) is None
    inquiries.still_at_it(asked.pk)
    inquiries.end(asked.pk, Inquiry.Status.DONE, result={})
    assert inquiries.take(waits.pk)


def test_the_names_of_all_rows_are_looked_up_in_one_reading() -> None:
    asked = [Asked(("/srv/a",), accounts=(("passwd", "ada"),)), Asked(accounts=(("passwd", "ada"), ("group", "staff")))]
    assert row_plans.together(asked) == Asked(("/srv/a",), accounts=(("passwd", "ada"), ("group", "staff")))
