"""What only both nodes' readings tell, between two sweeps: since when it was last seen. `clusters.lasting_health` says it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from clusters.health import Judgement
from clusters.lasting_health import DANGERS
from clusters.models import ClusterState
from provisioning.observed import NodeObserved
from provisioning.transport.world import NodeError

APART = 2.0  # seconds between two readings of one moment


def ages(state: ClusterState, now: datetime) -> tuple[tuple[str, float], ...]:
    return tuple(
        (code, max(0.0, (now - datetime.fromisoformat(seen)).total_seconds())) for code, seen in state.dangers.items()
    )


def of_one_moment(answers: Iterable[NodeObserved | NodeError]) -> bool:
    """Whether both nodes answered, and at the same time: in a failover the one that hands over may have answered seconds before the other."""
    at = [answer.read_at for answer in answers if isinstance(answer, NodeObserved)]
    return len(at) == 2 and max(at) - min(at) <= APART


def dangers(state: ClusterState, judgement: Judgement, now: datetime, *, both: bool) -> dict[str, str]:
    """Keep what only both nodes tell: seen now when both answered at one moment, else since when it was seen before."""
    return {
        f.code: now.isoformat() if both and f.code not in judgement.remembered else state.dangers[f.code]
        for f in judgement.reasons
        if f.code in DANGERS and (both or f.code in state.dangers)
    }
