"""What preflight finds of a pair, by code and node; and a pair of which one node is otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clusters.findings import Severity
from provisioning.checks import preflight
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from tests.pair import desired, fresh

B, W, OK = Severity.BLOCKER, Severity.WARNING, Severity.OK


def found(
    observed: Mapping[str, NodeObserved], wanted: DesiredCluster | None = None
) -> dict[tuple[str, str], Severity]:
    return {(f.code, f.node): f.severity for f in preflight(wanted or desired(), observed)}


def changed(name: str, **fields: object) -> dict[str, NodeObserved]:
    observed = fresh()
    observed[name] = replace(observed[name], **fields)
    return observed


def blocks(findings: Mapping[tuple[str, str], Severity]) -> set[tuple[str, str]]:
    return {key for key, severity in findings.items() if severity is B}
