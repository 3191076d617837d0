"""Check, trim and repair file systems of a pair in service, through the panel's pages, while a client writes."""

from __future__ import annotations

import re

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import PAIR
from tests.lab.setting_up import approve, planned
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
PAGE = "/c/lab-files/volumes/"


def test_file_systems_are_checked_and_trimmed_while_a_client_writes(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    for name in ("homes", "media"):
        check(walk, name, "snapshot")
        watch.lap(f"checked {name} in a snapshot")
    assert "storagepanel-check" not in machines.run("alpha", "lvs --noheadings --options lv_name")
    for name in ("homes", "media"):
        trim(walk, name)
    watch.lap("trimmed both")
    report = clients.stop_writing()
    clients.checksums_agree()
    print(f"the client stood still for {report['stalls']} s while nobody was interrupted")
    assert max(report["stalls"], default=0) < 20
    assert walk.troubles == []


def test_the_volume_itself_is_checked_and_repaired_and_comes_back(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    check(walk, "homes", "itself", reason="looks odd")
    watch.lap("checked homes itself")
    clients.writes_on()
    walk.go(f"{PAGE}media/repair/")
    walk.fill(way="careful")
    walk.press(walk.page.locator("#repair-form"), to="/jobs/")
    approve(walk, "repair", 300, reason="to be sure")
    watch.lap("repaired media")
    whole(walk, "media")
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    assert in_service.serves("alpha")
    print(f"the client stood still for {report['stalls']} s")
    assert walk.troubles == []


def check(walk: Walk, name: str, way: str, *, found: str = "whole", **ceremony: str) -> None:
    walk.go(f"{PAGE}{name}/check/")
    walk.fill(way=way)
    walk.press(walk.page.locator("#check-form"), to="/jobs/")
    approve(walk, "check", 300, **ceremony)
    whole(walk, name, found)


def whole(walk: Walk, name: str, found: str = "whole") -> None:
    walk.go(f"{PAGE}{name}/")
    walk.picture(f"care-{name}")
    assert re.search(found, walk.page.locator("#care > div").first.inner_text())


def trim(walk: Walk, name: str) -> None:
    walk.go(f"{PAGE}{name}/trim/")
    walk.press(walk.page.locator("#trim-now"), to="/jobs/")
    approve(walk, "trim", 300)
    walk.go(f"{PAGE}{name}/")
    assert re.search(r"[\d.]+ [KMG]iB discarded", walk.page.locator("#care").inner_text())


def test_a_quota_holds_for_a_client_and_is_shown(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    for name in PAIR:
        machines.run(name, "dpkg --remove quota", timeout=120)
    for name in ("media", "homes"):
        machines.run("alpha", f"install --directory --owner=1234 --mode=0755 /srv/{name}/quota")
    clients.begin_to_write()
    for name in ("media", "homes"):
        limit(
            walk,
            name,
            "1234",
            soft="10",
            hard="20",
            lacks="quota tools are not installed on beta" if name == "media" else "",
        )
        watch.lap(f"set a limit on {name}")
        said = machines.run(
            "client", as_user(f"dd if=/dev/zero of=/mnt/{name}/quota/big bs=1M count=40 conv=fsync"), check=False
        )
        assert "quota exceeded" in said.lower(), said
        shown(walk, name, "1234", "at its limit")
    assert "usrquota,grpquota" in machines.run("beta", "grep /srv/homes /etc/ha.d/haresources")
    # A block in which XFS notes where a file's pieces lie may be taken above the limit.
    assert int(machines.run("alpha", "du --block-size=1 /srv/media/quota/big | cut -f1")) <= 20 * 2**20 + 4 * 4096
    grace(walk, "media", days="14")
    grace(walk, "homes", days="1")
    watch.lap("set and read back grace times of fourteen days and of one")
    limit(walk, "media", "1234", soft="", hard="")
    machines.run("client", as_user("dd if=/dev/zero of=/mnt/media/quota/big bs=1M count=40 conv=fsync"))
    machines.run("alpha", "rm -rf /srv/media/quota /srv/homes/quota")
    report = clients.stop_writing()
    clients.checksums_agree()
    print(f"acknowledged {report['acknowledged']}, the client stood still for {report['stalls']} s")
    assert max(report["stalls"], default=0) < 20
    assert walk.troubles == []


def as_user(command: str) -> str:
    return f"setpriv --reuid 1234 --regid 1234 --clear-groups {command} 2>&1"


def limit(walk: Walk, name: str, who: str, *, soft: str, hard: str, lacks: str = "") -> None:
    walk.go(f"{PAGE}{name}/quotas/edit/")
    walk.fill(kind="user", who=who, soft=soft, soft_unit="MiB", hard=hard, hard_unit="MiB")
    walk.press(walk.page.locator("#quota-form"), to="/jobs/")
    planned(walk, f"quota-{name}")
    assert lacks in walk.text
    assert ("Install the quota tools" in walk.text) is bool(lacks)
    approve(walk, f"quota-{name}", 400)


def grace(walk: Walk, name: str, *, days: str) -> None:
    walk.go(f"{PAGE}{name}/quotas/")
    walk.fill(kind="user", days=days)
    walk.press(walk.page.locator("#grace-form"), to="/jobs/")
    planned(walk, f"grace-{name}")
    approve(walk, f"grace-{name}", 120)


def shown(walk: Walk, name: str, who: str, state: str) -> None:
    walk.go(f"{PAGE}{name}/quotas/")
    walk.press(walk.form("/quotas/read/"))
    walk.until(f"the usage of {who}", rf"{who} user 20\.?0? MiB.*{state}", 60)
    walk.picture(f"quotas-{name}")
