"""The form for a larger volume."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import Cluster, NodeState
from clusters.states import Inventory
from provisioning import codec
from provisioning.intents import GrowVolume
from provisioning.models import Job

pytestmark = pytest.mark.django_db
URL = "/c/web-files/volumes/web_files/grow/"
GIB = 2**30


def page(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def room(web_files: Cluster) -> None:
    node = web_files.nodes.get(name="alice")
    NodeState.objects.create(node=node, reachable=True, read_at=timezone.now(), vg_size=80 * GIB, vg_free=40 * GIB)


@pytest.mark.parametrize(("how", "size", "after"), [("by", "5", 15), ("to", "12", 12)])
def test_it_becomes_a_job_with_the_size_afterwards(how: str, size: str, after: int, room: None, olga_client: Client):
    key = olga_client.get(URL).context["key"]
    typed = {"how": how, "size": size, "unit": "GiB", "key": key}
    first, second = (olga_client.post(URL, typed) for _ in range(2))
    job = Job.objects.get()
    assert first["Location"] == second["Location"] == f"/jobs/{job.pk}/"
    assert codec.load(GrowVolume, job.intent) == GrowVolume("web-files", "web_files", after * GIB)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": ""}, "required"),
        ({"size": "0"}, "larger than nothing"),
        ({"size": "-5"}, "not a size"),
        ({"size": "1e9"}, "not a size"),
        ({"size": "1000"}, "more than vg_data has free. The most possible is by 40 GiB"),
        ({"how": "to", "size": "1000"}, "The most possible is to 50 GiB"),
        ({"how": "to", "size": "10"}, "as large as it is"),
        ({"how": "to", "size": "9"}, "ext4 shrinks only while it is not mounted"),
        ({"how": "double"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(changes: dict[str, str], said: str, room: None, olga_client: Client):
    response = olga_client.post(URL, {"how": "by", "size": "5", "unit": "GiB"} | changes)
    assert response.status_code == 422 and 'role="alert"' in page(response)
    assert said in page(response) or said in page(response).replace("&#x27;", "'")
    assert not Job.objects.exists()


def test_its_size_is_exact_where_a_smaller_one_is_refused(room: None, web_files: Cluster, olga_client: Client):
    """10.2 GiB were refused because it had 10."""
    web_files.volumes.filter(name="web_files").update(size=10652 * 2**20)
    shown = page(olga_client.post(URL, {"how": "to", "size": "10.2", "unit": "GiB"}))
    assert "web_files has 10652 MiB now." in shown


def test_xfs_says_that_it_never_shrinks(room: None, olga_client: Client):
    response = olga_client.post("/c/web-files/volumes/media/grow/", {"how": "to", "size": "9", "unit": "GiB"})
    assert response.status_code == 422 and "XFS cannot shrink at all" in page(response)


def test_what_was_typed_is_kept_and_the_largest_is_offered(room: None, olga_client: Client):
    shown = page(olga_client.post(URL, {"how": "to", "size": "1000", "unit": "GiB"}))
    assert 'value="1000"' in shown and 'value="to" selected' in shown and 'value="size=50 GiB"' in shown


def test_room_and_result_are_shown_while_typing(room: None, olga_client: Client):
    response = olga_client.post(URL + "?check=1", {"how": "by", "size": "50", "unit": "GiB"})
    shown = page(response)
    assert response.status_code == 200 and "<html" not in shown and "<input" not in shown
    assert "beyond the end of vg_data" in shown and "not settled" in shown
    assert "15 GiB" in page(olga_client.post(URL + "?check=1", {"how": "by", "size": "5", "unit": "GiB"}))
    assert not Job.objects.exists()


def test_a_volume_that_is_not_in_service_has_no_such_page(web_files: Cluster, olga_client: Client):
    web_files.volumes.filter(name="web_files").update(inventory=Inventory.REMOVING)
    assert olga_client.get(URL).status_code == 404
    assert olga_client.get("/c/web-files/volumes/nothing/grow/").status_code == 404


def test_the_volume_page_leads_there_and_says_why_not(room: None, olga_client: Client, vera_client: Client):
    assert f'href="{URL}"' in page(olga_client.get("/c/web-files/volumes/web_files/"))
    shown = page(vera_client.get("/c/web-files/volumes/web_files/"))
    assert f'href="{URL}"' not in shown and "Needs the access level operator" in shown
    assert vera_client.get(URL).status_code == 403


def test_a_stranger_sees_nothing(web_files: Cluster, mallory_client: Client):
    assert mallory_client.get(URL).status_code == 404
