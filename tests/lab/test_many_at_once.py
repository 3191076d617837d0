"""Volumes and exports from CSV on the real pair: looked at row by row, run one after the other while a client writes, and written out again."""

from __future__ import annotations

import csv
import io

import pytest

from tests.lab import clients, machines
from tests.lab.places import MACHINES, PAIR, SERVICE_IP
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
CLIENT = MACHINES["client"].lan
VOLUMES = """cluster;name;size;fstype
lab-files;one;60 MiB;ext4
lab-files;two;320 MiB;xfs
lab-files;homes;60 MiB;ext4
lab-files;huge;4 TiB;ext4
"""
EXPORTS = f"""cluster;volume;path;clients
lab-files;one;;{CLIENT}(rw,no_root_squash)
lab-files;two;/srv/two/below;{CLIENT}(ro) 10.99.0.0/16(rw)
lab-files;two;/srv/elsewhere;{CLIENT}
"""


def test_volumes_and_exports_come_from_csv(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    run(walk, "volumes", VOLUMES, good=2, bad=2)
    watch.lap("two volumes from CSV, two rows refused before anything ran")
    for name in PAIR:
        assert machines.answers(name, "grep --quiet /srv/one /etc/ha.d/haresources")
        assert machines.answers(name, "grep --quiet /srv/two /etc/ha.d/haresources")
    assert machines.answers("alpha", "findmnt --types ext4 /srv/one && findmnt --types xfs /srv/two")

    run(walk, "exports", EXPORTS, good=2, bad=1)
    watch.lap("two exports from CSV")
    files = {machines.run(name, "cat /etc/exports.d/storagepanel.exports") for name in PAIR}
    assert len(files) == 1
    machines.run("client", f"mkdir -p /mnt/one && mount -t nfs4 {SERVICE_IP}:/srv/one /mnt/one", timeout=60)
    machines.run("client", "echo here >/mnt/one/word && umount /mnt/one", timeout=60)
    machines.run("client", f"mount -t nfs4 {SERVICE_IP}:/srv/two/below /mnt/one", timeout=60)
    assert not machines.answers("client", "touch /mnt/one/word")
    machines.run("client", "umount /mnt/one", timeout=60)

    rows = written_out(walk, "exports")
    assert {row["path"] for row in rows} == {"/srv/homes", "/srv/media", "/srv/one", "/srv/two/below"}
    assert {row["name"] for row in written_out(walk, "volumes")} == {"homes", "media", "one", "two"}
    report = clients.stop_writing()
    clients.checksums_agree()
    assert report["stalls"] == []
    assert walk.troubles == []
    watch.lap("the client that wrote noticed nothing, and the tables come out as CSV")


def run(walk: Walk, kind: str, text: str, *, good: int, bad: int) -> None:
    walk.go(f"/{kind}/import/")
    walk.fill(text=text)
    walk.send("text", to="/batches/")
    walk.until("every good row is planned on the nodes", f"Add {good} to lab-files", 120)
    walk.picture(f"{kind}-looked-at")
    assert f"{good} of {good + bad} {kind} can be added, {bad} cannot" in walk.text, walk.text
    batch = walk.path
    for line in range(2, 2 + good):
        walk.go(f"{batch}lines/{line}/")
        walk.picture(f"{kind}-line-{line}")
        assert ("lvcreate" if kind == "volumes" else "exportfs") in walk.text, walk.text
    walk.go(batch)
    walk.press(walk.form("/approve/"))
    walk.until("every good row is done", f"{good} of {good + bad} {kind} added, {bad} could not be", 600)
    walk.picture(f"{kind}-added")


def written_out(walk: Walk, kind: str) -> list[dict[str, str]]:
    with walk.page.expect_download() as download:
        walk.page.evaluate(f"location.href = '/{kind}/?format=csv'")
    return list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
