"""The machines' base image: built once, built again when one of its inputs has changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess

from tests.lab import machines
from tests.lab.places import HERE, IMAGES, LAB, PASSWORD

INPUTS = ("image.sh", "initramfs-init", "packages.txt")
HOST_PACKAGES = {  # what must be on this host: program, Debian package
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "apt-ftparchive": "apt-utils",
    "busybox": "busybox-static",
    "cpio": "cpio",
    "sfdisk": "fdisk",
    "ssh": "openssh-client",
    "ip": "iproute2",
    "ping": "iputils-ping",
}


class Unavailable(Exception):
    """The lab cannot run here; the message says what is missing."""


def ensure() -> None:
    """Install what the host needs, and build the image unless it stands already."""
    _host_packages()
    LAB.mkdir(parents=True, exist_ok=True)
    with (LAB / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = IMAGES / "inputs.sha256"
        wanted = inputs_digest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        machines.wipe()  # overlays of another base would be garbage
        environment = {**os.environ, "LAB_PASSWORD": PASSWORD}
        subprocess.run(["bash", str(HERE / "image.sh"), str(LAB)], env=environment, check=True)
        stamp.write_text(wanted)


def inputs_digest() -> str:
    # How machines are started counts, too: a snapshot of their memory would go on as they were started then.
    digest = hashlib.sha256(f"{PASSWORD} {machines.CPU} {machines.KERNEL_ARGUMENTS}".encode())
    for name in INPUTS:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def _host_packages() -> None:
    missing = [package for program, package in HOST_PACKAGES.items() if not shutil.which(program)]
    if os.geteuid() != 0:
        raise Unavailable("The lab needs root: for its network namespace and to build its image.")
    if missing:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True)
        command = ["apt-get", "install", "--yes", "-qq", "--no-install-recommends", *missing]
        subprocess.run(command, env=environment, check=True)
