"""A node in service shows another host key: somebody compares it and trusts it again, or nothing changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import AuditEntry, Cluster, Node, NodeState
from clusters.states import JobStatus
from provisioning import enrolment, inquiries
from provisioning.models import Inquiry, Job
from provisioning.pages import fingerprints
from provisioning.transport import enrol
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "New".ljust(43, "0")
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "Other".ljust(43, "0")


def page(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def alice(web_files: Cluster) -> Node:
    node = web_files.nodes.get(name="alice")
    NodeState.objects.create(node=node, host_key_changed=True, tried_at=timezone.now())
    return node


def url(node: Node) -> str:
    return f"/c/web-files/nodes/{node.pk}/trust/"


def shows(monkeypatch: pytest.MonkeyPatch, client: Client, node: Node, key: str) -> None:
    """Somebody asks on the page, and the worker finds this key."""
    monkeypatch.setattr(enrol, "fetch_host_key", lambda address: key)
    assert client.post(url(node), {"ask": "1"}).status_code == 302
    enrolment.inquire(Inquiry.objects.get(kind="host-key", status="queued").pk)


def confirmed(client: Client, node: Node, **changes: str) -> Any:
    said = {"key": NEW, "reason": "new disk, installed again", "typed_name": "alice", "password": factories.PASSWORD}
    return client.post(url(node), said | changes)


def pinned(node: Node) -> str:
    return Node.objects.get(pk=node.pk).host_key


def test_the_cluster_page_leads_an_admin_there_and_nobody_else(
    alice: Node, ada_client: Client, olga_client: Client
) -> None:
    assert url(alice) in page(ada_client.get("/c/web-files/"))
    assert url(alice) not in page(olga_client.get("/c/web-files/"))


def test_nothing_is_offered_before_a_worker_has_looked(alice: Node, ada_client: Client) -> None:
    Node.objects.filter(pk=alice.pk).update(offered_host_key=NEW)  # of some day, from the draft
    shown = page(ada_client.get(url(alice)))
    assert fingerprints.sha256(alice.host_key) in shown and fingerprints.sha256(NEW) not in shown
    assert 'id="trust"' not in shown
    assert confirmed(ada_client, alice).status_code == 422
    assert pinned(alice) == alice.host_key


def test_it_is_compared_trusted_and_written_down(
    alice: Node, ada_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows(monkeypatch, ada_client, alice, NEW)
    shown = page(ada_client.get(url(alice)))
    before, after = fingerprints.sha256(alice.host_key), fingerprints.sha256(NEW)
    assert before in shown and after in shown and "ssh-keygen -l -f" in shown and "somebody is in between" in shown

    assert confirmed(ada_client, alice).status_code == 302

    assert pinned(alice) == NEW
    entry = AuditEntry.objects.get(action="node.pin-host-key")
    assert (entry.actor, entry.object, entry.reason) == ("ada", "alice", "new disk, installed again")
    assert before in entry.text and after in entry.text
    assert (entry.before, entry.after) == ({"host_key": alice.host_key}, {"host_key": NEW})
    assert inquiries.last(Inquiry.Kind.INSTALL_KEY, alice.cluster, alice) is not None
    shown = page(ada_client.get(url(alice)))
    assert 'id="trust"' not in shown and "Trying the login" in shown


def test_another_key_between_the_look_and_the_word_is_refused(
    alice: Node, ada_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows(monkeypatch, ada_client, alice, NEW)
    shows(monkeypatch, ada_client, alice, OTHER)
    refused = confirmed(ada_client, alice)
    assert refused.status_code == 422 and "shows another key by now" in page(refused)
    assert fingerprints.sha256(OTHER) in page(refused)
    assert pinned(alice) == alice.host_key
    assert AuditEntry.objects.get(action="node.pin-host-key").outcome == "refused"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "wrong"}, "not your password"),
        ({"password": ""}, "not your password"),
        ({"typed_name": "bob"}, "Type alice."),
        ({"reason": " "}, "needs a reason"),
        ({"key": ""}, "another key by now"),
    ],
)
def test_without_the_whole_ceremony_nothing_is_trusted(
    changes: dict[str, str], said: str, alice: Node, ada_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows(monkeypatch, ada_client, alice, NEW)
    refused = confirmed(ada_client, alice, **changes)
    assert refused.status_code == 422 and said in page(refused)
    assert pinned(alice) == alice.host_key
    assert "reason" in changes or 'value="new disk, installed again"' in page(refused)
    assert AuditEntry.objects.filter(outcome="refused").count() == 1


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_not_while_a_job_is_at_work(
    status: JobStatus, alice: Node, ada_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows(monkeypatch, ada_client, alice, NEW)
    Job.objects.create(
        cluster=alice.cluster, action="volume.create", title="Create volume shop", intent={}, status=status,
        idempotency_key="1", created_by="olga",
    )  # fmt: skip
    assert "Not now" in page(ada_client.get(url(alice)))
    refused = confirmed(ada_client, alice)
    assert refused.status_code == 422 and "Create volume shop is at work" in page(refused)
    assert pinned(alice) == alice.host_key


def test_a_look_of_long_ago_is_not_trusted(alice: Node, ada_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shows(monkeypatch, ada_client, alice, NEW)
    Inquiry.objects.update(ended_at=timezone.now() - timedelta(minutes=11))
    assert confirmed(ada_client, alice).status_code == 422
    assert pinned(alice) == alice.host_key


def test_the_page_renews_itself_only_while_it_waits(
    alice: Node, ada_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada_client.post(url(alice), {"ask": "1"})
    waiting = ada_client.get(url(alice))
    assert "?part=keys" in page(waiting)
    part = f"{url(alice)}?part=keys&seen={waiting.context['seen']}"
    assert ada_client.get(part).status_code == 204
    shows(monkeypatch, ada_client, alice, NEW)
    shown = page(ada_client.get(part))
    assert 'id="trust"' in shown and "<html" not in shown and "?part=keys" not in shown
