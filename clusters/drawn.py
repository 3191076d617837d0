"""From rows to the picture of a pair: what is drawn is what was seen, and when it was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from clusters import clock
from clusters.figures import percent_text, rate_text, share, size_text, span_text
from clusters.models import Backing, Cluster, ClusterState, Node, NodeState, Resource
from clusters.pictures import Link, Pair, Path, Side, Vol
from clusters.seen import Resync, Seen, resync_of
from clusters.states import ConnectionState

SPLIT = {"drbd.split-brain", "drbd.both-primary"}


def pair_of(
    cluster: Cluster, nodes: Sequence[Seen], state: ClusterState | None, *,
    resource: Resource | None = None, volumes: Sequence[Vol] = (), exports: int = 0, unlisted: int = 0, lean: bool = False,
) -> Pair | None:  # fmt: skip
    """The picture's data; None for a cluster that does not have two nodes yet. `lean`: what the small picture shows, and no more."""
    if len(nodes) != 2:
        return None
    active = state.active_node_id if state else None
    holder = next((one for one in nodes if one.fresh and _holds(one, active)), None)
    resync = resync_of(nodes)
    link = _link(nodes, state, resync)
    sides = [
        _lean_side(one, active) if lean else _side(cluster, one, _other(nodes, one), active, holder) for one in nodes
    ]
    if link.kind == "split":
        words = ("It does not serve. Its copy differs.",)
        sides = [replace(side, copy="danger", standby=words) if side.fresh else side for side in sides]
    return Pair(
        slug=cluster.slug, left=sides[0], right=sides[1], link=link, says=_says(cluster, nodes, holder, link),
        service_ip=cluster.service_ip or "", group_line=_group_line(exports), resource=resource.name if resource else "r0",
        device=f"/dev/drbd{resource.minor}" if resource else "", vg=resource.vg if resource else "", volumes=tuple(volumes), unlisted=unlisted,
        paths=() if lean else _paths(nodes),
    )  # fmt: skip


def _other(nodes: Sequence[Seen], one: Seen) -> Seen:
    return nodes[1] if one is nodes[0] else nodes[0]


def _holds(one: Seen, active: int | None) -> bool:
    return bool(one.state and one.state.holds_ip) or (active == one.node.pk and one.fresh)


def _group_line(exports: int) -> str:
    return "NFS server · " + ("1 export" if exports == 1 else f"{exports} exports")


def _lean_side(one: Seen, active: int | None) -> Side:
    return Side(one.node.name, fresh=one.fresh, holds=one.fresh and _holds(one, active), copy=one.copy)


def _side(cluster: Cluster, one: Seen, other: Seen, active: int | None, holder: Seen | None) -> Side:
    state, row, node = one.state, one.replica, one.node
    size, free = (state.vg_size, state.vg_free) if state else (None, None)
    is_active = (
        None if state is None else (size is not None or (None if row is None or row.role == "Primary" else False))
    )
    return Side(
        name=node.name, fresh=one.fresh, holds=one.fresh and _holds(one, active), address=node.service_address or node.ssh_host,
        up=f"up {span_text(state.uptime)}" if state and state.uptime is not None and one.fresh else "",
        seen=_seen_text(one), seen_at=one.state.read_at if one.state and one.fresh else None,
        copy=one.copy, disk=row.disk if row else "", role=row.role if row else "",
        replication=_replication(row.connection, row.replication) if row else "", backing=_backing(one.backing),
        backing_line=_backing_line(one.backing), active=is_active if one.fresh else None,
        vg_line=_free(free, size), vg_short=f"{size_text(free)} free" if free is not None else "",
        standby=_standby(one, other, active, holder), versions=_versions(cluster, state),
    )  # fmt: skip


def _free(free: int | None, size: int | None) -> str:
    """439 of 800 GiB free: the unit once when it is the same."""
    if free is None or size is None:
        return ""
    (part, unit), (whole, same) = size_text(free).split(" "), size_text(size).split(" ")
    return f"{part} of {whole} {same} free" if unit == same else f"{part} {unit} of {whole} {same} free"


def _seen_text(one: Seen) -> str:
    if one.state is None or one.state.read_at is None:
        return "never seen"
    if one.fresh and one.age is not None:
        return f"seen {span_text(one.age)} ago"
    return f"as of {clock.date_text(one.state.read_at, one.now)}"


def _replication(connection: str, replication: str) -> str:
    return replication if connection == ConnectionState.CONNECTED and replication not in ("", "Off") else connection


def _standby(one: Seen, other: Seen, active: int | None, holder: Seen | None) -> tuple[str, ...]:
    if not one.fresh:
        held = one.state and one.state.holds_ip
        return ("The service was here when it was last seen",) if held else ("Nothing is known about it now",)
    if holder is None:
        return (
            ("The service does not run here",)
            if other.fresh
            else (f"The service does not run here. {other.node.name} is not seen",)
        )
    if one.copy == "ok":
        return ("Stands by with a complete copy",)
    disk = one.replica.disk if one.replica and one.replica.disk else "not known"
    return ("The service cannot start here now:", f"the copy of {one.node.name} is {disk}")


def _backing(row: Backing | None) -> str:
    if row is None:
        return ""
    return " · ".join(
        part for part in (row.disk.removeprefix("/dev/"), size_text(row.disk_size) if row.disk_size else "") if part
    )


def _backing_line(row: Backing | None) -> str:
    if row is None:
        return ""
    volume = f"{row.vg}/{row.lv}, {size_text(row.size)}" if row.kind == Backing.Kind.LV and row.lv else "whole disk"
    return " · ".join(
        part for part in (volume, row.disk_model, row.disk_serial and f"serial {row.disk_serial}") if part
    )


def _versions(cluster: Cluster, state: NodeState | None) -> str:
    if state is None:
        return ""
    drbd = f"DRBD {state.drbd}" if state.drbd else ""
    return " · ".join(part for part in (state.os.capitalize(), drbd, cluster.manager.capitalize()) if part)


def _remembered(code: str, state: ClusterState, fresh: Sequence[Seen]) -> bool:
    """Whether a danger was seen over both nodes before what the fresh ones have told since."""
    seen = state.dangers.get(code)
    return bool(seen) and any(one.state and one.state.read_at and one.state.read_at.isoformat() > seen for one in fresh)


def _link(nodes: Sequence[Seen], state: ClusterState | None, resync: Resync | None) -> Link:
    fresh = [one for one in nodes if one.fresh and one.replica]
    right = nodes[1].node.name
    if not fresh:
        return Link("unknown", "", "Replication not seen", ())
    if state and (codes := SPLIT & {reason.get("code") for reason in state.reasons}):
        words = tuple(f"{one.node.name}: {_replication(one.replica.connection, '')}" for one in fresh if one.replica)
        if all(_remembered(code, state, fresh) for code in codes):
            return Link("unknown", "", "In danger when both were last read", words)
        return Link("split", "Split brain", "The copies differ", words)
    if resync and resync.fresh:
        return _moving(resync, to=1 if resync.target == right else 0, interface=nodes[0].node.replication_interface)
    states = {one.replica.connection for one in fresh if one.replica}
    words = tuple(f"{one.node.name}: {one.replica.connection or 'not seen'}" for one in fresh if one.replica)
    if states == {ConnectionState.CONNECTED}:
        where = _network(nodes[0].node)
        if len(fresh) == 2:
            return Link(
                "ok",
                "",
                "Replicating, protocol C",
                ("both copies take every write", where) if _both_ok(nodes) else (where,),
            )
        return Link(
            "unknown",
            "",
            f"Connected, as {fresh[0].node.name} sees it",
            (f"{_other(nodes, fresh[0]).node.name} is not seen",),
        )
    if "" in states:
        return Link("unknown", "", "Replication not seen", words)
    return Link("down", "", "Not replicating", words)


def _both_ok(nodes: Sequence[Seen]) -> bool:
    return all(one.copy == "ok" for one in nodes)


def _network(node: Node) -> str:
    return " ".join(part for part in (node.replication_interface, node.replication_address) if part)


def _moving(resync: Resync, to: int, interface: str) -> Link:
    what = "Verify" if resync.verify else "Resync"
    title = f"{what}, {resync.source} to {resync.target}"
    amounts = _free(resync.done, resync.total).removesuffix(" free")
    speed = rate_text(resync.speed) if resync.speed is not None else ""
    if resync.stalled and resync.still_for is not None:
        left = f"no progress for {span_text(resync.still_for)}"
    else:
        left = f"about {span_text(resync.eta)} left" if resync.eta is not None else "too early to say how long"
    lines = (" · ".join(part for part in (amounts, speed) if part), left, f"{interface} · Connected".strip(" ·"))
    kind = "verify" if resync.verify else "sync"
    return Link(kind, percent_text(resync.percent), title, lines, resync.percent, to, resync.stalled)


def _paths(nodes: Sequence[Seen]) -> tuple[Path, ...]:
    """Heartbeat paths as both managers report them: up only when everybody who was read says so."""
    reports: dict[str, set[str]] = {}
    for one in nodes:
        for _, name, status in one.state.links if one.state and one.fresh else ():
            reports.setdefault(str(name), set()).add(str(status))
    known = [
        Path(name, "ok" if words == {"up"} else "danger", "up" if words == {"up"} else "down")
        for name, words in sorted(reports.items())
    ]
    if known or all(one.fresh for one in nodes):
        return tuple(known)
    names = sorted({str(link[1]) for one in nodes if one.state for link in one.state.links})
    return tuple(Path(name, "unknown", "not seen") for name in names)


def _says(cluster: Cluster, nodes: Sequence[Seen], holder: Seen | None, link: Link) -> str:
    parts = [
        f"{holder.node.name} holds the service group with {cluster.service_ip}."
        if holder
        else "No node was seen to serve."
    ]
    parts.append(f"{link.title}{' ' + link.big if link.big else ''}.")
    for one in nodes:
        row = one.replica
        if not one.fresh:
            parts.append(f"{one.node.name}: {_seen_text(one)}.")
        elif row is not None:
            parts.append(f"{one.node.name} is {row.role or 'in an unknown role'}, its copy {row.disk or 'unknown'}.")
    return " ".join(parts)


def fills(usage: Mapping[str, tuple[int, int]], fresh: bool) -> list[Vol]:
    """Volumes with their fill; (used, size) by name, (0, 0) when never read."""
    return [Vol(name, share(used, size) if size else None, fresh) for name, (used, size) in usage.items()]
