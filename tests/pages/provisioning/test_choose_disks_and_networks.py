"""Choosing disks, replication, networks and the service IP from what was seen on the nodes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import Backing, Cluster, Node, Resource
from tests.pages.provisioning.conftest import SERVICE, STORAGE

pytestmark = pytest.mark.django_db
URL = "/c/shop-files/draft/"


def page(response: Any) -> str:
    return response.content.decode()


def test_disks_and_replication_are_saved_with_numbers_of_their_own(read_draft: Cluster, ada_client: Client):
    response = ada_client.post(URL + "storage/", STORAGE)
    assert response["Location"] == URL + "service/"
    backing = Backing.objects.get(node__name="bob")
    assert (backing.disk, backing.disk_serial, backing.vg, backing.lv, backing.size) == (
        "/dev/vdb",
        "data-bob",
        "vg_local",
        "r0",
        80 * 2**30,
    )
    resource = Resource.objects.get()
    assert (resource.name, resource.vg, resource.minor, resource.port) == ("r0", "vg_data", 0, 7788)
    assert Cluster.objects.get().first_source == "alice"
    again = page(ada_client.get(URL + "storage/"))
    assert 'value="80"' in again


def test_the_whole_disk_is_possible_too(read_draft: Cluster, ada_client: Client):
    assert "known as" in page(ada_client.get(URL + "storage/"))
    ada_client.post(URL + "storage/", STORAGE | {"kind": "disk"})
    backing = Backing.objects.get(node__name="alice")
    assert (backing.kind, backing.vg, backing.lv, backing.size) == ("disk", "", "", 0)
    assert backing.disk_link == "/dev/disk/by-id/virtio-data-alice"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"disk_0": "/dev/vda"}, "holds the system"),
        ({"disk_1": "/dev/vda1"}, "holds the system"),
        ({"disk_0": "/dev/vdc"}, "is not empty"),
        ({"disk_0": "/dev/sdz"}, "not there any more"),
        ({"disk_0": "/dev/vdb; reboot"}, "not there any more"),
        ({"disk_1": ""}, "Choose a disk on bob"),
        ({"size": "200"}, "room for"),
        ({"size": "1e999"}, "not a size"),
        ({"size": "0"}, "larger than nothing"),
        ({"local_vg": "sda"}, "something else"),
        ({"local_vg": "vg_data"}, "needs another"),
        ({"local_lv": "snapshot1"}, "keeps names"),
        ({"resource": "all"}, "meaning of its own"),
        ({"vg": "-x"}, "not possible"),
        ({"first_source": ""}, "Choose whose disk"),
        ({"first_source": "mallory"}, "not one of the available choices"),
    ],
)
def test_disks_that_cannot_be(changes: dict[str, str], said: str, read_draft: Cluster, ada_client: Client):
    response = ada_client.post(URL + "storage/", STORAGE | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert not Backing.objects.exists()


def test_an_offered_size_is_one_press_away(read_draft: Cluster, ada_client: Client):
    typed = STORAGE | {"size": "200"}
    offered = page(ada_client.post(URL + "storage/", typed))
    assert 'name="use" value="size=' in offered
    taken = ada_client.post(URL + "storage/", typed | {"use": "size=79 GiB"})
    assert taken.status_code == 422 and 'value="79 GiB"' in page(taken) and "room for" not in page(taken)
    assert not Backing.objects.exists()


def test_service_and_networks_come_from_what_was_seen(read_draft: Cluster, ada_client: Client):
    shown = page(ada_client.get(URL + "service/"))
    assert "10.10.0.11/24 on ens3" in shown and "127.0.0.1" not in shown and "fe80" not in shown
    assert ada_client.post(URL + "service/", SERVICE)["Location"] == URL + "volumes/"
    bob = Node.objects.get(name="bob")
    assert (bob.service_address, bob.service_interface) == ("10.10.0.12", "ens3")
    assert (bob.replication_address, bob.replication_interface) == ("192.168.77.12", "ens4")
    assert Cluster.objects.get().service_ip == "10.10.0.50"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service_ip": "10.10.0.11"}, "belongs to alice"),
        ({"service_ip": "10.20.0.50"}, "is not in 10.10.0.0/24"),
        ({"service_ip": "10.10.0.255"}, "not a machine"),
        ({"service_ip": "10.10.0.50/24"}, "without a network"),
        ({"service_ip": "2001:db8::1"}, "IPv6"),
        ({"service_prefix": "16"}, "/24 in this network"),
        ({"service_1": "ens4 192.168.77.12"}, "one network for clients"),
        ({"replication_0": "eth9 1.2.3.4"}, "not one of the available choices"),
        ({"replication_0": ""}, "required"),
        ({"warntime": "1"}, "Must be longer"),
        ({"initdead": "13"}, "At least twice"),
        ({"nfs_grace": "9"}, "greater than or equal to 10"),
        ({"nfs_grace": "20"}, "Not shorter than the lease"),
        ({"deadtime": "soon"}, "whole number"),
        ({"udpport": "65536"}, "less than or equal"),
    ],
)
def test_service_that_cannot_be(changes: dict[str, str], said: str, read_draft: Cluster, ada_client: Client):
    response = ada_client.post(URL + "service/", SERVICE | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert Cluster.objects.get().service_ip is None


def test_one_network_for_everything_is_possible_but_said(read_draft: Cluster, ada_client: Client):
    one = {"replication_0": "ens3 10.10.0.11", "replication_1": "ens3 10.10.0.12"}
    response = ada_client.post(URL + "service/", SERVICE | one, follow=True)
    assert "one cable cut then looks like a dead node" in page(response)
