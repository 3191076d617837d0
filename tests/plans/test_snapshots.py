"""What the golden transcripts of snapshots do not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.findings import blockers
from provisioning.desired import DesiredCluster, DesiredSnapshot, ExportClient
from provisioning.intents import CreateSnapshot, DeleteSnapshot, KeepSnapshots, OpenSnapshot, RestoreSnapshot
from provisioning.observed import ActiveExport, Mount, NodeObserved
from provisioning.plans import snapshot_delete, snapshot_open, snapshot_restore, snapshot_take
from provisioning.render import snapshots as render
from provisioning.render.heartbeat import CLOSING, haresources
from provisioning.steps import Plan, transcript
from tests.pair import HEARTBEAT, desired, finished
from tests.plans.given import with_snapshots

MIB = 1024**2
TAKEN = DesiredSnapshot("media", "before", "media-before", 64 * MIB)
ROW = {"volume": "media", "name": "before", "size": 64 * MIB}


def taken() -> tuple[DesiredCluster, dict[str, NodeObserved]]:
    wanted = replace(desired(), snapshots=(TAKEN,))
    nodes = finished(desired())
    return wanted, nodes | {"alice": with_snapshots(nodes["alice"], [ROW], {})}


def codes(plan: object) -> set[str]:
    return {finding.code for finding in blockers(plan.findings)}  # type: ignore[attr-defined]


def test_the_volume_with_what_nfs_clients_hold_is_not_rolled_back():
    wanted, nodes = taken()
    wanted = replace(wanted, nfs=replace(wanted.nfs, state_volume="media"))
    assert "snapshot.nfs-state" in codes(
        snapshot_restore.plan(RestoreSnapshot(wanted.name, "media", "before"), wanted, nodes, HEARTBEAT)
    )


def test_none_is_taken_while_its_volume_takes_one_back():
    nodes = finished(desired())
    lvs = tuple(replace(lv, attributes="Owi-aos---") if lv.name == "media" else lv for lv in nodes["alice"].lvs or ())
    nodes["alice"] = replace(nodes["alice"], lvs=lvs)
    assert codes(snapshot_take.plan(CreateSnapshot("web-files", TAKEN), desired(), nodes, HEARTBEAT)) == {
        "snapshot.merging"
    }


def test_one_that_is_mounted_by_hand_is_not_rolled_back_to():
    wanted, nodes = taken()
    by_hand = Mount("/dev/mapper/vg_data-media--before", "/mnt", "xfs", ("ro",))
    nodes["alice"] = replace(nodes["alice"], mounts=(*(nodes["alice"].mounts or ()), by_hand))
    plan = snapshot_restore.plan(RestoreSnapshot(wanted.name, "media", "before"), wanted, nodes, HEARTBEAT)
    assert codes(plan) == {"snapshot.mounted"}


def test_a_volume_that_is_mounted_at_a_second_place_is_not_rolled_back():
    """The NFS server would be stopped, and then the volume be in use all the same."""
    wanted, nodes = taken()
    second = Mount("/dev/mapper/vg_data-media", "/srv/films", "xfs", ("rw",))
    nodes["alice"] = replace(nodes["alice"], mounts=(*(nodes["alice"].mounts or ()), second))
    plan = snapshot_restore.plan(RestoreSnapshot(wanted.name, "media", "before"), wanted, nodes, HEARTBEAT)
    assert codes(plan) == {"volume.mounted-elsewhere"}


@pytest.mark.parametrize("mount_point", ["/srv", "/"])
def test_snapshots_are_not_opened_on_a_volume(mount_point: str):
    wanted, nodes = taken()
    wanted = replace(wanted, volumes=(replace(wanted.volumes[0], mount_point=mount_point), wanted.volumes[1]))
    opened = replace(TAKEN, fsid=1_000_001, clients=("192.0.2.7",))
    plan = snapshot_open.plan(OpenSnapshot(wanted.name, opened), wanted, nodes, HEARTBEAT)
    assert codes(plan)


def test_the_group_closes_snapshots_only_while_one_is_opened():
    wanted, _ = taken()
    opened = replace(wanted, snapshots=(replace(TAKEN, fsid=1_000_001),))
    assert CLOSING not in str(haresources(wanted).content)
    text = str(haresources(opened).content)
    assert text.index("Filesystem::/dev/vg_data/media") < text.index(CLOSING) < text.index("nfs-kernel-server")


def test_opening_one_ends_no_export_that_was_made_by_hand():
    wanted, nodes = taken()
    asked = OpenSnapshot(wanted.name, replace(TAKEN, fsid=1_000_001, clients=("192.0.2.7",)))
    assert "export.by-hand" not in codes(snapshot_open.plan(asked, wanted, nodes, HEARTBEAT))
    alice = replace(nodes["alice"], exports=(*nodes["alice"].exports, ActiveExport("/opt", "192.0.2.9", ("ro",))))
    assert "export.by-hand" in codes(snapshot_open.plan(asked, wanted, {**nodes, "alice": alice}, HEARTBEAT))


def test_a_schedule_lets_the_others_go_when_one_is_mounted_by_hand():
    """It would fail at each run, and none would go until the group is full."""
    old = tuple(replace(TAKEN, name=name, lv=f"media-{name}", scheduled=True) for name in ("a", "b"))
    wanted, nodes = replace(desired(), snapshots=old), finished(desired())
    node = with_snapshots(nodes["alice"], [ROW | {"name": "a"}, ROW | {"name": "b"}], {})
    by_hand = Mount("/dev/mapper/vg_data-media--a", "/mnt", "xfs", ("ro",))
    nodes["alice"] = replace(node, mounts=(*(node.mounts or ()), by_hand))
    plan = snapshot_take.keep(KeepSnapshots(wanted.name, TAKEN, ("a", "b"), 1), wanted, nodes, HEARTBEAT)
    removed = [command.argv[-1] for step in plan.todo() for command in step.commands if command.argv[0] == "lvremove"]
    assert removed == ["vg_data/media-b"] and not codes(plan)
    assert "snapshot.kept-mounted" in {finding.code for finding in plan.findings}


def _opened_with(sec: str, *exported: str) -> Plan:
    wanted, nodes = taken()
    clients = tuple(
        ExportClient(f"192.0.2.{n}", ("rw", "sync", *([f"sec={s}"] if s else []))) for n, s in enumerate(exported, 20)
    )
    exports = tuple(replace(one, clients=clients) if one.volume == "media" else one for one in wanted.exports)
    wanted = replace(wanted, exports=exports)
    snapshot = replace(TAKEN, fsid=1_000_001, clients=("192.0.2.7",), sec=sec)
    return snapshot_open.plan(OpenSnapshot(wanted.name, snapshot), wanted, nodes, HEARTBEAT)


@pytest.mark.parametrize(
    ("sec", "exported", "weaker"),
    [
        ("", ("krb5p",), True),
        ("krb5", ("krb5i:krb5p",), True),
        ("krb5p", ("krb5p", ""), False),
        ("", ("krb5:sys",), False),
        ("", ("",), False),
        ("", (), False),
    ],
)
def test_a_snapshot_that_asks_for_less_than_its_volume_is_told(sec: str, exported: tuple[str, ...], weaker: bool):
    plan = _opened_with(sec, *exported)
    assert ("snapshot.weaker-sec" in {finding.code for finding in plan.findings}) is weaker


def test_what_its_clients_must_prove_stands_in_its_line_and_the_line_is_known_again():
    plan = _opened_with("krb5i", "krb5i")
    line = (
        "/srv/.snapshots/media/before 192.0.2.7(ro,sync,no_subtree_check,root_squash,sec=krb5i,mountpoint,fsid=1000001)"
    )
    assert f"| {line}\n" in transcript(plan)
    assert render.WRITTEN.fullmatch(line)
    assert "with fsid 1000001 and sec=krb5i." in plan.summary


def test_a_flavour_that_is_none_blocks():
    assert blockers(_opened_with("krb5 (rw)").findings)


@pytest.mark.parametrize(("size", "told"), [(4 * MIB, True), (256 * MIB, False)])
def test_one_with_far_too_little_room_is_warned_of(size: int, told: bool):
    nodes = finished(desired())
    lvs = tuple(replace(lv, size=25 * 1024 * MIB) if lv.name == "media" else lv for lv in nodes["alice"].lvs or ())
    nodes["alice"] = replace(nodes["alice"], lvs=lvs)
    plan = snapshot_take.plan(CreateSnapshot("web-files", replace(TAKEN, size=size)), desired(), nodes, HEARTBEAT)
    found = [finding.text for finding in plan.findings if finding.code == "snapshot.little"]
    assert found == (["4 MiB is less than 1 % of media, which has 25 GiB."] if told else [])


def test_what_exports_one_that_a_failover_closed_is_taken_from_both_nodes_or_from_none():
    wanted = replace(desired(), snapshots=(replace(TAKEN, fsid=1_000_001, clients=("192.0.2.7",)),))
    nodes = finished(wanted)
    nodes["alice"] = with_snapshots(nodes["alice"], [ROW], {})
    intent = DeleteSnapshot(wanted.name, "media", "before")
    both = snapshot_delete.plan(intent, wanted, nodes, HEARTBEAT)
    assert not codes(both) and [step.node for step in both.todo() if "service group" in step.title] == ["bob", "alice"]
    assert both.todo()[-2].title == "Remove the snapshot before of media"
    assert codes(snapshot_delete.plan(intent, wanted, {"alice": nodes["alice"]}, HEARTBEAT)) == {"snapshot.opened"}
