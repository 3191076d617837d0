"""Reading both nodes before anything is chosen: asked once, findings that say what to type."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.findings import blocker
from clusters.models import Cluster, Node
from provisioning.models import Inquiry
from tests.pages.provisioning.conftest import answer_preflight

pytestmark = pytest.mark.django_db
URL = "/c/shop-files/draft/"


def page(response: Any) -> str:
    return response.content.decode()


def test_a_preflight_is_asked_once(draft: Cluster, ada_client: Client):
    assert "Read both nodes" in page(ada_client.get(URL + "preflight/"))
    ada_client.post(URL + "preflight/")
    ada_client.post(URL + "preflight/")
    assert Inquiry.objects.filter(kind="preflight").count() == 1
    waiting = page(ada_client.get(URL + "preflight/"))
    assert "Reading both nodes" in waiting and "No worker" in waiting


def test_a_preflight_is_not_asked_before_the_keys_are_confirmed(offered: Node, ada_client: Client):
    ada_client.post(URL + "preflight/")
    assert not Inquiry.objects.exists()


def test_findings_say_what_to_type(draft: Cluster, ada_client: Client):
    answer_preflight(
        draft,
        [
            blocker(
                "drbd.module-missing", "bob has no DRBD module.", fix="apt-get install linux-image-amd64", node="bob"
            )
        ],
    )
    shown = page(ada_client.get(URL + "preflight/"))
    assert "bob has no DRBD module." in shown and "apt-get install linux-image-amd64" in shown
    assert "holds the system; never offered" in shown
    assert "bob has no DRBD module." in page(ada_client.get(URL + "plan/"))


def test_a_preflight_from_before_another_key_does_not_count(read_draft: Cluster, ada_client: Client):
    assert "DATA SSD" in page(ada_client.get(URL + "storage/"))
    node = Node.objects.get(name="bob")
    ada_client.post(f"/c/shop-files/nodes/{node.pk}/pin/", {"key": node.offered_host_key})
    assert "First the nodes must be read" in page(ada_client.get(URL + "storage/"))


def test_hostile_answers_are_shown_as_text(draft: Cluster, ada_client: Client):
    evil = "<script>alert(1)</script>\x1b[31m"
    answer_preflight(draft, [blocker("x", f"disk {evil}", hint=evil, fix=evil)])
    shown = page(ada_client.get(URL + "preflight/"))
    assert "<script>alert" not in shown and "\x1b" not in shown and "&lt;script&gt;" in shown


def test_findings_are_shown_also_when_one_node_could_not_be_read(draft: Cluster, ada_client: Client):
    inquiry = answer_preflight(draft, [blocker("node.not-read", "bob could not be reached.", node="bob")])
    del inquiry.result["nodes"]["bob"]
    inquiry.save()
    assert "bob could not be reached." in page(ada_client.get(URL + "preflight/"))
    assert "First the nodes must be read" in page(ada_client.get(URL + "storage/"))
