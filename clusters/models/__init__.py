"""What exists (`cluster`), what was last seen (`observed`), what happened (`history`, `audit`), and who may do what (`access`)."""

from clusters.models.access import Membership
from clusters.models.audit import AuditEntry, AuditHead
from clusters.models.care import Care, TrimSchedule
from clusters.models.clients import ClientName, ClientUse, ConnectedClient
from clusters.models.cluster import Backing, Cluster, Export, ExportClient, Node, Resource, Volume
from clusters.models.history import StateChange
from clusters.models.observed import ClusterState, NodeState, Replica, VolumeUsage
from clusters.models.snapshot import Snapshot, SnapshotSchedule, SnapshotState
from clusters.models.usage import UsageSample

__all__ = [
    "AuditEntry", "AuditHead", "Backing", "Care", "ClientName", "ClientUse", "Cluster", "ClusterState", "ConnectedClient", "Export",
    "ExportClient", "Membership", "Node", "NodeState", "Replica", "Resource", "Snapshot", "SnapshotSchedule", "SnapshotState",
    "StateChange", "TrimSchedule", "UsageSample", "Volume", "VolumeUsage",
]  # fmt: skip
