"""What NFS clients hold, across a planned move and a power cut, on the real pair (HAZARDS 8)."""

from __future__ import annotations

import re
import time

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import MACHINES, SERVICE_IP
from tests.lab.setting_up import approve
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
STORE = "/srv/homes/.nfs-state/main.sqlite"
NEWER, OLDER = "/mnt/homes/held", "/mnt/older/held"  # of version 4.2 and 4.0
THREE = "/mnt/three/three"


def test_locks_survive_a_move_and_a_power_cut(on_call: Walk) -> None:
    watch = Stopwatch()
    keep_what_clients_hold(on_call)
    watch.lap("a volume keeps what clients hold, through the pages")
    assert STORE in open_by_the_keeper("alpha")
    assert not machines.answers("beta", "systemctl is-active nfsdcld")
    clients.mount()
    mount("older", "4.0", "media")
    mount("other", "4.1", "homes")
    mount("three", "3", "media")
    clients.hold_a_lock(NEWER)
    clients.hold_a_lock(OLDER, "older")
    clients.hold_a_lock(THREE, "three")
    assert not clients.gets_the_lock("alpha", "/srv/media/three")
    clients.begin_to_write()
    time.sleep(4)
    machines.run("alpha", "/usr/share/heartbeat/hb_standby all")
    still_held_by("beta", watch, "moved to beta", (NEWER, "holder"), (OLDER, "older"))
    assert not machines.answers("alpha", "systemctl is-active nfsdcld")
    assert "/srv" not in machines.run("alpha", "cat /proc/mounts")
    lost_without_a_word("beta", "/srv/media/three", "three")
    over = "grep --quiet Y /proc/fs/nfsd/v4_end_grace"
    machines.until("the grace time is over", lambda: machines.answers("beta", over), 120, 2)
    known = machines.run("beta", f"grep --text --only-matching 'NFSv4[.][0-9]' {STORE} | sort | uniq --count")
    print(known, flush=True)
    machines.cut_power("beta")
    still_held_by("alpha", watch, "beta lost power", (NEWER, "holder"))
    print(
        "of version 4.0, after its second failover:",
        machines.run("client", "cat /root/older; dmesg | grep -i 'nfs.*reclaim' || true"),
        flush=True,
    )
    report = clients.stop_writing()
    clients.checksums_agree()
    assert on_call.troubles == []
    watch.lap(f"nobody lost anything (the writer stood still for {report['stalls']} s)")
    serves_without_the_list("alpha")
    watch.lap("without the list, and with something else in its place, the NFS server starts all the same")


def keep_what_clients_hold(walk: Walk) -> None:
    """The grace time is one that slow machines can keep."""
    walk.go("/c/lab-files/nfs/")
    walk.fill(state_volume="homes", grace_time="90", lease_time="60")
    walk.send("threads", to="/jobs/")
    approve(walk, "state", 300, reason="locks must survive")


def mount(name: str, version: str, volume: str) -> None:
    line = f"mount -t nfs -o vers={version},hard {SERVICE_IP}:/srv/{volume} /mnt/{name}"
    machines.run("client", f"mkdir -p /mnt/{name} && {line}", timeout=60)


def open_by_the_keeper(name: str) -> str:
    return machines.run(name, "ls -l /proc/$(pidof nfsdcld)/fd")


def still_held_by(name: str, watch: Stopwatch, says: str, *held: tuple[str, str]) -> None:
    """The programs got no error and write on; nobody else gets their locks, neither over NFS nor on the node itself."""
    machines.until(f"{says}: {name} serves", lambda: in_service.serves(name), 400, 2)
    clients.writes_on()
    watch.lap(f"{says}: {name} serves, the client writes on")
    assert not clients.gets_the_lock("client", "/mnt/other/held")
    assert STORE in open_by_the_keeper(name)
    print(machines.run(name, "dmesg | grep NFSD: | tail -2"), flush=True)
    for file, unit in held:
        local = file.replace("/mnt/older", "/srv/media").replace("/mnt/homes", "/srv/homes")
        inode = machines.run(name, f"stat --format=%i {local}")
        claimed = rf"grep --quiet 'POSIX .*:{inode} ' /proc/locks"
        machines.until(f"{local} is claimed", lambda claimed=claimed: machines.answers(name, claimed), 120, 1)
        size = machines.run(name, f"stat --format=%s {local}")
        grown = f"[ $(stat --format=%s {local}) -gt {size} ]"
        machines.until(f"{local} grows", lambda grown=grown: machines.answers(name, grown), 60, 1)
        assert not clients.gets_the_lock(name, local)
        assert machines.run("client", f"cat /root/{unit}") == "locked"
    if len(held) > 1:
        lost = re.findall(r"NFS: .*(?:lost|reclaim).*", machines.run("client", "dmesg"))
        assert lost == [], f"{MACHINES['client'].lan} lost {lost}"
    watch.lap(f"{says}: {len(held)} locks are still held")


def serves_without_the_list(name: str) -> None:
    """A list that is gone is begun anew; one that cannot be made costs the locks, not the service."""
    stopped = "systemctl stop nfs-server && systemctl stop nfsdcld && rm -r /srv/homes/.nfs-state"
    machines.run(name, f"{stopped} && systemctl start nfs-server", timeout=180)
    assert in_service.serves(name)
    assert STORE in open_by_the_keeper(name)
    machines.run(name, f"{stopped} && touch /srv/homes/.nfs-state && systemctl start nfs-server", timeout=180)
    assert in_service.serves(name)
    print(machines.run(name, "dmesg | grep NFSD: | tail -4; systemctl is-active nfsdcld || true"), flush=True)


def lost_without_a_word(name: str, file: str, unit: str) -> None:
    """Version 3: its lock is not carried over, and the program that holds it does not learn it. The pages and the decision say so."""
    assert clients.gets_the_lock(name, file)
    assert machines.run("client", f"cat /root/{unit}") == "locked"
