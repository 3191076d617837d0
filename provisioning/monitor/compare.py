"""Two views of a pair to what changed. Pure: the old → new rows of the history, with what was known when it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clusters.health import NodeView, PairView
from clusters.states import Role


@dataclass(frozen=True, slots=True)
class Change:
    """One row to write. `node` is "" for the pair; `cause` and `pause` (s) are for the service group only."""

    subject: str
    old: str
    new: str
    node: str = ""
    why: str = ""
    cause: str = ""
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class GroupKnown:
    """What the history already says of the service group."""

    home: str = ""  # node it runs on; "" when it was seen to be gone, or never seen
    last_home: str = ""  # node that served last, also after it was gone
    served_at: datetime | None = None  # when it was last seen whole


WATCHED = (("role", "role"), ("disk", "disk"), ("connection", "connection"), ("replication", "replication"))


def node_changes(before: NodeView, after: NodeView) -> list[Change]:
    """What is different about one node. A first reading is no change, nor is a value that is not seen now: its age says so."""
    found: list[Change] = []
    if before.reachable is None:
        return found
    if before.reachable != after.reachable:
        why = after.error if not after.reachable else _back(before, after)
        found.append(Change("reachable", _word(before.reachable), _word(after.reachable), after.name, why[:300]))
    if not after.seen:
        return found
    if before.boot_id and after.boot_id and before.boot_id != after.boot_id:
        found.append(Change("boot", before.boot_id[:8], after.boot_id[:8], after.name, "The node was started again."))
    for subject, attribute in WATCHED:
        old, new = getattr(before, attribute), getattr(after, attribute)
        if new and new != old:
            found.append(Change(subject, old, new, after.name))
    if (
        before.manager_running is not None
        and after.manager_running is not None
        and before.manager_running != after.manager_running
    ):
        found.append(Change("manager", _runs(before.manager_running), _runs(after.manager_running), after.name))
    if new_marks := sorted(set(after.marks) - set(before.marks)):
        found.append(
            Change(
                "split-brain", "", new_marks[-1][:64], after.name, "DRBD called the split-brain handler on this node."
            )
        )
    return found


def group_change(before: PairView, after: PairView, group: GroupKnown, now: datetime) -> Change | None:
    """Tell where the service group went, judged by IP, mounts, NFS server and exports on both nodes.

    It is gone only when the node it ran on was seen and lacks something: a node that is not seen may still serve.
    It is back when exactly one node is seen to serve everything. The pause is counted from the last reading that saw it whole, so it
    is an upper bound as precise as the sweep.
    """
    serving = after.active()
    if serving is not None and serving.name != group.home:
        pause = (now - group.served_at).total_seconds() if group.served_at else None
        cause, why = _cause(before, after, serving, group)
        return Change("group", group.last_home, serving.name, why=why, cause=cause, pause=pause)
    if serving is None and group.home:
        home = next((node for node in after.nodes if node.name == group.home), None)
        lacking = after.lacking(home) if home else None
        if lacking:
            return Change("group", group.home, "", why=f"{group.home}: {'; '.join(lacking)}"[:300], cause="stop")
    return None


def _cause(before: PairView, after: PairView, serving: NodeView, group: GroupKnown) -> tuple[str, str]:
    a, b = after.nodes
    # Of one sweep: a node that is only remembered was Primary before the other one took over.
    if a.seen and b.seen and a.age == b.age and a.role == b.role == Role.PRIMARY:
        return "unclean", "Both nodes were Primary when it was seen."
    if not group.last_home:
        return "start", f"First seen on {serving.name}."
    if group.last_home == serving.name:
        return "start", f"Served again by {serving.name}."
    was = next((node for node in before.nodes if node.name == group.last_home), None)
    now = next((node for node in after.nodes if node.name == group.last_home), None)
    if now is None or not now.seen or now.age != serving.age:
        return "failover", f"{group.last_home} did not answer; {serving.name} took over."
    if was is not None and (not was.seen or (was.boot_id and now.boot_id != was.boot_id)):
        return "failover", f"{group.last_home} was not seen meanwhile or was started again; {serving.name} took over."
    return "switchover", f"{group.last_home} was seen all the time and gave the group to {serving.name}."


def _back(before: NodeView, after: NodeView) -> str:
    if before.boot_id and after.boot_id and before.boot_id != after.boot_id:
        return "Back after a start of the node."
    return "Back; it had not been restarted."


def _word(reachable: bool | None) -> str:
    return "seen" if reachable else "not seen"


def _runs(running: bool) -> str:
    return "running" if running else "stopped"
