"""The form for a new volume on a running pair."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import Cluster, NodeState
from clusters.states import Inventory, JobStatus
from provisioning import codec
from provisioning.actions import ACTIONS
from provisioning.desired import DesiredVolume
from provisioning.intents import CreateVolume
from provisioning.models import Job, JobStep
from provisioning.snapshot import desired_of
from provisioning.steps import Kind

pytestmark = pytest.mark.django_db
URL = "/c/web-files/volumes/new/"
GIB = 2**30
GOOD = {
    "name": "shop",
    "size": "5",
    "unit": "GiB",
    "fstype": "xfs",
    "mount_point": "/srv/shop",
    "mount_options": "noatime",
}


def page(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def room(web_files: Cluster) -> None:
    node = web_files.nodes.get(name="alice")
    NodeState.objects.create(node=node, reachable=True, read_at=timezone.now(), vg_size=80 * GIB, vg_free=40 * GIB)


def test_it_becomes_a_job_with_its_intent(room: None, olga_client: Client):
    key = olga_client.get(URL).context["key"]
    first, second = (olga_client.post(URL, GOOD | {"key": key}) for _ in range(2))
    job = Job.objects.get()
    assert first["Location"] == second["Location"] == f"/jobs/{job.pk}/"
    wanted = DesiredVolume("shop", 5 * GIB, "xfs", "/srv/shop", ("noatime",))
    assert codec.load(CreateVolume, job.intent) == CreateVolume("web-files", wanted)


def test_its_root_directory_can_be_given_away(room: None, olga_client: Client, web_files: Cluster):
    olga_client.post(URL, GOOD | {"owner": "www-data:staff", "mode": "775"})
    wanted = codec.load(CreateVolume, Job.objects.get().intent).volume
    assert (wanted.owner, wanted.mode) == ("www-data:staff", "0775")
    ACTIONS["volume.create"].begin(web_files, CreateVolume("web-files", wanted))
    web_files.volumes.filter(name="shop").update(inventory=Inventory.PRESENT)
    assert desired_of(web_files).volume("shop") == wanted


def test_an_intent_of_an_older_panel_is_still_read():
    old = codec.dump(CreateVolume("web-files", DesiredVolume("shop", 5 * GIB, "xfs", "/srv/shop")))
    del old["volume"]["owner"], old["volume"]["mode"]
    assert codec.load(CreateVolume, old).volume.owner == ""


def test_the_mount_point_follows_the_name(room: None, olga_client: Client):
    olga_client.post(URL, GOOD | {"mount_point": ""})
    assert codec.load(CreateVolume, Job.objects.get().intent).volume.mount_point == "/srv/shop"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "required"),
        ({"name": "Shop"}, "a to z"),
        ({"name": "shop;reboot"}, "a to z"),
        ({"name": "$(id)"}, "a to z"),
        ({"name": "a_rimage"}, "LVM keeps names"),
        ({"name": "web_files"}, "has a volume web_files already"),
        ({"name": "x" * 70000}, "at most 4000"),
        ({"size": ""}, "required"),
        ({"size": "900"}, "more than vg_data has free"),
        ({"size": "1e999"}, "not a size"),
        ({"size": "-1"}, "not a size"),
        ({"size": "0"}, "larger than nothing"),
        ({"size": "1 KB"}, "powers of 1000"),
        ({"size": "10", "unit": "MiB"}, "xfs needs at least 300 MiB"),
        ({"size": "NaN"}, "not a size"),
        ({"unit": "PiB"}, "“PiB” is not possible: MiB, GiB or TiB."),
        ({"fstype": "btrfs"}, "“btrfs” is not possible: ext4 or xfs."),
        ({"mount_point": "srv"}, "begin with a slash"),
        ({"mount_point": "/srv/../etc"}, "where it really is"),
        ({"mount_point": "/etc/shop"}, "belongs to the system"),
        ({"mount_point": "/srv/a b"}, "a blank"),
        ({"owner": "ada;reboot"}, "not an owner"),
        ({"owner": "--reference=/etc/shadow"}, "not an owner"),
        ({"mode": "4755"}, "Setuid means nothing"),
        ({"mode": "rwx"}, "not a mode"),
        ({"mount_point": "/srv/a::b"}, "haresources"),
        ({"mount_point": "/srv/web_files"}, "mounted at /srv/web_files already"),
        ({"mount_point": "/srv/web_files/below"}, "overlaps"),
        ({"mount_options": "loop"}, "its own device"),
        ({"mount_options": "noatime,,ro"}, "comma too many"),
        ({"mount_options": "x=\n/etc"}, "not possible here"),
        ({"name": "100%sure"}, "100%sure"),
        ({"mount_point": "/srv/100% sure"}, "a blank"),
    ],
)
def test_hostile_or_mistaken_input_is_refused_at_its_field(
    changes: dict[str, str], said: str, room: None, olga_client: Client
):
    response = olga_client.post(URL, GOOD | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert 'role="alert"' in page(response)
    assert not Job.objects.exists()


def test_what_is_too_much_is_one_figure_in_whole_extents(room: None, olga_client: Client):
    NodeState.objects.update(vg_free=30 * GIB - 8 * 2**20)
    response = olga_client.post(URL, GOOD | {"size": "29.999"})
    assert response.context["space"]["over"] == 8 * 2**20
    assert "8 MiB more than vg_data has free" in page(response)


def test_nothing_is_offered_that_would_be_refused(room: None, olga_client: Client):
    assert 'name="use"' in page(olga_client.post(URL, GOOD | {"mount_options": "noatime nodev"}))
    assert 'name="use"' not in page(olga_client.post(URL, GOOD | {"mount_options": "noatime ro"}))


def test_everything_typed_is_kept(room: None, olga_client: Client):
    shown = page(olga_client.post(URL, GOOD | {"size": "900"}))
    for kept in ('value="shop"', 'value="900"', 'value="/srv/shop"', 'value="noatime"', 'value="xfs" selected'):
        assert kept in shown


def test_the_largest_possible_size_is_offered(room: None, olga_client: Client):
    shown = page(olga_client.post(URL, GOOD | {"size": "900"}))
    assert 'name="use" value="size=40 GiB"' in shown
    taken = olga_client.post(URL, GOOD | {"size": "900", "use": "size=40 GiB"})
    assert 'value="40 GiB"' in page(taken) and "more than" not in page(taken)
    assert not Job.objects.exists()


def test_rules_tick_while_typing_and_nothing_is_made(room: None, olga_client: Client):
    response = olga_client.post(URL + "?check=1", {"name": "shop", "size": "900", "unit": "GiB", "fstype": "xfs"})
    shown = page(response)
    assert response.status_code == 200 and "<html" not in shown and "<input" not in shown
    assert "4 of at most 32 characters" in shown and "beyond the end of vg_data" in shown
    assert "/dev/vg_data/shop" in shown
    assert not Job.objects.exists()


def test_an_empty_field_is_no_mistake_while_somebody_types(room: None, olga_client: Client):
    shown = page(olga_client.post(URL + "?check=1", {"name": "", "size": "", "fstype": "xfs", "unit": "GiB"}))
    assert "err-msg" not in shown


def test_a_volume_in_a_plan_that_waits_is_taken_too(room: None, olga_client: Client):
    olga_client.post(URL, GOOD)
    response = olga_client.post(URL, GOOD)
    assert response.status_code == 422 and "has a volume shop already" in page(response)


@pytest.mark.parametrize("partly", [False, True])
def test_one_that_a_job_could_not_make_leads_to_that_job(
    room: None, web_files: Cluster, olga_client: Client, partly: bool
):
    olga_client.post(URL, GOOD)
    job = Job.objects.get()
    ACTIONS["volume.create"].begin(web_files, codec.load(CreateVolume, job.intent))
    Job.objects.update(status=JobStatus.FAILED, approved_at=timezone.now(), ended_at=timezone.now())
    if partly:
        JobStep.objects.create(
            job=job, number=1, node_name="alice", title="Make it", kind=Kind.WRITES, status=JobStep.Status.FAILED
        )
    shown = page(olga_client.post(URL, GOOD))
    assert "A job was to make shop and has not ended well." in shown and "mounted at /srv/shop already" not in shown
    olga_client.post(f"/jobs/{job.pk}/acknowledge/")
    assert web_files.volumes.filter(name="shop", inventory=Inventory.DRAFT).exists() is partly
    assert olga_client.post(URL, GOOD | {"mount_options": "nodev"}).status_code == 302


def test_unknown_space_is_said_and_does_not_refuse(web_files: Cluster, olga_client: Client):
    assert "is not known now" in page(olga_client.get(URL))
    assert olga_client.post(URL, GOOD).status_code == 302


def test_the_file_system_of_the_others_is_proposed(web_files: Cluster, olga_client: Client):
    web_files.volumes.update(fstype="xfs")
    assert 'value="xfs" selected' in page(olga_client.get(URL))


def test_a_locked_cluster_says_who_runs_what(room: None, olga_client: Client, ada_client: Client):
    olga_client.post(URL, GOOD)
    Job.objects.update(
        status=JobStatus.RUNNING, approved_by="olga", approved_at=timezone.now(), started_at=timezone.now()
    )
    response = ada_client.post(URL, GOOD | {"name": "other", "mount_point": "/srv/other"})
    assert response.status_code == 409
    assert "olga" in page(response) and 'value="other"' in page(response)


def test_a_cluster_that_is_not_set_up_has_no_such_form(web_files: Cluster, ada_client: Client):
    Cluster.objects.update(inventory=Inventory.DRAFT)
    assert ada_client.get(URL)["Location"] == "/c/web-files/"
