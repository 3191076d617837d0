"""What the tests of exports on a pair that runs have in common: an export of other clients, its plans, what they find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from clusters.findings import Severity
from provisioning.desired import DesiredCluster, DesiredExport, ExportClient
from provisioning.intents import EditExport, WithdrawExport
from provisioning.observed import NodeObserved
from provisioning.plans import export_edit, export_withdraw
from provisioning.render.paths import FOREIGN_EXPORTS
from provisioning.steps import Kind, Plan
from tests.pair import HEARTBEAT, desired, finished, with_file

Observed = dict[str, NodeObserved]
AGAIN = (Kind.READS, Kind.WAITS, Kind.OBSERVES)
HOMES = desired().exports[0]
RO = ("ro", "sync", "no_subtree_check", "root_squash")
NAMES = (ExportClient("192.0.2.5"), ExportClient("five.example.org"))


def homes(*clients: ExportClient) -> DesiredExport:
    return replace(HOMES, clients=clients or (ExportClient("192.0.2.0/24"), ExportClient("192.0.2.77", RO)))


def edit(wanted: DesiredExport, observed: Observed, pair: DesiredCluster | None = None) -> Plan:
    return export_edit.plan(EditExport("web-files", wanted), pair or desired(), observed, HEARTBEAT)


def withdraw(observed: Observed, path: str = "/srv/media", fsid: int = 102) -> Plan:
    return export_withdraw.plan(WithdrawExport("web-files", path, fsid), desired(), observed, HEARTBEAT)


def codes(plan: Plan, severity: Severity = Severity.BLOCKER) -> set[str]:
    return {finding.code for finding in plan.findings if finding.severity is severity}


def on_alice(change: Callable[[NodeObserved], NodeObserved]) -> Observed:
    observed = finished()
    return {**observed, "alice": change(observed["alice"])}


def main_file(text: str) -> Callable[[NodeObserved], NodeObserved]:
    return lambda node: with_file(node, FOREIGN_EXPORTS, text)
