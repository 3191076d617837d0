"""Who may mount, in every way that exports(5) knows, on the real pair: the one it is for mounts and writes, another one does not."""

from __future__ import annotations

import pytest

from tests.lab import machines
from tests.lab.places import PAIR, SERVICE_IP
from tests.lab.setting_up import approve
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
FILE = "/etc/exports.d/storagepanel.exports"
NAME, SIX = "client.lab.example", "fd00:77:"
KINDS = {  # client: the address the client mounts from, and another one of the same kind that it is not
    NAME: (SERVICE_IP, "other.lab.example"),
    "*.lab.example": (SERVICE_IP, "*.elsewhere.example"),
    "@farm": (SERVICE_IP, "@others"),
    f"{SIX}:/64": (f"[{SIX}:11]", "fd00:99::/64"),
    "192.168.77.21": (SERVICE_IP, "192.168.77.22"),
}


def test_every_kind_of_client_gets_what_it_was_given(on_call: Walk) -> None:
    watch = Stopwatch()
    for name in PAIR:
        machines.run(
            name,
            f"sed -i 's/ client$/ {NAME} client/' /etc/hosts; echo 192.168.77.99 other.lab.example >>/etc/hosts;"
            f" echo 'farm ({NAME},,) (client,,)' >/etc/netgroup; echo 'others (other.lab.example,,)' >>/etc/netgroup;"
            " sed -i 's/^netgroup:.*/netgroup: files/' /etc/nsswitch.conf; grep netgroup /etc/nsswitch.conf",
        )
    machines.run("alpha", f"ip address add {SIX}:11/64 dev eth1 nodad")
    machines.run("client", f"ip address add {SIX}:21/64 dev eth1 nodad; mkdir -p /mnt/one")
    for kind, (address, other) in KINDS.items():
        give(on_call, kind)
        on_both(f"/srv/homes {kind}(")
        assert mounts(address), f"{kind} does not get its export"
        machines.run("client", "echo here >/mnt/one/word && umount /mnt/one", timeout=60)
        give(on_call, other)
        on_both(f"/srv/homes {other}(")
        assert not mounts(address), f"{other} is not {kind}"
        watch.lap(f"{kind} gets it, with {other} nobody does")
    give(on_call, "10.99.0.0/16", security="sec=krb5p")
    assert "sec=krb5p" in machines.run("alpha", "exportfs -v")
    watch.lap("krb5p is asked for")
    assert on_call.troubles == []


def test_without_version_3_exports_are_changed_and_served(on_call: Walk) -> None:
    watch = Stopwatch()
    machines.run("client", "mkdir -p /mnt/one")
    on_call.go("/c/lab-files/nfs/")
    on_call.page.locator('main [name="versions"][value="3"]').set_checked(False, force=True)
    on_call.send("threads", to="/jobs/")
    approve(on_call, "no version 3", 300, reason="nobody uses it")
    assert "-3" in machines.run("alpha", "cat /proc/fs/nfsd/versions").split()
    print(
        machines.run("alpha", "rpcinfo -p; cat /etc/nfs.conf.d/storagepanel.conf; ps -o args= -C rpc.mountd"),
        flush=True,
    )
    print(machines.run("client", f"rpcinfo -p {SERVICE_IP}; showmount --exports {SERVICE_IP}", check=False), flush=True)
    watch.lap("version 3 is off")
    give(on_call, "192.168.77.21")
    on_both("/srv/homes 192.168.77.21(")
    assert mounts(SERVICE_IP)
    machines.run("client", "echo here >/mnt/one/word && umount /mnt/one", timeout=60)
    older = f"timeout 30 mount -t nfs -o vers=3,retry=0 {SERVICE_IP}:/srv/homes /mnt/one"
    assert not machines.answers("client", older)
    watch.lap("an export changed, mounted with 4.2 and refused with 3")
    on_call.go("/c/lab-files/")
    on_call.until("nothing is wrong", "Redundant. A failover now would work", 120)
    machines.cut_power("alpha")
    machines.until("beta serves", lambda: machines.answers("beta", "exportfs -v | grep --quiet 192.168.77.21"), 400, 2)
    machines.until("the client mounts it there", lambda: mounts(SERVICE_IP), 120, 2)
    assert "-3" in machines.run("beta", "cat /proc/fs/nfsd/versions").split()
    assert machines.run("client", "cat /mnt/one/word", timeout=60) == "here"
    assert on_call.troubles == []
    watch.lap("and after a failover")


def give(walk: Walk, client: str, *, security: str = "") -> None:
    walk.go("/c/lab-files/exports/1/edit/")
    walk.fill(c0__client=client, c0__squash="no_root_squash", c0__security=security)
    walk.send("c0__client", to="/jobs/")
    approve(walk, f"for {client.strip('*@').replace('/', '-')}", 240, reason="the lab asks for it")


def on_both(line: str) -> None:
    one, other = (machines.run(name, f"cat {FILE}") for name in PAIR)
    assert one == other
    assert line in one.replace('"', "")
    path, client = line.rstrip("(").split()
    assert f"{path} {client}(" in " ".join(machines.run("alpha", "exportfs -v").split())


def mounts(address: str) -> bool:
    """Whether the client could mount it now; it stays mounted then."""
    return machines.answers("client", f"timeout 25 mount -t nfs4 -o vers=4.2,retry=0 {address}:/srv/homes /mnt/one")
