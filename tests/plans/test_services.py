"""A step that brings units to a state runs unless each of them was seen in it."""

from __future__ import annotations

import pytest

from provisioning.observed import NodeObserved, Unit
from provisioning.plans.parts.services import AT_BOOT, RUNS, bring
from provisioning.steps import Stage, cmd

UP = Unit("drbd.service", "active", "enabled")


@pytest.mark.parametrize(
    ("units", "runs"),
    [
        ((UP, Unit("chrony", "active", "enabled")), False),
        ((UP, Unit("chrony.service", "inactive", "enabled")), True),
        ((UP, Unit("chrony.service", "active", "disabled")), True),
        ((UP,), True),
        (None, True),
    ],
    ids=["both there", "one stopped", "one not at boot", "one not installed", "not seen"],
)
def test_it_runs_unless_each_unit_was_seen_there(units: tuple[Unit, ...] | None, runs: bool) -> None:
    node = NodeObserved("alice", 0.0, units=units)
    start = cmd("systemctl", "enable", "--now", "drbd.service", "chrony.service")
    step = bring(
        node,
        start,
        units=("drbd", "chrony"),
        to=RUNS | AT_BOOT,
        title="Start both",
        stage=Stage.START,
        already="both run",
    )
    assert (step.runs, step.commands, step.unchanged) == (runs, (start,), "" if runs else "both run")
