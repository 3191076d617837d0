"""With the standby silent: what lies on the replicated device only is planned on the node that serves; what needs files on both is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clusters.findings import Finding, blockers, warned
from clusters.states import ConnectionState, DiskState
from provisioning.desired import DesiredSnapshot
from provisioning.intents import CreateSnapshot, EditVolume, GrowVolume
from provisioning.observed import NodeObserved
from provisioning.plans import snapshot_take, volume_edit, volume_grow
from provisioning.steps import Plan
from tests.pair import HEARTBEAT, desired, serving, standby

MIB = 1024**2


def alone(**copy: Any) -> dict[str, NodeObserved]:
    node = serving("alice")
    replicas = tuple(replace(each, **copy) for each in node.replicas or ())
    return {"alice": replace(node, replicas=replicas)}


def grow(observed: dict[str, NodeObserved]) -> Plan:
    return volume_grow.plan(GrowVolume("web-files", "media", 400 * MIB), desired(), observed, HEARTBEAT)


def silent(plan: Plan) -> Finding:
    return next(finding for finding in plan.findings if finding.code == "node.not-read")


GONE = {"connection": ConnectionState.CONNECTING, "replication": None, "peer_role": None}


@pytest.mark.parametrize(
    ("copy", "hint", "redundant"),
    [
        ({}, "DRBD still reaches it", True),
        (GONE | {"peer_disk": DiskState.OUTDATED}, "marked Outdated, so it does not take over", False),
        (GONE | {"peer_disk": DiskState.DUNKNOWN}, "make sure that it is off", False),
    ],
)
def test_a_volume_grows_on_the_node_that_serves(copy: dict[str, Any], hint: str, redundant: bool) -> None:
    plan = grow(alone(**copy))
    assert not blockers(plan.findings) and {step.node for step in plan.todo()} == {"alice"}
    assert hint in silent(plan).hint and silent(plan) in warned(plan.findings)
    assert ("drbd.not-redundant" not in {finding.code for finding in plan.findings}) is redundant


def test_a_snapshot_is_taken_on_the_node_that_serves() -> None:
    wanted = DesiredSnapshot("media", "before", "media-before", 64 * MIB)
    plan = snapshot_take.plan(CreateSnapshot("web-files", wanted), desired(), alone(), HEARTBEAT)
    assert not blockers(plan.findings) and plan.todo()


@pytest.mark.parametrize("disk", [DiskState.INCONSISTENT, DiskState.DISKLESS])
def test_its_own_copy_must_be_good(disk: DiskState) -> None:
    plan = grow(alone(disk=disk))
    assert [finding.code for finding in blockers(plan.findings)] == ["node.not-read"]
    assert f"the copy of alice is {disk}" in silent(plan).text


def test_the_standby_alone_is_not_enough() -> None:
    plan = grow({"bob": standby("bob")})
    assert "service.nowhere" in {finding.code for finding in blockers(plan.findings)} and not plan.todo()


def test_what_has_files_on_both_needs_both() -> None:
    was = desired().volume("media")
    assert was
    intent = EditVolume("web-files", "media", replace(was, mount_options=("noatime",)))
    plan = volume_edit.plan(intent, desired(), alone(), HEARTBEAT)
    assert silent(plan) in blockers(plan.findings)
