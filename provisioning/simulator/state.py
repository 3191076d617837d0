"""A simulated pair as data: what is on two machines and on the wire between them. Stored as JSON, changed by `commands`, aged by `physics`.

Times are epoch seconds of the panel's clock, sizes bytes. What is inside the DRBD device (`Inside`) belongs to the pair: both copies hold it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MIB, GIB = 1024**2, 1024**3
KERNEL = "6.1.0-56-amd64"
MODULE = "8.4.11"
Answer = tuple[int, str, str]  # exit, standard output, standard error
OK: Answer = (0, "", "")
EXTENT = 4 * MIB


@dataclass
class File:
    text: str
    mode: str = "0644"
    owner: str = "root:root"
    changed: float = 0.0


@dataclass
class Lv:
    size: int
    fstype: str = ""
    used: int = 0
    label: str = ""
    fs_size: int = 0  # 0: the file system fills it
    tags: list[str] = field(default_factory=list)
    once: list[str] = field(default_factory=list)  # earlier names, which /proc/mounts goes on showing
    origin: str = ""  # of a snapshot
    changed: int = 0  # of a snapshot: bytes of its room that hold what changed in the origin
    quotas: dict[str, list[int]] = field(default_factory=dict)  # "user 1234": soft and hard KiB, soft and hard files
    graces: dict[str, int] = field(default_factory=dict)  # "user" or "group": seconds above a soft limit
    damaged: bool = False  # its file system has errors that a check finds
    merged_at: float | None = None  # of a snapshot that is rolled back to: when that ends
    put_off: bool = False  # of one that is to be merged when its origin is activated the next time
    is_pool: bool = False  # a thin pool
    metadata: float = 10.84  # of a pool: percent of its metadata that is used
    pool: str = ""  # of a thin volume or thin snapshot: the pool it takes its room from
    skip: bool = False  # not activated with the group, as thin snapshots are made


@dataclass
class Vg:
    """A volume group with its one physical volume."""

    pv: str
    size: int
    lvs: dict[str, Lv] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return self.size - sum(lv.size for lv in self.lvs.values())


@dataclass
class Disk:
    path: str
    size: int
    serial: str
    model: str
    system: bool = False  # carries the root file system


def by_id(disk: Disk) -> str:
    return f"/dev/disk/by-id/ata-{disk.model.replace(' ', '_')}_{disk.serial}"


@dataclass
class Drbd:
    """The resource on one machine. `fresh`: its metadata was made and never synced."""

    resource: str
    device: str  # /dev/drbd0
    minor: int
    backing: str
    meta: bool = False
    fresh: bool = True
    up: bool = False
    role: str = "Secondary"
    disk: str = "Diskless"
    size: int = 0  # bytes; 0: as large as the backing device allows


@dataclass
class Manager:
    """Heartbeat on one machine."""

    started_at: float
    holds: bool = False  # believes that it holds the group
    acts_at: float | None = None  # when it will take the group
    standby: bool = False


@dataclass
class Ran:
    """What a unit's command left behind."""

    exit: int
    stdout: str
    stderr: str
    seconds: float


@dataclass
class Did:
    """One change as the machine saw it: a command that ran, or a file that was written (`put path mode owner`)."""

    at: float
    unit: str
    job: int
    claim: int
    index: int  # of the command in its unit
    command: str


@dataclass
class Machine:
    name: str
    service: str  # address/prefix
    replication: str
    mgmt: str
    host_key: str
    machine_id: str
    boot_id: str
    booted_at: float
    power: bool = True
    reachable: bool = True  # by SSH from the panel
    disks: list[Disk] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)
    available: dict[str, str] = field(default_factory=dict)
    units: dict[str, list[str]] = field(default_factory=dict)  # name: [active, enabled, loaded]
    files: dict[str, File] = field(default_factory=dict)
    directories: list[str] = field(default_factory=list)
    immutable: list[str] = field(default_factory=list)  # directories with chattr +i
    litter: list[str] = field(default_factory=list)  # directories that hold something
    links: dict[str, str] = field(default_factory=dict)  # symbolic links, and what they say
    vgs: dict[str, Vg] = field(default_factory=dict)  # node-local ones
    pvs: list[str] = field(default_factory=list)  # local disks given to LVM
    drbd: Drbd | None = None
    module: bool = False  # drbd is loaded
    vg_active: bool = False  # the pair's VG
    activated: list[str] = field(
        default_factory=list
    )  # volumes of it that are skipped when it is activated, activated by name
    held: list[str] = field(default_factory=list)  # volumes of it that a program has open, mounted or not
    mounts: dict[str, list[str]] = field(default_factory=dict)  # mount point: [device, fstype, options]
    exported: list[list[str]] = field(default_factory=list)  # path, client, options
    nfsd: int = 0
    nfs: dict[str, str] = field(
        default_factory=dict
    )  # what the running NFS server was started with: /proc/fs/nfsd name, text
    keeps: str = ""  # directory of the list of NFS clients that its keeper read when it was started; "": the node's own
    service_ip: str = ""  # address/prefix when held
    manager: Manager | None = None
    waits: bool = False  # Heartbeat is held back until there is a current copy
    deaf: list[str] = field(default_factory=list)  # devices that take no discards
    claims: dict[str, int] = field(default_factory=dict)  # cluster: highest claim seen
    results: dict[str, list[Ran]] = field(default_factory=dict)  # by unit
    journal: list[Did] = field(default_factory=list)  # the latest ones
    authorized: bool = False


@dataclass
class Client:
    """An NFS client out there. It is connected to whichever machine serves what it has mounted."""

    address: str
    version: str  # 4.2, 4.0, 3
    mount: str  # the directory it has mounted
    opens: int = 0
    locks: int = 0
    files: list[str] = field(default_factory=list)  # as the kernel tells them


@dataclass
class Inside:
    """What stands on the replicated device."""

    pv: bool = False
    vg: str = ""
    size: int = 0
    lvs: dict[str, Lv] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return self.size - sum(lv.size for lv in self.lvs.values() if not lv.pool)


@dataclass
class Resync:
    source: str
    target: str
    total: int
    left: int
    rate: int  # bytes per second
    at: float  # when `left` was counted


@dataclass
class Pair:
    machines: dict[str, Machine]
    inside: Inside = field(default_factory=Inside)
    resync: Resync | None = None
    connected: bool = False
    written: int = 0  # bytes the two copies differ by while they are apart
    replication_link: bool = True
    speed: int = 60 * MIB  # of a resync
    clients: list[Client] = field(default_factory=list)
    nfs_server: list[str] = field(default_factory=list)  # that clients knew last: machine, list of clients, name
    faults: dict[str, str] = field(default_factory=dict)  # "alice lvcreate": text printed instead, exit 5

    def peer(self, name: str) -> Machine:
        return next(machine for other, machine in self.machines.items() if other != name)


Changer = Callable[[Pair, Machine, tuple[str, ...], float], Answer | None]
Changers = dict[str, Changer]  # by program; None: it has nothing to say to these arguments
