"""The last copy, on the real pair: a volume is not deleted while one node has its only good one, a snapshot that fills says so in time."""

from __future__ import annotations

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import PAIR
from tests.lab.setting_up import ADMIN_PASSWORD, approve
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
HOMES = "/c/lab-files/volumes/homes/"
CEREMONY = {"reason": "lab", "password": ADMIN_PASSWORD}


def test_the_only_good_copy_of_a_volume_is_never_deleted(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    walk.go("/c/lab-files/volumes/new/")
    walk.fill(name="spare", size="60", unit="MiB", fstype="ext4")
    walk.send("fstype", to="/jobs/")
    approve(walk, "create", 180)
    machines.cable("beta", "repl", plugged=False)
    walk.go("/c/lab-files/")
    walk.until("the page says that one copy is alone", "Not redundant", 120)
    walk.go("/c/lab-files/volumes/spare/delete/")
    walk.press(walk.page.locator("main form.ceremony"), to="/jobs/")
    walk.until("it is refused", "this would delete the only good one", 180)
    walk.picture("last-copy")
    assert not walk.page.locator('main form[action$="/approve/"] button:not([formaction])').count()
    for name in PAIR:
        assert machines.answers(name, "grep --quiet /srv/spare /etc/ha.d/haresources")
    assert machines.answers("alpha", "findmnt /srv/spare && lvs vg_data/spare")
    watch.lap("with the replication cut it is refused, and nothing was touched")
    machines.cable("beta", "repl", plugged=True)
    machines.until("redundant again", lambda: in_service.redundant("alpha"), 300, 2)
    with walk.page.expect_navigation():
        walk.page.locator('main button[formaction$="/again/"]').click()
    approve(walk, "delete", 180, typed_name="spare", **CEREMONY)
    for name in PAIR:
        assert not machines.answers(name, "test -e /srv/spare")
        assert not machines.answers(name, "grep --recursive --quiet spare /etc/ha.d /etc/fstab /etc/exports.d")
    assert walk.troubles == []
    watch.lap("with both copies good again: deleted, and both nodes are clean")


def test_a_snapshot_that_fills_is_told_at_70_and_90_and_when_it_is_lost(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    walk.go(f"{HOMES}snapshots/new/")
    walk.fill(name="small", size="32", unit="MiB")
    walk.send("size", to="/jobs/")
    approve(walk, "small", 180)
    for least, says in (
        (70, r"homes@small is (7|8)\d % full"),
        (90, r"homes@small is 9\d % full. At 100 % it is lost"),
    ):
        fill_to(least)
        told(walk, "/c/lab-files/", says)
        walk.picture(f"full-{least}")
        watch.lap(f"past {least} %: {fill():.1f} %, and the page says so")
    machines.run("client", "dd if=/dev/urandom of=/mnt/homes/over bs=1M count=24 conv=fsync", timeout=180)
    told(walk, "/c/lab-files/", "homes@small ran full: what it held is lost")
    walk.picture("full-lost")
    watch.lap("lost, and the page says so")
    walk.go(f"{HOMES}snapshots/small/")
    walk.press(walk.form("/delete/"), to="/jobs/")
    approve(walk, "delete", 180, typed_name="small", **CEREMONY)
    assert "homes-small" not in machines.run("alpha", "lvs --noheadings --options lv_name vg_data")
    report = clients.stop_writing()
    clients.checksums_agree()
    assert sum(report["stalls"]) < 15
    assert walk.troubles == []
    watch.lap(f"deleted (the writer stood still for {report['stalls']} s)")


def fill() -> float:
    return float(machines.run("alpha", "lvs --noheadings --options snap_percent vg_data/homes-small"))


def fill_to(least: float) -> None:
    """Write new files, one MiB each, until the snapshot has kept that much of what stood there before."""
    for number in range(64):
        if fill() >= least:
            return
        machines.run(
            "client", f"dd if=/dev/urandom of=/mnt/homes/f{least}-{number} bs=512K count=1 conv=fsync", timeout=120
        )
    raise AssertionError(f"not {least} % full: {fill()} %")


def told(walk: Walk, path: str, pattern: str) -> None:
    walk.go(path)
    walk.until(f"the page says {pattern}", pattern, 150)
