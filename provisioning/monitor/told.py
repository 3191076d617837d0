"""Findings as their rows keep them; those about exports and volumes wait while a job changes what they are compared with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from clusters.findings import Finding
from clusters.models import Cluster, Node
from clusters.nodetext import clean
from clusters.states import Inventory, JobStatus
from provisioning.checks import served
from provisioning.desired import DesiredCluster
from provisioning.models import Job
from provisioning.observed import NodeObserved

OF_CHANGES = (
    "export.table-differs",
    "export.unwritten",
    "group.names-missing",
    "volume.mounted-elsewhere",
)
READING = timedelta(seconds=90)  # what was set is loaded before the nodes are asked; an answer may take a minute
ANSWER = timedelta(seconds=20)  # an answer may be of a moment before a job that failed had put everything back


def rows(findings: Iterable[Finding]) -> list[dict[str, object]]:
    return [
        {
            "code": f.code,
            "severity": f.severity,
            "text": clean(f.text),
            "hint": clean(f.hint),
            "node": f.node,
            "hazard": f.hazard,
        }  # fmt: skip
        for f in findings
    ]


def standing_rows(
    cluster: Cluster, node: Node, desired: DesiredCluster, seen: NodeObserved, found: Iterable[Finding], now: datetime
) -> list[dict[str, object]]:
    """What stands wrong on a node. While a job runs, and until the nodes can be seen as it left them, what was told of these stays as it was."""
    others = rows(f for f in found if f.code not in OF_CHANGES)
    if _changing(cluster, now):
        state = getattr(node, "state", None)
        return [*others, *(row for row in (state.standing if state else None) or () if row["code"] in OF_CHANGES)]
    paths = {
        inventory: [export.path for export in cluster.exports.all() if export.inventory == inventory]
        for inventory in (Inventory.CREATING, Inventory.REMOVING)
    }
    unwritten = served.unwritten(desired, seen, paths[Inventory.CREATING], paths[Inventory.REMOVING])
    return [*others, *rows(f for f in found if f.code in OF_CHANGES), *rows(unwritten)]


def _changing(cluster: Cluster, now: datetime) -> bool:
    well = Q(status=JobStatus.SUCCEEDED, ended_at__gte=now - READING)
    otherwise = Q(status__in=(JobStatus.FAILED, JobStatus.CANCELLED), ended_at__gte=now - ANSWER)
    return Job.objects.filter(Q(status=JobStatus.RUNNING) | well | otherwise, cluster=cluster).exists()
