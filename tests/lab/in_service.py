"""A pair in service, set up once through the pages and kept: memory and disks of the machines, and the panel's backup of that moment."""

from __future__ import annotations

from pathlib import Path

from tests.lab import machines
from tests.lab.panel import Panel
from tests.lab.places import EVERY, RUN, SERVICE_IP

SNAPSHOT = "in-service"
ARCHIVE = RUN / f"{SNAPSHOT}.tar"


def archive(snapshot: str) -> Path:
    """The panel's backup of the moment a snapshot was taken."""
    return RUN / f"{snapshot}.tar"


def kept(snapshot: str = SNAPSHOT) -> bool:
    return archive(snapshot).exists() and machines.has(snapshot, EVERY)


def keep(panel: Panel, snapshot: str = SNAPSHOT) -> None:
    archive(snapshot).unlink(missing_ok=True)
    panel.backup(archive(snapshot))
    machines.save(snapshot, EVERY)


def serves(name: str) -> bool:
    """Whether a machine holds the service IP and exports both volumes of the set-up."""
    holds = f"ip -brief address show eth1 | grep --quiet {SERVICE_IP}/"
    exports = "exportfs -v | grep --quiet ^/srv/homes && exportfs -v | grep --quiet ^/srv/media"
    return machines.answers(name, f"{holds} && {exports} && grep --quiet '^[1-9]' /proc/fs/nfsd/threads")


def redundant(name: str) -> bool:
    return machines.answers(name, "grep --quiet ds:UpToDate/UpToDate /proc/drbd")
