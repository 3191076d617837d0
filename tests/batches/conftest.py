"""Two pairs with room, and nobody to ring for."""

from __future__ import annotations

import pytest

from clusters.models import NodeState
from provisioning import doorbell
from tests import stories

GIB = 1024**3


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", lambda *_: True)


@pytest.fixture
def two(db: None) -> None:
    stories.make_pair("web")
    stories.make_pair("db", ip="10.10.0.60")
    NodeState.objects.filter(vg_size__isnull=False).update(vg_free=30 * GIB)
