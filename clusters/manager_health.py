"""Whether the manager runs on both nodes and hears the other one, so that a failover would work. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from clusters.findings import Finding, Severity
from clusters.reasons import Case, Reason, ok, warns
from clusters.states import DiskState, Health

_NOT_KNOWN_CURRENT = (DiskState.CONSISTENT, DiskState.OUTDATED)


def manager(case: Case) -> Iterator[Reason]:
    for node in case.pair.nodes:
        if node.seen and node.manager_running is False and node.disk in _NOT_KNOWN_CURRENT:
            other = case.pair.other(node).name
            text = f"Heartbeat on {node.name} waits: its copy is {node.disk}, and {other}'s may be newer."
            hint = f"Switch {other} on and see that the two reach each other: it goes on by itself then."
            yield warns(Health.RISK, Finding("manager.waits", Severity.WARNING, text, hint, node=node.name, hazard=27),
                         f"{node.name} waits for {other} before it may serve.", text)  # fmt: skip
        elif node.seen and node.manager_running is False:
            text = f"Heartbeat does not run on {node.name}: it cannot take over."
            yield warns(Health.RISK, Finding("manager.down", Severity.WARNING, text, "systemctl start heartbeat", node=node.name),
                         f"A failover would not work: Heartbeat does not run on {node.name}.")  # fmt: skip
        elif node.seen and node.manager_running is None:
            text = f"Whether Heartbeat runs on {node.name} was not seen."
            yield warns(Health.UNKNOWN, Finding("manager.unseen", Severity.WARNING, text, node.error, node=node.name),
                         f"Not known whether a failover would work: Heartbeat on {node.name} did not answer.")  # fmt: skip
    # A Heartbeat that does not run tells nothing of its paths: what it last said is no news.
    tell = [node for node in case.pair.nodes if node.seen and node.manager_running]
    links = {(name, link): status for node in tell for name, link, status in node.links}
    down = sorted(f"{name} {link}" for (name, link), status in links.items() if status != "up")
    if down:
        text = f"Heartbeat path down: {', '.join(down)}."
        finding = Finding(
            "manager.path-down", Severity.WARNING, text, "Check that network before the other path fails too.", hazard=4
        )
        yield warns(Health.WARN, finding, "Redundant, but a heartbeat path is down.", text)
    elif links:
        yield ok("manager.paths", "The heartbeat paths are up.", hazard=4)
