"""Why something cannot be done to a pair now, by what the monitor just saw. A page says it; the door refuses only what is certain.

What was seen long ago says nothing of now, so it stops nobody: the plan reads the nodes anew and says what is in the way.
"""

from __future__ import annotations

from datetime import datetime

from clusters import apart
from clusters.models import ClusterState
from clusters.verdict import BLIND_AFTER

# By URL name. Withdrawing, forgetting and what is kept in the panel alone are never held back here.
BOTH_NODES = frozenset(
    {
        "volume-new", "export-new", "resource-grow", "cluster-mend", "nfs-configure", "manager-configure",
        "volume-check", "volume-trim", "volume-edit", "volume-delete", "export-edit",
    }
)  # fmt: skip
SERVED = frozenset(
    {
        "volume-new",
        "export-new",
        "resource-grow",
        "nfs-configure",
        "manager-configure",
        "volume-grow",
        "snapshot-new",
        "volume-trim",
    }
)
REDUNDANT = {
    "resource-grow": "only then do both learn the new size",
    "volume-delete": "this could delete the last good one",
}
ONE_COPY = frozenset({"drbd.copy", "drbd.disconnected", "drbd.standalone", "drbd.resync", "drbd.resync-stalled"})


def why_not(name: str, state: ClusterState | None, now: datetime) -> str:
    """Say why what this URL name stands for cannot be done now; "" when nothing known is in the way."""
    if always := apart.why_not(state):
        return always
    if state is None or state.judged_at is None or (now - state.judged_at).total_seconds() > BLIND_AFTER:
        return ""
    nodes: dict[str, list[str]] = {}
    for reason in state.reasons:
        nodes.setdefault(str(reason.get("code")), []).append(str(reason.get("node", "")))
    if name in BOTH_NODES and (changed := nodes.get("node.host-key-changed")):
        return (
            f"Not now: {' and '.join(changed)} shows another host key, so nothing is sent there. This needs both nodes."
        )
    if name in BOTH_NODES and (silent := nodes.get("node.unreachable")):
        verb = "does" if len(silent) == 1 else "do"
        return f"Not now: {' and '.join(silent)} {verb} not answer the panel. This needs both nodes."
    if name in SERVED and "group.nowhere" in nodes:
        return "Not now: no node holds the service group. Bring the service back first."
    if name in REDUNDANT and ONE_COPY & nodes.keys():
        return f"Not now: the two copies are not both UpToDate and connected, and {REDUNDANT[name]}."
    return ""
