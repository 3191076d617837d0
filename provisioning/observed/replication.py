"""DRBD as one node shows it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.states import ConnectionState, DiskState, ReplicationState, Role


@dataclass(frozen=True, slots=True)
class DrbdVersion:
    kernel: str | None  # "8.4.11" of the loaded module, None when not loaded
    available: str | None  # of the module that modprobe would load for the running kernel
    utils: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A resync or verify that runs; only from /proc/drbd on 8.4 (see docs/parsing.md)."""

    percent: float  # as printed, 0..100
    left: int  # bytes
    total: int | None  # bytes of this resync
    speed: int | None  # bytes per second
    eta: int | None  # seconds
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class ReplicaReading:
    """One node's copy of a resource as that node's kernel reports it."""

    resource: str
    minor: int
    role: Role | None
    disk: DiskState | None
    connection: ConnectionState | None
    replication: ReplicationState | None
    peer_role: Role | None = None
    peer_disk: DiskState | None = None
    out_of_sync: int | None = None  # bytes
    size: int | None = None  # bytes
    suspended: bool = False
    progress: Progress | None = None
