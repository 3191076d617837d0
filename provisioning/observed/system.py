"""The system around it: interfaces, units, files, clock, kernels, manager. Pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interface:
    name: str
    state: str  # UP, DOWN, UNKNOWN
    addresses: tuple[str, ...]  # "192.168.77.11/24", both families
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    name: str
    active: str  # active, inactive, failed, activating ...
    enabled: str  # enabled, disabled, static, masked, alias, not-found


@dataclass(frozen=True, slots=True)
class Account:
    database: str  # passwd or group
    name: str
    number: int | None  # None: the node knows nobody of that name


@dataclass(frozen=True, slots=True)
class FileState:
    """A file the panel manages or must respect. `text` is None for absent, unreadable or secret files."""

    path: str
    sha256: str | None  # None: no such file
    text: str | None = None
    mode: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class HeartbeatReading:
    running: bool
    resources: str = ""  # cl_status rscstatus: what it believes it holds: all, local, foreign, none, transition
    nodes: tuple[tuple[str, str], ...] = ()  # name, status
    links: tuple[tuple[str, str, str], ...] = ()  # node, link, status


@dataclass(frozen=True, slots=True)
class Clock:
    """chronyc tracking, when chrony answers."""

    synchronised: bool
    offset: float | None  # seconds, of the system clock to NTP time
    source: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    version: str
    has_drbd: bool
    default: bool = False  # booted next
