"""An invented pair for the planner's tests: alice and bob, wanted and seen. Nothing here reads a clock or a node."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from clusters.states import ConnectionState, DiskState, ReplicationState, Role
from provisioning.checks.links import named
from provisioning.desired import (
    Backing,
    BackingKind,
    DesiredCluster,
    DesiredExport,
    DesiredNode,
    DesiredResource,
    DesiredVolume,
    ExportClient,
)
from provisioning.ha import BACKENDS
from provisioning.observed import (
    ActiveExport,
    Clock,
    Disk,
    DrbdVersion,
    FileState,
    HeartbeatReading,
    Interface,
    Kernel,
    LogicalVolume,
    Mount,
    NfsPool,
    NfsRunning,
    NodeObserved,
    PhysicalVolume,
    ReplicaReading,
    Unit,
    VolumeGroup,
)
from provisioning.render import drbd, fencing, heartbeat, messages, nfs
from provisioning.render.lvm import local_settings, mapper, own_patterns
from provisioning.render.managed import ManagedFile
from provisioning.render.paths import AUTHORIZED_KEYS, LVM_LOCAL, PACKAGES, SHELLFUNCS, UNITS
from provisioning.simulator.heartbeat_words import AS_SHIPPED

MIB, GIB = 1024**2, 1024**3
NAMES = ("alice", "bob")
NOW = 1_760_000_000.0
HEARTBEAT = BACKENDS["heartbeat"]
EXTENT = 4 * MIB


def desired_node(name: str, kind: BackingKind = BackingKind.LV) -> DesiredNode:
    number = NAMES.index(name) + 1
    backing = Backing(kind, "/dev/vdb", f"data-{name}", GIB)
    if kind is BackingKind.LV:
        backing = replace(backing, vg="vg_local", lv="r0", size=800 * MIB)
    return DesiredNode(
        name=name,
        replication_address=f"10.77.77.{number}",
        service_address=f"192.0.2.1{number}",
        service_interface="eth1",
        replication_interface="eth2",
        backing=backing,
        host_key=f"ssh-ed25519 HOSTKEYOF{name.upper()}",
        fence_key=f"ssh-ed25519 FENCEKEYOF{name.upper()} storagepanel-fence-{name}",
    )


def desired(kind: BackingKind = BackingKind.LV) -> DesiredCluster:
    return DesiredCluster(
        name="web-files",
        nodes=(desired_node("alice", kind), desired_node("bob", kind)),
        resource=DesiredResource(name="r0", minor=0, port=7788, vg="vg_data"),
        service_ip="192.0.2.10",
        service_prefix=24,
        first_source="alice",
        volumes=(
            DesiredVolume("homes", 200 * MIB, "ext4", "/srv/homes"),
            DesiredVolume("media", 320 * MIB, "xfs", "/srv/media", ("noatime",)),
        ),
        exports=(
            DesiredExport("/srv/homes", 101, (ExportClient("192.0.2.0/24"),), "homes"),
            DesiredExport(
                "/srv/media", 102, (ExportClient("192.0.2.0/24", ("ro", "sync", "no_subtree_check")),), "media"
            ),
        ),
    )


def seen_file(file: ManagedFile) -> FileState:
    """A managed file as a reading tells it: a secret one by its digest only."""
    return seen_text(file.path, str(file.content), file.mode, secret=file.secret)


def seen_text(path: str, text: str, mode: str = "0644", *, secret: bool = False) -> FileState:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return FileState(path, digest, None if secret else text, mode, "root:root")


def system_disk() -> Disk:
    root = Disk("/dev/vda1", "part", 3 * GIB, fstype="ext4", mountpoints=("/",))
    return Disk("/dev/vda", "disk", 3 * GIB, serial="root", partition_table="gpt", children=(root,))


def interfaces(name: str, *extra: str) -> tuple[Interface, ...]:
    number = NAMES.index(name) + 1
    return (
        Interface("lo", "UNKNOWN", ("127.0.0.1/8",)),
        Interface("eth1", "UP", (f"192.0.2.1{number}/24", *extra)),
        Interface("eth2", "UP", (f"10.77.77.{number}/24",)),
    )


def bare(name: str) -> NodeObserved:
    """A fresh Debian 12 server with an empty second disk and no package of ours."""
    return NodeObserved(
        node=name,
        read_at=NOW,
        node_clock=NOW,
        nodename=name,
        kernel="6.1.0-56-cloud-amd64",
        machine="x86_64",
        os_id="debian",
        os_version="12",
        machine_id=f"machine-of-{name}",
        boot_id=f"boot-of-{name}",
        uptime=1000.0,
        drbd=DrbdVersion(None, "8.4.11", None),
        kernels=(Kernel("6.1.0-56-cloud-amd64", True, default=True),),
        disks=(system_disk(), Disk("/dev/vdb", "disk", GIB, serial=f"data-{name}")),
        disk_links=(
            ("/dev/disk/by-id/lvm-pv-uuid-0aY1", "/dev/vdb"),
            ("/dev/disk/by-id/virtio-root", "/dev/vda"),
            (f"/dev/disk/by-id/virtio-data-{name}", "/dev/vdb"),
        ),
        interfaces=interfaces(name),
        listening=(("0.0.0.0", 22),),
        listening_udp=(("127.0.0.1", 323),),
        units=tuple(Unit(unit, "inactive", "not-found") for unit in UNITS),
        packages=tuple((package, None) for package in PACKAGES),
        available=tuple((package, "1.0") for package in PACKAGES),
        replicas=(),
        drbd_defined=(),
        pvs=None,
        vgs=None,
        lvs=None,
        mounts=(Mount("/dev/vda1", "/", "ext4", ("rw",)),),
        fstab=(("/dev/vda1", "/"),),
        exports=(),
        nfsd_threads=0,
        heartbeat=None,
        clock=Clock(True, 0.0001, "ntp"),
        service_ip_answers=False,
        marks=(),
        export_files=(),
        files=(seen_text(AUTHORIZED_KEYS, "ssh-ed25519 PANELKEY storagepanel\n", "0600"),),
    )


def installed(name: str) -> NodeObserved:
    """The same server with every package, as Debian leaves it: units enabled, nothing configured."""
    state = {
        "nfs-server.service": "enabled",
        "drbd.service": "disabled",
        "heartbeat.service": "enabled",
        "chrony.service": "enabled",
    }
    return replace(
        bare(name),
        drbd=DrbdVersion("8.4.11", "8.4.11", "9.22.0"),
        units=tuple(
            Unit(unit, "active" if unit == "chrony.service" else "inactive", state.get(unit, "not-found"))
            for unit in UNITS
        ),
        packages=tuple((package, "1.0") for package in PACKAGES),
        pvs=(),
        vgs=(),
        lvs=(),
        lvm_filter=("a|.*|",),
        lvm_devices_file=False,
        heartbeat=HeartbeatReading(False),
    )


def written(wanted: DesiredCluster, name: str) -> tuple[FileState, ...]:
    """Every file of the set-up as it stands on a node afterwards."""
    node = wanted.node(name)
    managed = (
        *fencing.handlers(wanted, node),
        fencing.key(node),
        fencing.known_hosts(wanted, node),
        fencing.public(wanted, node),
        drbd.resource(wanted),
        nfs.exports(wanted),
        nfs.settings(wanted),
        *HEARTBEAT.files(wanted, node),
        messages.whole_messages(wanted),
        *heartbeat.waits(wanted),
    )
    keys = fencing.authorized_keys(wanted, node, "ssh-ed25519 PANELKEY storagepanel\n")
    return (
        *(seen_file(file) for file in managed),
        seen_text(AUTHORIZED_KEYS, keys, "0600"),
        seen_text(SHELLFUNCS, AS_SHIPPED + messages.block(wanted)),
        seen_text(LVM_LOCAL, local_settings(None, wanted.name, own_patterns(wanted, node))),
    )


def replica(wanted: DesiredCluster, role: Role) -> ReplicaReading:
    other = Role.SECONDARY if role is Role.PRIMARY else Role.PRIMARY
    return ReplicaReading(
        wanted.resource.name,
        wanted.resource.minor,
        role,
        DiskState.UP_TO_DATE,
        ConnectionState.CONNECTED,
        ReplicationState.ESTABLISHED,
        other,
        DiskState.UP_TO_DATE,
        out_of_sync=0,
        size=799 * MIB,
    )


def local_stack(wanted: DesiredCluster, name: str, *above: Disk) -> Disk:
    backing = wanted.node(name).backing
    device = Disk(wanted.resource.device, "disk", 799 * MIB, children=above)
    if backing.kind is BackingKind.DISK:
        return Disk("/dev/vdb", "disk", GIB, serial=f"data-{name}", fstype="drbd", children=(device,))
    lv = Disk(mapper(backing.vg, backing.lv), "lvm", backing.size, fstype="drbd", children=(device,))
    return Disk("/dev/vdb", "disk", GIB, serial=f"data-{name}", fstype="LVM2_member", children=(lv,))


def standby(name: str, wanted: DesiredCluster | None = None) -> NodeObserved:
    """A node of the finished pair that is ready to take over."""
    wanted = named(wanted or desired(), {each: bare(each) for each in NAMES})
    backing = wanted.node(name).backing
    enabled = ("drbd.service", "heartbeat.service", "chrony.service")
    local = backing.kind is BackingKind.LV
    return replace(
        installed(name),
        disks=(system_disk(), local_stack(wanted, name)),
        listening=(("0.0.0.0", 22), ("10.77.77.1", 7788)),
        listening_udp=(("127.0.0.1", 323), ("0.0.0.0", wanted.heartbeat.udpport)),
        units=tuple(Unit(u, *(("active", "enabled") if u in enabled else ("inactive", "disabled"))) for u in UNITS),
        replicas=(replica(wanted, Role.SECONDARY),),
        drbd_defined=((wanted.resource.name, wanted.resource.minor, wanted.resource.port),),
        pvs=(PhysicalVolume("/dev/vdb", backing.vg, 1020 * MIB, 220 * MIB),) if local else (),
        vgs=(VolumeGroup(backing.vg, 1020 * MIB, 220 * MIB, EXTENT),) if local else (),
        lvs=(LogicalVolume(backing.lv, backing.vg, backing.size, backing.device, True),) if local else (),
        lvm_filter=own_patterns(wanted, wanted.node(name)),
        heartbeat=HeartbeatReading(True, "local", (("alice", "active"), ("bob", "active"))),
        service_ip_answers=True,
        files=written(wanted, name),
        immutable=tuple(volume.mount_point for volume in wanted.volumes),
    )


def serving(name: str, wanted: DesiredCluster | None = None) -> NodeObserved:
    """The node of the finished pair that holds the service group."""
    wanted = wanted or desired()
    node = standby(name, wanted)
    vg = wanted.resource.vg
    volumes = wanted.volumes
    above = tuple(
        Disk(mapper(vg, v.name), "lvm", v.size, fstype=v.fstype, mountpoints=(v.mount_point,)) for v in volumes
    )
    used = sum(v.size for v in volumes)
    return replace(
        node,
        disks=(system_disk(), local_stack(wanted, name, *above)),
        interfaces=interfaces(name, f"{wanted.service_ip}/{wanted.service_prefix}"),
        replicas=(replica(wanted, Role.PRIMARY),),
        pvs=(*(node.pvs or ()), PhysicalVolume(wanted.resource.device, vg, 796 * MIB, 796 * MIB - used)),
        vgs=(*(node.vgs or ()), VolumeGroup(vg, 796 * MIB, 796 * MIB - used, EXTENT)),
        lvs=(*(node.lvs or ()), *(LogicalVolume(v.name, vg, v.size, f"/dev/{vg}/{v.name}", True) for v in volumes)),
        mounts=(*(node.mounts or ()), *(Mount(mapper(vg, v.name), v.mount_point, v.fstype, ("rw",)) for v in volumes)),
        exports=tuple(
            ActiveExport(e.path, c.client, nfs.options_of(wanted, e, c)) for e in wanted.exports for c in e.clients
        ),
        nfsd_threads=wanted.nfs.threads,
        nfs_running=NfsRunning(wanted.nfs.versions, wanted.nfs.grace_time, wanted.nfs.lease_time),
        nfs_clients=(),
        nfs_pool=NfsPool(0, 0),
    )


def with_file(node: NodeObserved, path: str, text: str | None, mode: str = "0644") -> NodeObserved:
    """The node with another text in one file; None takes the file away."""
    others = tuple(file for file in node.files if file.path != path)
    return replace(node, files=others if text is None else (*others, seen_text(path, text, mode)))


def with_unit(node: NodeObserved, name: str, active: str, enabled: str) -> NodeObserved:
    units = tuple(unit for unit in node.units or () if unit.name != name)
    return replace(node, units=(*units, Unit(name, active, enabled)))


def fresh() -> dict[str, NodeObserved]:
    return {name: installed(name) for name in NAMES}


def finished(wanted: DesiredCluster | None = None) -> dict[str, NodeObserved]:
    return {"alice": serving("alice", wanted), "bob": standby("bob", wanted)}
