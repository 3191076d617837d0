"""What a cluster is meant to be, taken from the inventory. Pure data; `checks.spelling` applies `clusters.rules` to it before a plan is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

DEFAULT_CLIENT_OPTIONS = ("rw", "sync", "no_subtree_check", "root_squash")


class BackingKind(StrEnum):
    LV = "lv"  # an LV of a node-local VG: a snapshot below DRBD is possible
    DISK = "disk"  # the whole disk or partition, as in the classic guide


@dataclass(frozen=True, slots=True)
class Backing:
    """What DRBD writes to on one node. For `lv`: the disk carries `vg`, in which `lv` of `size` bytes is made."""

    kind: BackingKind
    disk: str  # /dev/vdb
    disk_serial: str
    disk_size: int  # bytes
    vg: str = ""
    lv: str = ""
    size: int = 0  # bytes of the LV; the rest stays free for a snapshot
    link: str = ""  # stable name of the disk below /dev/disk/by-id, by which it was chosen

    @property
    def device(self) -> str:
        """What the resource file and LVM's filter name, at every boot anew: `disk` may be another one by then, so a whole disk goes by its link."""
        return (self.link or self.disk) if self.kind is BackingKind.DISK else f"/dev/{self.vg}/{self.lv}"


@dataclass(frozen=True, slots=True)
class DesiredNode:
    name: str  # equals uname --nodename
    replication_address: str
    service_address: str  # the node's own address on the service network; also a heartbeat path
    service_interface: str
    replication_interface: str
    backing: Backing
    host_key: str = ""  # pinned public key line; the peer's fence-peer handler trusts this key only
    fence_key: str = ""  # public half of "fence-key-<name>", with which this node may ask its peer to outdate itself


@dataclass(frozen=True, slots=True)
class DesiredResource:
    name: str
    minor: int
    port: int
    vg: str  # volume group on the DRBD device
    verify_alg: str = "crc32c"
    resync_rate: str = "100M"
    wfc_timeout: int = 0  # seconds a booting node waits for its peer; 0 = for ever (HAZARDS 27)
    degr_wfc_timeout: int = 60
    outdated_wfc_timeout: int = 60

    @property
    def device(self) -> str:
        return f"/dev/drbd{self.minor}"


@dataclass(frozen=True, slots=True)
class DesiredVolume:
    name: str
    size: int  # bytes
    fstype: str  # ext4 or xfs
    mount_point: str
    mount_options: tuple[str, ...] = ()
    owner: str = ""  # of its root directory, as chown takes it; empty: as mkfs makes it, root:root
    mode: str = ""  # of its root directory, four octal digits; empty: 0755
    pool: str = ""  # thin pool it takes its room from; empty: it has all of its room from the start


@dataclass(frozen=True, slots=True)
class ExportClient:
    client: str  # host, address, network, @netgroup, wildcard
    options: tuple[str, ...] = DEFAULT_CLIENT_OPTIONS


@dataclass(frozen=True, slots=True)
class DesiredExport:
    path: str
    fsid: int
    clients: tuple[ExportClient, ...]
    volume: str  # name of the volume the path lies on
    owner: str = ""  # of the directory; empty: as it is, root's when it is made
    mode: str = ""


@dataclass(frozen=True, slots=True)
class DesiredSnapshot:
    """A volume as it was at one moment. `fsid` and `clients` are set while it is opened: mounted read-only and exported."""

    volume: str
    name: str
    lv: str
    size: int  # bytes reserved for what changes in the volume after it
    fsid: int | None = None
    clients: tuple[str, ...] = ()
    as_root: bool = False  # root of these clients may read everything
    scheduled: bool = False  # made by the schedule, which may remove it again
    removing: bool = False  # a job is taking it away: deleting it, or rolling the volume back to it
    sec: str = ""  # how its clients prove who their users are; "": by address, which NFS calls sys

    @property
    def opened(self) -> bool:
        return self.fsid is not None


@dataclass(frozen=True, slots=True)
class HeartbeatSettings:
    keepalive: int = 1
    warntime: int = 5
    deadtime: int = 12
    initdead: int = 60
    udpport: int = 694


NFS_VERSIONS = ("3", "4.0", "4.1", "4.2")


@dataclass(frozen=True, slots=True)
class NfsSettings:
    """A port of 0 is any port. `state_volume` names the volume that carries what clients held, so that locks survive a failover."""

    threads: int = 8
    grace_time: int = 45
    lease_time: int = 45
    versions: tuple[str, ...] = NFS_VERSIONS
    domain: str = ""  # of names in version 4; "": the nodes' own
    mountd_port: int = 0
    statd_port: int = 0
    lockd_port: int = 0
    state_volume: str = ""

    @property
    def ports(self) -> dict[str, int]:
        """The pinned ones, by the name rpcinfo gives them."""
        every = {"mountd": self.mountd_port, "status": self.statd_port, "nlockmgr": self.lockd_port}
        return {name: port for name, port in every.items() if port}


@dataclass(frozen=True, slots=True)
class DesiredCluster:
    name: str  # slug
    nodes: tuple[DesiredNode, DesiredNode]
    resource: DesiredResource
    service_ip: str
    service_prefix: int
    first_source: str  # node whose disk is copied to the other at the first sync, and home of the service group
    volumes: tuple[DesiredVolume, ...] = ()
    exports: tuple[DesiredExport, ...] = ()
    manager: str = "heartbeat"
    heartbeat: HeartbeatSettings = field(default_factory=HeartbeatSettings)
    nfs: NfsSettings = field(default_factory=NfsSettings)
    snapshots: tuple[DesiredSnapshot, ...] = ()
    touched: bool = False  # a step of the panel's ran on its nodes
    in_service: bool = False  # its set-up has ended: what is planned for all of it mends it

    def node(self, name: str) -> DesiredNode:
        return next(node for node in self.nodes if node.name == name)

    def peer(self, name: str) -> DesiredNode:
        first, second = self.nodes
        return second if first.name == name else first

    def volume(self, name: str) -> DesiredVolume | None:
        return next((volume for volume in self.volumes if volume.name == name), None)

    def snapshot(self, volume: str, name: str) -> DesiredSnapshot | None:
        return next((each for each in self.snapshots if (each.volume, each.name) == (volume, name)), None)
