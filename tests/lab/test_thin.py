"""Thin volumes on the real pair, in a pool made by hand, through the panel's pages: made, snapshot, opened, moved, rolled back, grown, deleted."""

from __future__ import annotations

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import MACHINES, PAIR, SERVICE_IP
from tests.lab.setting_up import ADMIN_PASSWORD, approve
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
VOLUMES = "/c/lab-files/volumes"
SHOP = f"{VOLUMES}/shop/"
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
CEREMONY = {"reason": "lab", "password": ADMIN_PASSWORD}


@pytest.fixture
def pool(pair: None) -> None:
    """Somebody makes a pool in the group on DRBD: the panel makes none."""
    machines.run("alpha", "lvcreate --type thin-pool --size 400M --name pool0 vg_data", timeout=120)


def test_a_thin_volume_moves_with_an_open_snapshot(pool: None, on_call: Walk) -> None:
    watch, walk = Stopwatch(), on_call
    clients.mount()
    clients.begin_to_write()
    make(walk)
    watch.lap("made a thin volume of 640 MiB in a pool of 400")
    was = written("alpha")
    take(walk, "before")
    assert attributes("alpha", "shop-before") == "Vwi---tz-k"
    assert written("alpha") != was
    watch.lap("took a snapshot and wrote over everything")
    walk.go(f"{SHOP}snapshots/before/open/")
    walk.fill(clients=MACHINES["client"].lan, as_root="on")
    walk.send("clients", to="/jobs/")
    approve(walk, "open", 240)
    old = "/srv/.snapshots/shop/before"
    machines.run("client", f"mkdir -p /mnt/old && mount -t nfs4 -o ro {SERVICE_IP}:{old} /mnt/old", timeout=90)
    assert machines.run("client", "sha256sum </mnt/old/data", timeout=90).split()[0] == was
    assert "nouuid" in machines.run("alpha", f"findmnt --noheadings --output OPTIONS {old}")
    watch.lap("opened it for the client, who reads what was there before")
    boot = machines.run("alpha", BOOT_ID)
    machines.run("alpha", "/usr/share/heartbeat/hb_standby")
    machines.until("beta serves", lambda: in_service.serves("beta"), 300, 2)
    assert machines.run("alpha", BOOT_ID) == boot, "the switchover restarted alpha"
    assert machines.answers("beta", "findmnt /srv/shop") and not machines.answers("alpha", "findmnt /srv/.snapshots")
    assert attributes("beta", "shop-before") == "Vwi---tz-k", "nobody activated it over there"
    clients.writes_on()
    watch.lap("moved the service with the thin volume and its open snapshot")
    machines.run("client", "umount --force --lazy /mnt/old")
    walk.go("/c/lab-files/")
    walk.until("the page tells the pool", r"Thin pool pool0", 150)
    walk.picture("pool")
    walk.go(f"{SHOP}snapshots/before/")
    walk.press(walk.form("/close/"), to="/jobs/")
    approve(walk, "close", 240, reason="lab")
    walk.go(f"{SHOP}snapshots/before/")
    walk.press(walk.form("/delete/"), to="/jobs/")
    approve(walk, "delete", 240, typed_name="before", **CEREMONY)
    assert "shop-before" not in machines.run("beta", "lvs --noheadings --options lv_name vg_data")
    watch.lap("closed and deleted it on the other node")
    print(clients.stop_writing())
    clients.checksums_agree()
    assert walk.troubles == []


def test_a_thin_volume_is_rolled_back_grown_and_deleted(pool: None, on_call: Walk) -> None:
    watch, walk = Stopwatch(), on_call
    clients.mount()
    clients.begin_to_write()
    make(walk)
    was = written("alpha")
    take(walk, "before")
    written("alpha")
    walk.go(f"{SHOP}grow/")
    walk.fill(how="to", size="700", unit="MiB")
    walk.send("size", to="/jobs/")
    approve(walk, "grow", 240)
    assert size("alpha") == 700 << 20
    watch.lap("grew it, with its snapshot")
    walk.go(f"{SHOP}snapshots/before/")
    walk.press(walk.form("/restore/"), to="/jobs/")
    approve(walk, "restore", 600, typed_name="shop", **CEREMONY)
    assert machines.run("alpha", "sha256sum </srv/shop/data").split()[0] == was
    assert size("alpha") == 640 << 20 and attributes("alpha", "shop") == "Vwi-aotz--"
    walk.go(SHOP)
    assert "640 MiB" in walk.text, "the page has the size it got back"
    clients.writes_on()
    watch.lap("rolled it back: content and size of then")
    walk.go(f"{SHOP}delete/")
    walk.press(walk.page.locator("main form.ceremony"), to="/jobs/")
    approve(walk, "delete", 300, typed_name="shop", **CEREMONY)
    assert "shop" not in machines.run("alpha", "lvs --noheadings --options lv_name vg_data")
    for name in PAIR:
        assert not machines.answers(name, "grep --quiet /srv/shop /etc/ha.d/haresources || test -e /srv/shop")
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"deleted it (the client stood still for {report['stalls']} s)")
    assert walk.troubles == []


def make(walk: Walk) -> None:
    walk.go(f"{VOLUMES}/new/")
    walk.fill(name="shop", size="640", unit="MiB", fstype="xfs", pool="pool0")
    walk.send("fstype", to="/jobs/")
    approve(walk, "make", 300)
    assert attributes("alpha", "shop") == "Vwi-aotz--"


def take(walk: Walk, name: str) -> None:
    walk.go(f"{SHOP}snapshots/new/")
    assert not walk.page.locator("[name=size]").count(), "a thin snapshot needs no size"
    walk.fill(name=name)
    walk.send("name", to="/jobs/")
    approve(walk, f"take-{name}", 180)


def written(name: str) -> str:
    """Write 20 MiB of something new over the same file; its checksum."""
    machines.run(
        name, "dd if=/dev/urandom of=/srv/shop/data bs=1M count=20 conv=fsync,notrunc 2>/dev/null", timeout=120
    )
    return machines.run(name, "sha256sum </srv/shop/data", timeout=60).split()[0]


def attributes(name: str, lv: str) -> str:
    return machines.run(name, f"lvs --noheadings --options lv_attr vg_data/{lv}").strip()


def size(name: str) -> int:
    return int(machines.run(name, "lvs --noheadings --units b --nosuffix --options lv_size vg_data/shop"))
