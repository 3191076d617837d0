"""The forms for other options, another place and another name, for the end of a volume, and for a larger device."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import Backing, Cluster, ClusterState, Export, NodeState, Replica, VolumeUsage
from clusters.states import Inventory, JobStatus
from provisioning import actions, codec
from provisioning.desired import DesiredVolume
from provisioning.intents import DeleteVolume, EditVolume, GrowResource
from provisioning.models import Job
from provisioning.monitor.clients import write_clients
from provisioning.observed import NfsClient, NfsUse, NodeObserved
from tests.pages.provisioning.conftest import make_plan

pytestmark = pytest.mark.django_db
EDIT = "/c/web-files/volumes/web_files/edit/"
DELETE = "/c/web-files/volumes/media/delete/"
GROW = "/c/web-files/resource/grow/"
GIB = 2**30
SAME = {"name": "web_files", "mount_point": "/srv/web_files", "mount_options": ""}


def page(response: Any) -> str:
    return response.content.decode().replace("\xa0", " ").replace("&nbsp;", " ")


def test_a_change_becomes_a_job(web_files: Cluster, olga_client: Client):
    typed = SAME | {"mount_point": "/srv/shop", "mount_options": "noatime", "key": "k1"}
    first, second = (olga_client.post(EDIT, typed) for _ in range(2))
    job = Job.objects.get()
    assert first["Location"] == second["Location"] == f"/jobs/{job.pk}/"
    now = DesiredVolume("web_files", 10 * GIB, "ext4", "/srv/shop", ("noatime",))
    assert codec.load(EditVolume, job.intent) == EditVolume("web-files", "web_files", now)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Nothing would change"),
        ({"name": "media"}, "has a volume media already"),
        ({"name": "$(id)"}, "a to z"),
        ({"mount_point": "/srv/media"}, "media is mounted at /srv/media already"),
        ({"mount_point": "/srv/media/below"}, "It overlaps with /srv/media"),
        ({"mount_point": "/etc"}, "belongs to the system"),
        ({"mount_options": "loop"}, "its own device"),
        ({"mount_options": "dirsync", "name": "shop"}, "change the options first"),
        ({"mount_point": "/srv/shop", "name": "shop"}, "Change the name first, then the mount point"),
    ],
)
def test_what_cannot_be_is_refused_and_kept(
    changes: dict[str, str], said: str, web_files: Cluster, olga_client: Client
):
    response = olga_client.post(EDIT, SAME | changes)
    assert response.status_code == 422 and said in page(response)
    for value in changes.values():
        assert f'value="{value}"' in page(response)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mount_options": "noatime"}, "changed in place"),
        ({"mount_options": "dirsync"}, "NFS stops for some seconds"),
        ({"mount_point": "/srv/shop"}, "a new mount of /srv/web_files fails"),
        ({"name": "shop"}, "nobody feels it"),
    ],
)
def test_who_feels_it_is_said_while_typing(changes: dict[str, str], said: str, web_files: Cluster, olga_client: Client):
    response = olga_client.post(EDIT + "?check=1", SAME | changes)
    assert response.status_code == 200 and said in page(response) and "<input" not in page(response)
    assert not Job.objects.exists()


def test_a_settled_change_moves_the_exports_below_it(web_files: Cluster, olga_client: Client):
    olga_client.post(EDIT, SAME | {"mount_point": "/srv/shop", "mount_options": "noatime"})
    actions.settle(Job.objects.get())
    volume = web_files.volumes.get(name="web_files")
    assert (volume.mount_point, volume.mount_options) == ("/srv/shop", "noatime")
    assert [(e.path, e.fsid) for e in volume.exports.all()] == [("/srv/shop", 1)]


def test_the_page_of_the_end_lists_what_depends_on_it(web_files: Cluster, ada_client: Client):
    volume = web_files.volumes.get(name="web_files")
    now = timezone.now()
    VolumeUsage.objects.create(volume=volume, read_at=now, size=9 * GIB, used=3 * GIB, written=1, written_at=now)
    shown = page(ada_client.get("/c/web-files/volumes/web_files/delete/"))
    assert "cannot be deleted yet" in shown and "Exported to 10.10.0.0/24" in shown
    assert "3 GiB</span> of" in shown and "Last written <time" in shown and "disabled" in shown


@pytest.mark.parametrize(("written", "said"), [
    (5, "Nothing was written to it since the panel began to look."),
    (None, "The node does not tell when something was last written to it."),
])  # fmt: skip
def test_the_page_of_the_end_does_not_make_up_a_last_write(
    written: int | None, said: str, web_files: Cluster, ada_client: Client
):
    volume = web_files.volumes.get(name="web_files")
    VolumeUsage.objects.create(volume=volume, read_at=timezone.now(), size=9, used=3, written=written)
    assert said in page(ada_client.get(DELETE.replace("media", "web_files")))


def test_the_page_of_the_end_says_that_the_volume_keeps_what_clients_hold(web_files: Cluster, ada_client: Client):
    Export.objects.filter(volume__name="media").delete()
    assert "disabled" not in page(ada_client.get(DELETE))
    Cluster.objects.update(nfs_state_volume="media")
    shown = page(ada_client.get(DELETE))
    assert "It keeps what NFS clients hold" in shown and "/c/web-files/nfs/" in shown and "disabled" in shown


def test_the_page_of_the_end_lists_who_is_connected(web_files: Cluster, ada_client: Client):
    assert "No node was seen to serve, so nobody could be asked." in page(ada_client.get(DELETE))
    alice, now = web_files.nodes.get(name="alice"), timezone.now()
    NodeState.objects.create(node=alice, reachable=True, read_at=now)
    ClusterState.objects.create(cluster=web_files, active_node=alice, judged_at=now)
    reader = NfsClient("192.0.2.50", "4.2", "", "confirmed", 3.0, True, (NfsUse("/srv/media", opens=2),))
    other = NfsClient("192.0.2.51", "4.2", "", "confirmed", 3.0, True, (NfsUse("/srv/web_files", opens=1),))
    observed = NodeObserved("alice", now.timestamp(), nfs_clients=(reader, other))
    write_clients(web_files, {"alice": alice}, {"alice": observed}, now)
    shown = page(ada_client.get(DELETE))
    assert "192.0.2.50" in shown and "192.0.2.51" not in shown
    assert "1 NFSv4 client has nothing open here" in shown


def test_the_page_of_a_volume_leads_to_an_export_of_it(web_files: Cluster, olga_client: Client):
    shown = page(olga_client.get("/c/web-files/volumes/media/"))
    assert 'href="/c/web-files/exports/new/?volume=media"' in shown
    form = olga_client.get("/c/web-files/exports/new/?volume=media").context["export_form"]
    assert form["volume"].value() == "media"


def test_the_end_is_planned_by_an_admin(web_files: Cluster, ada_client: Client, olga_client: Client):
    assert olga_client.get(DELETE).status_code == 403
    assert "Delete media?" in page(ada_client.get(DELETE))
    ada_client.post(DELETE, {"key": "k1"})
    job = Job.objects.get()
    assert codec.load(DeleteVolume, job.intent).volume == DesiredVolume("media", 20 * GIB, "xfs", "/srv/media")


def test_an_exported_volume_is_refused_at_the_door(web_files: Cluster, ada_client: Client):
    response = ada_client.post("/c/web-files/volumes/web_files/delete/", {"key": "k1"})
    assert response.status_code == 409 and "Withdraw that first" in page(response)
    assert not Job.objects.exists()


def test_the_row_goes_with_the_volume_and_comes_back_when_nothing_ran(web_files: Cluster, ada_client: Client):
    ada_client.post(DELETE, {"key": "k1"})
    job = Job.objects.get()
    row, intent = actions.ACTIONS["volume.delete"], actions.intent_of(job)
    row.begin(web_files, intent)
    assert web_files.volumes.get(name="media").inventory == Inventory.REMOVING
    row.give_back(web_files, intent, False)
    assert web_files.volumes.get(name="media").inventory == Inventory.PRESENT
    row.begin(web_files, intent)
    row.give_back(web_files, intent, True)
    assert web_files.volumes.get(name="media").inventory == Inventory.REMOVING
    assert "Delete media?" in page(ada_client.get(DELETE))  # and can be planned again
    actions.settle(job)
    assert not web_files.volumes.filter(name="media").exists()


@pytest.fixture
def room(web_files: Cluster) -> None:
    for name, free in (("alice", 19 * GIB), ("bob", 15 * GIB)):
        node = web_files.nodes.get(name=name)
        NodeState.objects.create(
            node=node, reachable=True, read_at=timezone.now(), local_size=99 * GIB, local_free=free
        )


def test_a_larger_device_becomes_a_job(room: None, ada_client: Client, olga_client: Client):
    assert olga_client.get(GROW).status_code == 403
    ada_client.post(GROW, {"how": "by", "size": "5", "unit": "GiB", "key": "k1"})
    assert codec.load(GrowResource, Job.objects.get().intent) == GrowResource("web-files", 85 * GIB)
    actions.settle(Job.objects.get())
    assert set(Backing.objects.values_list("size", flat=True)) == {85 * GIB}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": "16"}, "The most possible is by 15 GiB"),
        ({"how": "to", "size": "200"}, "The most possible is to 95 GiB"),
        ({"how": "to", "size": "70"}, "must grow by at least"),
        ({"size": "x"}, "not a size"),
    ],
)
def test_the_smaller_node_decides(changes: dict[str, str], said: str, room: None, ada_client: Client):
    response = ada_client.post(GROW, {"how": "by", "size": "5", "unit": "GiB"} | changes)
    assert response.status_code == 422 and said in page(response)
    assert not Job.objects.exists()


def test_little_room_for_a_snapshot_is_said_while_typing(room: None, ada_client: Client):
    shown = page(ada_client.post(GROW + "?check=1", {"how": "by", "size": "12", "unit": "GiB"}))
    assert "92 GiB</span> on each node" in shown and "Little room for a snapshot below DRBD" in shown


def test_whole_disks_need_no_size(web_files: Cluster, ada_client: Client):
    Backing.objects.update(kind=Backing.Kind.DISK)
    shown = page(ada_client.get(GROW))
    assert 'name="size"' not in shown and "DRBD’s, read" not in shown
    for node in web_files.nodes.all():
        Replica.objects.create(resource=web_files.resource, node=node, read_at=timezone.now(), size=79 * GIB)
    shown = page(ada_client.get(GROW))
    assert "when chosen" in shown and shown.count("79 GiB</span>") == 2 and shown.count("DRBD’s, read") == 2
    ada_client.post(GROW, {"key": "k1"})
    assert codec.load(GrowResource, Job.objects.get().intent) == GrowResource("web-files", 0)


def test_a_grown_device_leads_to_the_volumes(web_files: Cluster, ada_client: Client):
    plan = make_plan()
    job = Job.objects.create(
        cluster=web_files, action="resource.grow", intent=codec.dump(GrowResource("web-files", 0)), plan=codec.dump(plan),
        title=plan.title, status=JobStatus.SUCCEEDED, idempotency_key="g", ended_at=timezone.now(),
    )  # fmt: skip
    shown = page(ada_client.get(f"/jobs/{job.pk}/"))
    assert 'href="/volumes/?cluster=web-files"' in shown and "Grow a volume now" in shown


@pytest.mark.parametrize("url", [EDIT, DELETE, GROW])
def test_a_stranger_sees_nothing(url: str, web_files: Cluster, mallory_client: Client):
    assert mallory_client.get(url).status_code == 404
    assert mallory_client.post(url, {}).status_code == 404


def test_the_page_of_a_volume_shows_the_options_that_it_is_mounted_with(web_files: Cluster, olga_client: Client):
    web_files.volumes.filter(name="media").update(mount_options="noatime")
    shown = olga_client.get("/c/web-files/volumes/media/").content.decode()
    assert '<dt>Options</dt><dd><code class="wrapany">noatime,uquota,gquota</code>' in shown
