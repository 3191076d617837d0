"""Fixtures: the lab's network entered once, then a pair and a client that stand where a test needs them, in seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import image, machines, network
from tests.lab.places import EVERY, RUN, SNAPSHOT


@pytest.fixture(scope="session")
def lab_network() -> None:
    image.ensure()
    RUN.mkdir(parents=True, exist_ok=True)
    network.enter()


@pytest.fixture(scope="session")
def bare_snapshot(lab_network: None) -> None:
    """Three machines, just booted, with nothing configured, kept as a snapshot: booting costs a minute, loading eight seconds."""
    if machines.has(SNAPSHOT, EVERY):
        return
    machines.wipe()
    machines.start(*EVERY)
    machines.wait_ssh(*EVERY)
    for name in EVERY:
        machines.until(f"{name} has booted", lambda name=name: machines.answers(name, BOOTED), 240, 2)
    machines.save(SNAPSHOT, EVERY)
    machines.cut_power(*EVERY)


BOOTED = "systemctl is-system-running --wait | grep -qE 'running|degraded'"


@pytest.fixture
def bare(bare_snapshot: None) -> Iterator[None]:
    """Alpha, beta and the client on, with nothing configured; the observer on the service network."""
    machines.load(SNAPSHOT, EVERY)
    network.observe()
    yield
    machines.cut_power(*EVERY)
