"""Every scenario folder, played and compared with what must be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioning import doorbell
from provisioning.monitor import sweep
from provisioning.simulator import world
from tests.golden import check
from tests.scenarios.stage import JumpingTime, Stage

HERE = Path(__file__).parent
FOLDERS = sorted(path.parent for path in HERE.glob("*/script"))


@pytest.fixture
def stage(transactional_db: None, worker_keys: Path, ada: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    clock = JumpingTime()
    monkeypatch.setattr(world, "clock", clock)
    monkeypatch.setattr(doorbell, "ring", lambda *_: True)
    monkeypatch.setattr(sweep.time, "time", clock.now)
    monkeypatch.setattr(sweep, "FULL_EVERY", float("inf"))  # by a clock that does not jump: `look` says when
    return Stage(ada, clock, monkeypatch)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_scenario(folder: Path, stage: Stage) -> None:
    for line in (folder / "script").read_text().splitlines():
        if line.strip():
            stage.play(line)
    check(folder / "log.expect", "\n".join(stage.log) + "\n")
