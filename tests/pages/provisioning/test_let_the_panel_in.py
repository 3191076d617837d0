"""Letting the panel in: host keys that a person compares, and the key or a password typed once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from clusters.models import AuditEntry, Cluster, Node
from provisioning.models import Inquiry, SealedSecret
from provisioning.views.draft_nodes import install_line
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/c/shop-files/draft/"


def page(response: Any) -> str:
    return response.content.decode()


def test_the_fingerprint_is_shown_and_confirmed_by_a_person(offered: Node, ada_client: Client):
    assert "SHA256:" in page(ada_client.get(URL + "nodes/"))
    ada_client.post(f"/c/shop-files/nodes/{offered.pk}/pin/", {"key": offered.offered_host_key})
    offered.refresh_from_db()
    assert (offered.host_key, offered.host_key_pinned_by) == (offered.offered_host_key, "ada")
    entry = AuditEntry.objects.get(action="node.pin-host-key")
    assert entry.object == "alice" and entry.after == {"host_key": offered.host_key}
    assert Inquiry.objects.filter(node=offered, kind="install-key").exists()


@pytest.mark.parametrize("key", ["", "ssh-ed25519 AAAAother"])
def test_another_key_than_the_one_on_the_page_is_not_pinned(key: str, offered: Node, ada_client: Client):
    response = ada_client.post(f"/c/shop-files/nodes/{offered.pk}/pin/", {"key": key}, follow=True)
    offered.refresh_from_db()
    assert offered.host_key == ""
    assert "another key by now" in page(response)


@pytest.mark.parametrize(("before", "after"), [(None, ""), ("", ""), ("other", "other\n"), ("other\n", "other\n")])
def test_the_line_to_type_never_joins_two_keys(before: str | None, after: str, draft: Cluster, tmp_path: Path):
    file = tmp_path / ".ssh" / "authorized_keys"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
    subprocess.run(["sh", "-c", install_line()], env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]}, check=True)
    text = file.read_text()
    assert text.startswith(after + "ssh-ed25519 ") and text.count("\n") == after.count("\n") + 1
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_changed_key_is_shouted_about(draft: Cluster, ada_client: Client):
    Node.objects.filter(name="bob").update(offered_host_key=factories.HOST_KEYS["alice"])
    assert "shows another host key" in page(ada_client.get(URL + "nodes/"))


def test_a_password_is_sealed_and_nowhere_else(draft: Cluster, ada_client: Client):
    node = Node.objects.get(name="bob")
    secret = "hunter2 with blanks "
    ada_client.post(f"/c/shop-files/nodes/{node.pk}/install-key/", {f"p{node.pk}-password": secret})
    row = SealedSecret.objects.get(node=node, name="password")
    assert secret.encode() not in bytes(row.box) and row.expires_at
    assert secret not in str(list(AuditEntry.objects.values())) + str(list(Inquiry.objects.values()))
    assert AuditEntry.objects.filter(action="node.install-key").exists()


def test_no_password_goes_to_a_server_that_nobody_recognised(offered: Node, ada_client: Client):
    ada_client.post(f"/c/shop-files/nodes/{offered.pk}/install-key/", {f"p{offered.pk}-password": "x"})
    assert not SealedSecret.objects.filter(name="password").exists() and not Inquiry.objects.exists()


def test_the_cards_renew_themselves_only_when_something_changed(draft: Cluster, ada_client: Client):
    first = ada_client.get(URL + "nodes/")
    seen = first.context["seen"]
    assert ada_client.get(f"{URL}nodes/?part=cards&seen={seen}").status_code == 204
    Node.objects.filter(name="bob").update(key_installed=False)
    part = ada_client.get(f"{URL}nodes/?part=cards&seen={seen}")
    assert part.status_code == 200 and "<html" not in page(part)
