"""What only both nodes' readings tell, between two sweeps: since when it was last seen. `clusters.lasting_health` says it."""

from __future__ import annotations

from datetime import datetime

from clusters.health import Judgement, PairView
from clusters.lasting_health import DANGERS
from clusters.models import ClusterState


def ages(state: ClusterState, now: datetime) -> tuple[tuple[str, float], ...]:
    return tuple(
        (code, max(0.0, (now - datetime.fromisoformat(seen)).total_seconds())) for code, seen in state.dangers.items()
    )


def dangers(state: ClusterState, after: PairView, judgement: Judgement, now: datetime) -> dict[str, str]:
    """Keep what only both nodes tell: seen now when both answered, else since when it was seen before."""
    both = all(node.fresh for node in after.nodes)
    return {
        f.code: now.isoformat() if both and f.code not in judgement.remembered else state.dangers[f.code]
        for f in judgement.reasons
        if f.code in DANGERS and (both or f.code in state.dangers)
    }
