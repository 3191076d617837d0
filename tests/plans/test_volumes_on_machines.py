"""Changes of volumes in service, carried out step by step on simulated machines and planned again after every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from clusters.states import Danger
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.facts import Asked
from provisioning.intents import (
    CreateVolume,
    DeleteVolume,
    EditQuota,
    EditVolume,
    GrowResource,
    GrowVolume,
    ProvisionCluster,
)
from provisioning.plans import provision, quota_edit, resource_grow, volume, volume_delete, volume_edit, volume_grow
from provisioning.plans.parts import snapshots
from provisioning.render.paths import HARESOURCES
from provisioning.simulator.state import Lv
from provisioning.steps import Kind, Plan
from tests.pair import GIB, HEARTBEAT
from tests.plans.simulated import Machines, provisioned

AGAIN = (Kind.READS, Kind.WAITS, Kind.OBSERVES)


@pytest.fixture
def pair() -> tuple[Machines, DesiredCluster]:
    return provisioned()


def carry_out(machines: Machines, plan: Callable[[], Plan]) -> Plan:
    """Do every step; after each, only the rest may be left. Returns the plan that was carried out."""
    first = plan()
    assert [f.text for f in first.findings if f.severity == "blocker"] == []
    approved = [step.digest() for step in first.todo()]
    for number, step in enumerate(first.todo(), start=1):
        machines.do(step)
        left = {s.digest() for s in plan().todo() if s.kind not in AGAIN}
        assert left <= set(approved[number:]), step.title
    assert plan().todo() == ()
    return first


def grown(machines: Machines, wanted: DesiredCluster, name: str, size: int) -> Plan:
    found = wanted.volume(name)
    assert found
    asked = Asked(fstype=found.fstype, device=f"/dev/{wanted.resource.vg}/{name}", mount_point=found.mount_point)
    return volume_grow.plan(GrowVolume(wanted.name, name, size), wanted, machines.read(wanted, asked), HEARTBEAT)


@pytest.mark.parametrize("name", ["homes", "media"])
def test_a_volume_grows_with_its_file_system(pair: tuple[Machines, DesiredCluster], name: str) -> None:
    machines, wanted = pair
    carry_out(machines, lambda: grown(machines, wanted, name, 20 * GIB))
    lv: Lv = machines.pair.inside.lvs[name]
    assert (lv.size, lv.fs_size) == (20 * GIB, 20 * GIB)
    assert [step.unchanged != "" for step in grown(machines, wanted, name, 20 * GIB).steps] == [True] * 4


def test_only_a_larger_size_counts_as_grown(pair: tuple[Machines, DesiredCluster]) -> None:
    """A smaller one counted once, and with the size before unknown any; one that the size before is a part of never did."""
    machines, wanted = pair
    seen = machines.read(wanted)
    mount = seen["alice"].mount("/srv/homes")
    (pv,) = [one for one in seen["alice"].pvs or () if one.vg == wanted.resource.vg]
    replica = seen["alice"].replica(wanted.resource.name)
    assert mount and mount.size and replica and replica.size
    size = replica.size // 512
    steps = (*grown(machines, wanted, "homes", 20 * GIB).steps, *resource(machines, wanted, 88 * GIB).steps)
    waits = {step.title: step.wait.expect for step in steps if step.wait}
    for title, before in (
        ("See the file system's new size", mount.size),
        (f"See the new size of {wanted.resource.device}", size),
        (f"See {wanted.resource.vg} larger", pv.size),
    ):
        found = [waits[title].holds(0, f"{now}\n") for now in (before // 2, before, before + 4096, 10 * before)]
        assert found == [False, False, True, True], title


def test_a_file_system_of_unknown_size_is_nearly_as_large_as_wanted(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    asked = Asked(fstype="ext4", device="/dev/vg_data/homes", mount_point="/srv/homes")
    seen = machines.read(wanted, asked)
    node = seen["alice"]
    blind = replace(node, mounts=tuple(replace(mount, size=None) for mount in node.mounts or ()))
    plan = volume_grow.plan(GrowVolume(wanted.name, "homes", 20 * GIB), wanted, seen | {"alice": blind}, HEARTBEAT)
    (see,) = [step.wait.expect for step in plan.steps if step.title == "See the file system's new size" and step.wait]
    assert [see.holds(0, str(size * GIB)) for size in (10, 19)] == [False, True]


def test_a_full_group_refuses(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    assert "volume.no-room" in {f.code for f in grown(machines, wanted, "homes", 900 * GIB).findings}


def edited(machines: Machines, wanted: DesiredCluster, name: str, changes: dict[str, object]) -> Plan:
    was = wanted.volume(name)
    assert was
    now = replace(was, **changes)
    asked = Asked((was.mount_point, now.mount_point)) if now.mount_point != was.mount_point else Asked()
    return volume_edit.plan(EditVolume(wanted.name, name, now), wanted, machines.read(wanted, asked), HEARTBEAT)


@pytest.mark.parametrize(
    ("name", "changes", "danger"),
    [
        ("homes", {"mount_options": ("noatime", "commit=30")}, Danger.NONE),
        ("media", {"mount_options": ()}, Danger.NONE),
        ("media", {"mount_options": ("noatime", "logbsize=64k")}, Danger.INTERRUPTS),
        ("homes", {"mount_options": ("data=ordered", "dirsync")}, Danger.INTERRUPTS),
        ("homes", {"name": "houses"}, Danger.NONE),
        ("homes", {"mount_point": "/srv/houses"}, Danger.INTERRUPTS),
        ("homes", {"mount_point": "/srv/houses", "mount_options": ("noatime",)}, Danger.INTERRUPTS),
        ("homes", {"name": "houses", "mount_options": ("noatime",)}, Danger.NONE),
    ],
)
def test_a_volume_is_changed_and_stays_in_service(
    pair: tuple[Machines, DesiredCluster], name: str, changes: dict[str, object], danger: Danger
) -> None:
    machines, wanted = pair
    was = wanted.volume(name)
    assert was
    now = replace(was, **changes)
    plan = carry_out(machines, lambda: edited(machines, wanted, name, changes))
    assert plan.danger is danger
    after = volume_edit.changed(wanted, was, now)
    for machine in machines.pair.machines.values():
        text = machine.files[HARESOURCES].text
        assert f"::/dev/vg_data/{now.name}::{now.mount_point}::" in text
        assert (was.mount_point in machine.directories) == (was.mount_point == now.mount_point)
        assert now.mount_point in machine.immutable
    alice = machines.pair.machines["alice"]
    assert now.mount_point in alice.mounts
    assert sorted({path for path, *_ in alice.exported}) == sorted(e.path for e in after.exports)
    assert {p for p in alice.mounts if p.startswith("/srv/h")} <= {now.mount_point, "/srv/homes"}
    assert [s.title for s in provision_again(machines, after).todo()] == []


def test_a_volume_renamed_while_mounted_grows_all_the_same(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    carry_out(machines, lambda: edited(machines, wanted, "homes", {"name": "houses"}))
    was = wanted.volume("homes")
    assert was
    after = volume_edit.changed(wanted, was, replace(was, name="houses"))
    plan = carry_out(machines, lambda: grown(machines, after, "houses", 20 * GIB))
    assert [len(step.commands) for step in plan.todo() if step.commands] == [1, 3]
    assert "/dev/mapper/vg_data-homes" not in machines.pair.machines["alice"].directories


def provision_again(machines: Machines, wanted: DesiredCluster) -> Plan:
    return provision.plan(ProvisionCluster(wanted.name), wanted, machines.read(wanted), HEARTBEAT)


def test_a_directory_with_files_is_never_covered(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    machines.pair.machines["bob"].directories.append("/srv/old")
    machines.pair.machines["bob"].litter.append("/srv/old")
    plan = edited(machines, wanted, "homes", {"mount_point": "/srv/old"})
    assert "mount.point-holds-files" in {f.code for f in plan.findings if f.severity == "blocker"}


def deleted(machines: Machines, wanted: DesiredCluster, name: str) -> Plan:
    found = wanted.volume(name)
    assert found
    return volume_delete.plan(
        DeleteVolume(wanted.name, found), wanted, machines.read(wanted, Asked((found.mount_point,))), HEARTBEAT
    )


def test_a_deleted_volume_leaves_nothing_on_either_node(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    assert "volume.exported" in {f.code for f in deleted(machines, wanted, "homes").findings}
    wanted = replace(wanted, exports=tuple(e for e in wanted.exports if e.volume != "homes"))
    machines.withdraw("/srv/homes")
    plan = carry_out(machines, lambda: deleted(machines, wanted, "homes"))
    assert (plan.danger, plan.typed_name) == (Danger.DESTROYS, "homes")
    assert "homes" not in machines.pair.inside.lvs
    for machine in machines.pair.machines.values():
        assert "/srv/homes" not in machine.directories and "/srv/homes" not in machine.mounts
        assert "homes" not in machine.files[HARESOURCES].text


def test_the_last_good_copy_is_never_deleted(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    wanted = replace(wanted, exports=())
    machines.withdraw("/srv/homes", "/srv/media")
    machines.pair.replication_link = False
    assert "volume.last-copy" in {
        f.code for f in deleted(machines, wanted, "homes").findings if f.severity == "blocker"
    }


def resource(machines: Machines, wanted: DesiredCluster, size: int) -> Plan:
    return resource_grow.plan(GrowResource(wanted.name, size), wanted, machines.read(wanted), HEARTBEAT)


def test_the_replicated_device_grows_on_both_nodes(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    free = machines.pair.inside.free
    plan = carry_out(machines, lambda: resource(machines, wanted, 88 * GIB))
    assert [s.node for s in plan.todo() if s.title.startswith("Make the backing")] == ["bob", "alice"]
    assert [s.title for s in plan.todo() if "resize" in str(s.commands)] == [
        "Have DRBD use the new room",
        "Give the new room to vg_data",
    ]
    assert machines.pair.inside.free - free == 8 * GIB
    assert machines.pair.resync is not None  # what is new is copied; nothing waits for it
    assert not any("--assume-clean" in str(command) for step in plan.steps for command in step.commands)


@pytest.mark.parametrize(
    ("size", "code"),
    [(200 * GIB, "backing.no-room"), (40 * GIB, "backing.would-shrink"), (80 * GIB + 4, "resource.not-larger")],
)
def test_it_does_not_grow_beyond_reason(pair: tuple[Machines, DesiredCluster], size: int, code: str) -> None:
    machines, wanted = pair
    assert code in {f.code for f in resource(machines, wanted, size).findings if f.severity == "blocker"}


def test_it_does_not_grow_while_the_copies_differ(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    machines.pair.replication_link = False
    assert "resource.not-redundant" in {f.code for f in resource(machines, wanted, 88 * GIB).findings}


WEB = DesiredVolume("web", 5 * GIB, "xfs", "/srv/web")


def created(machines: Machines, wanted: DesiredCluster, web: DesiredVolume = WEB) -> Plan:
    observed = machines.read(wanted, Asked((web.mount_point,)))
    return volume.plan(CreateVolume(wanted.name, web), wanted, observed, HEARTBEAT)


def codes(plan: Plan) -> set[str]:
    return {f.code for f in plan.findings if f.severity == "blocker"}


def test_a_file_system_that_was_broken_off_is_made_anew(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    for step in created(machines, wanted).todo():
        if step.title.startswith("Make the XFS"):
            break
        machines.do(step)
    machines.pair.inside.lvs["web"].fstype = "xfs"  # mkfs wrote its first block, then the node lost power
    plan = carry_out(machines, lambda: created(machines, wanted))
    assert ["mkfs.xfs", "-q", "-f", "/dev/vg_data/web"] in [list(c.argv) for s in plan.todo() for c in s.commands]
    assert machines.pair.inside.lvs["web"].tags == ["storagepanel"]


def test_a_trial_that_could_not_be_unmounted_is_no_volume_in_service(pair: tuple[Machines, DesiredCluster]) -> None:
    """It would count as made with the tag of a new one, and be made anew by a later job."""
    machines, wanted = pair
    for step in created(machines, wanted).todo():
        if step.title.startswith("Make the XFS"):
            assert step.if_it_fails and step.if_it_fails.argv == ("umount", "--lazy", "/srv/web")
            break
        machines.do(step)
    machines.pair.machines["alice"].mounts["/srv/web"] = ["/dev/vg_data/web", "xfs", ""]
    assert "volume.left-mounted" in codes(created(machines, wanted))
    del machines.pair.machines["alice"].mounts["/srv/web"]
    carry_out(machines, lambda: created(machines, wanted))


def test_a_volume_somebody_else_made_is_left_alone(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    machines.pair.inside.lvs["web"] = Lv(5 * GIB, "xfs")
    assert codes(created(machines, wanted)) == {"volume.exists"}
    machines.pair.inside.lvs["web"] = Lv(4 * GIB, "xfs", tags=["storagepanel"])
    assert codes(created(machines, wanted)) == {"volume.exists"}
    machines.pair.inside.lvs["web"] = Lv(5 * GIB, "ext4", tags=["storagepanel"])
    assert codes(created(machines, wanted)) == {"volume.exists"}
    machines.pair.inside.lvs["web"] = Lv(5 * GIB, "xfs", tags=["storagepanel"])
    assert codes(created(machines, wanted)) == set()


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_new_volume_never_covers_files(name: str, pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    machines.pair.machines[name].directories.append("/srv/web")
    assert codes(created(machines, wanted)) == set()  # an empty directory is taken
    machines.pair.machines[name].litter.append("/srv/web")
    assert codes(created(machines, wanted)) == {"mount.point-holds-files"}


def test_name_and_place_are_not_changed_in_one_job(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    plan = edited(machines, wanted, "homes", {"name": "houses", "mount_point": "/srv/houses"})
    assert "volume.two-at-once" in {f.code for f in plan.findings if f.severity == "blocker"}
    assert plan.steps == ()


@pytest.mark.parametrize("device", ["/dev/sdb1", "/dev/vg_data/media"])
def test_a_volume_does_not_move_to_where_something_else_is_mounted(
    pair: tuple[Machines, DesiredCluster], device: str
) -> None:
    machines, wanted = pair
    for name in ("alice", "bob"):
        machines.pair.machines[name].mounts["/srv/houses"] = [device, "ext4", ""]
        plan = edited(machines, wanted, "homes", {"mount_point": "/srv/houses"})
        assert "mount.point-taken" in {f.code for f in plan.findings if f.severity == "blocker"}
        del machines.pair.machines[name].mounts["/srv/houses"]


def test_something_that_is_mounted_there_in_between_ends_the_move(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    plan = edited(machines, wanted, "homes", {"mount_point": "/srv/houses"})
    see = next(step for step in plan.todo() if step.title == "See /srv/houses mounted")
    machines.pair.machines["alice"].mounts["/srv/houses"] = ["/dev/sdb1", "ext4", ""]
    with pytest.raises(AssertionError, match="See /srv/houses mounted"):
        machines.do(see)


def test_a_volume_that_was_renamed_by_hand_is_not_made_anew(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    machines.pair.inside.lvs["houses"] = machines.pair.inside.lvs.pop("homes")
    plan = provision_again(machines, replace(wanted, in_service=True))
    assert "volume.gone" in {f.code for f in plan.findings if f.severity == "blocker"}


@pytest.mark.parametrize("changes", [{"name": "houses"}, {"mount_point": "/srv/other"}])
def test_a_second_place_is_in_the_way_of_a_new_name_and_not_of_a_new_place(
    pair: tuple[Machines, DesiredCluster], changes: dict[str, object]
) -> None:
    machines, wanted = pair
    machines.pair.machines["alice"].mounts["/srv/houses"] = ["/dev/vg_data/homes", "ext4", ""]
    refused = {f.code for f in edited(machines, wanted, "homes", changes).findings if f.severity == "blocker"}
    assert ("volume.mounted-elsewhere" in refused) is ("name" in changes)
    gone = deleted(machines, replace(wanted, exports=()), "homes")
    assert "volume.mounted-elsewhere" in {f.code for f in gone.findings if f.severity == "blocker"}


def half_moved(machines: Machines, wanted: DesiredCluster) -> None:
    """Both nodes' files have the new place; then somebody was in the way of letting the old one go."""
    for step in edited(machines, wanted, "homes", {"mount_point": "/srv/houses"}).todo():
        machines.do(step)
        if step.title == "Move the exports and write the service group":
            return
    pytest.fail("there is no such step")


def test_no_other_job_writes_the_service_group_over_a_move_that_broke_off(
    pair: tuple[Machines, DesiredCluster],
) -> None:
    """It would mount the volume at its old place after a failover, where nothing is exported any more."""
    machines, wanted = pair
    half_moved(machines, wanted)
    others = [
        created(machines, wanted),
        edited(machines, wanted, "media", {"mount_options": ()}),
        edited(machines, wanted, "media", {"name": "films"}),
        edited(machines, wanted, "homes", {"mount_point": "/srv/elsewhere"}),
        deleted(machines, replace(wanted, exports=()), "media"),
    ]
    for plan in others:
        assert "group.names-other" in codes(plan), plan.title
    observed = machines.read(wanted, Asked(quotas="/srv/homes"))
    limit = EditQuota(wanted.name, "homes", "user", "1234", 5000)
    assert "group.names-other" in codes(quota_edit.plan(limit, wanted, observed, HEARTBEAT))
    ready = snapshots.ready(wanted, observed, HEARTBEAT)  # taking one does not write the group, and goes on
    assert "group.names-other" not in {finding.code for finding in ready}
    assert codes(edited(machines, wanted, "homes", {"mount_point": "/srv/houses"})) == set()


def test_somebody_in_the_volume_stops_a_move_before_anything_has_moved(pair: tuple[Machines, DesiredCluster]) -> None:
    machines, wanted = pair
    first = edited(machines, wanted, "homes", {"mount_point": "/srv/houses"}).todo()[0]
    assert (first.title, first.kind) == ("See that no program of alice uses /srv/homes", Kind.WAITS)


def test_a_directory_that_could_not_be_looked_into_may_hold_files(pair: tuple[Machines, DesiredCluster]) -> None:
    """Seen in a review: it was called free, and a volume mounted there would have hidden them."""
    machines, wanted = pair
    asked = machines.read(wanted, Asked(("/srv/photos", "/srv/other")))
    why = (("directories", "find failed with 1: find: ‘/srv/photos’: Not a directory"),)
    blind = {
        name: replace(node, directories=(("/srv/other", "absent"),), unreadable=why) for name, node in asked.items()
    }
    photos, other = (DesiredVolume(name, GIB, "ext4", f"/srv/{name}") for name in ("photos", "other"))
    found = [
        [
            f.code
            for f in volume.plan(CreateVolume(wanted.name, one), wanted, blind, HEARTBEAT).findings
            if f.severity == "blocker"
        ]
        for one in (photos, other)
    ]
    assert found == [["facts.unseen", "facts.unseen"], []]
    moved = replace(wanted.volumes[0], mount_point="/srv/photos")
    plan = volume_edit.plan(EditVolume(wanted.name, moved.name, moved), wanted, blind, HEARTBEAT)
    assert [f.code for f in plan.findings if f.severity == "blocker"] == ["facts.unseen", "facts.unseen"]
