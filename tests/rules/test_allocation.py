"""fsids, minors and ports: unique, and never given twice."""

import pytest

from clusters import allocation
from clusters.models import Cluster, Export, Node, Resource, Volume
from clusters.states import Inventory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster():
    return Cluster.objects.create(slug="web-files")


def export(cluster, path, fsid, inventory=Inventory.PRESENT):
    volume, _ = Volume.objects.get_or_create(
        cluster=cluster, name="web", defaults={"size": 2**30, "mount_point": "/srv/web"}
    )
    return Export.objects.create(cluster=cluster, volume=volume, path=path, fsid=fsid, inventory=inventory)


def test_the_first_export_gets_fsid_1_because_0_is_the_root(cluster):
    assert allocation.fsid(cluster) == 1


def test_a_gap_is_not_filled_again(cluster):
    export(cluster, "/srv/web/a", 1)
    export(cluster, "/srv/web/c", 3)
    assert allocation.fsid(cluster) == 4


def test_a_forgotten_export_keeps_its_fsid(cluster):
    export(cluster, "/srv/web/a", 9, Inventory.FORGOTTEN)
    assert allocation.fsid(cluster) == 10


def test_an_fsid_in_a_plan_that_has_not_run_is_taken(cluster):
    export(cluster, "/srv/web/a", 1)
    assert allocation.fsid(cluster, also_taken=[2, 5]) == 6


def test_clusters_do_not_share_fsids_with_each_other(cluster):
    export(cluster, "/srv/web/a", 7)
    assert allocation.fsid(Cluster.objects.create(slug="mail")) == 1


def test_minor_and_port_avoid_what_the_nodes_already_have(cluster):
    assert allocation.minor_and_port(cluster, [0, 1], [7788, 2049]) == (2, 7789)


def test_minor_and_port_avoid_another_pair_on_the_same_servers(cluster):
    other = Cluster.objects.create(slug="mail")
    Node.objects.create(cluster=other, name="alice", ssh_host="10.0.0.11")
    Resource.objects.create(cluster=other, minor=0, port=7788)
    assert allocation.minor_and_port(cluster, ssh_hosts=["10.0.0.11"]) == (1, 7789)
    assert allocation.minor_and_port(cluster, ssh_hosts=["10.0.0.99"]) == (0, 7788)


def test_minor_and_port_never_change_afterwards(cluster):
    Resource.objects.create(cluster=cluster, minor=4, port=7799)
    assert allocation.minor_and_port(cluster, [4], [7799]) == (4, 7799)
