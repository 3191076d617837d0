"""Exports that somebody edited by hand on a pair in service, and a change that one node does not take."""

from __future__ import annotations

import base64

import pytest

from tests.lab import clients, machines
from tests.lab.places import PAIR
from tests.lab.setting_up import approve, planned
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
FILE = "/etc/exports.d/storagepanel.exports"
LINES = (
    "# ticket 12:  do not touch, f\N{LATIN SMALL LETTER U WITH DIAERESIS}r ada",
    "/opt\t10.99.0.9(ro,fsid=77,no_subtree_check)  # iso",
    "",
    '"/srv"   10.99.0.8(ro,no_subtree_check)',
)
OTHER = "10.99.0.0/16"


def content(name: str) -> list[str]:
    return base64.b64decode(machines.run(name, f"base64 {FILE}")).decode().split("\n")


def by_hand(name: str) -> None:
    """Our lines in between: the first of others comes before them, the rest after."""
    old = content(name)
    new = "\n".join([*old[:2], *LINES[:2], *old[2:-1], *LINES[2:], ""])
    packed = base64.b64encode(new.encode()).decode()
    machines.run(name, f"echo {packed} | base64 --decode >{FILE}")


def kept(name: str) -> bool:
    lines = content(name)
    begin = lines.index(LINES[0])
    return tuple(lines[begin : begin + 2]) == LINES[:2] and tuple(lines[-3:-1]) == LINES[2:]


def test_lines_written_by_hand_stay_and_what_one_node_refuses_goes_from_both(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    by_hand("alpha")
    machines.run("alpha", "exportfs -r")
    other = content("beta")
    walk.go("/c/lab-files/")
    walk.until("the page says that the files differ", "files differ", 120)

    before = [content(name) for name in PAIR]
    change(walk, c1__client=OTHER)
    planned(walk, "edit")
    assert "holds 4 lines the panel did not write" in walk.text
    walk.picture("by-hand")
    machines.run("alpha", "chattr +i /var/lib/nfs/etab")
    walk.press(walk.form("/approve/"))
    walk.until("refused", "needs somebody", 180)
    print(walk.text[:700], flush=True)
    assert "On beta it was put back" in walk.text
    assert [content(name) for name in PAIR] == before
    machines.run("alpha", "chattr -i /var/lib/nfs/etab")
    watch.lap("refused, and both files are as they were")

    walk.press(walk.form("/again/"), to="/jobs/")
    approve(walk, "edit", 180)
    assert kept("alpha")
    assert not set(LINES[:2]) & set(content("beta"))
    table = " ".join(machines.run("alpha", "exportfs -v").split())
    assert f"/srv/homes {OTHER}(" in table
    assert "/opt 10.99.0.9(" in table
    watch.lap("planned again: changed, and the lines stay")

    walk.go("/c/lab-files/exports/2/withdraw/")
    walk.press(walk.page.locator("main form.ceremony"), to="/jobs/")
    approve(walk, "withdraw", 180, reason="lab")
    assert kept("alpha")
    assert not any(line.startswith("/srv/media ") for name in PAIR for line in content(name))
    assert len(content("beta")) == len(other) - 1
    watch.lap("withdrawn, and the lines stay")
    report = clients.stop_writing()
    print(f"{report['acknowledged']} acknowledged, the client stood still for {report['stalls']} s")
    assert max(report["stalls"], default=0) < 20
    assert walk.troubles == []


def change(walk: Walk, **fields: str) -> None:
    walk.go("/c/lab-files/exports/1/edit/")
    with walk.page.expect_navigation():
        walk.page.locator('main button[name="add"]').click()
    walk.fill(**fields)
    walk.send("c0__client", to="/jobs/")
