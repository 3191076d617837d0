"""What a picture is drawn from. Every string is ready to be read; kinds are ok, warn, risk, danger, unknown or idle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Side:
    """One node. `fresh` False: what is said about it is old, and drawn hatched."""

    name: str
    fresh: bool = True
    holds: bool = False  # the service group was seen here
    address: str = ""
    up: str = ""  # up 41 days
    seen: str = ""  # seen 1 s ago; as of 12:04:10
    seen_at: datetime | None = None  # counted on from there while the page is open
    copy: str = "unknown"  # kind of its copy
    disk: str = ""  # UpToDate
    role: str = ""  # Primary
    replication: str = ""  # SyncSource
    backing: str = ""  # sdb · 800 GiB
    backing_line: str = ""  # PM893 · serial S6KPNX0T412
    active: bool | None = None  # the volume group is active here
    vg_line: str = ""  # 439 of 800 GiB free
    vg_short: str = ""  # 439 GiB free
    standby: tuple[str, ...] = ()  # one or two short lines: why the service is not here
    versions: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    kind: str = "unknown"  # ok, sync, verify, down, split, unknown
    big: str = ""  # 62 %
    title: str = ""  # Resync, alice to bob
    lines: tuple[str, ...] = ()
    percent: float | None = None
    to: int = 1  # side that is written to: 0 left, 1 right
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """A heartbeat path between the nodes."""

    label: str
    kind: str
    word: str


@dataclass(frozen=True, slots=True)
class Vol:
    name: str
    percent: float | None = None
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Pair:
    slug: str
    left: Side
    right: Side
    link: Link
    says: str  # the picture in one or two sentences
    service_ip: str = ""
    group_line: str = ""  # NFS server · 3 exports
    resource: str = "r0"
    device: str = "/dev/drbd0"
    vg: str = ""
    volumes: tuple[Vol, ...] = ()
    unlisted: int = 0  # volumes beyond these
    paths: tuple[Path, ...] = ()

    def beyond(self, shown: int) -> int:
        """Count the volumes that are not among the first `shown`."""
        return len(self.volumes) - shown + self.unlisted

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.left, self.right


@dataclass(frozen=True, slots=True)
class SliceVolume:
    name: str
    line: str  # 40 GiB, exported
    new: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """A pair before or after a change: the node that serves in full, the peer as a strip."""

    node: str
    peer: str
    says: str
    address: str = ""
    service_ip: str = ""
    service: bool = True  # the service group exists
    service_new: bool = False
    volumes: tuple[SliceVolume, ...] = ()
    free_line: str = ""  # 439 of 800 GiB free
    free_new: bool = False
    vg: str = ""
    vg_new: bool = False
    resource: str = "r0"
    drbd: bool = True
    drbd_line: str = ""  # Primary · UpToDate
    peer_line: str = ""  # UpToDate
    drbd_kind: str = "ok"
    peer_kind: str = "ok"
    drbd_new: bool = False
    backing: str = ""
    peer_backing: str = ""
    peer_new: str = ""  # mount point: something the change brings to the peer
    peer_note: str = "ready to take over"


@dataclass(frozen=True, slots=True)
class Move:
    """A move of the service group for the chart of pauses."""

    key: str  # id of its entry on the page
    at: datetime
    kind: str  # failover, switchover, unclean, start
    pause: float
    says: str  # 2 Apr: failover, 71 s
