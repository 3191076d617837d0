"""Limits and usage of every volume's users and groups, read when somebody asks: the node that has a volume mounted tells, the other one cannot."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clusters.states import Inventory
from provisioning.facts import quotas
from provisioning.facts.answers import ParseError
from provisioning.inquiries import Answer
from provisioning.models import Inquiry
from provisioning.observing import address_of, members
from provisioning.steps import cmd
from provisioning.transport.choose import world_for
from provisioning.transport.world import NodeError, Result

MOST = 5000  # rows of one volume that are kept


def read(inquiry: Inquiry) -> Answer:
    """Ask both nodes, one round trip each. A node that cannot be reached does not hide what the other one tells."""
    cluster = inquiry.cluster
    volumes = list(cluster.volumes.filter(inventory=Inventory.PRESENT).order_by("pk"))
    asks = [
        cmd(*ask(one.mount_point), timeout=60, exits=(0, 1, 2))
        for one in volumes
        for ask in (quotas.repquota, quotas.report)
    ]
    world, errors = world_for(cluster), []
    found: dict[str, Any] = {}
    for node in members(cluster):
        try:
            results = world.read(address_of(node), asks)
        except NodeError as error:
            errors.append(error)
            continue
        for volume, result, report in zip(volumes, results[::2], results[1::2], strict=True):
            try:
                uses = quotas.parse(result)
            except ParseError as refused:
                found.setdefault(volume.name, {"problem": str(refused)[:300]})
                continue
            if uses is not None:
                found[volume.name] = {
                    "uses": [asdict(use) for use in uses[:MOST]],
                    "node": node.name,
                    "more": max(0, len(uses) - MOST),
                    "graces": _graces(report),
                }
            elif not quotas.tools(result):
                found.setdefault(
                    volume.name,
                    {"problem": f"The quota tools are not installed on {node.name}. Setting a limit installs them."},
                )
    if errors and not found:
        raise errors[0]
    return found


def _graces(report: Result) -> list[dict[str, Any]]:
    """Limits and usage are worth telling without the grace times."""
    try:
        return [asdict(grace) for grace in quotas.graces(report) or ()]
    except ParseError:
        return []
