"""What a person asks for. Pure data, stored with the job as JSON (`codec.py`); each has one planner in `plans/`."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.desired import DesiredExport, DesiredSnapshot, DesiredVolume, HeartbeatSettings, NfsSettings


@dataclass(frozen=True, slots=True)
class ProvisionCluster:
    """Make the pair as the inventory describes it (`cluster.provision`)."""

    cluster: str


@dataclass(frozen=True, slots=True)
class ForgetCluster:
    """Take the pair out of the panel; the nodes are not touched (`cluster.forget`)."""

    cluster: str


@dataclass(frozen=True, slots=True)
class CreateVolume:
    cluster: str
    volume: DesiredVolume


@dataclass(frozen=True, slots=True)
class GrowVolume:
    cluster: str
    name: str
    size: int  # bytes afterwards


@dataclass(frozen=True, slots=True)
class EditVolume:
    """Give a volume other mount options, another mount point, another name. Size and file system stay what they are."""

    cluster: str
    name: str  # as it is now
    volume: DesiredVolume  # as it is to be


@dataclass(frozen=True, slots=True)
class DeleteVolume:
    cluster: str
    volume: DesiredVolume


@dataclass(frozen=True, slots=True)
class CheckVolume:
    """Look whether its file system is whole: in a snapshot with this much room, or, with none, of the volume itself, unmounted."""

    cluster: str
    name: str
    room: int = 0  # bytes


@dataclass(frozen=True, slots=True)
class RepairVolume:
    """Repair its file system, unmounted; `forced` also what may lose files (`volume.repair`)."""

    cluster: str
    name: str
    forced: bool


@dataclass(frozen=True, slots=True)
class EditQuota:
    """How much a user or group may have on a volume; without a name, how long any of them may be above a soft limit. 0: no limit."""

    cluster: str
    volume: str
    kind: str  # user or group
    who: str  # name or number; "" with `grace`
    soft: int = 0  # KiB
    hard: int = 0
    files_soft: int = 0
    files_hard: int = 0
    grace: int = 0  # seconds


@dataclass(frozen=True, slots=True)
class TrimVolume:
    """Tell the disks below which blocks of the volume are free."""

    cluster: str
    name: str
    schedule: int = 0  # the schedule whose run it is; 0: a person asked


@dataclass(frozen=True, slots=True)
class GrowResource:
    """Make the replicated device larger: the backing volumes to these bytes, or, of whole disks, to what the disks have become."""

    cluster: str
    size: int  # bytes of each backing device afterwards


@dataclass(frozen=True, slots=True)
class PublishExport:
    cluster: str
    export: DesiredExport


@dataclass(frozen=True, slots=True)
class CreateSnapshot:
    cluster: str
    snapshot: DesiredSnapshot


@dataclass(frozen=True, slots=True)
class KeepSnapshots:
    """One run of a schedule: take one, and let those go that it does not keep any more (`snapshot.keep`)."""

    cluster: str
    take: DesiredSnapshot
    drop: tuple[str, ...]  # names of snapshots of the same volume that the schedule made
    schedule: int


@dataclass(frozen=True, slots=True)
class DeleteSnapshot:
    cluster: str
    volume: str
    name: str


@dataclass(frozen=True, slots=True)
class RestoreSnapshot:
    """Roll the volume back to the snapshot, which is used up by it (`snapshot.restore`)."""

    cluster: str
    volume: str
    name: str


@dataclass(frozen=True, slots=True)
class OpenSnapshot:
    """Mount it read-only under a path of its own and export it (`snapshot.open`)."""

    cluster: str
    snapshot: DesiredSnapshot  # with fsid and clients


@dataclass(frozen=True, slots=True)
class CloseSnapshot:
    cluster: str
    volume: str
    name: str


@dataclass(frozen=True, slots=True)
class EditExport:
    """Give an export other clients or options; path, volume and fsid stay (`export.edit`)."""

    cluster: str
    export: DesiredExport


@dataclass(frozen=True, slots=True)
class WithdrawExport:
    """Export a directory no more; what is in it stays (`export.withdraw`)."""

    cluster: str
    path: str
    fsid: int  # as the person saw it: another export of the same path is not meant


@dataclass(frozen=True, slots=True)
class ConfigureNfs:
    """Give the pair's NFS server these settings, all of them."""

    cluster: str
    nfs: NfsSettings


@dataclass(frozen=True, slots=True)
class ConfigureManager:
    """Give the pair's Heartbeat these times."""

    cluster: str
    heartbeat: HeartbeatSettings


@dataclass(frozen=True, slots=True)
class EnrolNode:
    """Ask a node for its host key, or install the panel's key on it: the two things done before a node is trusted."""

    cluster: str
    node: str


SnapshotIntent = CreateSnapshot | KeepSnapshots | DeleteSnapshot | RestoreSnapshot | OpenSnapshot | CloseSnapshot
ExportIntent = PublishExport | EditExport | WithdrawExport
VolumeIntent = CreateVolume | GrowVolume | EditVolume | DeleteVolume
CareIntent = CheckVolume | RepairVolume | TrimVolume | EditQuota
Intent = (
    ProvisionCluster
    | ForgetCluster
    | GrowResource
    | VolumeIntent
    | CareIntent
    | ExportIntent
    | SnapshotIntent
    | ConfigureNfs
    | ConfigureManager
)
