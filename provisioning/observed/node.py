"""Everything one full reading of a node told. Pure data, filled by `facts`."""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioning.observed.replication import DrbdVersion, ReplicaReading
from provisioning.observed.serving import ActiveExport, NfsClient, NfsPool, NfsRunning
from provisioning.observed.storage import Disk, Layer, LogicalVolume, Mount, PhysicalVolume, QuotaUse, VolumeGroup
from provisioning.observed.system import Account, Clock, FileState, HeartbeatReading, Interface, Kernel, Unit


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
    keytab: bool | None = None  # whether /etc/krb5.keytab is there; None when it was not asked
    principals: tuple[str, ...] | None = None  # whose keys are in it; None also where klist is not installed
    accounts: tuple[Account, ...] | None = None  # users and groups that were asked about
    layers: tuple[Layer, ...] | None = None  # block devices and whether they take discards; None when it was not asked
    unreadable: tuple[tuple[str, str], ...] = field(default=())  # fact, why

    def file(self, path: str) -> FileState | None:
        return next((file for file in self.files if file.path == path), None)

    def account(self, database: str, name: str) -> Account | None:
        return next((one for one in self.accounts or () if (one.database, one.name) == (database, name)), None)

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
