"""No disk is written before LVM itself says, on both nodes, that it goes by the filter (row 5 of the hazards)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.desired import BackingKind, DesiredCluster
from provisioning.facts import lvm
from provisioning.intents import ProvisionCluster
from provisioning.observed import NodeObserved
from provisioning.plans import provision
from provisioning.render.lvm import own_patterns
from provisioning.steps import Kind, Step
from tests.pair import HEARTBEAT, NAMES, bare, desired, finished
from tests.plans.simulated import Machines

TITLE = "See that LVM goes by the filter"


def steps(wanted: DesiredCluster, observed: dict[str, NodeObserved]) -> tuple[Step, ...]:
    return provision.plan(ProvisionCluster(wanted.name), wanted, observed, HEARTBEAT).steps


@pytest.mark.parametrize("kind", list(BackingKind))
def test_both_nodes_are_asked_before_any_disk_is_written(kind: BackingKind) -> None:
    todo = [step for step in steps(desired(kind), {name: bare(name) for name in NAMES}) if step.runs]
    asked = {step.node: number for number, step in enumerate(todo) if step.title == TITLE}
    written = next(number for number, step in enumerate(todo) if step.kind is Kind.DESTROYS)
    assert set(asked) == set(NAMES) and max(asked.values()) < written


@pytest.mark.parametrize(
    ("says", "holds"),
    [
        ("global_filter=[{own}]\nuse_devicesfile=0\n", True),
        ('global_filter=[{own},"r|^/dev/sdx$|"]\nuse_devicesfile=0\n', True),
        ('global_filter=["a|.*|"]\nuse_devicesfile=0\n', False),
        ('global_filter=["a|.*|",{own}]\nuse_devicesfile=0\n', False),
        ("global_filter=[{own}]\nuse_devicesfile=1\n", False),
        ("", False),
    ],
)
def test_only_the_filter_that_counts_is_taken(says: str, holds: bool) -> None:
    wanted = desired()
    step = next(s for s in steps(wanted, {name: bare(name) for name in NAMES}) if s.title == TITLE)
    own = ",".join(f'"{pattern}"' for pattern in own_patterns(wanted, wanted.node(step.node)))
    assert step.wait and step.wait.command.argv == lvm.CONFIG
    assert step.wait.expect.holds(0, says.replace("{own}", own)) is holds


def test_a_node_answers_as_one_that_has_the_filter_once_it_is_written() -> None:
    machines = Machines()
    wanted = machines.wanted()
    todo = [step for step in steps(wanted, machines.read(wanted)) if step.runs]
    step = next(step for step in todo if step.title == TITLE)
    assert step.wait is not None

    def holds() -> bool:
        assert step.wait is not None
        result = machines.run(step.node, step.wait.command)
        return step.wait.expect.holds(result.exit, result.stdout)

    assert not holds()
    machines.do(todo[0])
    assert holds()


def test_it_is_not_asked_again_where_it_was_seen() -> None:
    wanted = desired()
    assert not any(step.runs for step in steps(wanted, finished(wanted)))
    observed = finished(wanted)
    observed["bob"] = replace(observed["bob"], lvm_filter=("a|.*|",))
    assert [step.node for step in steps(wanted, observed) if step.runs and step.title == TITLE] == ["bob"]
