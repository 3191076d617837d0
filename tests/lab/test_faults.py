"""What may break while volumes and exports are changed, on real nodes: each ends as told, and the same job planned again mends it.

The simulator plays the same stories in tests/scenarios; here DRBD, mkfs, exportfs and the kernel answer for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import PAIR
from tests.lab.setting_up import approve, give_approval, planned
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
FILE = "/etc/exports.d/storagepanel.exports"
OTHER = "10.99.0.0/16"
KILLS = "/usr/local/sbin/mkfs.ext4"  # found before the one that it starts and kills


def test_what_is_there_already_is_never_taken(on_call: Walk) -> None:
    """A full group, somebody's volume, files in the mount point of the node that waits, and an mkfs killed in the middle."""
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    on_call.go("/c/lab-files/volumes/new/")
    on_call.fill(name="data", size="4000", unit="MiB", fstype="ext4")
    with on_call.page.expect_navigation():
        on_call.page.locator('main form:has([name="fstype"]) button:not([name])').last.click()
    assert "more than vg_data has free. The largest possible is" in on_call.text
    assert on_call.path.endswith("/volumes/new/")
    assert on_call.page.locator('[name="name"]').input_value() == "data"
    watch.lap("more than there is: refused in the form, and what was typed is kept")

    machines.run(
        "alpha", "lvcreate --yes --name shop --size 60m vg_data && mkfs.ext4 -q /dev/vg_data/shop", timeout=120
    )
    uuid = machines.run("alpha", "blkid -s UUID -o value /dev/vg_data/shop")
    refused(on_call, "shop", "vg_data has a volume shop already, which this panel did not make")
    assert machines.run("alpha", "blkid -s UUID -o value /dev/vg_data/shop") == uuid
    watch.lap("somebody's volume: refused")

    machines.run("beta", "mkdir -p /srv/data && echo mine >/srv/data/word")
    refused(on_call, "data", "/srv/data of beta holds files already")
    assert machines.run("beta", "cat /srv/data/word") == "mine"
    machines.run("beta", "rm -r /srv/data")
    watch.lap("somebody's files in the mount point: refused")

    machines.run(
        "alpha",
        f"echo '#!/bin/sh\n/usr/sbin/mkfs.ext4 \"$@\" & sleep 0.1; kill -KILL $!; wait $!' >{KILLS}; chmod +x {KILLS}",
    )
    with on_call.page.expect_navigation():
        on_call.page.locator('main button[formaction$="/again/"]').click()
    give_approval(on_call, "killed")
    on_call.until("the job says so", "needs somebody", 240, instead_of="succeeded")
    on_call.picture("mkfs-killed")
    print(on_call.text[:700], flush=True)
    assert not machines.answers("alpha", "grep --quiet /srv/data /proc/mounts")
    assert not machines.answers("alpha", f"grep --quiet /srv/data {FILE} /etc/ha.d/haresources")
    machines.run("alpha", f"rm {KILLS}")
    watch.lap("mkfs was killed")
    on_call.press(on_call.form("/again/"), to="/jobs/")
    approve(on_call, "finished", 240)
    assert machines.answers("alpha", "findmnt --noheadings /srv/data && touch /srv/data/word")
    same_on_both()
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    assert on_call.troubles == []
    watch.lap(f"planned again: made and mounted (the writer stood still for {report['stalls']} s)")


def test_a_full_disk_keeps_the_old_exports_on_both_nodes(on_call: Walk) -> None:
    watch = Stopwatch()
    before, table = same_on_both(), machines.run("alpha", "exportfs -v")
    add_a_client(on_call)
    planned(on_call, "edit")
    machines.run(
        "alpha",
        "fallocate --length $(($(df --output=avail --block-size=1M / | tail -1) * 95 / 100))M /fill",
        timeout=120,
    )
    for block in ("1M", "4096"):
        machines.run("alpha", f"dd if=/dev/zero of=/fill.{block} bs={block} 2>&1; sync", check=False, timeout=300)
    assert "No space left" in machines.run("alpha", "cp /etc/services /etc/exports.d/x 2>&1; rm -f /etc/exports.d/x")
    watch.lap("alpha's disk is full")
    on_call.press(on_call.form("/approve/"))
    on_call.until("the job says so", "needs somebody", 240, instead_of="succeeded")
    on_call.picture("disk-full")
    print(on_call.text[:700], flush=True)
    assert "No space left on device" in on_call.text
    assert (same_on_both(), machines.run("alpha", "exportfs -v")) == (before, table)
    watch.lap("refused: both files and the table are as they were")
    machines.run("alpha", "rm /fill*")
    on_call.press(on_call.form("/again/"), to="/jobs/")
    approve(on_call, "with-room", 180)
    assert any(OTHER in line for line in same_on_both())
    assert on_call.troubles == []
    watch.lap("with room again: done")


def test_the_way_to_the_node_that_serves_is_cut_between_the_two_files(on_call: Walk) -> None:
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    broken_off(on_call, lambda: machines.cable("alpha", "mgmt", plugged=False))
    watch.lap("cut: the job ended")
    machines.cable("alpha", "mgmt", plugged=True)
    machines.hang_up("alpha")
    machines.wait_ssh("alpha")
    differ_and_mend(on_call, watch)
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    assert sum(report["stalls"]) < 10
    assert on_call.troubles == []
    watch.lap(f"planned again: done (the writer stood still for {report['stalls']} s)")


def test_the_node_that_serves_loses_its_power_between_the_two_files(on_call: Walk) -> None:
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    broken_off(on_call, lambda: machines.cut_power("alpha"))
    watch.lap("power cut: the job ended")
    machines.until("beta serves", lambda: in_service.serves("beta"), 400, 2)
    new = OTHER in machines.run(
        "beta", f"cat {FILE}"
    )  # put back, unless beta took over before the job saw that alpha is gone
    assert (f"/srv/homes {OTHER}(" in " ".join(machines.run("beta", "exportfs -v").split())) is new
    clients.writes_on()
    watch.lap(f"beta serves what its file says: the {'new' if new else 'old'} line")
    machines.start("alpha")
    machines.wait_ssh("alpha")
    machines.until("redundant again", lambda: in_service.redundant("beta"), 600, 2)
    watch.lap("alpha is back and redundant")
    differ_and_mend(on_call, watch)
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    assert on_call.troubles == []
    watch.lap(f"planned again: done (the writer stood still for {report['stalls']} s)")


def ask_for(walk: Walk, name: str) -> None:
    walk.go("/c/lab-files/volumes/new/")
    walk.fill(name=name, size="60", unit="MiB", fstype="ext4")
    walk.send("fstype")


def refused(walk: Walk, name: str, says: str) -> None:
    """Refused before anything runs, on the form or on the page of the plan, with nothing to approve."""
    ask_for(walk, name)
    walk.until(f"{name} is refused", re.escape(says), 180)
    walk.picture(f"refused-{name}-{len(says)}")
    assert not walk.page.locator('main form[action$="/approve/"] button:not([formaction])').count()


def add_a_client(walk: Walk) -> None:
    walk.go("/c/lab-files/exports/1/edit/")
    with walk.page.expect_navigation():
        walk.page.locator('main button[name="add"]').click()
    walk.fill(c1__client=OTHER)
    walk.send("c0__client", to="/jobs/")


def broken_off(walk: Walk, cut: Callable[[], None]) -> None:
    """A change of the exports, with something cut once the standby node has the new file and before the other one took it."""
    add_a_client(walk)
    give_approval(walk, "edit")
    machines.run("beta", f"until grep --quiet {OTHER} {FILE}; do sleep 0.05; done", timeout=120)
    cut()
    walk.until("the job says that it does not know", "needs somebody", 400, instead_of="succeeded")
    walk.picture("broken-off")
    print(walk.text[:700], flush=True)


def differ_and_mend(walk: Walk, watch: Stopwatch) -> None:
    """The pair says by itself what the job that broke off left; the same job, planned again, writes the rest."""
    job = walk.path
    new = {OTHER in machines.run(name, f"cat {FILE}") for name in PAIR}
    says = "Redundant. A failover now would work"  # the standby node's half was put back, and the other one never had its own
    if len(new) == 2:
        says = "files differ"
    elif True in new:
        says = "exports file of (alpha|beta) is not as it was set|alpha does not export everything as it was set"
    walk.go("/c/lab-files/")
    walk.until(f"the page says: {says}", says, 180)
    walk.picture("left-behind")
    watch.lap(f"the page says: {says}")
    walk.go(job)
    walk.press(walk.form("/again/"), to="/jobs/")
    approve(walk, "again", 240)
    assert any(OTHER in line for line in same_on_both())
    walk.go("/c/lab-files/")
    walk.until("nothing differs any more", "Redundant. A failover now would work", 180)


def same_on_both() -> list[str]:
    one, other = (machines.run(name, f"cat {FILE}").splitlines() for name in PAIR)
    assert one == other
    return one
