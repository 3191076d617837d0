"""How long the panel takes to start and what it weighs at rest. Prints figures; asserts nothing on seconds.

pytest tests/bench/test_panel.py -m bench -s

The dependencies are installed already: a fresh checkout pays for them on its first start, which this does not measure.
"""

from __future__ import annotations

import re
import statistics
import time
from pathlib import Path

import pytest

from tests.launcher.checkout import Installation, started_for

pytestmark = pytest.mark.bench

STARTS = 5
REST = 20  # seconds after the start: every part was rung for a few times
PARTS = {
    "gunicorn": "web", "--queues jobs": "jobs", "--queues probes": "probes", " beat ": "beat", "redis": "redis",
    "supervisord": "supervisord", "storagepanel.launcher": "launcher",
}  # fmt: skip


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """With an administrator, as every start but the first one finds it."""
    password = tmp_path / "password"
    password.write_text("long enough for ada")
    return Installation(tmp_path / "var", PANEL_ADMIN_PASSWORD_FILE=str(password))


def test_panel(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        first, again = start(installation), []
        for _ in range(STARTS):
            installation.stop()
            again.append(start(installation))
        installation.wait_for_parts()
        time.sleep(REST)
        weights = weigh(installation.var)
    finally:
        installation.stop()
    with capsys.disabled():
        print(f"\nfirst start  {first:5.2f} s   database, keys and static files made")
        each = " ".join(f"{seconds:.2f}" for seconds in again)
        print(f"second start {statistics.median(again):5.2f} s   median of {each}")
        for part, kib in sorted(weights.items(), key=lambda pair: -pair[1]):
            print(f"{part:<12} {kib / 1024:5.0f} MiB")
        print(f"PSS at rest  {sum(weights.values()) / 1024:5.0f} MiB")
    assert {"web", "jobs", "probes", "beat", "redis"} <= set(weights)


def start(installation: Installation) -> float:
    began = time.perf_counter()
    installation.up()
    return time.perf_counter() - began


def weigh(var: Path) -> dict[str, int]:
    """KiB of proportional memory by part."""
    weights: dict[str, int] = {}
    for pid, command in started_for(var).items():
        part = next((part for mark, part in PARTS.items() if mark in command), command[:40])
        pss = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        assert pss, f"{command} ended while it was weighed"
        weights[part] = weights.get(part, 0) + int(pss[1])
    return weights
