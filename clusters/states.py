"""States as the tools print them, and the panel's own few. Pure: no Django, no I/O.

DRBD 8.4 spells three connection states differently (WFConnection, WFReportParams, WFBitMap*); the parsers translate them, so that the
rest of the panel knows the words of DRBD 9 only.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Role(StrEnum):
    PRIMARY = "Primary"
    SECONDARY = "Secondary"
    UNKNOWN = "Unknown"


class DiskState(StrEnum):
    DISKLESS = "Diskless"
    ATTACHING = "Attaching"
    DETACHING = "Detaching"
    FAILED = "Failed"
    NEGOTIATING = "Negotiating"
    INCONSISTENT = "Inconsistent"
    OUTDATED = "Outdated"
    DUNKNOWN = "DUnknown"
    CONSISTENT = "Consistent"
    UP_TO_DATE = "UpToDate"


class ConnectionState(StrEnum):
    STANDALONE = "StandAlone"
    DISCONNECTING = "Disconnecting"
    UNCONNECTED = "Unconnected"
    TIMEOUT = "Timeout"
    BROKEN_PIPE = "BrokenPipe"
    NETWORK_FAILURE = "NetworkFailure"
    PROTOCOL_ERROR = "ProtocolError"
    TEAR_DOWN = "TearDown"
    CONNECTING = "Connecting"
    CONNECTED = "Connected"


class ReplicationState(StrEnum):
    OFF = "Off"
    ESTABLISHED = "Established"
    STARTING_SYNC_S = "StartingSyncS"
    STARTING_SYNC_T = "StartingSyncT"
    WF_BITMAP_S = "WFBitMapS"
    WF_BITMAP_T = "WFBitMapT"
    WF_SYNC_UUID = "WFSyncUUID"
    SYNC_SOURCE = "SyncSource"
    SYNC_TARGET = "SyncTarget"
    PAUSED_SYNC_S = "PausedSyncS"
    PAUSED_SYNC_T = "PausedSyncT"
    VERIFY_S = "VerifyS"
    VERIFY_T = "VerifyT"
    AHEAD = "Ahead"
    BEHIND = "Behind"

    @property
    def resyncing(self) -> bool:
        return self in RESYNCING

    @property
    def verifying(self) -> bool:
        return self in (ReplicationState.VERIFY_S, ReplicationState.VERIFY_T)


RESYNCING = frozenset(
    {
        ReplicationState.STARTING_SYNC_S, ReplicationState.STARTING_SYNC_T,
        ReplicationState.WF_BITMAP_S, ReplicationState.WF_BITMAP_T, ReplicationState.WF_SYNC_UUID,
        ReplicationState.SYNC_SOURCE, ReplicationState.SYNC_TARGET,
        ReplicationState.PAUSED_SYNC_S, ReplicationState.PAUSED_SYNC_T,
    }
)  # fmt: skip


class Health(StrEnum):
    """What a cluster is to the person on call. `risk`: one good copy only; `danger`: data or service is hurt."""

    DANGER = "danger"
    UNKNOWN = "unknown"
    RISK = "risk"
    WARN = "warn"
    OK = "ok"

    @property
    def order(self) -> int:
        """0 is what needs a person first."""
        return list(Health).index(self)


class Inventory(StrEnum):
    """Where a row of the inventory is in its life. `draft` rows exist in the panel only; only jobs move the others."""

    DRAFT = "draft"
    CREATING = "creating"
    PRESENT = "present"
    REMOVING = "removing"
    FORGOTTEN = "forgotten"


class AccessLevel(IntEnum):
    """What a person may do on a cluster; each level includes the ones below. The auditor level only reads."""

    NONE = 0
    VIEWER = 10
    OPERATOR = 20
    ADMIN = 30


class Danger(StrEnum):
    """What a plan asks of the person who approves it: confirm; a reason; a reason, the typed name and a fresh password."""

    NONE = "none"
    INTERRUPTS = "interrupts"
    DESTROYS = "destroys"


class JobStatus(StrEnum):
    DRAFTING = "drafting"
    PROPOSED = "proposed"
    QUEUED = "queued"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    STALE = "stale"


AT_WORK = (JobStatus.QUEUED, JobStatus.RUNNING)
LOCKING = frozenset({JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.INTERRUPTED})
ENDED = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.STALE})
