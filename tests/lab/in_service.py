"""A pair in service, set up once through the pages and kept: memory and disks of the machines, and the panel's backup of that moment."""

from __future__ import annotations

from tests.lab import machines
from tests.lab.panel import Panel
from tests.lab.places import EVERY, RUN, SERVICE_IP

SNAPSHOT = "in-service"
ARCHIVE = RUN / "in-service.tar"


def kept() -> bool:
    return ARCHIVE.exists() and machines.has(SNAPSHOT, EVERY)


def keep(panel: Panel) -> None:
    ARCHIVE.unlink(missing_ok=True)
    panel.backup(ARCHIVE)
    machines.save(SNAPSHOT, EVERY)


def serves(name: str) -> bool:
    """Whether a machine holds the service IP and exports both volumes of the set-up."""
    holds = f"ip -brief address show eth1 | grep --quiet {SERVICE_IP}/"
    exports = "exportfs -v | grep --quiet ^/srv/homes && exportfs -v | grep --quiet ^/srv/media"
    return machines.answers(name, f"{holds} && {exports} && grep --quiet '^[1-9]' /proc/fs/nfsd/threads")


def redundant(name: str) -> bool:
    return machines.answers(name, "grep --quiet ds:UpToDate/UpToDate /proc/drbd")
