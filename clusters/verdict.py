"""What a page may say about a cluster now: the monitor's judgement, or, when that is old, that nobody looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clusters import clock
from clusters.figures import span_text, split_sentence
from clusters.models import Cluster, ClusterState
from clusters.states import Health, Inventory

BLIND_AFTER = 45  # seconds without a judgement: the monitor does not run, so nothing may be called fine


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: str  # a Health, or idle for what is not in service
    sentence: str
    detail: str = ""
    since: datetime | None = None
    blind: bool = False

    @property
    def head(self) -> str:
        return split_sentence(self.sentence)[0]

    @property
    def tail(self) -> str:
        return split_sentence(self.sentence)[1]


def verdict(cluster: Cluster, state: ClusterState | None, now: datetime) -> Verdict:
    if cluster.inventory == Inventory.DRAFT and cluster.touched_at:
        return Verdict(
            "idle", "Set-up not finished. Steps of it ran on its nodes.",
            "Go on with it from its description: what is done is left out. Or forget the pair, and read what stays there.",
        )  # fmt: skip
    if cluster.inventory == Inventory.DRAFT:
        return Verdict("idle", "Being described. Nothing was sent to its nodes.")
    if cluster.inventory == Inventory.FORGOTTEN:
        when = clock.date_text(cluster.forgotten_at, now) if cluster.forgotten_at else "some time ago"
        return Verdict(
            "idle", f"Forgotten by the panel {when}.", "Its nodes were left as they were; what happened stays readable."
        )
    if state is None or state.judged_at is None:
        return Verdict("unknown", "Not read yet.", "The monitor has not read this pair so far.", blind=True)
    age = (now - state.judged_at).total_seconds()
    if age > BLIND_AFTER:
        was = f"It was: {state.sentence}" if state.sentence else ""
        return Verdict(
            "unknown", f"Not read for {span_text(age)}.",
            f"The monitor does not run, so what is shown is from {clock.local(state.judged_at):%H:%M:%S}. {was}".strip(), blind=True,
        )  # fmt: skip
    return Verdict(state.health, state.sentence, state.detail, state.since)


GROUPS = {
    Health.DANGER: ("In danger", "in danger", "data or service is hurt"),
    Health.UNKNOWN: ("Not seen", "not seen", "what is hatched is old"),
    Health.RISK: ("Not redundant", "not redundant", "one good copy only"),
    Health.WARN: ("To settle", "to settle", "redundant, but something wants doing"),
    Health.OK: ("All well", "all well", "redundant, a failover now would work"),
}
"""Title, word in the tally, and what the group means."""
