"""Snapshots on the real pair, through the panel's pages, while a client writes: taken, opened, filled, closed, deleted, rolled back to."""

from __future__ import annotations

import re

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import MACHINES, SERVICE_IP
from tests.lab.setting_up import ADMIN_PASSWORD, approve, planned
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
MEDIA = "/c/lab-files/volumes/media/"
HIDDEN = "'^ *\\[media-before\\]'"  # as LVM shows a snapshot that is merged
MERGES = f"findmnt /srv/media && exportfs -v | grep ^/srv/media && lvs --all vg_data | grep {HIDDEN}"
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
CEREMONY = {"reason": "lab", "password": ADMIN_PASSWORD}


@pytest.fixture
def writing(pair: None) -> None:
    clients.mount()
    clients.begin_to_write()


def test_files_come_back_from_an_opened_snapshot_and_a_failover_is_not_stopped_by_it(
    writing: None, on_call: Walk
) -> None:
    watch, walk = Stopwatch(), on_call
    take(walk, MEDIA, "before")
    watch.lap("took a snapshot of media")
    was = checksum("media")
    overwrite("media")
    assert checksum("media") != was
    told(walk, MEDIA, "the fill", r"Snapshots .*before .*? [1-9]\d* %")
    watch.lap("the page shows how full it is")
    walk.picture("filled")
    walk.go(f"{MEDIA}snapshots/before/open/")
    walk.fill(clients=MACHINES["client"].lan, as_root="on")
    walk.send("clients", to="/jobs/")
    approve(walk, "open", 180)
    watch.lap("opened it for the client")
    path = "/srv/.snapshots/media/before"
    machines.run("client", f"mkdir -p /mnt/old && mount -t nfs4 -o ro {SERVICE_IP}:{path} /mnt/old", timeout=60)
    assert machines.run("client", "sha256sum </mnt/old/data").split()[0] == was
    assert not machines.answers("client", "touch /mnt/old/new")
    machines.run("client", "cp /mnt/old/data /mnt/media/restored && sync", timeout=120)
    assert machines.run("client", "sha256sum </mnt/media/restored").split()[0] == was
    watch.lap("the client copied the old file back")
    boot = machines.run("alpha", BOOT_ID)
    machines.run("alpha", "/usr/share/heartbeat/hb_standby")
    machines.until("beta serves", lambda: in_service.serves("beta"), 300, 2)
    assert machines.run("alpha", BOOT_ID) == boot, "the switchover restarted alpha"
    assert not machines.answers("alpha", "findmnt /srv/.snapshots")
    clients.writes_on()
    watch.lap("moved the service with the snapshot open")
    machines.run("client", "umount --force --lazy /mnt/old")
    told(walk, f"{MEDIA}snapshots/before/", "that it was closed", "A failover has closed it")
    walk.press(walk.form("/close/"), to="/jobs/")
    approve(walk, "close", 180, reason="lab")
    for name in ("alpha", "beta"):
        assert not machines.answers(name, "grep --quiet /srv/.snapshots /etc/ha.d/haresources /var/lib/nfs/etab")
    walk.go(f"{MEDIA}snapshots/before/")
    walk.press(walk.form("/delete/"), to="/jobs/")
    approve(walk, "delete", 180, typed_name="before", **CEREMONY)
    assert "media-before" not in machines.run("beta", "lvs --noheadings --options lv_name vg_data")
    watch.lap("closed and deleted it")
    print(clients.stop_writing())
    machines.run("client", "cd /mnt && grep homes /root/before | sha256sum --check --strict", timeout=120)
    assert walk.troubles == []


def test_a_volume_rolled_back_holds_what_it_held_on_both_nodes(writing: None, on_call: Walk) -> None:
    watch, walk = Stopwatch(), on_call
    take(walk, MEDIA, "before")
    was = checksum("media")
    overwrite("media")
    machines.run("client", "echo new >/mnt/media/newer && sync")
    walk.go(f"{MEDIA}snapshots/before/")
    walk.press(walk.form("/restore/"), to="/jobs/")
    watch.lap("took a snapshot and changed the volume")
    approve(walk, "restore", 600, typed_name="media", **CEREMONY)
    watch.lap("rolled it back, the merge ended")
    assert checksum("media") == was
    assert not machines.answers("alpha", "test -e /srv/media/newer")
    assert "media-before" not in machines.run("alpha", "lvs --noheadings --all --options lv_name vg_data")
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"the client went on by itself (it stood still for {report['stalls']} s)")
    machines.cut_power("alpha")
    machines.until("beta serves", lambda: in_service.serves("beta"), 400, 2)
    assert machines.run("beta", "sha256sum </srv/media/data").split()[0] == was
    watch.lap("the other node holds the same")
    assert walk.troubles == []


def test_a_merge_that_a_power_cut_breaks_off_goes_on_on_the_other_node(writing: None, on_call: Walk) -> None:
    watch, walk = Stopwatch(), on_call
    walk.go(f"{MEDIA}snapshots/new/")
    walk.fill(name="before", size="96", unit="MiB")
    walk.send("size", to="/jobs/")
    approve(walk, "take-before", 180)
    was = checksum("media")
    machines.run("client", "dd if=/dev/urandom of=/mnt/media/more bs=1M count=40 conv=fsync", timeout=180)
    overwrite("media")
    machines.run("alpha", "echo 1 >/sys/module/dm_snapshot/parameters/snapshot_copy_throttle")  # as slow disks are
    walk.go(f"{MEDIA}snapshots/before/")
    walk.press(walk.form("/restore/"), to="/jobs/")
    watch.lap("took a snapshot and changed the volume")
    planned(walk, "restore")
    walk.fill(typed_name="media", **CEREMONY)
    walk.press(walk.form("/approve/"))
    job = walk.path
    machines.until("the merge goes on, the volume is served", lambda: machines.answers("alpha", MERGES), 300, 1)
    clients.writes_on()
    walk.until("the job waits for the end of the merge", "step 11 of 11", 120, instead_of="needs somebody")
    before = machines.run("alpha", "dmsetup status vg_data-media")
    assert machines.answers("alpha", MERGES), "it ended too early for this test"
    machines.cut_power("alpha")
    watch.lap(f"rolled back; cut in the middle of the merge, at {before}")
    machines.until("beta serves", lambda: in_service.serves("beta"), 400, 2)
    watch.lap("beta serves")
    assert checksum("media") == was
    clients.writes_on()
    print(machines.run("beta", "lvs --all --options lv_name,lv_attr,data_percent vg_data; dmsetup status"), flush=True)
    machines.until(
        "beta ended the merge", lambda: not machines.answers("beta", f"lvs --all vg_data | grep {HIDDEN}"), 240, 2
    )
    watch.lap("the merge ended on beta")
    walk.until("the job says that its node went away", "has not answered for|restarted while", 240)
    walk.picture("broken-off")
    print(walk.text[:700], flush=True)
    machines.start("alpha")
    machines.wait_ssh("alpha")
    machines.until("both copies UpToDate", lambda: in_service.redundant("beta"), 300, 2)
    watch.lap("alpha is back")
    assert job == walk.path
    walk.press(walk.form("/again/"), to="/jobs/")
    approve(walk, "again", 300)
    walk.go(f"{MEDIA}")
    assert "None. A snapshot keeps" in walk.text
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(
        f"planned again, done; {report['acknowledged']} lines acknowledged, it stood still for {report['stalls']} s"
    )
    assert walk.troubles == []


def take(walk: Walk, volume: str, name: str) -> None:
    walk.go(f"{volume}snapshots/new/")
    walk.fill(name=name, size="64", unit="MiB")
    walk.send("size", to="/jobs/")
    approve(walk, f"take-{name}", 180)
    assert re.search(rf"\b{name}\b", machines.run("alpha", "lvs --noheadings --options lv_name vg_data"))


def told(walk: Walk, path: str, says: str, pattern: str) -> None:
    """The panel reads LVM once a minute; one looks again, these pages do not change under one's eyes."""

    def seen() -> bool:
        walk.go(path)
        return re.search(pattern, walk.text) is not None

    machines.until(f"the page tells {says}", seen, 150, 3)


def checksum(volume: str) -> str:
    return machines.run("client", f"sha256sum </mnt/{volume}/data", timeout=120).split()[0]


def overwrite(volume: str) -> None:
    machines.run(
        "client", f"dd if=/dev/urandom of=/mnt/{volume}/data bs=1M count=20 conv=fsync,notrunc && sync", timeout=180
    )
