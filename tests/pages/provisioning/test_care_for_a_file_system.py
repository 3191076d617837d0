"""Check, repair and trim a volume: forms, and what the volume's page keeps of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters import care
from clusters.models import AuditEntry, Care, Cluster, NodeState, TrimSchedule
from clusters.states import Inventory
from provisioning import codec
from provisioning.intents import CheckVolume, RepairVolume, TrimVolume
from provisioning.models import Job

pytestmark = pytest.mark.django_db
PAGE = "/c/web-files/volumes/web_files/"
GIB = 2**30


def page(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def room(web_files: Cluster) -> None:
    node = web_files.nodes.get(name="alice")
    NodeState.objects.create(node=node, reachable=True, read_at=timezone.now(), vg_size=80 * GIB, vg_free=40 * GIB)


@pytest.mark.parametrize(("way", "reserved"), [("snapshot", 2 * GIB), ("itself", 0)])
def test_a_check_becomes_a_job_in_a_snapshot_or_of_the_volume(
    way: str, reserved: int, room: None, olga_client: Client
) -> None:
    key = olga_client.get(PAGE + "check/").context["key"]
    first, second = (olga_client.post(PAGE + "check/", {"way": way, "key": key}) for _ in range(2))
    job = Job.objects.get()
    assert first["Location"] == second["Location"] == f"/jobs/{job.pk}/"
    assert job.action == "volume.check"
    assert codec.load(CheckVolume, job.intent) == CheckVolume("web-files", "web_files", reserved)


def test_a_snapshot_is_offered_first_and_refused_without_room(room: None, olga_client: Client) -> None:
    assert olga_client.get(PAGE + "check/").context["form"]["way"].value() == "snapshot"
    NodeState.objects.update(vg_free=0)
    response = olga_client.get(PAGE + "check/")
    assert response.context["form"]["way"].initial == "itself"
    response = olga_client.post(PAGE + "check/", {"way": "snapshot"})
    assert response.status_code == 422 and "no 16 MiB free for a snapshot" in page(response)
    assert not Job.objects.exists()


@pytest.mark.parametrize("typed", [{}, {"way": "both"}])
def test_no_way_chosen_is_refused(typed: dict[str, str], room: None, olga_client: Client) -> None:
    assert olga_client.post(PAGE + "check/", typed).status_code == 422
    assert not Job.objects.exists()


@pytest.mark.parametrize(("way", "forced"), [("careful", False), ("forced", True)])
def test_a_repair_is_an_admins_choice_of_its_own(
    way: str, forced: bool, room: None, ada_client: Client, olga_client: Client
) -> None:
    assert olga_client.get(PAGE + "repair/").status_code == olga_client.post(PAGE + "repair/").status_code == 403
    assert PAGE + "repair/" not in page(olga_client.get(PAGE + "check/"))
    assert PAGE + "repair/" in page(ada_client.get(PAGE + "check/"))
    assert ada_client.post(PAGE + "repair/", {"way": way}).status_code == 302
    assert codec.load(RepairVolume, Job.objects.get().intent) == RepairVolume("web-files", "web_files", forced)


def test_a_trim_becomes_a_job(room: None, olga_client: Client) -> None:
    assert olga_client.get(PAGE + "trim/").status_code == 200
    assert olga_client.post(PAGE + "trim/", {"what": "now"}).status_code == 302
    assert codec.load(TrimVolume, Job.objects.get().intent) == TrimVolume("web-files", "web_files")


def test_a_schedule_is_kept_changed_and_turned_off(room: None, olga_client: Client) -> None:
    assert olga_client.post(PAGE + "trim/", {"what": "schedule", "day": "7", "hour": "4"})["Location"] == PAGE
    schedule = TrimSchedule.objects.get()
    assert (schedule.enabled, schedule.weekday, schedule.hour, schedule.set_by) == (True, 7, 4, "olga")
    assert schedule.next_run is not None
    assert "Trimmed every Sunday at 04:00" in page(olga_client.get(PAGE))
    assert AuditEntry.objects.filter(action="volume.trim-schedule", object="web_files").count() == 1
    olga_client.post(PAGE + "trim/", {"what": "schedule", "day": "0", "hour": "5"})
    assert "Trimmed every day at 05:00" in page(olga_client.get(PAGE))
    olga_client.post(PAGE + "trim/", {"what": "schedule", "day": "", "hour": "5"})
    assert "Not trimmed by itself" in page(olga_client.get(PAGE))
    assert TrimSchedule.objects.get().next_run is None and not Job.objects.exists()


@pytest.mark.parametrize("typed", [{"day": "8", "hour": "4"}, {"day": "1", "hour": "24"}, {"day": "1"}])
def test_a_schedule_that_cannot_be_is_refused(typed: dict[str, str], room: None, olga_client: Client) -> None:
    assert olga_client.post(PAGE + "trim/", {"what": "schedule"} | typed).status_code == 422
    assert not TrimSchedule.objects.exists()


def test_the_page_says_what_was_found(web_files: Cluster, olga_client: Client, ada_client: Client) -> None:
    assert "Never checked by this panel" in page(olga_client.get(PAGE))
    care.note(web_files, "web_files", Care.Kind.CHECK, verdict="damaged", seconds=4.5, output="<b>bad</b>", by="olga")
    care.note(web_files, "web_files", Care.Kind.TRIM, freed=3 * 2**20, seconds=0.5, by="schedule")
    shown = page(olga_client.get(PAGE))
    assert (
        "damaged" in shown
        and "Repair it" in shown
        and "3 MiB</span> discarded" in shown.replace("3.0", "3")
        and "4.5 s" in shown
    )
    assert "to-repair" not in shown
    assert f'<a id="to-repair" href="{PAGE}repair/">Repair it</a>' in page(ada_client.get(PAGE))
    assert "&lt;b&gt;bad" in page(olga_client.get(PAGE + "check/"))
    care.note(web_files, "web_files", Care.Kind.REPAIR, verdict="clean")
    assert "Repair it" not in page(olga_client.get(PAGE))


@pytest.mark.parametrize("verb", ["check", "trim"])
def test_who_may_not(
    verb: str, web_files: Cluster, vera_client: Client, mallory_client: Client, olga_client: Client
) -> None:
    assert vera_client.get(PAGE + f"{verb}/").status_code == 403
    assert mallory_client.get(PAGE + f"{verb}/").status_code == 404
    assert olga_client.delete(PAGE + f"{verb}/").status_code == 405
    web_files.volumes.filter(name="web_files").update(inventory=Inventory.REMOVING)
    assert olga_client.get(PAGE + f"{verb}/").status_code == 404
