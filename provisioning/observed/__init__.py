"""What one full reading of a node yields. Pure data, filled by `facts`; `None` means "was not seen", never zero or empty.

Sizes are bytes. `read_at` is the panel's clock when the answer arrived (epoch seconds), `node_clock` the node's own at the reading.
"""

from __future__ import annotations

from provisioning.observed.node import NodeObserved
from provisioning.observed.replication import DrbdVersion, Progress, ReplicaReading
from provisioning.observed.serving import ActiveExport, ExportLine, NfsClient, NfsPool, NfsRunning, NfsUse
from provisioning.observed.storage import (
    BLOCK,
    Disk,
    Layer,
    LogicalVolume,
    Mount,
    PhysicalVolume,
    QuotaGrace,
    QuotaUse,
    VolumeGroup,
)
from provisioning.observed.system import Account, Clock, FileState, HeartbeatReading, Interface, Kernel, Unit

__all__ = [
    "BLOCK",
    "Account",
    "ActiveExport",
    "Clock",
    "Disk",
    "DrbdVersion",
    "ExportLine",
    "FileState",
    "HeartbeatReading",
    "Interface",
    "Kernel",
    "Layer",
    "LogicalVolume",
    "Mount",
    "NfsClient",
    "NfsPool",
    "NfsRunning",
    "NfsUse",
    "NodeObserved",
    "PhysicalVolume",
    "Progress",
    "QuotaGrace",
    "QuotaUse",
    "ReplicaReading",
    "Unit",
    "VolumeGroup",
]
