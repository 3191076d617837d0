from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PrivateKey

from clusters.models import Cluster
from clusters.states import Inventory
from provisioning import sealed
from provisioning.models import Inquiry
from tests import factories


@pytest.fixture
def worker_key(settings: Any, tmp_path: Path) -> None:
    key = PrivateKey.generate()
    settings.WORKER_PUBLIC_KEY = base64.b64encode(bytes(key.public_key)).decode()
    settings.WORKER_PRIVATE_KEY_FILE = tmp_path / "worker.key"
    settings.WORKER_PRIVATE_KEY_FILE.write_bytes(base64.b64encode(bytes(key)))


@pytest.fixture
def draft(db: None, worker_key: None) -> Cluster:
    """A draft of the pair; the panel has its key."""
    sealed.make_panel_key()
    return factories.make_cluster(inventory=Inventory.DRAFT)


def ask(cluster: Cluster, kind: Inquiry.Kind, node: str = "") -> Inquiry:
    return Inquiry.objects.create(
        cluster=cluster, node=cluster.nodes.get(name=node) if node else None, kind=kind, asked_by="ada"
    )
