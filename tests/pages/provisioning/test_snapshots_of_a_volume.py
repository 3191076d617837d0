"""Snapshots on a volume's page: taking, opening, deleting, rolling back, and the schedule."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import (
    AuditEntry,
    Cluster,
    NodeState,
    Snapshot,
    SnapshotSchedule,
    SnapshotState,
    Volume,
)
from clusters.models import (
    ExportClient as ExportRow,
)
from clusters.snapshots import closed, fsid_of
from clusters.states import Inventory, JobStatus
from clusters.templatetags import panel
from provisioning import codec
from provisioning.actions import ACTIONS
from provisioning.desired import DesiredSnapshot
from provisioning.intents import (
    CloseSnapshot,
    CreateSnapshot,
    DeleteSnapshot,
    KeepSnapshots,
    OpenSnapshot,
    RestoreSnapshot,
)
from provisioning.models import Job
from provisioning.snapshot import desired_of
from tests.plans.given import plan_of

pytestmark = pytest.mark.django_db
GIB = 2**30
PLANS = Path(__file__).parents[2] / "plans"
BASE = "/c/web-files/volumes/web_files/"
NEW = BASE + "snapshots/new/"
SCHEDULE = BASE + "snapshots/schedule/"
ONE = BASE + "snapshots/before/"
GOOD = {"name": "tonight", "size": "2", "unit": "GiB"}
KEEPS = {"enabled": "on", "hourly": "0", "daily": "7", "weekly": "4", "size": "1", "unit": "GiB"}


def page(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def room(web_files: Cluster) -> None:
    node = web_files.nodes.get(name="alice")
    NodeState.objects.create(node=node, reachable=True, read_at=timezone.now(), vg_size=80 * GIB, vg_free=40 * GIB)


@pytest.fixture
def volume(web_files: Cluster) -> Volume:
    return web_files.volumes.get(name="web_files")


@pytest.fixture
def before(volume: Volume) -> Snapshot:
    row = Snapshot.objects.create(
        volume=volume, name="before", lv="web_files-before", size=2 * GIB, inventory=Inventory.PRESENT
    )
    SnapshotState.objects.create(snapshot=row, read_at=timezone.now(), percent=31)
    return row


def test_it_becomes_a_job_with_its_intent(room: None, olga_client: Client):
    key = olga_client.get(NEW).context["key"]
    first, second = (olga_client.post(NEW, GOOD | {"key": key}) for _ in range(2))
    job = Job.objects.get()
    assert first["Location"] == second["Location"] == f"/jobs/{job.pk}/"
    wanted = DesiredSnapshot("web_files", "tonight", "web_files-tonight", 2 * GIB)
    assert codec.load(CreateSnapshot, job.intent) == CreateSnapshot("web-files", wanted)


def test_a_fifth_of_the_volume_and_a_name_are_offered(room: None, volume: Volume, olga_client: Client):
    form = olga_client.get(NEW).context["form"]
    number, unit = form.initial["size"], form.initial["unit"]
    assert float(number) * {"GiB": GIB, "MiB": 2**20}[unit] == pytest.approx(volume.size / 5, rel=0.01)
    olga_client.post(NEW, {"name": form.initial["name"], "size": number, "unit": unit})
    assert Job.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "required"),
        ({"name": "Tonight"}, "a to z"),
        ({"name": "-x"}, "a to z"),
        ({"name": "../x"}, "a to z"),
        ({"name": "a_rimage"}, "LVM keeps names"),
        ({"name": "new"}, "a page of the panel"),
        ({"name": "before"}, "has a snapshot before already"),
        ({"size": "900"}, "never used"),
        ({"size": "0"}, "larger than nothing"),
        ({"size": "1e999"}, "not a size"),
    ],
)
def test_mistaken_input_is_refused_at_its_field(
    changes: dict[str, str], said: str, room: None, before: Snapshot, olga_client: Client
):
    response = olga_client.post(NEW, GOOD | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert not Job.objects.exists()


def test_more_than_the_group_has_is_refused_with_the_most_that_fits(room: None, volume: Volume, olga_client: Client):
    NodeState.objects.update(vg_free=GIB)
    response = olga_client.post(NEW, GOOD)
    assert response.status_code == 422
    assert 'name="use" value="size=1 GiB"' in page(response)


def test_notes_are_renewed_while_typing_and_nothing_is_made(room: None, olga_client: Client):
    shown = page(olga_client.post(NEW + "?check=1", GOOD | {"name": "Tonight"}))
    assert "<html" not in shown and "a to z" in shown
    assert not Job.objects.exists()


def test_the_volume_page_lists_them_with_their_fill(before: Snapshot, vera_client: Client):
    shown = page(vera_client.get(BASE))
    assert ONE in shown and 'width="31"' in shown and "no backup" in shown


def test_one_that_ran_full_says_that_it_is_lost(before: Snapshot, olga_client: Client):
    SnapshotState.objects.update(percent=100, valid=False)
    shown = page(olga_client.get(ONE))
    assert "what it held is lost" in shown
    assert "snapshot-restore" not in shown and 'snapshots/before/restore/"' not in shown
    assert 'snapshots/before/delete/"' in shown


def test_one_that_a_failover_closed_says_so(before: Snapshot, olga_client: Client):
    Snapshot.objects.update(fsid=1_000_001, opened_at=timezone.now() - timedelta(hours=1), clients="10.10.0.7")
    assert "A failover has closed it" in page(olga_client.get(ONE))
    assert '<svg class="i c-warn"' in page(olga_client.get(BASE)).partition("closed by a failover")[0][-300:]
    SnapshotState.objects.update(mounted=True)
    assert "A failover has closed it" not in page(olga_client.get(ONE))


def opened(web_files: Cluster, act: str) -> None:
    wanted = DesiredSnapshot("web_files", "before", "web_files-before", 2 * GIB, 1_000_001, ("10.10.0.7",))
    getattr(ACTIONS["snapshot.open"], act)(web_files, OpenSnapshot("web-files", wanted))


def test_a_reading_from_before_it_was_opened_does_not_close_it(
    web_files: Cluster, before: Snapshot, vera_client: Client
):
    opened(web_files, "begin")
    opened(web_files, "settle")
    for address in (ONE, BASE):
        assert "pened, not read since" in page(vera_client.get(address))
        assert "failover has closed" not in page(vera_client.get(address))
    SnapshotState.objects.update(read_at=timezone.now())
    assert "closed by a failover" in page(vera_client.get(BASE))


def test_one_whose_job_has_not_ended_was_closed_by_nobody(web_files: Cluster, before: Snapshot, vera_client: Client):
    opened(web_files, "begin")
    SnapshotState.objects.update(read_at=timezone.now())
    assert "not opened to the end" in page(vera_client.get(BASE))
    assert "failover has closed" not in page(vera_client.get(ONE))


def test_closed_and_opened_again_it_is_told_anew(web_files: Cluster, before: Snapshot, vera_client: Client):
    opened(web_files, "settle")
    ACTIONS["snapshot.close"].settle(web_files, CloseSnapshot("web-files", "web_files", "before"))
    opened(web_files, "begin")
    assert "not opened to the end" in page(vera_client.get(BASE))


@pytest.mark.parametrize(
    ("verb", "intent"), [("delete", DeleteSnapshot), ("restore", RestoreSnapshot), ("close", CloseSnapshot)]
)
def test_each_verb_asks_for_its_plan(verb: str, intent: type[Any], before: Snapshot, ada_client: Client):
    response = ada_client.post(f"{ONE}{verb}/", {"key": "k"})
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert codec.load(intent, job.intent) == intent("web-files", "web_files", "before")
    assert ada_client.get(f"{ONE}{verb}/").status_code == 405


def test_opening_names_its_clients_and_gets_a_number_of_its_own(before: Snapshot, olga_client: Client):
    response = olga_client.post(f"{ONE}open/", {"clients": "10.10.0.7, 10.10.0.8", "as_root": "on"})
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/"
    wanted = codec.load(OpenSnapshot, job.intent).snapshot
    assert (wanted.clients, wanted.fsid, wanted.as_root) == (
        ("10.10.0.7", "10.10.0.8"),
        fsid_of(before),
        True,
    )


def test_the_number_of_a_closed_one_is_given_to_no_other(before: Snapshot, volume: Volume):
    """A client that did not unmount it would read the other one's files, and never learn of it."""
    first = fsid_of(before)
    Snapshot.objects.filter(pk=before.pk).update(fsid=first)
    closed(volume.cluster, "web_files", "before")
    before.refresh_from_db()
    other = Snapshot.objects.create(volume=volume, name="after", lv="web_files-after", size=GIB)
    assert fsid_of(other) != first == fsid_of(before)


def test_opening_begins_with_what_the_exports_of_the_volume_ask_for(before: Snapshot, olga_client: Client):
    assert olga_client.get(f"{ONE}open/").context["form"]["security"].value() == "sys"
    ExportRow.objects.update(options="rw,sync,sec=krb5i:krb5p")
    shown = olga_client.get(f"{ONE}open/")
    assert shown.context["form"]["security"].value() == "krb5i"
    assert "web_files is exported with sec=krb5i." in page(shown)
    typed = {"clients": "10.10.0.7", "security": "krb5i"}
    olga_client.post(f"{ONE}open/", typed)
    wanted = codec.load(OpenSnapshot, Job.objects.get().intent)
    assert wanted.snapshot.sec == "krb5i"
    ACTIONS["snapshot.open"].settle(before.volume.cluster, wanted)
    assert desired_of(before.volume.cluster).snapshots[0].sec == "krb5i"
    assert "sec=krb5i" in page(olga_client.get(ONE))
    ExportRow.objects.update(options="rw,sync")
    assert olga_client.get(f"{ONE}open/").context["form"]["security"].value() == "krb5i"  # as it is open now
    assert olga_client.post(f"{ONE}open/", typed | {"security": "krb6"}).status_code == 422


def test_an_intent_of_before_is_read_as_by_address(before: Snapshot):
    kept = codec.dump(
        OpenSnapshot("web-files", DesiredSnapshot("web_files", "before", "web_files-before", GIB, 1_000_001))
    )
    del kept["snapshot"]["sec"]
    assert codec.load(OpenSnapshot, kept).snapshot.sec == ""


@pytest.mark.parametrize(
    ("clients", "said"),
    [
        ("", "required"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("a a", "twice"),
        ("$id", "not"),
        ("$(id)", "Put only"),
        ("host (rw)", "Put only names and addresses here; they get it read-only."),
        ("host(rw,sync) 10.0.0.7", 'value="clients=host 10.0.0.7"'),
    ],
)
def test_hostile_clients_are_refused(clients: str, said: str, before: Snapshot, olga_client: Client):
    response = olga_client.post(f"{ONE}open/", {"clients": clients})
    assert response.status_code == 422
    assert said in page(response)
    assert not Job.objects.exists()


def test_an_opened_one_is_neither_deleted_nor_rolled_back_to(before: Snapshot, ada_client: Client):
    Snapshot.objects.update(fsid=1_000_001, clients="10.10.0.7", opened_at=timezone.now())
    SnapshotState.objects.update(mounted=True, read_at=timezone.now())
    for verb in ("delete", "restore"):
        assert "Close it first" in page(ada_client.post(f"{ONE}{verb}/", follow=True))
    assert not Job.objects.exists()


def test_one_that_a_failover_closed_can_be_deleted_at_once(before: Snapshot, ada_client: Client):
    """It was answered with “Close it first”, though nobody had it mounted."""
    Snapshot.objects.update(fsid=1_000_001, opened_at=timezone.now() - timedelta(hours=1), clients="10.10.0.7")
    assert "Close it first" in page(ada_client.post(f"{ONE}restore/", follow=True))
    assert ada_client.post(f"{ONE}delete/")["Location"] == f"/jobs/{Job.objects.get().pk}/"
    Job.objects.all().delete()
    SnapshotState.objects.update(read_at=timezone.now() - timedelta(hours=2))  # not read since it was opened
    assert "Close it first" in page(ada_client.post(f"{ONE}delete/", follow=True))


def test_a_schedule_is_saved_with_an_audit_entry_and_no_job(room: None, volume: Volume, olga_client: Client):
    assert olga_client.post(SCHEDULE, KEEPS)["Location"] == BASE
    schedule = SnapshotSchedule.objects.get()
    assert (schedule.daily, schedule.weekly, schedule.size, schedule.set_by) == (7, 4, GIB, "olga")
    assert schedule.next_run and schedule.next_run > timezone.now()
    assert "keeps 7 daily, 4 weekly" in AuditEntry.objects.get().text
    assert not Job.objects.exists()
    assert "Kept by schedule: 7 daily, 4 weekly" in page(olga_client.get(BASE))


def test_smaller_numbers_say_what_goes_and_ask(room: None, volume: Volume, olga_client: Client):
    olga_client.post(SCHEDULE, KEEPS)
    schedule = SnapshotSchedule.objects.get()
    for day in range(5):
        name = f"auto-{day}"
        row = Snapshot.objects.create(
            volume=volume, name=name, lv=f"web_files-{name}", size=GIB, schedule=schedule, inventory=Inventory.PRESENT
        )
        Snapshot.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=day + 1))
    fewer = KEEPS | {"daily": "2", "weekly": "0"}
    asked = olga_client.post(SCHEDULE, fewer)
    assert asked.status_code == 422 and "The next run removes 4 of those that exist" in page(asked)
    assert 'name="let_go"' in page(asked) and SnapshotSchedule.objects.get().daily == 7
    done = page(olga_client.post(SCHEDULE, fewer | {"let_go": "on"}, follow=True))
    assert SnapshotSchedule.objects.get().daily == 2 and "The next run removes auto-" in done
    assert "The ones that exist stay" not in done


def test_a_schedule_can_be_turned_off(room: None, volume: Volume, olga_client: Client):
    olga_client.post(SCHEDULE, KEEPS)
    olga_client.post(SCHEDULE, {name: value for name, value in KEEPS.items() if name != "enabled"})
    schedule = SnapshotSchedule.objects.get()
    assert not schedule.enabled and schedule.next_run is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"daily": "0", "weekly": "0"}, "Nothing would be kept"),
        ({"hourly": "-1"}, "0"),
        ({"hourly": "x"}, "number"),
        ({"daily": "999"}, "60"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(changes: dict[str, str], said: str, room: None, olga_client: Client):
    response = olga_client.post(SCHEDULE, KEEPS | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert not SnapshotSchedule.objects.exists()


def test_a_schedule_has_room_for_all_that_it_keeps(room: None, volume: Volume, olga_client: Client):
    """Room for one was once enough, and the runs failed when the group was full."""
    response = olga_client.post(SCHEDULE, KEEPS | {"size": "4"})
    assert response.status_code == 422
    assert "That is more than vg_data has free for each of 11 snapshots." in page(response)
    assert not SnapshotSchedule.objects.exists()
    olga_client.post(SCHEDULE, KEEPS | {"size": "3"})
    schedule = SnapshotSchedule.objects.get()
    NodeState.objects.update(vg_free=13 * GIB)  # nine of them were taken: they make room for those to come
    for number in range(9):
        Snapshot.objects.create(
            volume=volume, name=f"auto-{number}", lv=f"auto-{number}", size=3 * GIB, schedule=schedule
        )
    assert olga_client.post(SCHEDULE, KEEPS | {"size": "3"}).status_code == 302
    assert olga_client.post(SCHEDULE, KEEPS | {"size": "4"}).status_code == 422


@pytest.mark.parametrize("address", [NEW, SCHEDULE, ONE + "open/"])
def test_forms_refuse_a_viewer_and_hide_from_a_stranger(
    address: str, before: Snapshot, vera_client: Client, mallory_client: Client
):
    assert vera_client.get(address).status_code == 403
    assert mallory_client.get(address).status_code == 404


@pytest.mark.parametrize("verb", ["delete", "restore", "close"])
def test_verbs_refuse_below_their_level(
    verb: str, before: Snapshot, vera_client: Client, olga_client: Client, mallory_client: Client
):
    assert vera_client.post(f"{ONE}{verb}/").status_code == 403
    assert mallory_client.post(f"{ONE}{verb}/").status_code == 404
    assert olga_client.post(f"{ONE}{verb}/").status_code == (403 if verb == "restore" else 302)


def test_the_page_of_one_is_for_those_who_see_the_cluster(
    before: Snapshot, vera_client: Client, mallory_client: Client
):
    assert vera_client.get(ONE).status_code == 200
    assert 'snapshots/before/delete/"' not in page(vera_client.get(ONE))
    assert mallory_client.get(ONE).status_code == 404
    assert vera_client.get(BASE + "snapshots/other/").status_code == 404


@pytest.mark.parametrize(
    "case", ["create/xfs", "keep/drops-the-oldest", "delete/there", "restore/whole", "open/first", "close/last"]
)
def test_the_page_of_its_job_reads_its_plan(case: str, before: Snapshot, ada_client: Client):
    plan = plan_of(PLANS / f"snapshot-{case}" / "given.toml")
    action = f"snapshot.{case.split('/')[0]}"
    wanted = DesiredSnapshot("web_files", "before", "web_files-before", GIB, 1_000_001, ("10.10.0.7",))
    intent = {
        "snapshot.create": CreateSnapshot("web-files", wanted),
        "snapshot.keep": KeepSnapshots("web-files", wanted, ("old",), 1),
        "snapshot.open": OpenSnapshot("web-files", wanted),
    }.get(action) or ACTIONS[action].intent("web-files", "web_files", "before")
    job = Job.objects.create(
        cluster=before.volume.cluster, action=action, title=plan.title, intent=codec.dump(intent), plan=codec.dump(plan),
        danger=plan.danger, status=JobStatus.PROPOSED, planned_at=timezone.now(), created_by="ada", idempotency_key=case,
    )  # fmt: skip
    shown = page(ada_client.get(f"/jobs/{job.pk}/"))
    assert html.escape(plan.button) in shown
    for step in plan.todo():
        assert html.escape(step.title) in shown


def test_a_rollback_says_which_moment_comes_back(before: Snapshot, ada_client: Client):
    taken = timezone.now() - timedelta(hours=50)
    Snapshot.objects.update(created_at=taken)
    plan = plan_of(PLANS / "snapshot-restore" / "whole" / "given.toml")
    job = Job.objects.create(
        cluster=before.volume.cluster, action="snapshot.restore", title=plan.title, plan=codec.dump(plan), danger=plan.danger,
        intent=codec.dump(RestoreSnapshot("web-files", "web_files", "before")), status=JobStatus.PROPOSED,
        planned_at=timezone.now(), created_by="ada", idempotency_key="r",
    )  # fmt: skip
    shown = re.sub("<[^>]+>", "", page(ada_client.get(f"/jobs/{job.pk}/")))
    at = re.sub("<[^>]+>", "", str(panel.date_and_time(taken)))
    assert f"web_files becomes what it was on {at}, 2 days ago." in shown
    assert f"What was written to web_files since {at}, 2 days ago, is lost and cannot be brought back." in shown
    Job.objects.update(approved_at=taken - timedelta(hours=1))  # a later one has its name by now
    assert "becomes what it was on" not in page(ada_client.get(f"/jobs/{job.pk}/"))
    before.delete()
    assert "becomes what it was on" not in page(ada_client.get(f"/jobs/{job.pk}/"))


@pytest.mark.parametrize("address", [NEW, SCHEDULE, BASE + "grow/"])
def test_a_form_opens_before_the_room_of_the_group_was_read(address: str, volume: Volume, olga_client: Client):
    response = olga_client.get(address)
    assert response.status_code == 200
    assert "vg_data has free is not known now" in page(response)


def test_its_page_says_that_the_volume_is_rolled_back_and_what_stopped_it(
    before: Snapshot, web_files: Cluster, olga_client: Client
):
    Snapshot.objects.update(inventory=Inventory.REMOVING)
    assert "On its way out." in page(olga_client.get(ONE))
    intent = codec.dump(RestoreSnapshot("web-files", "web_files", "before"))
    job = Job.objects.create(
        cluster=web_files, action="snapshot.restore", intent=intent, idempotency_key="r", status=JobStatus.RUNNING,
        started_at=timezone.now(),
    )  # fmt: skip
    told = page(olga_client.get(ONE))
    assert "web_files is rolled back to before." in told
    assert f'<a href="/jobs/{job.pk}/">' in told
    Job.objects.update(status=JobStatus.FAILED, problem="alice has not answered for 120 s.")
    assert "stopped: alice has not answered for 120 s. Roll back again to carry on." in page(olga_client.get(ONE))
