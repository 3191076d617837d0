from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import NodeAddress
from tests.transport.sshd import Sshd


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def world(sshd: Sshd) -> Iterator[SshWorld]:
    world = sshd.world()
    yield world
    world.close()


@pytest.fixture
def alice(sshd: Sshd) -> NodeAddress:
    return sshd.address()
