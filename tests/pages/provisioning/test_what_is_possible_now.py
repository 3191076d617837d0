"""What is offered says at once why it cannot be done now, by what was just seen, and only what needs it waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import Cluster, ClusterState
from clusters.states import Health

pytestmark = pytest.mark.django_db
BOTH = ("volume-new", "export-new", "resource-grow", "cluster-mend", "nfs-configure", "manager-configure")
SILENT = "Not now: bob does not answer the panel. This needs both nodes."


def saw(cluster: Cluster, *codes: str, node: str = "bob", age: float = 3) -> None:
    at = timezone.now() - timedelta(seconds=age)
    reasons = [
        {"code": c, "severity": "warning", "text": "Seen.", "hint": "", "node": node, "hazard": 0} for c in codes
    ]
    ClusterState.objects.create(cluster=cluster, health=Health.UNKNOWN, reasons=reasons, since=at, judged_at=at)


def shown(client: Client, path: str = "/c/web-files/") -> str:
    return client.get(path).content.decode()


def test_a_silent_node_holds_back_what_needs_both(web_files: Cluster, ada_client: Client):
    saw(web_files, "node.unreachable")
    page = shown(ada_client)
    for name in BOTH:
        assert f'id="why-{name}">{SILENT}<' in page and f'id="do-{name}"' not in page
    assert "to-volume-new" not in page and "volumes-new" not in page and "exports-new" not in page
    assert 'id="do-cluster-forget"' in page


def test_a_changed_host_key_does_too(web_files: Cluster, ada_client: Client):
    saw(web_files, "node.host-key-changed")
    assert shown(ada_client).count("Not now: bob shows another host key") == len(BOTH)


def test_what_was_seen_long_ago_says_nothing_of_now(web_files: Cluster, ada_client: Client):
    saw(web_files, "node.unreachable", "group.nowhere", "drbd.copy", age=600)
    page = shown(ada_client)
    assert "Not now" not in page and "to-volume-new" in page


def test_one_copy_holds_back_only_what_needs_two(web_files: Cluster, ada_client: Client):
    saw(web_files, "drbd.resync")
    page = shown(ada_client)
    assert page.count("Not now:") == 1 and 'id="why-resource-grow">Not now: the two copies' in page
    assert "could delete the last good one" in shown(ada_client, "/c/web-files/volumes/media/")


@pytest.mark.parametrize(("age", "stops"), [(3, True), (600, False)])
def test_the_page_of_a_volumes_end_says_that_the_other_copy_is_behind(
    age: float, stops: bool, web_files: Cluster, ada_client: Client
):
    address = "/c/web-files/volumes/media/delete/"
    web_files.exports.filter(volume__name="media").delete()
    assert "Not now" not in shown(ada_client, address)
    saw(web_files, "drbd.resync", age=age)
    page = shown(ada_client, address)
    assert ("Not now: the two copies are not both UpToDate and connected" in page) is stops
    assert ("media cannot be deleted yet." in page) is stops and ("disabled" in page) is stops


def test_a_service_that_is_nowhere_can_be_mended(web_files: Cluster, ada_client: Client):
    saw(web_files, "group.nowhere", node="")
    page = shown(ada_client)
    assert page.count("Not now: no node holds the service group.") == 5 and 'id="do-cluster-mend"' in page


def test_a_volume_and_an_export_say_it_and_can_be_withdrawn(web_files: Cluster, ada_client: Client):
    saw(web_files, "node.unreachable")
    page = shown(ada_client, "/c/web-files/volumes/media/")
    for name in ("volume-check", "volume-trim", "volume-edit", "volume-delete"):
        assert f'id="why-{name}">{SILENT}<' in page, name
    for name in ("volume-grow", "snapshot-new"):  # on the node that serves alone
        assert f'id="do-{name}"' in page, name
    assert 'id="do-snapshot-schedule"' in page
    page = shown(ada_client, web_files.exports.get().get_absolute_url())
    assert SILENT in page and 'id="do-export-withdraw"' in page
