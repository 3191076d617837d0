"""From what was seen of both nodes to one sentence. Pure: no database, no clock; `now` and every age are given.

`judge` collects every reason by rules, and the worst reason speaks: it gives the health and the sentence. Anything not seen is unknown, and
unknown is never fine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from clusters import lasting_health, pool_health, snapshot_health, standing_health
from clusters.copies_health import STALLED_AFTER, redundancy, split_brain
from clusters.findings import Finding, Severity
from clusters.group_health import service
from clusters.manager_health import manager
from clusters.reasons import Case, Reason, as_percent, clock, hurt, ok, span, warns
from clusters.sight import NodeView, PairView, first_of
from clusters.states import Health

__all__ = ["STALLED_AFTER", "Judgement", "NodeView", "PairView", "judge"]

FULL_FROM = 90  # percent of a volume from which somebody should settle it
SKEW_WARNS = 0.5  # seconds between the nodes' clocks (HAZARDS 15)


@dataclass(frozen=True, slots=True)
class Judgement:
    health: Health
    sentence: str
    detail: str
    reasons: tuple[Finding, ...]
    active: str = ""  # node seen to hold the whole group
    failover_works: bool = False
    remembered: frozenset[str] = frozenset()  # codes of dangers that this reading did not show, and could not take back


def judge(pair: PairView, now: datetime, *, last_pause: float | None = None) -> Judgement:
    """Judge a pair. `now` is in the zone times are to be told in; `last_pause` (s) is what the last failover took."""
    if pair.being_made:
        return _being_made(pair, now)
    case = Case(pair, now, last_pause)
    reasons = [reason for rule in RULES for reason in rule(case)]
    lasting = [_lasts(finding) for finding in lasting_health.standing(pair, (r.finding.code for r in reasons))]
    reasons += lasting  # of two dangers the one that is seen now is told first
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
            text = f"Being set up: first full copy {as_percent(node.percent)}."
            return Judgement(Health.RISK, text, "Nothing is served yet, or from one copy only.", ())
    if not pair.changing:
        detail = "No job is at work. Its page says how far it came: plan the rest, or change the draft."
        return Judgement(Health.WARN, "The set-up stopped half way.", detail, ())
    return Judgement(
        Health.WARN, "Being set up.", "The set-up job has not ended. Nothing is judged before it does.", ()
    )


def _host_keys(case: Case) -> Iterator[Reason]:
    for node in case.pair.nodes:
        if node.host_key_changed:
            yield hurt(
                "node.host-key-changed", f"{node.name} shows another host key than the pinned one. Nothing is sent to it.",
                f"{node.name} shows another host key. Nothing is sent to it.",
                detail="It may be another machine, or it was installed again.",
                hint="Compare the fingerprint on the node's own console. An admin can trust it again from its card on this page.", node=node.name,
            )  # fmt: skip


def _reachability(case: Case) -> Iterator[Reason]:
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
            seen_at = f"; what is shown for {names} is from {clock(case.now - timedelta(seconds=silent[0].age))}"
        detail = f"{serving}{seen_at}."
    for node in silent:
        hint = node.error or "Check that the node is on and reachable by SSH from the panel."
        text = f"{node.name} does not answer the panel."
        yield warns(
            Health.UNKNOWN, Finding("node.unreachable", Severity.WARNING, text, hint, node=node.name), sentence, detail
        )


def _files(case: Case) -> Iterator[Reason]:
    a, b = case.pair.nodes
    if case.pair.changing or not (a.seen and b.seen and a.files and b.files):
        return
    there = dict(b.files)
    differing = sorted(path for path, digest in a.files if there.get(path) != digest)
    if differing:
        text = f"These files differ between {a.name} and {b.name}: {first_of(differing)}."
        hint = "“Compare and mend” shows the difference and plans what mends it."
        if "/etc/exports" in differing:
            hint += " /etc/exports is left to you: make it the same on both, or a failover changes what is exported."
        yield warns(Health.WARN, Finding("files.differ", Severity.WARNING, text, hint, hazard=20),
                     "Redundant, but the nodes' files differ.", text)  # fmt: skip
    else:
        yield ok("files.agree", "The managed files agree on both nodes.", hazard=20)


def _clocks(case: Case) -> Iterator[Reason]:
    a, b = case.pair.nodes
    if not (a.seen and b.seen) or a.clock_offset is None or b.clock_offset is None:
        return
    skew = abs(a.clock_offset - b.clock_offset)
    if skew > SKEW_WARNS:
        text = f"The clocks of {a.name} and {b.name} differ by {skew:.1f} s."
        yield warns(Health.WARN, Finding("clock.skew", Severity.WARNING, text, "Check chrony on both nodes.", hazard=15),
                     "Redundant, but the clocks differ.", text)  # fmt: skip
    else:
        yield ok("clock.agree", f"The clocks agree within {max(skew, 0.01):.2f} s.", hazard=15)


def _fill(case: Case) -> Iterator[Reason]:
    for volume, percent in case.pair.fill:
        if percent >= FULL_FROM:
            text = f"{volume} is {percent:.0f} % full."
            yield warns(
                Health.WARN,
                Finding("volume.full", Severity.WARNING, text, "Grow it or clear it."),
                f"Filling up: {text}",
            )
    for volume, percent in case.pair.inodes:
        if percent >= FULL_FROM:
            text = f"{volume} has used {percent:.0f} % of its inodes."
            hint = "Without one no file can be made, however much room there is. Remove small files, or grow it."
            yield warns(
                Health.WARN, Finding("volume.inodes", Severity.WARNING, text, hint), f"Running out of inodes: {text}"
            )


def _damaged(case: Case) -> Iterator[Reason]:
    for volume in case.pair.damaged:
        text = f"The file system of {volume} was found damaged."
        hint = "Repair it on the volume's page: what is written to a damaged file system may be lost."
        yield warns(Health.WARN, Finding("volume.damaged", Severity.WARNING, text, hint), text)


def _snapshots(case: Case) -> Iterator[Reason]:
    for told in snapshot_health.reasons(case.pair.snapshots):
        yield Reason(Health.WARN, told.finding, told.sentence, counts=told.counts)


def _pools(case: Case) -> Iterator[Reason]:
    seen = [node for node in case.pair.nodes if node.seen]
    pools = next((node.pools for node in seen if node.pools), ())
    for told in pool_health.reasons(pools, [node.name for node in seen if node.thin_tools is False]):
        yield Reason(told.health, told.finding, told.sentence)


def _standing(case: Case) -> Iterator[Reason]:
    for node in case.pair.nodes:
        for told in standing_health.reasons(node) if node.seen else ():
            yield Reason(told.health, told.finding, told.sentence, told.finding.text, counts=told.counts)


def _fencing(case: Case) -> Iterator[Reason]:
    finding = Finding(
        "fencing.no-power", Severity.WARNING, "Nothing can switch a node off: if both networks are cut at once, both become Primary.",
        "A handler marks the other copy Outdated over SSH, which covers every single failure. Only power fencing or a third vote covers this.",
        hazard=3,
    )  # fmt: skip
    yield Reason(Health.WARN, finding, counts=False)


RULES: tuple[Callable[[Case], Iterator[Reason]], ...] = (
    _host_keys, split_brain, service, _reachability, redundancy, manager, _files, _clocks, _fill, _damaged, _snapshots, _pools, _standing,
    _fencing,
)  # fmt: skip
