"""With the standby silent: what lies on the replicated device only is planned on the node that serves; what needs files on both is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clusters.findings import Finding, blockers, warned
from clusters.states import ConnectionState, DiskState
from provisioning.desired import DesiredSnapshot, DesiredVolume
from provisioning.intents import CreateSnapshot, CreateVolume, EditVolume, GrowVolume, TrimVolume
from provisioning.observed import NodeObserved
from provisioning.plans import snapshot_take, volume, volume_edit, volume_grow, volume_trim
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


CUT = "The replication link to bob is down: bob gets it when the link is back."


def told(plan: Plan) -> str:
    return " ".join([plan.summary, plan.after, *plan.impact.notes, *(step.note for step in plan.steps)])


@pytest.mark.parametrize("observed", [alone(**GONE), alone(**GONE) | {"bob": standby("bob")}])
def test_nothing_is_said_to_be_on_the_other_copy_while_the_link_is_cut(observed: dict[str, NodeObserved]) -> None:
    new = DesiredVolume("logs", 64 * MIB, "ext4", "/srv/logs")
    plans = [
        grow(observed),
        volume.plan(CreateVolume("web-files", new), desired(), observed, HEARTBEAT),
        snapshot_take.plan(
            CreateSnapshot("web-files", DesiredSnapshot("media", "a", "media-a", 64 * MIB)), desired(), observed, HEARTBEAT
        ),
    ]  # fmt: skip
    for plan in plans:
        assert CUT in told(plan), plan.title
        assert not any(said in told(plan) for said in ("other copy has it too", "go over the replication link")), (
            plan.title
        )


def test_a_trim_says_that_the_other_disk_is_not_told_while_the_link_is_cut() -> None:
    observed = alone(**GONE) | {"bob": standby("bob")}
    said = told(volume_trim.plan(TrimVolume("web-files", "media"), desired(), observed, HEARTBEAT))
    assert (
        "Tells the disk of alice which blocks" in said
        and "The replication link to bob is down: its disk is not told." in said
    )


def test_with_the_link_up_the_other_copy_has_it() -> None:
    assert "so the other copy has it too." in told(grow(alone())) and CUT not in told(grow(alone()))
