"""Where the service is looked at from, and what is said of a place from which it was not seen."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.models import Cluster
from provisioning import observer
from provisioning.eye import eye
from provisioning.observer import Seen
from provisioning.transport.world import Result
from tests import factories
from tests.running.fakes import FakeWorld

pytestmark = pytest.mark.django_db


def test_a_failed_look_is_told_as_it_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service network is reached, NFS is down: nobody knows more than that it was refused."""
    cluster: Cluster = factories.make_cluster()
    world: Any = FakeWorld()
    for version in (4, 3):
        world.answers[f"rpcinfo -T tcp 10.10.0.50 nfs {version}"] = [Result(1, "", "program not available")]
    refused = Seen("the panel's worker", False, None, "Connection refused")
    monkeypatch.setattr(observer, "look", lambda ip, paths: refused)
    seen = str(eye(world, cluster)("10.10.0.50", ()))
    assert seen == (
        "alice, because the panel's worker had no answer (Connection refused): no answer (program not available)"
    )
    assert "does not reach" not in seen
