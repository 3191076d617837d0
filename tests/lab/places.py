"""Where the lab keeps its things, and what its machines are called. LAB=DIR puts it elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

LAB = Path(os.environ.get("LAB") or Path.home() / ".cache/storagepanel-lab")
IMAGES = LAB / "image"
RUN = LAB / "run"  # overlays, sockets and logs of the machines that run now
HERE = Path(__file__).resolve().parent
KEY = IMAGES / "id_lab"

NAMESPACE = "storagepanel-lab"
OBSERVER_ADDRESS = "192.168.77.250/24"
SERVICE_IP = "192.168.77.10"
PASSWORD = "lab-only"  # noqa: S105  of user sysop; the machines listen on the namespace's loopback only
SNAPSHOT = "bare"


@dataclass(frozen=True, slots=True)
class Machine:
    name: str
    port: int  # of SSH on 127.0.0.1
    lan: str
    replication: str = ""
    data: str = ""  # size of the second disk, /dev/vdb
    memory: int = 384  # MiB

    @property
    def networks(self) -> tuple[str, ...]:
        return ("lan", "repl") if self.replication else ("lan",)


MACHINES = {
    machine.name: machine
    for machine in (
        Machine("alpha", 2201, "192.168.77.11", "10.77.77.1", "2G", 768),
        Machine("beta", 2202, "192.168.77.12", "10.77.77.2", "2G", 768),
        Machine("client", 2203, "192.168.77.21"),
    )
}
PAIR = ("alpha", "beta")
EVERY = tuple(MACHINES)
