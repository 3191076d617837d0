"""The inventory as planners see it."""

from __future__ import annotations

import pytest

from clusters.models import Backing, Cluster, Node
from clusters.states import Inventory
from provisioning.desired import BackingKind, DesiredExport, DesiredVolume, ExportClient
from provisioning.snapshot import Incomplete, desired_of
from tests import factories

pytestmark = pytest.mark.django_db


def test_it_maps_the_whole_pair(web_files: Cluster) -> None:
    desired = desired_of(web_files)
    assert (desired.name, desired.service_ip, desired.service_prefix, desired.first_source) == (
        "web-files",
        "10.10.0.50",
        24,
        "alice",
    )
    alice, bob = desired.nodes
    assert (alice.name, alice.replication_address, alice.service_address) == ("alice", "192.168.77.11", "10.10.0.11")
    assert (bob.backing.kind, bob.backing.device, bob.backing.disk_serial) == (
        BackingKind.LV,
        "/dev/vg_local/r0",
        "data-bob",
    )
    Backing.objects.filter(node__name="bob").update(kind="disk", disk_link="/dev/disk/by-id/ata-X")
    assert desired_of(web_files).node("bob").backing.device == "/dev/disk/by-id/ata-X"
    assert bob.host_key == factories.HOST_KEYS["bob"]
    assert desired.resource.device == "/dev/drbd0"
    assert [volume.name for volume in desired.volumes] == ["web_files", "media"]
    assert desired.volumes[0] == DesiredVolume("web_files", 10 * factories.GIB, "ext4", "/srv/web_files", ())
    assert desired.exports == (DesiredExport("/srv/web_files", 1, (ExportClient("10.10.0.0/24"),), "web_files"),)


@pytest.mark.parametrize("state", [Inventory.DRAFT, Inventory.CREATING, Inventory.FORGOTTEN])
def test_on_a_running_pair_what_a_job_is_about_to_make_is_not_there_yet(web_files: Cluster, state: Inventory) -> None:
    before = desired_of(web_files)
    factories.make_volume(web_files, "a_first_by_name", inventory=state)
    assert desired_of(web_files) == before


@pytest.mark.parametrize("state", [Inventory.DRAFT, Inventory.CREATING])
def test_a_pair_that_is_being_set_up_has_all_its_first_volumes(state: Inventory) -> None:
    cluster = factories.make_cluster(inventory=state)
    assert len(desired_of(cluster).volumes) == 2
    assert len(desired_of(cluster).exports) == 1


def test_a_new_volume_comes_last_once_it_is_present(web_files: Cluster) -> None:
    before = desired_of(web_files).volumes
    factories.make_volume(web_files, "a_first_by_name", mount_options="noatime,nodev")
    after = desired_of(web_files).volumes
    assert after[:-1] == before
    assert after[-1].mount_options == ("noatime", "nodev")


def test_it_says_what_is_missing(web_files: Cluster) -> None:
    Cluster.objects.filter(pk=web_files.pk).update(service_ip=None)
    web_files.refresh_from_db()
    with pytest.raises(Incomplete, match="service IP"):
        desired_of(web_files)
    Node.objects.get(name="bob").delete()
    with pytest.raises(Incomplete, match="1 of its two nodes"):
        desired_of(web_files)


def test_the_observer_is_no_member(web_files: Cluster) -> None:
    Node.objects.create(cluster=web_files, name="carol", kind=Node.Kind.OBSERVER, ssh_host="10.10.0.9")
    assert [node.name for node in desired_of(web_files).nodes] == ["alice", "bob"]
