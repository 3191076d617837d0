"""A worker's surroundings: a world in memory, a planner that converges on it, and jobs that come through the door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from clusters.findings import Finding
from clusters.models import Cluster
from clusters.states import AccessLevel, Danger
from provisioning import carrying, doorbell, jobs, worker
from provisioning.actions import ACTIONS
from provisioning.models import Job
from provisioning.observed import NodeObserved
from provisioning.steps import Expect, Guard, Impact, Kind, Plan, Stage, Step, Wait, cmd, unchanged
from provisioning.transport.world import NodeError, Result, Unreachable
from tests import factories
from tests.jobs.conftest import request_of, volume_intent
from tests.running.fakes import FakeTime, FakeWorld

WORK = (("alice", "lvcreate"), ("alice", "mkfs"), ("bob", "mkdir"))


@dataclass
class Pair:
    """The nodes as the planner finds them: work whose command was executed is done."""

    world: FakeWorld = field(default_factory=FakeWorld)
    boots: dict[str, str] = field(default_factory=lambda: {"alice": "boot-a", "bob": "boot-b"})
    away: NodeError | None = None
    away_for: int = 1000  # readings
    extra: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    danger: Danger = Danger.NONE
    impact: Impact = Impact()
    readings: int = 0

    def observe(self, *_: object) -> dict[str, NodeObserved | NodeError]:
        self.readings += 1
        read: dict[str, NodeObserved | NodeError] = {
            name: NodeObserved(name, 1000.0, boot_id=boot) for name, boot in self.boots.items()
        }
        if self.away and self.readings <= self.away_for:
            read[self.away.node] = self.away
        return read

    def plan(self, *_: object) -> Plan:
        steps = [self._step(node, program) for node, program in WORK]
        wait = Wait("it is mounted", cmd("findmnt"), Expect(), bound=5)
        return Plan(
            "Create volume shop", "A volume.", "There is room.", "shop is there.",
            (*steps, Step("alice", "See it", Kind.WAITS, Stage.SERVE, wait=wait), *self.extra), self.findings,
            danger=self.danger, impact=self.impact,
        )  # fmt: skip

    def _step(self, node: str, program: str) -> Step:
        guard = Guard("there is room", cmd("vgs"), Expect())
        step = Step(node, f"Run {program}", Kind.WRITES, Stage.VOLUMES, commands=(cmd(program),), guards=(guard,))
        return unchanged(step, "already there") if f"{node}$ {program}" in self.world.executed else step


def silent_at(pair: Pair, name: str) -> None:
    """Its files cannot be written: it gives no answer."""
    put = pair.world.put

    def silent(node: Any, *rest: Any, **more: Any) -> str | None:
        if node.name == name:
            raise Unreachable(name, "no answer")
        return put(node, *rest, **more)

    pair.world.put = silent  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was rung for, in place of a broker."""
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr(doorbell, "ring", lambda *args: heard.append(args) or True)
    return heard


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    pair = Pair()
    pair.world.answers["drbdadm role r0"] = [Result(0, "Secondary/Primary\n")]
    pair.world.time = FakeTime()  # type: ignore[attr-defined]
    action = replace(ACTIONS["volume.create"], planner=pair.plan)
    monkeypatch.setattr(worker, "ACTIONS", {**ACTIONS, "volume.create": action})
    monkeypatch.setattr(worker, "observe_each", pair.observe)
    for module in (worker, carrying):
        monkeypatch.setattr(module, "world_for", lambda cluster: pair.world)
    monkeypatch.setattr(
        carrying, "eye", lambda world, cluster: lambda ip: pytest.fail("nobody should look at the service here")
    )
    return pair


@pytest.fixture
def draft(transactional_db: None, pair: Pair) -> Callable[[], Job]:
    """Ask for a volume as olga."""
    olga = factories.make_user("olga", AccessLevel.OPERATOR)
    cluster: Cluster = factories.make_cluster()
    return lambda: jobs.draft(request_of(olga), "volume.create", cluster, volume_intent())


@pytest.fixture
def queued(draft: Callable[[], Job]) -> Job:
    """A job that was planned and approved."""
    job = draft()
    worker.propose(job.pk)
    job.refresh_from_db()
    return approved(job)


def approved(job: Job) -> Job:
    olga = request_of(get_user_model().objects.get(username="olga"))
    return jobs.approve(olga, job, reason="the disk is full")


def steps_of(job: Job) -> list[str]:
    return [str(row.status) for row in job.steps.all()]


def fresh(job: Job) -> Any:
    job.refresh_from_db()
    return job
