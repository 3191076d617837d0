"""From what was seen of both nodes to one sentence. Pure: no database, no clock; `now` and every age are given.

`judge` collects every reason by rules, and the worst reason speaks: it gives the health and the sentence. Anything not seen is unknown, and
unknown is never fine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from clusters import lasting_health, pool_health, snapshot_health, standing_health
from clusters.findings import Finding, Severity
from clusters.lasting_health import span
from clusters.sight import NodeView, PairView, first_of
from clusters.states import ConnectionState, DiskState, Health, Role

__all__ = ["Judgement", "NodeView", "PairView", "judge"]

FULL_FROM = 90  # percent of a volume from which somebody should settle it
SKEW_WARNS = 0.5  # seconds between the nodes' clocks (HAZARDS 15)
STALLED_AFTER = 120  # seconds without progress of a resync


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding with what it makes of the cluster; `counts` False: told, but it does not colour the cluster."""

    health: Health
    finding: Finding
    sentence: str = ""
    detail: str = ""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Judgement:
    health: Health
    sentence: str
    detail: str
    reasons: tuple[Finding, ...]
    active: str = ""  # node seen to hold the whole group
    failover_works: bool = False
    remembered: frozenset[str] = frozenset()  # codes of dangers that this reading did not show, and could not take back


@dataclass(frozen=True, slots=True)
class _Case:
    pair: PairView
    now: datetime
    last_pause: float | None = field(default=None)


def judge(pair: PairView, now: datetime, *, last_pause: float | None = None) -> Judgement:
    """Judge a pair. `now` is in the zone times are to be told in; `last_pause` (s) is what the last failover took."""
    if pair.being_made:
        return _being_made(pair, now)
    case = _Case(pair, now, last_pause)
    reasons = [reason for rule in RULES for reason in rule(case)]
    lasting = [_lasts(finding) for finding in lasting_health.standing(pair, (r.finding.code for r in reasons))]
    reasons = lasting + reasons
    coloured = sorted((r for r in reasons if r.counts), key=lambda reason: reason.health.order)
    active = pair.active()
    works = active is not None and not any(r.health in (Health.DANGER, Health.UNKNOWN, Health.RISK) for r in coloured)
    findings = tuple(reason.finding for reason in sorted(reasons, key=lambda reason: reason.health.order))
    worst = (
        coloured[0]
        if coloured
        else Reason(Health.UNKNOWN, Finding("pair.unseen", Severity.WARNING, ""), "Not read yet.")
    )
    if worst.health is Health.OK:
        pause = f", about {last_pause:.0f} s pause" if last_pause else ""
        sentence = f"Redundant. A failover now would work{pause}." if works else "Redundant when it was last read."
        return Judgement(Health.OK, sentence, worst.detail, findings, active.name if active else "", works)
    remembered = frozenset(reason.finding.code for reason in lasting)
    serving = active.name if active else ""
    return Judgement(worst.health, worst.sentence, worst.detail, findings, serving, works, remembered)


def _lasts(finding: Finding) -> Reason:
    return Reason(Health.DANGER, finding, finding.text, lasting_health.DETAIL)


def _being_made(pair: PairView, now: datetime) -> Judgement:
    for node in pair.nodes:
        if node.seen and node.resyncing and node.percent is not None:
            text = f"Being set up: first full copy {_percent(node.percent)}."
            return Judgement(Health.RISK, text, "Nothing is served yet, or from one copy only.", ())
    if not pair.changing:
        detail = "No job is at work. Its page says how far it came: plan the rest, or change the draft."
        return Judgement(Health.WARN, "The set-up stopped half way.", detail, ())
    return Judgement(
        Health.WARN, "Being set up.", "The set-up job has not ended. Nothing is judged before it does.", ()
    )


def _hurt(
    code: str, text: str, sentence: str, *, detail: str = "", hint: str = "", node: str = "", hazard: int = 0
) -> Reason:
    return Reason(Health.DANGER, Finding(code, Severity.BLOCKER, text, hint, "", node, hazard), sentence, detail)


def _warns(health: Health, finding: Finding, sentence: str, detail: str = "") -> Reason:
    return Reason(health, finding, sentence, detail)


def _host_keys(case: _Case) -> Iterator[Reason]:
    for node in case.pair.nodes:
        if node.host_key_changed:
            yield _hurt(
                "node.host-key-changed", f"{node.name} shows another host key than the pinned one. Nothing is sent to it.",
                f"{node.name} shows another host key. Nothing is sent to it.",
                detail="It may be another machine, or it was installed again.",
                hint="Compare the fingerprint on the node's own console before you trust it again.", node=node.name,
            )  # fmt: skip


def _split_brain(case: _Case) -> Iterator[Reason]:
    a, b = case.pair.nodes
    both_seen = a.seen and b.seen
    if both_seen and _at_one_moment(case.pair) and a.role == b.role == Role.PRIMARY:
        yield _hurt(
            "drbd.both-primary", "Both nodes are Primary: two histories may be written.", "Both nodes are Primary.",
            detail="Each accepts writes on its own. Nothing is being changed by the panel.", hazard=2,
        )  # fmt: skip
    apart = both_seen and ConnectionState.CONNECTED not in (a.connection, b.connection)
    alone = ConnectionState.STANDALONE in (a.connection, b.connection)
    if apart and alone and (a.marks or b.marks):
        yield _hurt(
            "drbd.split-brain", "DRBD saw that both nodes wrote apart from each other and stopped replicating.",
            "Split brain. Nothing is being changed. Choose the survivor.",
            detail="Both copies hold changes the other lacks. One side's changes will have to be discarded, by a person.", hazard=1,
        )  # fmt: skip
    elif apart and alone:
        yield _warns(
            Health.RISK, Finding("drbd.standalone", Severity.WARNING, "Replication is stopped (StandAlone).",
                                 "It was disconnected by hand, or a split brain was seen before the panel's mark was in place.", hazard=1),
            "Not redundant: replication is stopped.", "One side is StandAlone and does not try to connect.",
        )  # fmt: skip


def _at_one_moment(pair: PairView) -> bool:
    """Whether both nodes answered the same sweep. In a failover the node that is gone is remembered for a sweep as it was before: it and the one
    that took over were never Primary, or held the address, at the same time."""
    a, b = pair.nodes
    return a.age is not None and a.age == b.age


def _service(case: _Case) -> Iterator[Reason]:
    pair = case.pair
    holders = [node for node in pair.nodes if node.seen and node.holds_ip]
    if len(holders) == 2 and _at_one_moment(pair):
        yield _hurt(
            "group.both", "Both nodes hold the service IP.", "Both nodes hold the service IP.",
            detail="Clients may reach either of them.", hazard=24,
        )  # fmt: skip
        return
    if active := pair.active():
        yield _ok("group.served", f"The service group runs on {active.name}.")
        return
    if holders:
        last = min(holders, key=lambda node: node.age if node.age is not None else float("inf"))
        if pair.lacking(last) == ():  # the other one is only remembered to have served
            yield _ok("group.served", f"The service group runs on {last.name}.")
        else:
            yield from _half_served(pair, last)
    elif blind := next((node for node in pair.nodes if node.seen and node.holds_ip is None), None):
        text = f"Whether {blind.name} holds the service IP was not seen."
        yield _warns(
            Health.UNKNOWN, Finding("group.unseen", Severity.WARNING, text, blind.error, node=blind.name), text
        )
    elif all(node.seen for node in pair.nodes):
        moving = any(node.manager_says == "transition" for node in pair.nodes)
        text = "The service group is moving: nobody serves yet." if moving else "Nobody serves."
        says = ", ".join(f"{node.name} says “{node.manager_says or 'nothing'}”" for node in pair.nodes)
        yield _hurt(
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
        yield _warns(Health.UNKNOWN, Finding("group.unseen", Severity.WARNING, text, node.error, node=node.name), text)
        return
    what = "; ".join(missing)
    yield _hurt(
        "group.incomplete", f"{node.name} holds the service IP, but {what}.",
        f"{node.name} holds the service IP but does not serve everything.", detail=what[:1].upper() + what[1:] + ".",
        hint="Heartbeat does not watch services: it will not repair this by itself.", node=node.name, hazard=17,
    )  # fmt: skip


def _reachability(case: _Case) -> Iterator[Reason]:
    silent = [node for node in case.pair.nodes if not node.seen and not node.host_key_changed]
    if not silent:
        return
    names = " and ".join(node.name for node in silent)
    ages = [node.age for node in silent]
    if all(age is None for age in ages):
        sentence = f"No word from {names} yet."
    else:
        sentence = f"No word from {names} for {span(max(age for age in ages if age is not None))}."
    detail = "What is shown is old."
    if len(silent) == 1:
        other = case.pair.other(silent[0])
        serving = (
            f"{other.name} serves" if case.pair.lacking(other) == () else f"{other.name} is seen and does not serve"
        )
        seen_at = ""
        if silent[0].age is not None:
            seen_at = f"; what is shown for {names} is from {_clock(case.now - timedelta(seconds=silent[0].age))}"
        detail = f"{serving}{seen_at}."
    for node in silent:
        hint = node.error or "Check that the node is on and reachable by SSH from the panel."
        text = f"{node.name} does not answer the panel."
        yield _warns(
            Health.UNKNOWN, Finding("node.unreachable", Severity.WARNING, text, hint, node=node.name), sentence, detail
        )


def _redundancy(case: _Case) -> Iterator[Reason]:
    a, b = case.pair.nodes
    seen = [node for node in (a, b) if node.seen]
    for node in seen:
        if node.resyncing:
            yield _resync(case, node)
            return
    for node in seen:
        if not node.disk or not node.connection:
            text = f"The state of DRBD on {node.name} was not seen."
            yield _warns(Health.UNKNOWN, Finding("drbd.unseen", Severity.WARNING, text, node=node.name, hint=node.error),
                         f"The state of the copies on {node.name} is not known.")  # fmt: skip
        elif node.disk != DiskState.UP_TO_DATE:
            text = f"{node.name}'s copy is {node.disk}."
            yield _warns(Health.RISK, Finding("drbd.copy", Severity.WARNING, text, _disk_hint(node.disk), node=node.name, hazard=23),
                         f"Not redundant: {text}")  # fmt: skip
    for node in seen:
        if node.connection and node.connection not in (ConnectionState.CONNECTED, ConnectionState.STANDALONE):
            other = case.pair.other(node)
            text = f"{node.name} is not connected to {other.name} ({node.connection})."
            hint = "Check the replication network and that DRBD runs on both nodes."
            yield _warns(Health.RISK, Finding("drbd.disconnected", Severity.WARNING, text, hint, node=node.name, hazard=23),
                         f"Not redundant: {a.name} and {b.name} do not replicate.",
                         f"{node.name} waits for {other.name}: {node.connection}.")  # fmt: skip
            return
    if len(seen) == 2 and all(
        n.disk == DiskState.UP_TO_DATE and n.connection == ConnectionState.CONNECTED for n in seen
    ):
        yield _ok("drbd.redundant", "Both copies are UpToDate and connected.")


def _resync(case: _Case, node: NodeView) -> Reason:
    a, b = case.pair.nodes
    source = node if node.replication in _SOURCES else case.pair.other(node)
    target = case.pair.other(source)
    share = f" {_percent(node.percent)}" if node.percent is not None else ""
    text = f"{target.name}'s copy is being overwritten from {source.name}:{share or ' resync runs'}."
    finding = Finding("drbd.resync", Severity.WARNING, text, "Ends by itself.", node=target.name, hazard=23)
    detail = f"If {source.name} fails before then, the service stops: {target.name} has no complete copy."
    if node.still_for is not None and node.still_for >= STALLED_AFTER:
        sentence = f"Not redundant: the resync makes no progress for {span(node.still_for)}."
        finding = replace(finding, code="drbd.resync-stalled", hint="Look at the replication network and at the disks.")
    elif node.eta is not None:
        sentence = f"Not redundant until about {_soon(case.now, node.eta)}: resync{share}."
    else:
        sentence = f"Not redundant: resync{share}."
    return Reason(Health.RISK, finding, sentence, detail)


_NOT_KNOWN_CURRENT = (DiskState.CONSISTENT, DiskState.OUTDATED)
_SOURCES = {"SyncSource", "PausedSyncS", "StartingSyncS", "WFBitMapS"}


def _manager(case: _Case) -> Iterator[Reason]:
    for node in case.pair.nodes:
        if node.seen and node.manager_running is False and node.disk in _NOT_KNOWN_CURRENT:
            other = case.pair.other(node).name
            text = f"Heartbeat on {node.name} waits: its copy is {node.disk}, and {other}'s may be newer."
            hint = f"Switch {other} on and see that the two reach each other: it goes on by itself then."
            yield _warns(Health.RISK, Finding("manager.waits", Severity.WARNING, text, hint, node=node.name, hazard=27),
                         f"{node.name} waits for {other} before it may serve.", text)  # fmt: skip
        elif node.seen and node.manager_running is False:
            text = f"Heartbeat does not run on {node.name}: it cannot take over."
            yield _warns(Health.RISK, Finding("manager.down", Severity.WARNING, text, "systemctl start heartbeat", node=node.name),
                         f"A failover would not work: Heartbeat does not run on {node.name}.")  # fmt: skip
        elif node.seen and node.manager_running is None:
            text = f"Whether Heartbeat runs on {node.name} was not seen."
            yield _warns(Health.UNKNOWN, Finding("manager.unseen", Severity.WARNING, text, node.error, node=node.name),
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
        yield _warns(Health.WARN, finding, "Redundant, but a heartbeat path is down.", text)
    elif links:
        yield _ok("manager.paths", "The heartbeat paths are up.", hazard=4)


def _files(case: _Case) -> Iterator[Reason]:
    a, b = case.pair.nodes
    if case.pair.changing or not (a.seen and b.seen and a.files and b.files):
        return
    there = dict(b.files)
    differing = sorted(path for path, digest in a.files if there.get(path) != digest)
    if differing:
        text = f"These files differ between {a.name} and {b.name}: {first_of(differing)}."
        hint = "“Compare and mend” shows the difference and plans what mends it."
        yield _warns(Health.WARN, Finding("files.differ", Severity.WARNING, text, hint, hazard=20),
                     "Redundant, but the nodes' files differ.", text)  # fmt: skip
    else:
        yield _ok("files.agree", "The managed files agree on both nodes.", hazard=20)


def _clocks(case: _Case) -> Iterator[Reason]:
    a, b = case.pair.nodes
    if not (a.seen and b.seen) or a.clock_offset is None or b.clock_offset is None:
        return
    skew = abs(a.clock_offset - b.clock_offset)
    if skew > SKEW_WARNS:
        text = f"The clocks of {a.name} and {b.name} differ by {skew:.1f} s."
        yield _warns(Health.WARN, Finding("clock.skew", Severity.WARNING, text, "Check chrony on both nodes.", hazard=15),
                     "Redundant, but the clocks differ.", text)  # fmt: skip
    else:
        yield _ok("clock.agree", f"The clocks agree within {max(skew, 0.01):.2f} s.", hazard=15)


def _fill(case: _Case) -> Iterator[Reason]:
    for volume, percent in case.pair.fill:
        if percent >= FULL_FROM:
            text = f"{volume} is {percent:.0f} % full."
            yield _warns(
                Health.WARN,
                Finding("volume.full", Severity.WARNING, text, "Grow it or clear it."),
                f"Filling up: {text}",
            )
    for volume, percent in case.pair.inodes:
        if percent >= FULL_FROM:
            text = f"{volume} has used {percent:.0f} % of its inodes."
            hint = "Without one no file can be made, however much room there is. Remove small files, or grow it."
            yield _warns(
                Health.WARN, Finding("volume.inodes", Severity.WARNING, text, hint), f"Running out of inodes: {text}"
            )


def _damaged(case: _Case) -> Iterator[Reason]:
    for volume in case.pair.damaged:
        text = f"The file system of {volume} was found damaged."
        hint = "Repair it on the volume's page: what is written to a damaged file system may be lost."
        yield _warns(Health.WARN, Finding("volume.damaged", Severity.WARNING, text, hint), text)


def _snapshots(case: _Case) -> Iterator[Reason]:
    for told in snapshot_health.reasons(case.pair.snapshots):
        yield Reason(Health.WARN, told.finding, told.sentence, counts=told.counts)


def _pools(case: _Case) -> Iterator[Reason]:
    seen = [node for node in case.pair.nodes if node.seen]
    pools = next((node.pools for node in seen if node.pools), ())
    for told in pool_health.reasons(pools, [node.name for node in seen if node.thin_tools is False]):
        yield Reason(told.health, told.finding, told.sentence)


def _standing(case: _Case) -> Iterator[Reason]:
    for node in case.pair.nodes:
        for told in standing_health.reasons(node) if node.seen else ():
            yield Reason(told.health, told.finding, told.sentence, told.finding.text, counts=told.counts)


def _fencing(case: _Case) -> Iterator[Reason]:
    finding = Finding(
        "fencing.no-power", Severity.WARNING, "Nothing can switch a node off: if both networks are cut at once, both become Primary.",
        "A handler marks the other copy Outdated over SSH, which covers every single failure. Only power fencing or a third vote covers this.",
        hazard=3,
    )  # fmt: skip
    yield Reason(Health.WARN, finding, counts=False)


def _ok(code: str, text: str, *, hazard: int = 0) -> Reason:
    return Reason(Health.OK, Finding(code, Severity.OK, text, hazard=hazard))


RULES: tuple[Callable[[_Case], Iterator[Reason]], ...] = (
    _host_keys, _split_brain, _service, _reachability, _redundancy, _manager, _files, _clocks, _fill, _damaged, _snapshots, _pools, _standing,
    _fencing,
)  # fmt: skip


def _disk_hint(disk: str) -> str:
    hints = {
        DiskState.DISKLESS: "The node lost or detached its backing device: look at the disk, then attach it again.",
        DiskState.INCONSISTENT: "It becomes complete by a resync from the other node.",
        DiskState.OUTDATED: "The other node has newer data; it becomes current when they connect again.",
        DiskState.CONSISTENT: "It waits for word from the other node before it may be used.",
        DiskState.FAILED: "The backing device reported errors.",
    }
    return hints.get(DiskState(disk), "") if disk in {state.value for state in DiskState} else ""


def _percent(value: float) -> str:
    return f"{min(max(value, 0.0), 100.0):.0f} %"


def _clock(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S")


def _soon(now: datetime, eta: int) -> str:
    moment = now + timedelta(seconds=eta)
    return moment.strftime("%H:%M") if moment.date() == now.date() else moment.strftime("%-d %b %H:%M")
