"""Whether the service group is served, and by whom. Pure. Judged by address, mounts, NFS server and exports, not by what the manager believes."""

from __future__ import annotations

from collections.abc import Iterator

from clusters.findings import Finding, Severity
from clusters.reasons import Case, Reason, hurt, ok, warns
from clusters.sight import NodeView, PairView
from clusters.states import Health


def service(case: Case) -> Iterator[Reason]:
    pair = case.pair
    holders = [node for node in pair.nodes if node.seen and node.holds_ip]
    if len(holders) == 2 and pair.at_one_moment:
        yield hurt(
            "group.both", "Both nodes hold the service IP.", "Both nodes hold the service IP.",
            detail="Clients may reach either of them.", hazard=24,
        )  # fmt: skip
        return
    if active := pair.active():
        yield ok("group.served", f"The service group runs on {active.name}.")
        return
    if holders:
        last = min(holders, key=lambda node: node.age if node.age is not None else float("inf"))
        if pair.lacking(last) == ():  # the other one is only remembered to have served
            yield ok("group.served", f"The service group runs on {last.name}.")
        else:
            yield from _half_served(pair, last)
    elif blind := next((node for node in pair.nodes if node.seen and node.holds_ip is None), None):
        text = f"Whether {blind.name} holds the service IP was not seen."
        yield warns(Health.UNKNOWN, Finding("group.unseen", Severity.WARNING, text, blind.error, node=blind.name), text)
    elif all(node.seen for node in pair.nodes):
        moving = any(node.manager_says == "transition" for node in pair.nodes)
        text = "The service group is moving: nobody serves yet." if moving else "Nobody serves."
        says = ", ".join(f"{node.name} says “{node.manager_says or 'nothing'}”" for node in pair.nodes)
        yield hurt(
            "group.nowhere", f"No node holds the service IP. The manager: {says}.", text,
            detail=f"Judged by role, mounts, NFS server and service IP, not by what the manager believes ({says}).",
            hint="If it stays so for minutes: the manager may believe it holds a group that it does not serve.", hazard=27,
        )  # fmt: skip
    yield from _believes(pair)


def _believes(pair: PairView) -> Iterator[Reason]:
    """Heartbeat that gave up, or lost its own message, goes on saying that it holds everything, and tries nothing more (both seen on real nodes)."""
    for node in pair.nodes:
        if node.seen and node.fresh and node.manager_says == "all" and node.holds_ip is False:
            text = f"Heartbeat on {node.name} believes that it holds the service group, and serves nothing."
            hint = (
                "A takeover that is under way may look the same: leave it alone for two minutes. If it still serves nothing then, it tries nothing "
                "more by itself. Start it anew there: systemctl restart heartbeat"
            )
            finding = Finding("manager.believes", Severity.BLOCKER, text, hint, node=node.name, hazard=27)
            yield Reason(Health.DANGER, finding, text, "Judged by the service IP, which is not there.")


def _half_served(pair: PairView, node: NodeView) -> Iterator[Reason]:
    missing = pair.lacking(node)
    if missing is None and not node.fresh:
        return
    if missing is None:
        text = f"{node.name} holds the service IP; the rest of the group could not be read there."
        yield warns(Health.UNKNOWN, Finding("group.unseen", Severity.WARNING, text, node.error, node=node.name), text)
        return
    what = "; ".join(missing)
    yield hurt(
        "group.incomplete", f"{node.name} holds the service IP, but {what}.",
        f"{node.name} holds the service IP but does not serve everything.", detail=what[:1].upper() + what[1:] + ".",
        hint="Heartbeat does not watch services: it will not repair this by itself.", node=node.name, hazard=17,
    )  # fmt: skip
