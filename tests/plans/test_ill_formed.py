"""A wish with one bad value in it, whichever: every planner says so and makes no step. No field is left out: they are found by walking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.findings import blockers
from provisioning.desired import BackingKind, DesiredCluster, DesiredSnapshot
from provisioning.intents import CreateSnapshot, CreateVolume, GrowVolume, OpenSnapshot, ProvisionCluster, PublishExport
from provisioning.plans import export, provision, snapshot_open, snapshot_take, volume, volume_grow
from provisioning.steps import Plan
from tests.pair import HEARTBEAT, desired, finished, fresh
from tests.plans.given import with_snapshots

HOSTILE = 'x"; }\n$(reboot) ::../é'
FREE = {
    "nodes.0.backing.link", "nodes.1.backing.link",  # given by the planner itself; empty in every inventory
    "in_service", "touched",  # each a yes or no that changes the plan's words and nothing that runs
}  # fmt: skip
MAY_BE_EMPTY = (".pool", ".host_key", ".fence_key", ".disk_serial", ".owner", ".mode", ".domain", ".state_volume")


def places(value: Any, path: str = "") -> Iterator[str]:
    """Name every leaf: nodes.0.backing.disk, volumes.1.mount_options.0."""
    if is_dataclass(value):
        for field in fields(value):
            yield from places(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from places(each, f"{path}.{number}")
    else:
        yield path


def at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, tuple) else getattr(value, part)
    return value


def put(value: Any, path: str, new: object) -> Any:
    head, _, rest = path.partition(".")
    if isinstance(value, tuple):
        number = int(head)
        return (*value[:number], put(value[number], rest, new) if rest else new, *value[number + 1 :])
    return replace(value, **{head: put(getattr(value, head), rest, new) if rest else new})


def provisioned(wanted: DesiredCluster) -> Plan:
    return provision.plan(ProvisionCluster(wanted.name), wanted, fresh(), HEARTBEAT)


def a_volume(wanted: DesiredCluster) -> Plan:
    before = replace(wanted, volumes=wanted.volumes[:1])
    return volume.plan(CreateVolume(wanted.name, wanted.volumes[1]), before, finished(), HEARTBEAT)


def an_export(wanted: DesiredCluster) -> Plan:
    before = replace(wanted, exports=wanted.exports[:1])
    return export.plan(PublishExport(wanted.name, wanted.exports[1]), before, finished(), HEARTBEAT)


TAKEN = DesiredSnapshot("media", "before", "media-before", 64 * 1024**2)
OPENED = replace(TAKEN, fsid=1_000_001, clients=("192.0.2.7",))


def a_snapshot(wanted: DesiredCluster) -> Plan:
    return snapshot_take.plan(CreateSnapshot(wanted.name, TAKEN), wanted, finished(), HEARTBEAT)


def an_opened_snapshot(wanted: DesiredCluster) -> Plan:
    has = replace(wanted, snapshots=(TAKEN,))
    alice = with_snapshots(finished()["alice"], [{"volume": "media", "name": "before", "size": TAKEN.size}], {})
    return snapshot_open.plan(OpenSnapshot(wanted.name, OPENED), has, finished() | {"alice": alice}, HEARTBEAT)


def a_growth(wanted: DesiredCluster) -> Plan:
    one = wanted.volumes[0]
    return volume_grow.plan(GrowVolume(wanted.name, one.name, one.size), wanted, finished(), HEARTBEAT)


PLANNERS = [provisioned, a_volume, a_growth, an_export, a_snapshot, an_opened_snapshot]
PLACES = [place for place in places(desired()) if place not in FREE]


def test_every_kind_of_field_is_walked_to() -> None:
    assert {
        "name",
        "nodes.1.fence_key",
        "resource.verify_alg",
        "heartbeat.udpport",
        "nfs.lease_time",
        "manager",
    } <= set(PLACES)
    assert {"volumes.0.fstype", "exports.1.clients.0.options.2", "nodes.0.backing.kind", "exports.0.fsid"} <= set(
        PLACES
    )
    assert len(PLACES) > 60


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize("place", PLACES)
def test_a_hostile_value_is_refused(planner: Callable[[DesiredCluster], Plan], place: str) -> None:
    hostile: list[object] = [-1, 2**60] if isinstance(at(desired(), place), int) else [HOSTILE]
    if isinstance(hostile[0], str) and not place.endswith(MAY_BE_EMPTY):
        hostile.append("")
    for value in hostile:
        plan = planner(put(desired(), place, value))
        assert "spelling.refused" in {finding.code for finding in blockers(plan.findings)}, value
        assert plan.steps == ()


@pytest.mark.parametrize("planner", PLANNERS)
def test_the_wish_itself_is_planned(planner: Callable[[DesiredCluster], Plan]) -> None:
    for kind in BackingKind if planner is provisioned else (BackingKind.LV,):
        plan = planner(desired(kind))
        assert "spelling.refused" not in {finding.code for finding in plan.findings}
        assert plan.steps


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(PLACES), text=st.text(max_size=40), number=st.integers())
def test_whatever_it_is_a_line_end_never_reaches_a_node(place: str, text: str, number: int) -> None:
    value: object = number if isinstance(at(desired(), place), int) else text + "\n"
    plan = provisioned(put(desired(), place, value))
    refused = "spelling.refused" in {finding.code for finding in blockers(plan.findings)}
    assert refused == (plan.steps == ())
    assert refused or isinstance(value, int)


def test_two_nodes_of_one_name_and_an_export_for_nobody() -> None:
    twins = put(put(desired(), "nodes.1.name", "alice"), "first_source", "alice")
    assert provisioned(twins).steps == ()
    assert provisioned(put(desired(), "exports.0.clients", ())).steps == ()


@pytest.mark.parametrize("place", list(places(OPENED)))
def test_a_hostile_value_in_a_snapshot_is_refused(place: str) -> None:
    if isinstance(at(OPENED, place), bool):
        return
    empty = () if place == "sec" else ("",)  # by address
    for value in (-1, 2**60) if isinstance(at(OPENED, place), int) else (HOSTILE, "krb5,no_root_squash", *empty):
        bad = put(OPENED, place, value)
        wanted = replace(desired(), snapshots=(TAKEN, replace(bad, name="other") if place != "name" else bad))
        plan = snapshot_open.plan(OpenSnapshot(wanted.name, bad), wanted, finished(), HEARTBEAT)
        assert "spelling.refused" in {finding.code for finding in blockers(plan.findings)}, value
        assert plan.steps == ()
