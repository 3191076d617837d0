"""Who is connected, what they hold, and the NFS server's settings, on the real pair while its client writes."""

from __future__ import annotations

import re

import pytest

from tests.lab import clients, machines
from tests.lab.places import MACHINES, PAIR, SERVICE_IP
from tests.lab.setting_up import approve
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
CLIENT = MACHINES["client"].lan
HELD = "/mnt/homes/held"
CONF = "/etc/nfs.conf.d/storagepanel.conf"


def test_the_page_shows_the_client_and_more_threads_disturb_nobody(on_call: Walk) -> None:
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    clients.hold_a_lock(HELD)
    machines.run(
        "client", f"mkdir -p /mnt/old && mount -t nfs -o vers=3,hard {SERVICE_IP}:/srv/media /mnt/old", timeout=60
    )
    on_call.go("/c/lab-files/exports/1/")
    seen = f"{re.escape(CLIENT)}.*NFSv4.2 .*connected.*held"
    on_call.until("the client with its open file", seen, 150)
    on_call.picture("clients-of-export")
    assert re.search(r"\d+ open files?, 1 lock,", on_call.text), on_call.text
    watch.lap(f"the export's page shows {CLIENT}")
    on_call.go("/c/lab-files/clients/")
    on_call.until("version 3 too", "NFSv3.*mounted /srv/media", 90)
    on_call.picture("clients")
    on_call.go("/c/lab-files/nfs/")
    on_call.fill(threads="16")
    on_call.send("threads", to="/jobs/")
    approve(on_call, "threads", 180)
    watch.lap("16 threads through the form")
    assert machines.run("alpha", "cat /proc/fs/nfsd/threads").strip() == "16"
    files = {machines.run(name, f"sha256sum <{CONF}") for name in PAIR}
    assert len(files) == 1
    assert "threads=16" in machines.run("beta", f"cat {CONF}")
    clients.writes_on()
    report = clients.stop_writing()
    assert report["stalls"] == []
    clients.checksums_agree()
    assert machines.run("client", "cat /root/holder").strip() == "locked"
    assert on_call.troubles == []
    watch.lap("the client noticed nothing")


def test_new_times_and_ports_keep_the_lock(on_call: Walk) -> None:
    """A restart that the plan announces with who will feel it: the writer waits and goes on, the program that holds a lock keeps it."""
    watch = Stopwatch()
    clients.mount()
    clients.hold_a_lock(HELD)
    clients.begin_to_write()
    on_call.go("/c/lab-files/nfs/")
    on_call.fill(grace_time="90", lease_time="60", domain="lab.example")
    on_call.fill(mountd_port="20048", statd_port="662", lockd_port="4045")
    on_call.send("threads", to="/jobs/")
    on_call.until(
        "who will feel it", rf"Interrupted 1 client: {re.escape(CLIENT)} \(NFSv4.2, \d+ open files?, 1 lock\)", 180
    )
    approve(on_call, "times", 300, reason="longer grace")
    watch.lap("new times, ports and domain, with one restart")
    for name, seconds in (("nfsv4gracetime", "90"), ("nfsv4leasetime", "60")):
        assert machines.run("alpha", f"cat /proc/fs/nfsd/{name}").strip() == seconds
    ports = machines.run("alpha", "rpcinfo -p")
    assert all(re.search(rf"tcp +{port} ", ports) for port in (20048, 662, 4045)), ports
    assert machines.run("alpha", "nfsidmap -d").strip() == "lab.example"
    assert len({machines.run(name, f"sha256sum <{CONF}") for name in PAIR}) == 1
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    inode = machines.run("alpha", "stat --format=%i /srv/homes/held").strip()
    claimed = f"grep --quiet 'POSIX .*:{inode} ' /proc/locks"
    machines.until("the lock was claimed", lambda: machines.answers("alpha", claimed), 120, 2)
    assert machines.run("client", "cat /root/holder").strip() == "locked"
    assert on_call.troubles == []
    watch.lap(f"the lock is still held (the writer stood still for {report['stalls']} s)")
