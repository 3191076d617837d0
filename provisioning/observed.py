"""What one full reading of a node yields. Pure data, filled by `facts`; `None` means "was not seen", never zero or empty.

Sizes are bytes. `read_at` is the panel's clock when the answer arrived (epoch seconds), `node_clock` the node's own at the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from clusters.states import ConnectionState, DiskState, ReplicationState, Role


@dataclass(frozen=True, slots=True)
class Disk:
    """A block device of lsblk with what stands on it."""

    path: str  # /dev/vdb
    kind: str  # lsblk TYPE: disk, part, lvm, raid1, ...
    size: int
    model: str = ""
    serial: str = ""
    wwn: str = ""
    fstype: str = ""
    uuid: str = ""
    label: str = ""
    partition_table: str = ""
    mountpoints: tuple[str, ...] = ()
    readonly: bool = False
    children: tuple[Disk, ...] = ()

    def walk(self) -> Iterator[Disk]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Layer:
    """A block device as far as discards are concerned."""

    path: str
    kind: str  # lsblk TYPE
    discard: int  # bytes one discard may have at most; 0: it takes none
    below: str  # path of the device it stands on; "" for one that stands on nothing


BLOCK = 4096  # bytes; what a file system gives at least


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """What one user or group has on a file system, and may have. Bytes; 0 is no limit."""

    kind: str  # user or group
    who: str  # name, or number where the node knows none
    used: int
    soft: int
    hard: int
    files: int
    files_soft: int
    files_hard: int
    until: int | None = None  # epoch second at which what is above the soft limit has to be gone
    files_until: int | None = None

    @property
    def full(self) -> bool:
        """Not one more block, or not one more file: what is left of the limit may be less than a block."""
        return bool(
            (self.hard and self.hard - self.used < BLOCK) or (self.files_hard and self.files >= self.files_hard)
        )

    @property
    def over(self) -> bool:
        return bool((self.soft and self.used > self.soft) or (self.files_soft and self.files > self.files_soft))


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


@dataclass(frozen=True, slots=True)
class PhysicalVolume:
    path: str
    vg: str
    size: int
    free: int
    uuid: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class VolumeGroup:
    name: str
    size: int
    free: int
    extent_size: int
    uuid: str = ""


@dataclass(frozen=True, slots=True)
class LogicalVolume:
    name: str
    vg: str
    size: int
    path: str
    active: bool | None
    attributes: str = ""
    origin: str = ""  # of a snapshot: the volume it was taken of
    filled: float | None = None  # of a snapshot: percent of its own room that is used, 0..100; of a pool: of its data
    metadata: float | None = None  # of a pool: percent of its metadata that is used
    pool: str = ""  # of a thin volume: the pool it takes its room from
    tags: tuple[str, ...] = ()

    @property
    def merging(self) -> bool:
        """A snapshot that is being rolled back into its origin (`S`), or an origin that takes one back (`O`)."""
        return self.attributes[:1] in ("S", "O")

    @property
    def is_pool(self) -> bool:
        """A thin pool: what thin volumes take their room from."""
        return self.attributes[:1] == "t"

    @property
    def broken(self) -> bool:
        """Of a pool: it ran out of data (`D`), its metadata cannot be written any more (`M`), or it failed (`F`)."""
        return self.attributes[8:9] in ("D", "M", "F")

    @property
    def left_inactive(self) -> bool:
        """Whether LVM passes it over when the volume group is activated (`k`), as it does with thin snapshots."""
        return self.attributes[9:10] == "k"

    @property
    def valid(self) -> bool:
        """False for a snapshot that ran full: what it held is lost (`I`; `S` when it is suspended too)."""
        return self.attributes[4:5] not in ("I", "S")


@dataclass(frozen=True, slots=True)
class Mount:
    source: str
    target: str
    fstype: str
    options: tuple[str, ...]
    size: int | None = None
    used: int | None = None
    inodes: int | None = None
    inodes_used: int | None = None


@dataclass(frozen=True, slots=True)
class ActiveExport:
    path: str
    client: str
    options: tuple[str, ...]

    @property
    def fsid(self) -> str | None:
        return next((o.removeprefix("fsid=") for o in self.options if o.startswith("fsid=")), None)


@dataclass(frozen=True, slots=True)
class NfsUse:
    """What one NFSv4 client holds on one file system."""

    mount: str  # mount point; "" when the file system is none that is mounted
    opens: int = 0
    locks: int = 0
    delegations: int = 0
    files: tuple[str, ...] = ()  # a few of them, as the kernel tells them: the last two parts of the path


@dataclass(frozen=True, slots=True)
class NfsClient:
    """A client the NFS server knows. Version 4 keeps a session; version 3 has none, so all that is known is what it once mounted (`paths`)
    and whether it is connected."""

    address: str
    version: str  # "4.2", "4.0", "3"; "" for a connection that nothing else is known of
    name: str = ""  # what it calls itself; free text from the client
    state: str = ""  # version 4: confirmed, courtesy, unconfirmed
    idle: float | None = None  # version 4: seconds since it renewed its lease, None when the kernel does not tell
    connected: bool | None = None  # a TCP connection to the server was seen
    uses: tuple[NfsUse, ...] | None = ()  # version 4: by file system; None when they were too many to read
    paths: tuple[str, ...] = ()  # version 3: exports it asked for and was not seen to give back


@dataclass(frozen=True, slots=True)
class NfsPool:
    """How busy the NFS server's threads were since it was started."""

    arrived: int  # pieces of work that came in
    waited: int  # of them, how many found every thread busy


@dataclass(frozen=True, slots=True)
class NfsRunning:
    """What the running NFS server was started with; a change in its file takes effect at its next start only."""

    versions: tuple[str, ...]  # "3", "4.0", "4.1", "4.2": those it answers
    grace: int  # seconds
    lease: int


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One client of one line in a file of exports that somebody else wrote."""

    file: str
    number: int  # of the line
    path: str
    client: str
    options: tuple[str, ...]
    blank: bool = False  # `host (rw)`: these options stand alone, and mean everybody


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
class DrbdVersion:
    kernel: str | None  # "8.4.11" of the loaded module, None when not loaded
    available: str | None  # of the module that modprobe would load for the running kernel
    utils: str | None


@dataclass(frozen=True, slots=True)
class Kernel:
    version: str
    has_drbd: bool
    default: bool = False  # booted next


@dataclass(frozen=True, slots=True)
class NodeObserved:
    """Everything one round trip told. Each `None` is a fact that was not seen; `unreadable` says which and why."""

    node: str  # the name the inventory knows it by
    read_at: float
    node_clock: float | None = None
    nodename: str | None = None  # uname --nodename
    kernel: str | None = None
    machine: str | None = None  # architecture
    os_id: str | None = None
    os_version: str | None = None
    machine_id: str | None = None
    boot_id: str | None = None
    uptime: float | None = None  # seconds
    drbd: DrbdVersion | None = None
    kernels: tuple[Kernel, ...] | None = None
    disks: tuple[Disk, ...] | None = None
    disk_links: tuple[tuple[str, str], ...] | None = None  # link below /dev/disk/by-id, device it leads to
    interfaces: tuple[Interface, ...] | None = None
    listening: tuple[tuple[str, int], ...] | None = None  # address, port (TCP)
    listening_udp: tuple[tuple[str, int], ...] | None = None  # address, port (UDP) of sockets without a peer
    units: tuple[Unit, ...] | None = None
    packages: tuple[tuple[str, str | None], ...] | None = None  # wanted package, installed version or None
    available: tuple[tuple[str, str | None], ...] | None = None  # wanted package, candidate version or None
    replicas: tuple[ReplicaReading, ...] | None = None
    drbd_defined: tuple[tuple[str, int, int], ...] | None = None  # resource, minor, port of every .res on the node
    pvs: tuple[PhysicalVolume, ...] | None = None
    vgs: tuple[VolumeGroup, ...] | None = None
    lvs: tuple[LogicalVolume, ...] | None = None
    lvm_filter: tuple[str, ...] | None = None  # effective devices/global_filter
    lvm_devices_file: bool | None = None
    mounts: tuple[Mount, ...] | None = None
    fstab: tuple[tuple[str, str], ...] | None = None  # source, mount point
    exports: tuple[ActiveExport, ...] | None = None
    nfsd_threads: int | None = None  # 0: kernel NFS server is not running
    nfs_clients: tuple[NfsClient, ...] | None = None  # whom the NFS server knows; () when it does not run
    nfs_pool: NfsPool | None = None
    nfs_running: NfsRunning | None = None  # None when it does not run, or was not asked
    heartbeat: HeartbeatReading | None = None
    clock: Clock | None = None
    service_ip_answers: bool | None = (
        None  # somebody answered for the service IP on the network (duplicate address detection)
    )
    marks: tuple[str, ...] | None = None  # split-brain marks the handler left, file names
    export_files: tuple[tuple[str, str], ...] | None = None  # path, text of the files beside ours in exports.d
    files: tuple[FileState, ...] = ()
    immutable: tuple[str, ...] | None = (
        None  # of the mount points that were asked for: those that cannot be written into
    )
    directories: tuple[tuple[str, str], ...] | None = None  # of those that were asked about: absent, empty, full
    file_system_size: int | None = None  # bytes, of the one file system that was asked about, by its own superblock
    quotas: tuple[QuotaUse, ...] | None = (
        None  # of the one file system that was asked about; None also where it is not mounted
    )
    thin_tools: bool | None = (
        None  # whether the tools that check and repair a thin pool are installed; None when not asked
    )
    quota_tools: bool | None = None  # whether they are installed; None when it was not asked
    layers: tuple[Layer, ...] | None = None  # block devices and whether they take discards; None when it was not asked
    unreadable: tuple[tuple[str, str], ...] = field(default=())  # fact, why

    def file(self, path: str) -> FileState | None:
        return next((file for file in self.files if file.path == path), None)

    def unit(self, name: str) -> Unit | None:
        return next((unit for unit in self.units or () if unit.name == name), None)

    def replica(self, resource: str) -> ReplicaReading | None:
        return next((replica for replica in self.replicas or () if replica.resource == resource), None)

    def disk(self, path: str) -> Disk | None:
        return next((disk for top in self.disks or () for disk in top.walk() if disk.path == path), None)

    def directory(self, path: str) -> str | None:
        """Say absent, empty or full; of a mounted directory that is what lies in the volume."""
        return dict(self.directories or ()).get(path)

    def lv(self, vg: str, name: str) -> LogicalVolume | None:
        return next((lv for lv in self.lvs or () if lv.vg == vg and lv.name == name), None)

    def pools(self, vg: str) -> tuple[LogicalVolume, ...]:
        return tuple(lv for lv in self.lvs or () if lv.vg == vg and lv.is_pool)

    def promised(self, vg: str, pool: str) -> int:
        """Bytes that the pool's thin volumes, snapshots among them, may take together."""
        return sum(lv.size for lv in self.lvs or () if lv.vg == vg and lv.pool == pool and not lv.is_pool)

    def snapshots_of(self, vg: str, volume: str) -> tuple[LogicalVolume, ...]:
        """List the snapshots of a volume that LVM shows here, whoever made them."""
        return tuple(lv for lv in self.lvs or () if lv.vg == vg and lv.origin == volume)

    def vg(self, name: str) -> VolumeGroup | None:
        return next((vg for vg in self.vgs or () if vg.name == name), None)

    def mount(self, target: str) -> Mount | None:
        return next((mount for mount in self.mounts or () if mount.target == target), None)

    def holds(self, address: str) -> bool | None:
        """Whether this node carries the address; None when its interfaces were not seen."""
        if self.interfaces is None:
            return None
        return any(a.split("/")[0] == address for interface in self.interfaces for a in interface.addresses)
