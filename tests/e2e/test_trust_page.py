"""The page that trusts a node's new host key again, in both themes, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from clusters.models import Cluster, NodeState
from provisioning import enrolment
from provisioning.models import Inquiry
from provisioning.transport import enrol
from tests import stories
from tests.e2e.conftest import Visit
from tests.e2e.test_every_page import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "New".ljust(43, "0")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_trust_a_new_key(
    visit: Callable[..., Visit],
    ada: Any,
    worker_keys: Any,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    theme: str,
) -> None:
    stories.fleet()
    node = Cluster.objects.get(slug="web-files").nodes.order_by("position")[0]
    NodeState.objects.filter(node=node).update(host_key_changed=True, tried_at=timezone.now())
    monkeypatch.setattr(enrol, "fetch_host_key", lambda address: NEW)
    tab = visit(ada, width, theme)
    page = tab.go(f"/c/web-files/nodes/{node.pk}/trust/")
    page.locator("#ask").click()
    enrolment.inquire(Inquiry.objects.get(kind="host-key", status="queued").pk)
    problems = look(tab, "trust-a-host-key", f"/c/web-files/nodes/{node.pk}/trust/", width, theme)
    page.locator("#why").fill("a new disk")
    page.locator("#trust").click()
    page.locator("#refused").wait_for()
    assert page.locator("#why").input_value() == "a new disk"
    problems += look(tab, "cluster-other-host-key", "/c/web-files/", width, theme)
    assert problems == []
