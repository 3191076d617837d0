"""Fixtures: the lab's network entered once, then a pair and a client that stand where a test needs them, in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import image, in_service, machines, network
from tests.lab.panel import Panel, panel_up
from tests.lab.places import EVERY, RUN, SNAPSHOT
from tests.lab.setting_up import set_up, sign_in
from tests.lab.walk import Stopwatch, Walk, walking


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


@pytest.fixture(scope="session")
def in_service_kept(bare_snapshot: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A pair in service, kept by this run or an earlier one; set up through the pages when there is none."""
    if in_service.kept():
        return
    machines.load(SNAPSHOT, EVERY)
    network.observe()
    home = tmp_path_factory.mktemp("set-up")
    with panel_up(home / "var") as panel, walking(panel.address, home / "pictures") as walk:
        set_up(walk, panel, Stopwatch())
        in_service.keep(panel)
    machines.cut_power(*EVERY)


@pytest.fixture
def pair(in_service_kept: None) -> Iterator[None]:
    """The pair in service on alpha, both copies UpToDate; the client has nothing mounted. No panel runs."""
    machines.load(in_service.SNAPSHOT, EVERY)
    network.observe()
    yield
    machines.cut_power(*EVERY)


@pytest.fixture
def its_panel(pair: None, tmp_path: Path) -> Iterator[Panel]:
    """The panel that set the pair up, as it was when the snapshot was taken."""
    with panel_up(tmp_path / "var", in_service.ARCHIVE) as panel:
        yield panel


@pytest.fixture
def on_call(its_panel: Panel, tmp_path: Path) -> Iterator[Walk]:
    """Ada, signed in to that panel."""
    with walking(its_panel.address, tmp_path / "pictures") as walk:
        sign_in(walk)
        yield walk


BOOTED = "systemctl is-system-running --wait | grep -qE 'running|degraded'"


@pytest.fixture
def bare(bare_snapshot: None) -> Iterator[None]:
    """Alpha, beta and the client on, with nothing configured; the observer on the service network."""
    machines.load(SNAPSHOT, EVERY)
    network.observe()
    yield
    machines.cut_power(*EVERY)
