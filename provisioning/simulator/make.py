"""Two bare simulated Debian 12 servers, as they come out of an installation with one empty data disk each."""

from __future__ import annotations

import base64
import hashlib

from provisioning.simulator.state import GIB, Disk, File, Machine, Pair

NAMES = ("alice", "bob")
PACKAGES = {
    "drbd-utils": "9.22.0-1", "lvm2": "2.03.16-2", "nfs-kernel-server": "1:2.6.2-4+deb12u1", "heartbeat": "1:3.0.6-13",
    "resource-agents": "1:4.12.0-2", "chrony": "4.3-2+deb12u1", "xfsprogs": "6.1.0-1", "quota": "4.06-1+b2",
    "nfs-common": "1:2.6.2-4+deb12u1", "openssh-client": "1:9.2p1-2+deb12u7",
}  # fmt: skip
INSTALLED = ("lvm2", "xfsprogs", "openssh-client")
UNITS = {
    "ssh": ["active", "enabled", "loaded"], "lvm2-monitor": ["active", "enabled", "loaded"],
    "systemd-timesyncd": ["inactive", "", "not-found"],
}  # fmt: skip
OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nID=debian\n'
LVM_CONF = 'config {\n}\ndevices {\n\t# global_filter = [ "a|.*|" ]\n}\nglobal {\n}\n'


def host_key(name: str) -> str:
    """A public key line for a machine that has no real one; unique per name and never used for a connection."""
    body = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + hashlib.sha256(f"simulated {name}".encode()).digest()
    return f"ssh-ed25519 {base64.b64encode(body).decode()}"


def bare_machine(name: str, number: int, now: float) -> Machine:
    digest = hashlib.sha256(f"machine {name}".encode()).hexdigest()
    files = {
        "/etc/os-release": File(OS_RELEASE),
        "/etc/fstab": File("/dev/vda1 / ext4 errors=remount-ro 0 1\n"),
        "/etc/lvm/lvm.conf": File(LVM_CONF),
    }
    return Machine(
        name=name, service=f"10.10.0.{10 + number}/24", replication=f"10.10.8.{number}/30", mgmt=f"10.10.1.{10 + number}/24",
        host_key=host_key(name), machine_id=digest[:32], boot_id=f"{digest[:8]}-0001-4000-8000-000000000001", booted_at=now - 86400,
        disks=[Disk("/dev/vda", 32 * GIB, f"S-{name}-0", "SAMSUNG PM893", system=True), Disk("/dev/vdb", 100 * GIB, f"S-{name}-1", "SAMSUNG PM893")],
        packages={package: PACKAGES[package] for package in INSTALLED}, available=dict(PACKAGES),
        units={unit: list(state) for unit, state in UNITS.items()}, files=files, directories=["/srv"], authorized=True,
    )  # fmt: skip


def bare_pair(now: float) -> Pair:
    """alice and bob with SSH, two networks and one empty 100 GiB disk each."""
    return Pair({name: bare_machine(name, number, now) for number, name in enumerate(NAMES, start=1)})
