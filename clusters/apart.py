"""What must wait while the two copies of a pair are being written apart: nothing is added to a history that may be thrown away."""

from __future__ import annotations

from clusters.models import Cluster, ClusterState

CODES = frozenset({"drbd.split-brain", "drbd.both-primary"})
WHY = (
    "Not now: when last read, both nodes had written apart from each other. First somebody chooses whose changes stay."
)


def why_not(state: ClusterState | None) -> str:
    """Say why nothing may be added, by the last judgement, however old; or ""."""
    return WHY if state and any(reason.get("code") in CODES for reason in state.reasons) else ""


def why_not_now(cluster: Cluster) -> str:
    return why_not(ClusterState.objects.filter(cluster=cluster).only("reasons").first())
