"""Every golden case: `given.toml` in, `transcript.txt` out."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.findings import blockers
from clusters.states import Danger
from provisioning import codec
from provisioning.steps import Kind, Plan
from tests.golden import check
from tests.plans.given import plan_of, told

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*/*/given.toml"))


@pytest.mark.parametrize("given", CASES, ids=[f"{c.parent.parent.name}/{c.parent.name}" for c in CASES])
def test_a_plan_reads_as_it_did(given: Path) -> None:
    plan = plan_of(given)
    check(given.with_name("transcript.txt"), told(plan))
    assert codec.load(Plan, codec.dump(plan)) == plan


@pytest.mark.parametrize("given", CASES, ids=[f"{c.parent.parent.name}/{c.parent.name}" for c in CASES])
def test_what_destroys_asks_for_the_name_and_looks_again_first(given: Path) -> None:
    plan = plan_of(given)
    destroying = [step for step in plan.todo() if step.kind is Kind.DESTROYS]
    if given.parent.parent.name == "snapshot-keep":  # what a schedule lets go was approved with the schedule
        assert (plan.danger, plan.typed_name) == (Danger.NONE, "")
    else:
        assert (plan.danger is Danger.DESTROYS) == bool(destroying) == bool(plan.typed_name)
    for step in destroying:
        assert step.guards and step.assumes, step.title


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        ("provision/bob-unread", {"node.not-read"}),
        ("provision/new-times", set()),
        ("provision/new-port", {"heartbeat.not-live"}),
        ("volume/new-times-waiting", set()),
        ("volume/no-room", {"volume.no-room"}),
        ("volume/nobody-serves", {"service.nowhere"}),
        ("export/fsid-taken", {"export.fsid-taken"}),
        ("nfs/threads-only", set()),
        ("nfs/new-times", set()),
        ("nfs/state-volume", set()),
        ("nfs/version-in-use", {"nfs.version-in-use"}),
        ("nfs/too-short", {"nfs.grace-short", "nfs.lease-short", "nfs.grace-below-lease"}),
        ("forget/finished", set()),
        ("snapshot-create/no-room", {"snapshot.no-room"}),
        ("snapshot-delete/opened", {"snapshot.mounted"}),
        ("snapshot-restore/ran-full", {"snapshot.full"}),
        ("snapshot-restore/removed-by-hand", {"snapshot.gone"}),
        ("snapshot-restore/stopped-before-the-merge", set()),
        ("snapshot-restore/stopped-after-the-merge", set()),
        ("provision/broken-off-before-the-start", set()),
    ],
)
def test_it_says_why_not(case: str, codes: set[str]) -> None:
    assert {f.code for f in blockers(plan_of(HERE / case / "given.toml").findings)} == codes


def test_forgetting_touches_no_node() -> None:
    assert plan_of(HERE / "forget/finished/given.toml").steps == ()
