"""What a thin pool makes of the cluster's health: from 80 % told, from 95 % urgent, full a danger; and nodes that could not look after it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clusters.findings import Severity
from clusters.models import Cluster, NodeState
from clusters.pair import known
from clusters.pool_health import PoolView, reasons
from clusters.states import Health
from provisioning.monitor.pools import pool_rows
from provisioning.monitor.record import record
from provisioning.observed import LogicalVolume, NodeObserved, VolumeGroup
from provisioning.snapshot import desired_of

GIB = 1024**3
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "metadata", "broken", "found"),
    [
        (79.9, 10, False, []),
        (80, 10, False, [("pool.fills", Health.WARN)]),
        (10, 80, False, [("pool.fills", Health.WARN)]),
        (95, 10, False, [("pool.nearly-full", Health.WARN)]),
        (10, 95, False, [("pool.nearly-full", Health.WARN)]),
        (100, 10, False, [("pool.full", Health.DANGER)]),
        (10, 100, False, [("pool.full", Health.DANGER)]),
        (10, 10, True, [("pool.full", Health.DANGER)]),
        (None, None, False, []),
    ],
)
def test_how_full_it_is(data: float, metadata: float, broken: bool, found: list[tuple[str, Health]]):
    pool = PoolView("pool0", GIB, GIB, data, metadata, broken)
    assert [(reason.finding.code, reason.health) for reason in reasons([pool], [])] == found


def test_it_says_which_of_the_two_fills():
    [reason] = reasons([PoolView("pool0", GIB, 0, 12, 96.4)], [])
    assert "96 % of its metadata" in reason.finding.text and "At 100 % writes" in reason.sentence


def test_a_node_without_the_tools_is_told_only_where_there_is_a_pool():
    [reason] = reasons([PoolView("pool0", GIB, 0, 1, 1)], ["bob"])
    assert (reason.finding.code, reason.finding.node, reason.finding.severity) == (
        "pool.tools-missing", "bob", Severity.WARNING,
    )  # fmt: skip
    assert not list(reasons([], ["bob"]))


def lv(name: str, size: int, attributes: str, **fields: object) -> LogicalVolume:
    return LogicalVolume(name, "vg_data", size, f"/dev/vg_data/{name}", True, attributes, **fields)  # type: ignore[arg-type]


def node(name: str, *lvs: LogicalVolume, vg: bool = True, tools: bool = True) -> NodeObserved:
    groups = (VolumeGroup("vg_data", 80 * GIB, 40 * GIB, 4 * 1024**2),) if vg else ()
    return NodeObserved(name, NOW.timestamp(), vgs=groups, lvs=lvs, thin_tools=tools)


POOL = lv("pool0", 10 * GIB, "twi-aotz--", filled=96.0, metadata=11.0)
THIN = (lv("shop", 8 * GIB, "Vwi-aotz--", filled=50.0, pool="pool0"), lv("shop-a", 8 * GIB, "Vwi---tz-k", pool="pool0"))


def test_a_pool_is_kept_with_what_it_promises():
    [row] = pool_rows(node("alice", POOL, *THIN), "vg_data")
    assert row == {
        "name": "pool0", "size": 10 * GIB, "promised": 16 * GIB, "data": 96.0, "metadata": 11.0, "broken": False,
    }  # fmt: skip


@pytest.mark.parametrize("health", ["D", "M", "F"])
def test_a_pool_that_ran_out_or_failed_is_broken(health: str):
    [row] = pool_rows(node("alice", lv("pool0", GIB, f"twi-aotz{health}-", filled=99.0, metadata=1.0)), "vg_data")
    assert row["broken"] is True


@pytest.mark.django_db
def test_it_is_told_while_a_node_has_it_and_not_of_the_past(web_files: Cluster):
    def codes(*nodes: NodeObserved) -> set[str]:
        cluster = Cluster.objects.get(pk=web_files.pk)
        record(cluster, desired_of(cluster), {one.node: one for one in nodes}, NOW)
        pair = known(Cluster.objects.get(pk=web_files.pk), NOW)
        assert pair
        return {
            row["code"]
            for row in web_files.__class__.objects.get(pk=web_files.pk).state.reasons
            if "pool" in row["code"]
        }

    web_files.inventory = "present"
    web_files.save()
    assert codes(node("alice", POOL, *THIN), node("bob", vg=False, tools=False)) == {
        "pool.nearly-full", "pool.tools-missing",
    }  # fmt: skip
    assert NodeState.objects.get(node__name="bob").thin_tools is False
    assert codes(node("alice", vg=False), node("bob", *THIN)) == set()
