"""What some tests need from the system: installed when we may, named plainly when we may not; CI never goes without."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storagepanel.launcher.places import Problem

CLUSTER_CONF = Path("/etc/postgresql-common/createcluster.conf")


@dataclass(frozen=True)
class Need:
    mark: str
    """The tests that cannot run without it."""
    packages: tuple[str, ...]
    is_there: Callable[[], bool]


NEEDS = (
    Need("browser", ("chromium", "fonts-liberation"), lambda: bool(shutil.which("chromium"))),
    Need("services", ("openssh-server",), lambda: Path("/usr/sbin/sshd").exists()),
    Need("services", ("postgresql-15",), lambda: Path("/usr/lib/postgresql/15/bin/initdb").exists()),
    Need("lab", ("qemu-system-x86", "qemu-utils"), lambda: bool(shutil.which("qemu-system-x86_64"))),
    Need("lab", ("mmdebstrap",), lambda: bool(shutil.which("mmdebstrap"))),
)  # fmt: skip


def missing(marks: set[str]) -> list[Need]:
    """Install what the tests with these marks need and is not there; return what is still missing."""
    absent = [need for need in NEEDS if need.mark in marks and not need.is_there()]
    if absent and os.getuid() == 0 and shutil.which("apt-get"):
        install([package for need in absent for package in need.packages])
        absent = [need for need in absent if not need.is_there()]
    if absent and os.environ.get("CI") == "true":
        raise Problem(f"CI runs every test, and this is missing: {', '.join(packages(absent))}", 69)
    return absent


def packages(needs: list[Need]) -> list[str]:
    return [package for need in needs for package in need.packages]


def install(names: list[str]) -> None:
    print(f"Installing for the tests: {' '.join(names)}", file=sys.stderr, flush=True)
    if "postgresql-15" in names and not CLUSTER_CONF.exists():
        # Debian would set up and start a server of its own; the tests only need the programs.
        CLUSTER_CONF.parent.mkdir(parents=True, exist_ok=True)
        CLUSTER_CONF.write_text("create_main_cluster = false\n")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    keep = ("-o", "Dpkg::Options::=--force-confold")
    for command in (("apt-get", "update", "--quiet=2"),
                    ("apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends", *keep, *names)):  # fmt: skip
        subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)  # noqa: S603 - argv of our own
