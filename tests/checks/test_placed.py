"""What a change of a volume's name or place leaves when it breaks off."""

from __future__ import annotations

from dataclasses import replace

from provisioning.checks import left_out, placed
from provisioning.checks.standing import standing
from provisioning.observed import NodeObserved
from provisioning.observed.storage import Mount
from provisioning.render.heartbeat import CLOSING
from provisioning.render.lvm import mapper
from provisioning.render.paths import HARESOURCES, SNAPSHOTS
from tests.pair import desired, finished, with_file

PAIR = desired()
VG, [HOMES, MEDIA] = PAIR.resource.vg, PAIR.volumes


def alice(**changes: object) -> NodeObserved:
    return replace(finished()["alice"], **changes)  # type: ignore[arg-type]


def without(name: str) -> NodeObserved:
    return alice(lvs=tuple(lv for lv in alice().lvs or () if lv.name != name))


def mounted(source: str, target: str) -> NodeObserved:
    return alice(mounts=(*(alice().mounts or ()), Mount(source, target, "ext4", ("rw",))))


def test_a_group_that_names_what_lvm_does_not_have_is_told() -> None:
    [found] = placed.unnamed(PAIR, without("homes"))
    assert (found.code, found.node) == ("group.names-missing", "alice")
    assert f"/dev/{VG}/homes" in found.text
    assert list(placed.unnamed(PAIR, alice())) == []


def test_the_standby_node_sees_no_volumes_and_tells_nothing_of_them() -> None:
    bob = finished()["bob"]
    assert list(placed.unnamed(PAIR, bob)) == []
    assert list(placed.lost(PAIR, {"bob": bob})) == []


def test_a_volume_in_service_that_is_gone_is_a_reason_not_to_change_anything() -> None:
    [found] = placed.lost(PAIR, {"alice": without("homes"), "bob": finished()["bob"]})
    assert (found.code, found.severity) == ("volume.gone", "blocker")
    assert list(placed.lost(PAIR, finished())) == []


def test_a_group_that_is_gone_as_a_whole_stops_a_change_all_the_same() -> None:
    node = alice(lvs=(), vgs=())
    assert {finding.code for finding in placed.lost(PAIR, {"alice": node})} == {"volume.gone"}
    assert list(placed.unnamed(PAIR, node)) == []


def test_a_second_place_is_told_and_is_in_the_way() -> None:
    node = mounted(mapper(VG, "homes"), "/srv/houses")
    assert [finding.text for finding in placed.twice(PAIR, node)] == ["homes is mounted at /srv/houses on alice, too."]
    assert [finding.severity for finding in placed.in_the_way(PAIR, node, HOMES)] == ["blocker"]
    assert list(placed.in_the_way(PAIR, node, MEDIA)) == []
    assert list(placed.in_the_way(PAIR, node, None)) == []


def test_neither_snapshots_nor_others_nor_an_old_name_count_as_a_second_place() -> None:
    for source, target in (
        (mapper(VG, "homes-before"), f"{SNAPSHOTS}/homes/before"),
        ("/dev/sdb1", "/mnt"),
        (mapper(VG, "homes"), MEDIA.mount_point),  # media, which was called homes when it was mounted
    ):
        assert list(placed.twice(PAIR, mounted(source, target))) == [], target


def test_both_stand_in_the_monitors_whole_reading() -> None:
    node = mounted(mapper(VG, "homes"), "/srv/houses")
    assert "volume.mounted-elsewhere" in {finding.code for finding in standing(PAIR, node) or ()}
    assert "group.names-missing" in {finding.code for finding in standing(PAIR, without("homes")) or ()}


def test_what_is_served_there_is_not_to_be_unmounted() -> None:
    """A move that ended between its two halves: the inventory has the old place, clients use the new one."""
    node = mounted(mapper(VG, "homes"), "/srv/houses")
    [idle] = placed.twice(PAIR, node)
    assert idle.fix == "umount /srv/houses"
    exports = tuple(replace(export, path=f"{export.path}/in") for export in node.exports or ())
    served = replace(node, exports=tuple(replace(export, path="/srv/houses/in") for export in exports))
    text = str(getattr(node.file(HARESOURCES), "text", "")).replace("::/srv/homes::", "::/srv/houses::")
    for live in (served, with_file(node, HARESOURCES, text)):
        [found] = placed.twice(PAIR, live)
        assert (found.fix, found.hint) == ("", "A move that did not end leaves this: plan it again.")


def test_a_place_in_the_group_that_no_volume_has_is_told_of_both_nodes() -> None:
    both = {
        name: with_file(node, HARESOURCES, str(getattr(node.file(HARESOURCES), "text", "")).replace("::/srv/homes::", "::/srv/houses::"))
        for name, node in finished().items()
    }  # fmt: skip
    found = list(placed.undescribed(PAIR, both))
    assert [(finding.code, finding.node, finding.severity) for finding in found] == [
        ("group.names-other", "alice", "blocker"),
        ("group.names-other", "bob", "blocker"),
    ]
    assert list(placed.undescribed(PAIR, both, ["/srv/houses"])) == []
    assert list(placed.undescribed(PAIR, finished())) == []


def test_what_closes_opened_snapshots_is_no_volume() -> None:
    node = finished()["alice"]
    text = str(getattr(node.file(HARESOURCES), "text", "")).rstrip("\n")
    opened = with_file(node, HARESOURCES, f"{text} {CLOSING}\n")
    assert list(placed.undescribed(PAIR, {"alice": opened})) == []
    assert list(left_out.contents(PAIR, opened)) == []
