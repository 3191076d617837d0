"""From two bare servers to a failover that a client sits out: driven in the browser, checked on the machines.

One long test, because each part stands on the one before; its report says how long each part took.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.panel import Panel, panel_up
from tests.lab.places import MACHINES, SERVICE_IP
from tests.lab.setting_up import approve, set_up
from tests.lab.walk import Stopwatch, Walk, pause_in_history, seconds, walking

pytestmark = pytest.mark.lab


@pytest.fixture
def panel(bare: None, tmp_path: Path) -> Iterator[Panel]:
    with panel_up(tmp_path / "var") as panel:
        yield panel


@pytest.fixture
def walk(panel: Panel, tmp_path: Path) -> Iterator[Walk]:
    with walking(panel.address, tmp_path / "pictures") as walk:
        yield walk


def test_two_bare_servers_become_a_pair_that_survives_a_power_cut(panel: Panel, walk: Walk) -> None:
    watch = Stopwatch()
    set_up(walk, panel, watch)
    in_service.keep(panel)
    watch.lap("kept it for the other tests")
    clients.mount()
    clients.begin_to_write()
    add_volume_and_export(walk)
    watch.lap("added a volume and an export")
    report, pause = survive_power_cut(walk)
    watch.lap(f"failed over (the client stood still for {report['stalls']} s, the history says {pause})")
    assert (
        abs(seconds(pause) - max(report["stalls"])) < 30
    )  # the nodes' own clock and a client's eyes: 10 to 15 s apart
    come_back(walk)
    watch.lap("the lost node came back and was copied to 100 %")
    clients.checksums_agree()
    assert walk.troubles == []


def add_volume_and_export(walk: Walk) -> None:
    """On the running pair, while the client writes."""
    walk.go("/c/lab-files/volumes/new/")
    walk.fill(name="extra", size="100", unit="MiB", fstype="ext4")
    walk.send("fstype", to="/jobs/")
    approve(walk, "volume", 180)
    walk.go("/c/lab-files/exports/new/")
    walk.fill(volume="extra", c0__client=MACHINES["client"].lan, c0__squash="no_root_squash")
    walk.send("c0__client", to="/jobs/")
    approve(walk, "export", 180)
    machines.run("client", f"mkdir -p /mnt/extra && mount -t nfs4 {SERVICE_IP}:/srv/extra /mnt/extra", timeout=60)
    machines.run("client", "cd /mnt && echo kept >extra/word && sha256sum extra/word >>/root/before", timeout=60)


def survive_power_cut(walk: Walk) -> tuple[dict[str, Any], str]:
    machines.cut_power("alpha")
    machines.until("beta serves", lambda: in_service.serves("beta"), 400, 2)
    clients.writes_on()
    report = clients.stop_writing()
    pause = pause_in_history(walk, "Failover, alpha to beta")
    walk.picture("history")
    return report, pause


def come_back(walk: Walk) -> None:
    """Power on; the page shows the resync by itself, its bar never past the end, until both copies are equal."""
    walk.go("/c/lab-files/")
    machines.run("beta", "dd if=/dev/urandom of=/srv/media/more bs=1M count=200 conv=fsync", timeout=180)
    machines.start("alpha")
    seen: list[float] = []

    def copied() -> bool:
        shown = walk.page.locator("#resync progress").evaluate_all("bars => bars.map(bar => bar.value)")
        seen.extend(shown)
        return not shown and in_service.redundant("beta")  # the nodes are not asked while the page is being watched

    machines.until("both copies UpToDate again", copied, 300, 0.2)
    figures = sorted(set(seen))
    print(f"the page showed {figures} %", flush=True)
    assert len(figures) >= 3, "the page did not follow the resync"
    assert seen == sorted(seen)
    assert seen[-1] <= 100
    # Shown to its end, as closely as it was followed: how much is copied between two looks is the machine's affair.
    assert 100 - figures[-1] <= 2 * max(after - before for before, after in pairwise(figures))
    walk.picture("back")
