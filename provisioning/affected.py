"""Who feels a plan, and whether what a person read of it when they approved still holds right before it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from clusters import connected
from clusters.findings import Finding, warned
from clusters.states import Danger
from provisioning.plans.parts.words import listed
from provisioning.steps import Plan

RISING = (Danger.NONE, Danger.INTERRUPTS, Danger.DESTROYS)
TOLD = 3  # clients that a sentence names


def worse(approved: Plan, fresh: Plan) -> str:
    """Say what a person did not know when they approved; "" when there is nothing. The steps themselves the fingerprint compares.

    Warnings count by code and node: their texts hold figures that change with every reading. Of clients only the first one
    counts: where some feel it anyhow, those that come meanwhile are `joined`, or nothing could ever run on a busy pair.
    """
    if new := _new(approved.findings, fresh.findings):
        return f"Since the plan was made there is something to know: {new.text}"
    if RISING.index(fresh.danger) > RISING.index(approved.danger):
        return f"It would do more harm than the plan said: {fresh.impact.interrupted}."
    if approved.impact.clients or approved.impact.interrupted == "not known" or fresh.danger is Danger.NONE:
        return ""
    clients = [client.address for client in fresh.impact.clients]
    more = [f"{len(clients) - TOLD} more"] if len(clients) > TOLD else []
    return (
        f"Nobody felt it when the plan was made, now somebody would: {listed(clients[:TOLD] + more)}."
        if clients
        else ""
    )


def joined(approved: Plan, fresh: Plan) -> bool:
    """Whether clients feel it that the approved plan does not name."""
    known = {client.address for client in approved.impact.clients}
    return fresh.danger is not Danger.NONE and any(client.address not in known for client in fresh.impact.clients)


def felt_by(plan: Plan) -> dict[str, object]:
    """Say who is going to feel it, as an audit entry keeps it; nothing for a plan that nobody feels."""
    impact = plan.impact
    if not impact.clients and plan.danger is Danger.NONE:
        return {}
    names = connected.names_of(c.address for c in impact.clients)
    felt = {
        "interrupted": impact.interrupted,
        "pause": impact.pause,
        "clients": [
            {"address": c.address, "version": c.version, "opens": c.opens, "locks": c.locks, "note": c.note}
            | ({"name": names[c.address]} if c.address in names else {})
            for c in impact.clients
        ],
    }
    return {"felt": felt}


def _new(before: Iterable[Finding], now: Iterable[Finding]) -> Finding | None:
    left = Counter((finding.code, finding.node) for finding in warned(before))
    for finding in warned(now):
        left[finding.code, finding.node] -= 1
        if left[finding.code, finding.node] < 0:
            return finding
    return None
