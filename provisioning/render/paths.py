"""Where the files are that the panel writes on a node, and which of them hold secrets. Pure.

Every file is the panel's own, so that nothing an administrator wrote has to be rewritten; the three that are shared (LVM's local settings, root's
authorized keys, the functions of Heartbeat's scripts) get a marked block and keep every other line.
"""

from __future__ import annotations

from provisioning.desired import DesiredCluster

POLICY = "/usr/sbin/policy-rc.d"  # keeps services from starting while packages are installed; removed afterwards
LVM_LOCAL = "/etc/lvm/lvmlocal.conf"
FENCE_PEER = "/usr/local/sbin/storagepanel-fence-peer"
OUTDATE_HERE = "/usr/local/sbin/storagepanel-outdate-here"
MARK = "/usr/local/sbin/storagepanel-mark"
WAIT_FOR_DATA = "/usr/local/sbin/storagepanel-wait-for-data"
HEARTBEAT_WAITS = "/etc/systemd/system/heartbeat.service.d/storagepanel.conf"
WHOLE_MESSAGES = "/usr/local/sbin/storagepanel-whole-messages"
MARKS = "/var/lib/storagepanel/marks"
FENCE_KEY = "/etc/drbd.d/storagepanel-fence.key"
FENCE_PUBLIC = "/etc/drbd.d/storagepanel-fence.public"  # tells which key the one beside it is
FENCE_HOSTS = "/etc/drbd.d/storagepanel-fence.known_hosts"
AUTHORIZED_KEYS = "/root/.ssh/authorized_keys"
EXPORTS_DIRECTORY = "/etc/exports.d"
EXPORTS = f"{EXPORTS_DIRECTORY}/storagepanel.exports"
SNAPSHOT_EXPORTS = f"{EXPORTS_DIRECTORY}/storagepanel-snapshots.exports"  # on the node where they are opened
SNAPSHOTS = "/srv/.snapshots"  # opened snapshots are mounted below it
FOREIGN_EXPORTS = "/etc/exports"  # read, never written
NFS_CONF = "/etc/nfs.conf.d/storagepanel.conf"
IDMAPD = "/etc/idmapd.conf.d/storagepanel.conf"
NFSD = "/etc/systemd/system/nfs-server.service.d/storagepanel.conf"  # both nodes go by one name
NFSDCLD = "/etc/systemd/system/nfsdcld.service.d/storagepanel.conf"  # its keeper of clients stops with the NFS server
HA_CF = "/etc/ha.d/ha.cf"
AUTHKEYS = "/etc/ha.d/authkeys"
HARESOURCES = "/etc/ha.d/haresources"
SHELLFUNCS = "/etc/ha.d/shellfuncs"  # the package's; gets a block

PACKAGES = (
    "drbd-utils",
    "lvm2",
    "xfsprogs",
    "nfs-kernel-server",
    "nfs-common",
    "heartbeat",
    "resource-agents",
    "chrony",
    "openssh-client",
)
UNITS = (
    "drbd.service",
    "nfs-server.service",
    "heartbeat.service",
    "chrony.service",
    "pacemaker.service",
    "corosync.service",
)


HANDLERS = (FENCE_PEER, OUTDATE_HERE, MARK, FENCE_KEY, FENCE_HOSTS)  # what DRBD calls, with what they need
WAITS = (WAIT_FOR_DATA, HEARTBEAT_WAITS)


def resource_file(resource: str) -> str:
    return f"/etc/drbd.d/{resource}.res"


def read_files(desired: DesiredCluster | None) -> tuple[str, ...]:
    """Name the files whose text a planner needs."""
    return (
        POLICY, LVM_LOCAL, FENCE_PEER, OUTDATE_HERE, MARK, FENCE_PUBLIC, FENCE_HOSTS, AUTHORIZED_KEYS, WAIT_FOR_DATA, WHOLE_MESSAGES,
        HEARTBEAT_WAITS, EXPORTS, SNAPSHOT_EXPORTS, FOREIGN_EXPORTS, NFS_CONF, IDMAPD, NFSD, NFSDCLD, HA_CF, HARESOURCES, SHELLFUNCS,
    )  # fmt: skip


def secret_files(desired: DesiredCluster | None) -> tuple[str, ...]:
    """Name the files of which only a digest may leave the node."""
    return (FENCE_KEY, AUTHKEYS) + ((resource_file(desired.resource.name),) if desired else ())
