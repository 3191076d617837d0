"""Whether there are two good copies, and whether they are one history. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clusters.findings import Finding, Severity
from clusters.reasons import Case, Reason, as_percent, hurt, ok, soon, span, warns
from clusters.sight import NodeView
from clusters.states import ConnectionState, DiskState, Health, Role

STALLED_AFTER = 120  # seconds without progress of a resync
_SOURCES = {"SyncSource", "PausedSyncS", "StartingSyncS", "WFBitMapS"}


def split_brain(case: Case) -> Iterator[Reason]:
    a, b = case.pair.nodes
    both_seen = a.seen and b.seen
    if both_seen and case.pair.at_one_moment and a.role == b.role == Role.PRIMARY:
        yield hurt(
            "drbd.both-primary", "Both nodes are Primary: two histories may be written.", "Both nodes are Primary.",
            detail="Each accepts writes on its own. Nothing is being changed by the panel.", hazard=2,
        )  # fmt: skip
    apart = both_seen and ConnectionState.CONNECTED not in (a.connection, b.connection)
    alone = ConnectionState.STANDALONE in (a.connection, b.connection)
    if apart and alone and (a.marks or b.marks):
        yield hurt(
            "drbd.split-brain", "DRBD saw that both nodes wrote apart from each other and stopped replicating.",
            "Split brain. Nothing is being changed. Choose the survivor.",
            detail="Both copies hold changes the other lacks. One side's changes will have to be discarded, by a person.", hazard=1,
        )  # fmt: skip
    elif apart and alone:
        yield warns(
            Health.RISK, Finding("drbd.standalone", Severity.WARNING, "Replication is stopped (StandAlone).",
                                 "It was disconnected by hand, or a split brain was seen before the panel's mark was in place.", hazard=1),
            "Not redundant: replication is stopped.", "One side is StandAlone and does not try to connect.",
        )  # fmt: skip


def redundancy(case: Case) -> Iterator[Reason]:
    a, b = case.pair.nodes
    seen = [node for node in (a, b) if node.seen]
    for node in seen:
        if node.resyncing:
            yield _resync(case, node)
            return
    for node in seen:
        if not node.disk or not node.connection:
            text = f"The state of DRBD on {node.name} was not seen."
            yield warns(Health.UNKNOWN, Finding("drbd.unseen", Severity.WARNING, text, node=node.name, hint=node.error),
                         f"The state of the copies on {node.name} is not known.")  # fmt: skip
        elif node.disk != DiskState.UP_TO_DATE:
            text = f"{node.name}'s copy is {node.disk}."
            yield warns(Health.RISK, Finding("drbd.copy", Severity.WARNING, text, _disk_hint(node.disk), node=node.name, hazard=23),
                         f"Not redundant: {text}")  # fmt: skip
    for node in seen:
        if node.connection and node.connection not in (ConnectionState.CONNECTED, ConnectionState.STANDALONE):
            other = case.pair.other(node)
            text = f"{node.name} is not connected to {other.name} ({node.connection})."
            hint = "Check the replication network and that DRBD runs on both nodes."
            yield warns(Health.RISK, Finding("drbd.disconnected", Severity.WARNING, text, hint, node=node.name, hazard=23),
                         f"Not redundant: {a.name} and {b.name} do not replicate.",
                         f"{node.name} waits for {other.name}: {node.connection}.")  # fmt: skip
            return
    if len(seen) == 2 and all(
        n.disk == DiskState.UP_TO_DATE and n.connection == ConnectionState.CONNECTED for n in seen
    ):
        yield ok("drbd.redundant", "Both copies are UpToDate and connected.")


def _resync(case: Case, node: NodeView) -> Reason:
    a, b = case.pair.nodes
    source = node if node.replication in _SOURCES else case.pair.other(node)
    target = case.pair.other(source)
    share = f" {as_percent(node.percent)}" if node.percent is not None else ""
    text = f"{target.name}'s copy is being overwritten from {source.name}:{share or ' resync runs'}."
    finding = Finding("drbd.resync", Severity.WARNING, text, "Ends by itself.", node=target.name, hazard=23)
    detail = f"If {source.name} fails before then, the service stops: {target.name} has no complete copy."
    if node.still_for is not None and node.still_for >= STALLED_AFTER:
        sentence = f"Not redundant: the resync makes no progress for {span(node.still_for)}."
        finding = replace(finding, code="drbd.resync-stalled", hint="Look at the replication network and at the disks.")
    elif node.eta is not None:
        sentence = f"Not redundant until about {soon(case.now, node.eta)}: resync{share}."
    else:
        sentence = f"Not redundant: resync{share}."
    return Reason(Health.RISK, finding, sentence, detail)


def _disk_hint(disk: str) -> str:
    hints = {
        DiskState.DISKLESS: "The node lost or detached its backing device: look at the disk, then attach it again.",
        DiskState.INCONSISTENT: "It becomes complete by a resync from the other node.",
        DiskState.OUTDATED: "The other node has newer data; it becomes current when they connect again.",
        DiskState.CONSISTENT: "It waits for word from the other node before it may be used.",
        DiskState.FAILED: "The backing device reported errors.",
    }
    return hints.get(DiskState(disk), "") if disk in {state.value for state in DiskState} else ""
