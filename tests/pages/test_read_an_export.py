"""Which node exports it, by readings that may be older than what a job changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from clusters import inventory
from clusters.models import ClusterState, Export, NodeState
from clusters.states import Inventory

PAGE = "/c/web-files/exports/1/"
RED = "serves, but does not export it"
UNREAD = "not read since it was published or changed"


@pytest.fixture
def served(web_files):
    """Alice serves, and exported nothing when she was read."""
    alice = web_files.nodes.get(name="alice")
    NodeState.objects.create(node=alice, reachable=True, read_at=timezone.now(), exported=[])
    ClusterState.objects.create(cluster=web_files, active_node=alice, judged_at=timezone.now(), health="ok")
    return web_files


def told(client, user) -> str:
    client.force_login(user)
    return client.get(PAGE).content.decode()


def publish(cluster) -> None:
    Export.objects.update(inventory=Inventory.CREATING)
    inventory.finish_export(cluster, "/srv/web_files")


def change(cluster) -> None:
    inventory.change_export(cluster, "/srv/web_files", [("10.10.0.7", ("ro",))])


def move(cluster) -> None:
    inventory.edit_volume(cluster, "web_files", new_name="web_files", mount_point="/srv/web", mount_options=())


def set_up(cluster) -> None:
    cluster.inventory = Inventory.CREATING
    Export.objects.update(inventory=Inventory.CREATING)
    inventory.finish_cluster(cluster)


@pytest.mark.parametrize("change", [publish, change, move, set_up])
def test_only_a_reading_after_the_change_says_that_it_is_not_exported(client, vera, served, change) -> None:
    assert RED in told(client, vera)
    change(served)
    assert RED not in told(client, vera) and UNREAD in told(client, vera)
    NodeState.objects.update(read_at=timezone.now())
    assert RED in told(client, vera) and UNREAD not in told(client, vera)


def test_what_was_seen_exported_is_said_by_whichever_reading(client, vera, served) -> None:
    NodeState.objects.update(exported=["/srv/web_files"], read_at=timezone.now() - timedelta(seconds=5))
    change(served)
    assert "exports it, read" in told(client, vera)


@pytest.mark.parametrize("state", [Inventory.CREATING, Inventory.REMOVING])
def test_one_that_a_job_makes_or_withdraws_is_no_danger(client, vera, served, state) -> None:
    Export.objects.update(inventory=state)
    assert RED not in told(client, vera)
    assert "does not export it now" in told(client, vera)
