"""Thin volumes on simulated machines with a pool that somebody made by hand: made, snapshot, opened, moved, rolled back, grown, deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from clusters.findings import blockers
from clusters.states import Danger
from provisioning.desired import DesiredCluster, DesiredSnapshot, DesiredVolume
from provisioning.facts import Asked
from provisioning.intents import (
    CheckVolume,
    CloseSnapshot,
    CreateSnapshot,
    CreateVolume,
    DeleteSnapshot,
    DeleteVolume,
    EditVolume,
    GrowVolume,
    OpenSnapshot,
    RestoreSnapshot,
)
from provisioning.plans import (
    snapshot_delete,
    snapshot_open,
    snapshot_restore,
    snapshot_take,
    volume,
    volume_check,
    volume_delete,
    volume_edit,
    volume_grow,
)
from provisioning.simulator.state import Lv
from provisioning.steps import Kind, Plan
from tests.pair import GIB, HEARTBEAT
from tests.plans.simulated import Machines
from tests.plans.test_volumes_on_machines import carry_out, pair  # noqa: F401  a fixture

THIN = DesiredVolume("shop", 8 * GIB, "xfs", "/srv/shop", pool="pool0")
BEFORE = DesiredSnapshot("shop", "before", "shop-before", 8 * GIB)
OPENED = replace(BEFORE, fsid=1_000_001, clients=("10.10.0.7",))


class Story:
    """The pair with its pool, and what the panel has of it by now."""

    def __init__(self, machines: Machines, wanted: DesiredCluster) -> None:
        self.machines, self.wanted = machines, wanted
        self.lvs["pool0"] = Lv(10 * GIB, is_pool=True)
        for machine in machines.pair.machines.values():
            machine.packages["thin-provisioning-tools"] = "0.9.0-2"

    @property
    def lvs(self) -> dict[str, Lv]:
        return self.machines.pair.inside.lvs

    def ask(self, planner: Callable[..., Plan], *asked: object, facts: Asked | None = None) -> Plan:
        [kind, *fields] = asked
        intent = kind(self.wanted.name, *fields)  # type: ignore[operator]
        return planner(intent, self.wanted, self.machines.read(self.wanted, facts), HEARTBEAT)

    def do(self, planner: Callable[..., Plan], *asked: object) -> Plan:
        facts = Asked((THIN.mount_point,)) if asked[0] in (CreateVolume, DeleteVolume) else None
        if asked[0] is GrowVolume:
            facts = Asked(fstype=THIN.fstype, device="/dev/vg_data/shop", mount_point=THIN.mount_point)
        return carry_out(self.machines, lambda: self.ask(planner, *asked, facts=facts))

    def has(self, *snapshots: DesiredSnapshot) -> None:
        self.wanted = replace(self.wanted, snapshots=snapshots)


@pytest.fixture
def story(pair: tuple[Machines, DesiredCluster]) -> Story:  # noqa: F811
    return Story(*pair)


@pytest.fixture
def shop(story: Story) -> Story:
    story.do(volume.plan, CreateVolume, THIN)
    story.wanted = replace(story.wanted, volumes=(*story.wanted.volumes, THIN))
    return story


def codes(plan: Plan) -> set[str]:
    return {finding.code for finding in blockers(plan.findings)}


def told(plan: Plan) -> dict[str, str]:
    return {finding.code: finding.text for finding in plan.findings}


def test_a_thin_volume_takes_nothing_of_the_group(story: Story) -> None:
    free = story.machines.pair.inside.free
    plan = story.do(volume.plan, CreateVolume, THIN)
    assert story.machines.pair.inside.free == free
    assert "/srv/shop" in story.machines.pair.machines["alice"].mounts
    assert told(plan)["pool.holds"].startswith("pool0 has 10 GiB and promises 8 GiB to its volumes")
    made = next(step for step in plan.steps if step.title == "Make the volume shop, thin, in pool0")
    assert "--virtualsize 8589934592b --thinpool pool0" in str(made.commands[0])


def test_more_than_the_pool_has_is_said_with_figures(story: Story) -> None:
    plan = story.ask(volume.plan, CreateVolume, replace(THIN, size=25 * GIB))
    assert codes(plan) == set()
    expected = "pool0 has 10 GiB and promises 25 GiB to its volumes and their snapshots (250 %): more than it has."
    assert told(plan)["pool.overcommitted"] == expected


@pytest.mark.parametrize(
    ("metadata", "used", "found"),
    [
        (10.0, 79, set()),
        (10.0, 80, {"pool.fills"}),
        (85.0, 0, {"pool.fills"}),
        (10.0, 95, {"pool.nearly-full"}),
        (96.0, 0, {"pool.nearly-full"}),
        (10.0, 100, {"pool.nearly-full"}),
    ],
)
def test_a_pool_that_fills_is_told_and_a_full_one_gets_nothing_new(
    shop: Story, metadata: float, used: int, found: set[str]
) -> None:
    shop.lvs["pool0"].metadata, shop.lvs["shop"].used = metadata, 10 * GIB * used // 100
    for plan in (
        shop.ask(volume.plan, CreateVolume, replace(THIN, name="more", mount_point="/srv/more")),
        shop.ask(snapshot_take.plan, CreateSnapshot, BEFORE),
        shop.ask(volume_grow.plan, GrowVolume, "shop", 9 * GIB),
    ):
        assert set(told(plan)) & {"pool.fills", "pool.nearly-full"} == found
        assert codes(plan) == found & {"pool.nearly-full"}


@pytest.mark.parametrize("node", ["alice", "bob"])
def test_a_node_without_the_tools_stands_in_the_way(story: Story, node: str) -> None:
    del story.machines.pair.machines[node].packages["thin-provisioning-tools"]
    plan = story.ask(volume.plan, CreateVolume, THIN)
    assert [(f.code, f.node) for f in blockers(plan.findings)] == [("pool.tools-missing", node)]


def test_a_pool_that_is_not_there_is_refused(story: Story) -> None:
    assert codes(story.ask(volume.plan, CreateVolume, replace(THIN, pool="pool9"))) == {"pool.unseen"}
    assert codes(story.ask(volume.plan, CreateVolume, replace(THIN, pool="homes"))) == {"pool.unseen"}


def test_a_name_that_a_thick_volume_of_an_earlier_try_has(story: Story) -> None:
    story.lvs["shop"] = Lv(8 * GIB, tags=["storagepanel.new"])
    assert codes(story.ask(volume.plan, CreateVolume, THIN)) == {"volume.exists"}


def test_a_snapshot_reserves_nothing_and_is_left_inactive(shop: Story) -> None:
    free = shop.machines.pair.inside.free
    plan = shop.do(snapshot_take.plan, CreateSnapshot, BEFORE)
    assert shop.machines.pair.inside.free == free
    assert "Nothing is reserved" in plan.summary and "pool is full" in plan.after
    lv = shop.machines.read(shop.wanted)["alice"].lv("vg_data", "shop-before")
    assert lv and (lv.active, lv.left_inactive, lv.origin, lv.pool) == (False, True, "shop", "pool0")


def test_one_is_opened_and_closed_and_a_failover_leaves_it_asleep(shop: Story) -> None:
    shop.do(snapshot_take.plan, CreateSnapshot, BEFORE)
    shop.has(BEFORE)
    plan = shop.ask(snapshot_open.plan, OpenSnapshot, OPENED)
    assert codes(plan) == set()
    for step in plan.todo():
        shop.machines.do(step)
    alice = shop.machines.pair.machines["alice"]
    assert alice.activated == ["shop-before"] and "nouuid" in alice.mounts["/srv/.snapshots/shop/before"][2]
    shop.has(OPENED)
    for step in shop.ask(snapshot_open.close, CloseSnapshot, "shop", "before").todo():
        shop.machines.do(step)
    assert alice.activated == [] and "/srv/.snapshots/shop/before" not in alice.mounts


@pytest.mark.parametrize("grown", [False, True])
def test_rolling_back_takes_its_place_with_the_size_it_had(shop: Story, grown: bool) -> None:
    shop.do(snapshot_take.plan, CreateSnapshot, BEFORE)
    later = replace(BEFORE, name="later", lv="shop-later")
    shop.has(BEFORE)
    shop.do(snapshot_take.plan, CreateSnapshot, later)
    shop.has(BEFORE, later)
    if grown:
        shop.do(volume_grow.plan, GrowVolume, "shop", 9 * GIB)
    plan = shop.ask(snapshot_restore.plan, RestoreSnapshot, "shop", "before")
    assert (plan.danger, codes(plan), plan.typed_name) == (Danger.DESTROYS, set(), "shop")
    assert ("snapshot.other-size" in told(plan)) == grown and "snapshot.others-fill" not in told(plan)
    assert told(plan)["snapshot.others-orphaned"].startswith("shop-later can be opened and deleted afterwards")
    for step in plan.todo():
        shop.machines.do(step)
    assert shop.lvs["shop"].size == 8 * GIB and "shop-before" not in shop.lvs
    shop.has(later)
    assert codes(shop.ask(snapshot_restore.plan, RestoreSnapshot, "shop", "later")) == {"snapshot.orphaned"}
    assert (
        codes(shop.ask(snapshot_open.plan, OpenSnapshot, replace(later, fsid=7, clients=("10.10.0.7",)))) == set()
    )  # known by its tag
    assert "volume.has-snapshots" in codes(shop.ask(volume_delete.plan, DeleteVolume, THIN))
    renamed = replace(THIN, name="store", size=shop.lvs["shop"].size)
    assert "volume.has-snapshots" in codes(shop.ask(volume_edit.plan, EditVolume, "shop", renamed))
    shop.do(snapshot_delete.plan, DeleteSnapshot, "shop", "later")
    assert "shop-later" not in shop.lvs


def test_it_grows_though_it_has_snapshots(shop: Story) -> None:
    shop.do(snapshot_take.plan, CreateSnapshot, BEFORE)
    shop.has(BEFORE)
    plan = shop.do(volume_grow.plan, GrowVolume, "shop", 12 * GIB)
    assert shop.lvs["shop"].fs_size == 12 * GIB
    assert "promises 20 GiB" in told(plan)["pool.overcommitted"]


def test_it_is_checked_in_a_thin_snapshot(shop: Story) -> None:
    plan = shop.ask(volume_check.plan, CheckVolume, "shop", 8 * GIB)
    assert codes(plan) == set() and all(step.kind is not Kind.DESTROYS for step in plan.steps)
    for step in plan.todo():
        shop.machines.do(step)
    assert set(shop.lvs) == {"homes", "media", "pool0", "shop"}


def test_deleted_it_gives_its_room_back_to_the_pool(shop: Story) -> None:
    plan = shop.do(volume_delete.plan, DeleteVolume, THIN)
    assert "goes back to the thin pool pool0" in plan.after and "shop" not in shop.lvs
