"""Mount options on the real pair: taken at a fresh mount, refused by the kernel, refused by the form; also a volume that would shrink."""

from __future__ import annotations

import pytest

from tests.lab import clients, machines
from tests.lab.places import PAIR
from tests.lab.setting_up import approve, give_approval
from tests.lab.test_volumes import VOLUMES, change, mount_of, same_files
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
REASON = {"reason": "the lab asks for it"}
TOGETHER = "data=journal,delalloc"  # ext4 has both words and takes only one of them


def test_a_fresh_mount_takes_options_or_brings_the_old_ones_back(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    change(walk, "media", mount_options="noatime,logbsize=64k", ceremony=REASON)
    assert "noatime" in mount_of("/srv/media") and "logbsize=64k" in mount_of("/srv/media")
    watch.lap("media mounted anew with another log buffer, XFS")
    before = mount_of("/srv/homes")
    ask(walk, TOGETHER)
    give_approval(walk, "refused", **REASON)
    walk.until("refused by the node", "needs somebody", 180)
    walk.picture("refused")
    print(walk.text[:700], flush=True)
    watch.lap("the kernel refused options of homes")
    assert mount_of("/srv/homes") == before
    same_files()
    for name in PAIR:
        assert not machines.answers(name, "grep --quiet data=journal /etc/ha.d/haresources")
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"the client stood still for {report['stalls']} s")
    assert walk.troubles == []


def test_a_new_volume_that_does_not_mount_is_not_named_in_the_service_group(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    before = machines.run("alpha", "cat /etc/ha.d/haresources")
    new(walk, TOGETHER)
    give_approval(walk, "will-not-mount")
    walk.until("refused by the node", "needs somebody", 180)
    print(walk.text[:700], flush=True)
    assert "wrong fs type, bad option" in walk.text
    assert [machines.run(name, "cat /etc/ha.d/haresources") for name in PAIR] == [before, before]
    assert not machines.answers("alpha", "mountpoint --quiet /srv/extra")
    watch.lap("a new volume did not mount, and no group names it")
    walk.press(walk.form("/acknowledge/"))
    new(walk, "data=journal")
    approve(walk, "mounts", 180)
    assert "data=journal" in mount_of("/srv/extra")
    same_files()
    watch.lap("asked again with options that go together")
    assert walk.troubles == []


def test_what_the_forms_refuse_keeps_what_was_typed(on_call: Walk) -> None:
    walk = on_call
    walk.go(f"{VOLUMES}/homes/edit/")
    walk.fill(mount_options="noatmie")
    refused(walk)
    assert "is not an option the panel knows for ext4" in walk.text
    assert walk.page.locator("main [name=mount_options]").input_value() == "noatmie"
    walk.go(f"{VOLUMES}/homes/grow/")
    walk.fill(how="to", size="100", unit="MiB")
    refused(walk)
    walk.picture("shrink")
    print(walk.text[:700], flush=True)
    assert "ext4" in walk.text and walk.page.locator("main [name=size]").input_value() == "100"


def refused(walk: Walk) -> None:
    """Press the button all the same: the form comes back, with the reason."""
    with walk.page.expect_navigation(wait_until="load") as navigated:
        walk.page.get_by_role("button", name="Show the plan").click()
    assert navigated.value and navigated.value.status == 422


def ask(walk: Walk, options: str) -> None:
    walk.go(f"{VOLUMES}/homes/edit/")
    walk.fill(mount_options=options)
    walk.send("mount_options", to="/jobs/")


def new(walk: Walk, options: str) -> None:
    walk.go(f"{VOLUMES}/new/")
    walk.fill(name="extra", size="100", unit="MiB", fstype="ext4", mount_options=options)
    walk.send("fstype", to="/jobs/")
