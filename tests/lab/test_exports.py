"""Exports on the real pair: changed, withdrawn and refused while a client writes to another one, and read back on both nodes."""

from __future__ import annotations

import re

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import MACHINES, PAIR
from tests.lab.setting_up import NETWORK, approve
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
FILE = "/etc/exports.d/storagepanel.exports"
CLIENT = MACHINES["client"].lan
OTHER = "10.99.0.0/16"


def lines(name: str) -> list[str]:
    return [line for line in machines.run(name, f"cat {FILE}").splitlines() if not line.startswith("#")]


def table() -> dict[tuple[str, str], str]:
    """What `exportfs -v` says on the node that serves: (path, client) → options."""
    text = " ".join(machines.run("alpha", "exportfs -v").split())
    return {(path, client): options for path, client, options in re.findall(r"(/\S+) (\S+?)\(([^)]*)\)", text)}


def opened_from_outside(walk: Walk, path: str) -> str:
    """What the job's last step says of opening an export through the service IP."""
    text = walk.page.locator("main").first.text_content() or ""
    said = re.search(rf"{path} (?:opens there|is there|does not open there)[^;]*", " ".join(text.split()))
    print(f"from outside: {said and said[0][:200]}", flush=True)
    return said[0].strip(" .") if said else ""


def fsid_of(path: str) -> str:
    return next(re.search(r"fsid=(\d+)", line)[1] for line in lines("alpha") if line.startswith(f"{path} "))  # type: ignore[index]


def same_on_both() -> list[str]:
    one, other = (lines(name) for name in PAIR)
    assert one == other
    return one


def change(walk: Walk, path: str, **fields: str) -> None:
    walk.go(f"/c/lab-files/exports/{fsid_of(path)}/edit/")
    if "c1__client" in fields:
        with walk.page.expect_navigation():
            walk.page.locator('main button[name="add"]').click()
    walk.fill(**fields)
    walk.picture("edit")
    walk.send("c0__client", to="/jobs/")


def test_an_export_is_changed_and_another_one_withdrawn_while_a_client_writes(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    etab = machines.run("alpha", "cat /var/lib/nfs/etab")
    print(f"the table before:\n{etab}", flush=True)

    watch.lap("mounted, writing")
    change(walk, "/srv/homes", c1__client=OTHER, c1__access="ro", address="10.99.3.7")
    approve(walk, "second-client", 180)
    watch.lap("a second client for homes")
    [homes] = [line for line in same_on_both() if line.startswith("/srv/homes ")]
    assert re.fullmatch(rf"/srv/homes {NETWORK}\(rw,[^)]*\) {OTHER}\(ro,[^)]*\)", homes)
    print(machines.run("alpha", "exportfs -v"), flush=True)
    assert table()["/srv/homes", OTHER].endswith("sec=sys,ro,secure,root_squash,no_all_squash")
    assert table()["/srv/homes", NETWORK].endswith("sec=sys,rw,secure,no_root_squash,no_all_squash")
    assert ("/srv/media", NETWORK) in table()

    change(walk, "/srv/media", c0__access="ro")
    approve(walk, "media read only", 180, reason="the lab asks for it")
    watch.lap("media read only")
    assert f"with fsid {fsid_of('/srv/media')}" in opened_from_outside(walk, "/srv/media")
    same_on_both()
    refused = machines.run("client", "touch /mnt/media/new 2>&1", check=False)
    assert "Read-only file system" in refused
    machines.run("client", "cd /mnt && grep media /root/before | sha256sum --check --strict", timeout=120)

    walk.go(f"/c/lab-files/exports/{fsid_of('/srv/media')}/withdraw/")
    walk.press(walk.page.locator("main form.ceremony"), to="/jobs/")
    approve(walk, "media withdrawn", 180, reason="the lab asks for it")
    watch.lap("media withdrawn")
    assert opened_from_outside(walk, "/srv/media").startswith("/srv/media does not open there any more")
    assert [line.split()[0] for line in same_on_both()] == ["/srv/homes"]
    assert {path for path, _ in table()} == {"/srv/homes"}
    stale = machines.run("client", "ls /mnt/media 2>&1", check=False, timeout=60)
    print(f"the client of the withdrawn export: {stale}", flush=True)
    assert "Stale file handle" in stale or "No such file" in stale or "Permission denied" in stale

    clients.writes_on()
    report = clients.stop_writing()
    print(f"the writer stood still for {report['stalls']} s", flush=True)
    assert sum(report["stalls"]) < 10
    machines.run("client", "cd /mnt && grep homes /root/before | sha256sum --check --strict", timeout=120)
    assert machines.run("alpha", "ls /srv/media/data") == "/srv/media/data"
    assert walk.troubles == []


def test_what_exportfs_refuses_changes_nothing(on_call: Walk) -> None:
    """A bad line of somebody else appears after the plan: nothing is written. Then a table that cannot be written: the old file is back."""
    walk, watch = on_call, Stopwatch()
    before, served = same_on_both(), table()
    change(walk, "/srv/homes", c1__client=OTHER)
    walk.until("a plan", "To run it:", 180, instead_of="needs somebody|could not")
    machines.run("alpha", "echo '/opt *(ro,bogus)' >>/etc/exports")
    walk.press(walk.form("/approve/"))
    walk.until("refused", "needs somebody", 120)
    print(walk.text[:600], flush=True)
    assert 'unknown keyword "bogus"' in walk.text
    assert (same_on_both(), table()) == (before, served)
    watch.lap("a bad line of somebody else stopped it, nothing was touched")
    machines.run("alpha", "sed -i '/bogus/d' /etc/exports")

    machines.run("alpha", "chattr +i /var/lib/nfs/etab")
    walk.press(walk.form("/again/"), to="/jobs/")
    walk.until("a plan", "To run it:", 180, instead_of="could not")
    walk.press(walk.form("/approve/"))
    walk.until("refused", "needs somebody", 120)
    print(walk.text[:600], flush=True)
    machines.run("alpha", "chattr -i /var/lib/nfs/etab; exportfs -v")
    assert lines("alpha") == before
    assert table() == served
    watch.lap("a table that could not be written: the old file is back")
    walk.press(walk.form("/again/"), to="/jobs/")
    approve(walk, "at last", 180)
    assert len(same_on_both()) == 2
    assert ("/srv/homes", OTHER) in table()
    watch.lap("planned again, done")
    assert in_service.serves("alpha")
