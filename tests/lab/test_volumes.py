"""Volumes in service, their whole life, on real nodes: driven through the pages while a client writes and reads with checksums."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import PAIR, SERVICE_IP
from tests.lab.setting_up import ADMIN_PASSWORD, approve
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
VOLUMES = "/c/lab-files/volumes"
FILE = "/etc/exports.d/storagepanel.exports"


def test_volumes_grow_and_take_options_while_a_client_writes(on_call: Walk) -> None:
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    grow(on_call, "homes", 384)
    watch.lap("grew homes, ext4")
    grow(on_call, "media", 384)
    watch.lap("grew media, XFS")
    change(on_call, "homes", mount_options="noatime")
    assert " rw,noatime " in mount_of("/srv/homes")
    change(on_call, "homes", mount_options="commit=30")
    assert " rw,relatime,commit=30 " in mount_of("/srv/homes")
    watch.lap("changed options twice, in place")
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"the client stood still for {report['stalls']} s")
    same_files()
    assert on_call.troubles == []


def test_volumes_move_and_are_renamed_while_a_client_writes(on_call: Walk) -> None:
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    change(on_call, "media", name="films")
    change(on_call, "films", mount_point="/srv/films", ceremony={"reason": "it is films"})
    moved("media", "films", fsid=2)
    watch.lap("renamed and moved media")
    change(on_call, "homes", name="houses")
    grow(on_call, "houses", 448, at="/srv/homes")
    watch.lap("renamed homes and grew it")
    clients.writes_on()
    clients.checksums_agree()
    report = clients.stop_writing()
    watch.lap(f"the client stood still for {report['stalls']} s")
    same_files()
    clients.begin_to_write()
    on_call.go("/c/lab-files/")
    on_call.until("the page says that it serves", "Redundant", 90)
    assert on_call.troubles == []
    machines.cut_power("alpha")
    machines.until("beta serves what was moved", lambda: serves_moved("beta"), 400, 2)
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"and a failover finds it all (the client stood still for {report['stalls']} s)")


def test_a_volume_comes_and_goes_and_the_device_grows(on_call: Walk) -> None:
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    on_call.go(f"{VOLUMES}/new/")
    on_call.fill(name="extra", size="100", unit="MiB", fstype="ext4")
    on_call.send("fstype", to="/jobs/")
    approve(on_call, "create", 180)
    machines.run("alpha", "echo gone >/srv/extra/word; sync")
    watch.lap("created extra")
    last_write_is_told(on_call)
    watch.lap("the page tells when extra was last written, also when a file was overwritten in place")
    on_call.press(on_call.page.locator("main form.ceremony"), to="/jobs/")
    approve(on_call, "delete", 180, reason="not needed", typed_name="extra", password=ADMIN_PASSWORD)
    for name in PAIR:
        assert not machines.answers(name, "test -e /srv/extra")
        assert not machines.answers(name, "grep --recursive --quiet extra /etc/ha.d /etc/fstab /etc/exports.d")
    assert not machines.answers("alpha", "lvs vg_data/extra")
    same_files()
    watch.lap("deleted extra, nothing left")
    on_call.go("/c/lab-files/resource/grow/")
    on_call.fill(how="by", size="128", unit="MiB")
    on_call.send("size", to="/jobs/")
    approve(on_call, "resource", 180)
    for name in PAIR:
        assert size_of(name, "blockdev --getsize64 /dev/vg_local/r0") == (1600 + 128) << 20
        assert size_of(name, "cat /sys/block/drbd0/size") == 3538760
    assert size_of("alpha", "pvs --noheadings --units b --nosuffix --options pv_size /dev/drbd0") == 1807745024
    machines.until("what is new is copied", lambda: in_service.redundant("alpha"), 120, 1)
    watch.lap("grew the device by 128 MiB on both nodes, and it is redundant again")
    grow(on_call, "homes", 900)
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"grew homes into it (the client stood still for {report['stalls']} s)")
    assert on_call.troubles == []


def last_write_is_told(walk: Walk) -> None:
    """A file overwritten in place is seen, though it leaves the volume as full as it was."""
    machines.until("how full it is was read", lambda: last_written(walk) is not None, 150, 3)
    full = size_of("alpha", "df --output=used /srv/extra | tail -1")
    machines.run("alpha", "echo past | dd of=/srv/extra/word conv=notrunc,fsync status=none")
    now = datetime.now(UTC).isoformat()
    machines.until("the write is told", lambda: (last_written(walk) or "") > now, 150, 3)
    assert size_of("alpha", "df --output=used /srv/extra | tail -1") == full


def last_written(walk: Walk) -> str | None:
    """In UTC as the page has it, empty when nothing was written; None while nothing was read."""
    walk.go(f"{VOLUMES}/extra/delete/")
    if "are used" not in walk.text:
        return None
    told = walk.page.locator("#depends .d", has_text="Last written").locator("time").last
    return told.get_attribute("datetime") if told.count() else ""


def grow(walk: Walk, name: str, to: int, *, at: str = "") -> None:
    """To so many MiB; the client sees the new size."""
    walk.go(f"{VOLUMES}/{name}/grow/")
    walk.fill(how="to", size=str(to), unit="MiB")
    walk.send("size", to="/jobs/")
    approve(walk, f"grow-{name}-{to}", 180)
    assert size_of("alpha", f"lvs --noheadings --units b --nosuffix --options lv_size vg_data/{name}") == to << 20
    assert (
        size_of("alpha", f"findmnt --noheadings --bytes --output SIZE --mountpoint {at or f'/srv/{name}'}")
        > (to << 20) * 0.8
    )


def change(walk: Walk, volume: str, /, *, ceremony: dict[str, str] | None = None, **fields: str) -> None:
    walk.go(f"{VOLUMES}/{volume}/edit/")
    walk.fill(**fields)
    walk.send("mount_options", to="/jobs/")
    approve(walk, f"change-{volume}", 180, **(ceremony or {}))


def moved(old: str, new: str, *, fsid: int) -> None:
    """Both nodes name the new place only; the client that has it mounted goes on, another one finds it there."""
    for name in PAIR:
        assert not machines.answers(name, f"test -e /srv/{old}")
        assert not machines.answers(name, f"grep --quiet {old} /etc/ha.d/haresources {FILE}")
        assert machines.answers(name, f"test -d /srv/{new}")
    assert f"fsid={fsid}," in machines.run("alpha", f"exportfs -v | grep --after-context=1 ^/srv/{new}")
    clients.checksums_agree()
    machines.run(
        "client",
        f"mkdir -p /mnt/new && mount -t nfs4 {SERVICE_IP}:/srv/{new} /mnt/new && cmp /mnt/new/data /mnt/{old}/data",
        timeout=90,
    )
    machines.run("client", "umount /mnt/new")


def same_files() -> None:
    sums = [machines.run(name, f"sha256sum /etc/ha.d/haresources {FILE}") for name in PAIR]
    assert sums[0] == sums[1]


def serves_moved(name: str) -> bool:
    table = (
        machines.run(name, "exportfs -v; grep /srv /proc/mounts", check=False) if machines.answers(name, "true") else ""
    )
    wanted = ("/srv/films", "/srv/homes", "vg_data-films /srv/films", "vg_data-houses /srv/homes")
    return all(part in table for part in wanted) and machines.answers(
        name, f"ip -brief address show eth1 | grep --quiet {SERVICE_IP}/"
    )


def mount_of(point: str) -> str:
    return machines.run("alpha", f"grep ' {point} ' /proc/mounts")


def size_of(name: str, command: str) -> int:
    return int(machines.run(name, command))
