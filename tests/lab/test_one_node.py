"""With the standby cut off from power, a volume grows and snapshots come and go on the node that serves; the other copy gets it later."""

from __future__ import annotations

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.setting_up import ADMIN_PASSWORD, approve, planned
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
MEDIA = "/c/lab-files/volumes/media"
SILENT = "beta was not read"
SIZE = "lvs --noheadings --units m --nosuffix --options lv_size vg_data/media"
ROOM = "findmnt --noheadings --bytes --output SIZE --mountpoint /srv/media"


def test_what_needs_one_node_only_goes_on_without_the_other(on_call: Walk) -> None:
    watch, walk = Stopwatch(), on_call
    clients.mount()
    clients.begin_to_write()
    before = int(machines.run("alpha", ROOM))
    ask_to_grow(walk, 352)
    planned(walk, "media with both nodes")
    assert SILENT not in walk.text
    old_plan = walk.path
    machines.cut_power("beta")
    walk.press(walk.page.locator("main form#ceremony"), to="/jobs/")
    walk.until("the plan of before is not run", "there is something to know.*Nothing was run", 120)
    watch.lap("a plan made with both nodes is not run with one")
    ask_to_grow(walk, 384)
    planned(walk, "media with one node")
    assert SILENT in walk.text and walk.path != old_plan
    walk.picture("plan-with-one-node")
    approve(walk, "grow-alone", 180)
    assert float(machines.run("alpha", SIZE)) == 384 and int(machines.run("alpha", ROOM)) > before
    watch.lap("grew media on alpha alone, while it was written to")
    walk.go(f"{MEDIA}/snapshots/new/")
    walk.fill(name="before", size="32", unit="MiB")
    walk.send("name", to="/jobs/")
    approve(walk, "snapshot-alone", 180)
    walk.go(f"{MEDIA}/snapshots/before/")
    walk.press(walk.form("/delete/"), to="/jobs/")
    approve(walk, "delete-alone", 180, reason="lab", typed_name="before", password=ADMIN_PASSWORD)
    assert not machines.answers("alpha", "lvs vg_data/media-before")
    watch.lap("took and deleted a snapshot")
    walk.go("/c/lab-files/volumes/homes/edit/")
    assert "beta does not answer the panel. This needs both nodes." in walk.text or "Change homes" in walk.text
    machines.start("beta")
    machines.wait_ssh("beta")
    machines.until("both copies UpToDate", lambda: in_service.redundant("alpha"), 300, 2)
    watch.lap("beta is back and has what it missed")
    clients.writes_on()
    walk.go("/c/lab-files/")
    walk.until("nothing is wrong", "Redundant. A failover now would work", 120)
    machines.cut_power("alpha")
    machines.until("beta serves", lambda: in_service.serves("beta"), 400, 2)
    assert float(machines.run("beta", SIZE)) == 384 and int(machines.run("beta", ROOM)) > before
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"beta serves the larger volume after a failover (the writer stood still for {report['stalls']} s)")
    assert walk.troubles == []


def ask_to_grow(walk: Walk, size: int) -> None:
    walk.go(f"{MEDIA}/grow/")
    walk.fill(how="to", size=str(size), unit="MiB")
    walk.send("size", to="/jobs/")
