"""A batch as its page shows it: rows by pair, judged anew and planned until they are approved, and what became of them afterwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from clusters import figures
from clusters.findings import Finding
from clusters.models import Cluster
from clusters.states import AccessLevel, JobStatus
from clusters.waits import Holder, holder
from provisioning import bulk, planned
from provisioning.models import Batch, BatchRow, Job
from provisioning.planned import OfRow, Planned

ASKS = "waits for a person"
KINDS = {"waiting": "idle", "running": "work", "done": "ok", "failed": "danger", "not run": "danger", "left": "idle"}
LISTED = 20  # line numbers in the sentence
READY = "ready"
GOOD, WARNED, BAD = ("ok", READY), ("warn", READY), ("danger", "not possible")
LAPSED = "What the panel knows of the pair has changed since the rows were planned. Plan them again."
PLANNING, UNPLANNED, BLOCKED = ("work", "being planned"), ("idle", "not planned"), ("danger", "blocked")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    values: Mapping[str, str]
    kind: str
    word: str
    becomes: str
    problems: Sequence[str]
    job: Job | None = None
    warnings: Sequence[str] = ()
    plan: OfRow | None = None


@dataclass(frozen=True, slots=True)
class Group:
    cluster: str  # as it was written when there is none
    url: str
    lines: list[Line]
    approved: bool
    ready: int
    may: bool
    shown: str = ""  # the warnings that stand there, see planned.stood
    warnings: Sequence[str] = ()  # of all of its rows
    planned: Planned = Planned()
    may_plan: bool = False
    waits: Holder | None = None  # what its next row waits for


@dataclass(frozen=True, slots=True)
class Shown:
    groups: list[Group]
    total: int
    good: int
    bad: int
    moving: bool
    unknown: list[str]
    stopped: str = ""  # who stopped it, and what came of that
    may_stop: bool = False

    def _count(self, *words: str) -> int:
        return sum(line.word in words for group in self.groups for line in group.lines)

    @property
    def done(self) -> int:
        return self._count("done")

    @property
    def left(self) -> int:
        """Rows that were not tried."""
        return self._count("left")

    def headline(self, kind: str) -> str:
        """What can become of the rows, and once some were approved, what became of them."""
        total = f"{figures.grouped(self.total)} {kind}"
        if not any(group.approved for group in self.groups):
            return self._before(total)
        counts = {
            "under way or waiting": self._count("waiting", "running", ASKS),
            "can be added": sum(group.ready for group in self.groups),
            PLANNING[1]: self._count(PLANNING[1]),
            UNPLANNED[1]: self._count(UNPLANNED[1]),
            "not run": self._count("not run"),
            "not tried": self.left,
            "could not be": self._count("failed", BAD[1], BLOCKED[1]),
        }
        rest = "".join(f", {figures.grouped(count)} {word}" for word, count in counts.items() if count)
        return f"{figures.grouped(self.done)} of {total} added{rest}."

    def _before(self, total: str) -> str:
        """Nothing is called good before its plan was made."""
        bad = figures.grouped(self.bad)
        if waits := self._count(PLANNING[1]):
            return f"{figures.grouped(waits)} of {total} {'is' if waits == 1 else 'are'} being planned{f', {bad} cannot be added' * bool(self.bad)}."
        if waits := self._count(UNPLANNED[1]):
            return f"{figures.grouped(waits)} of {total} {'is' if waits == 1 else 'are'} not planned{f', {bad} cannot be added' * bool(self.bad)}."
        said = f"can be added, {bad} cannot." if self.bad else "without a problem."
        return f"{figures.grouped(self.good)} of {total} {said}"


def load(batch: Batch, levels: Mapping[int, AccessLevel], clusters: QuerySet[Cluster]) -> Shown:
    kept: dict[int, list[BatchRow]] = {}
    for row in batch.rows.filter(cluster__in=clusters.values("pk")).select_related("job", "cluster"):
        kept.setdefault(row.cluster_id, []).append(row)
    open_ = clusters.exclude(pk__in=kept)
    names = {rows[0].cluster.slug for rows in kept.values()}
    plans = planned.of_batch(batch)
    by_name: dict[str, list[bulk.Judged]] = {}
    for one in bulk.judge(batch.kind, batch.text, levels, open_):
        if (name := one.values.get("cluster", "")) not in names:
            by_name.setdefault(name, []).append(one)
    groups = [_approved(rows, plans) for rows in kept.values()]
    groups += [_open(name, rows, plans) for name, rows in by_name.items()]
    lines = [line for group in groups for line in group.lines]
    return Shown(
        groups, len(lines), sum(line.word == READY for line in lines), sum(line.kind == "danger" for line in lines),
        any(line.word in ("waiting", "running", ASKS, PLANNING[1]) for line in lines), bulk.read(batch.kind, batch.text)[1],
        _stopped(kept), any(row.status in ("waiting", "running") and not row.stopped_by for rows in kept.values() for row in rows),
    )  # fmt: skip


def _stopped(kept: Mapping[int, list[BatchRow]]) -> str:
    """Say who stopped it and which lines were not done by that."""
    rows = [row for each in kept.values() for row in each if row.stopped_by]
    if not rows:
        return ""
    left = sorted(row.number for row in rows if row.status == BatchRow.Status.LEFT)
    under_way = [row.number for row in rows if row.status == BatchRow.Status.RUNNING]
    lines = (
        f"Not done: line{'' if len(left) == 1 else 's'} {', '.join(str(number) for number in left[:LISTED])}"
        if left
        else "Every line was done"
    )
    more = f" and {len(left) - LISTED} more" if len(left) > LISTED else ""
    waits = f" Line {under_way[0]} is under way and ends by itself." if under_way else ""
    return f"{rows[0].stopped_by} stopped it. {lines}{more}.{waits}"


def left(batch: Batch, shown: Shown) -> tuple[list[str], Iterator[list[str]]]:
    """What did not come to be, as it was sent, with the reason: to be mended and sent again."""
    columns = bulk.COLUMNS[batch.kind]
    rows = (
        [*(line.values.get(name, "") for name in columns), " ".join(line.problems)]
        for group in shown.groups for line in group.lines if line.kind == "danger" or line.word == "left"
    )  # fmt: skip
    return [*columns, "problem"], rows


def _approved(rows: list[BatchRow], plans: Mapping[int, Planned]) -> Group:
    cluster = rows[0].cluster
    mine = plans.get(cluster.pk, Planned())
    lines = [_approved_line(row, mine.rows.get(row.number)) for row in rows]
    return Group(
        cluster.slug, cluster.get_absolute_url(), lines, True, 0, False, planned=mine, waits=_waits(cluster, rows)
    )


def _waits(cluster: Cluster, rows: Iterable[BatchRow]) -> Holder | None:
    """What the next row waits for: not the one before it, which stands there, and not what its own plan asks of a person."""
    running = next((row for row in rows if row.status == BatchRow.Status.RUNNING), None)
    if running is None and not any(row.status == BatchRow.Status.WAITING for row in rows):
        return None
    if running and (running.problem or running.job is None or running.job.status != JobStatus.PROPOSED):
        return None
    return holder(cluster, but=running.job_id if running else None)


def _approved_line(row: BatchRow, plan: OfRow | None) -> Line:
    """What a plan that waits for a person says is of no use once somebody has let it run."""
    kind, word, problems = KINDS[row.status], row.status, [row.problem] if row.problem else []
    if row.problem and row.status == BatchRow.Status.RUNNING:
        proposed = row.job is not None and row.job.status == JobStatus.PROPOSED
        kind, word, problems = ("warn", ASKS, problems) if proposed else (kind, word, [])
    return Line(
        row.number, row.values, kind, word, _name(row.values), problems, row.job, plan=None if row.job else plan
    )


def _open(name: str, rows: list[bulk.Judged], plans: Mapping[int, Planned]) -> Group:
    cluster = rows[0].cluster
    mine = plans.get(cluster.pk, Planned()) if cluster else Planned()
    of_pair = dict.fromkeys([*(finding for row in rows for finding in row.of_pair), *_of_all(mine)])
    lines = [_line(row, mine, of_pair) for row in rows]
    stood = sorted({planned.stood(finding) for row in rows for finding in (*row.warnings, *row.of_pair)})
    ready, unplanned = (sum(line.word == word for line in lines) for word in (READY, UNPLANNED[1]))
    return Group(
        cluster.slug if cluster else name, cluster.get_absolute_url() if cluster else "", lines, False, ready, ready > 0 and not unplanned,
        " ".join(stood), _said(of_pair), mine, any(row.intent for row in rows) and not mine.open,
    )  # fmt: skip


def _of_all(mine: Planned) -> list[Finding]:
    """What the plan of every single row warns of is said once, of the pair."""
    each = [row.warnings for row in mine.rows.values()]
    return [finding for finding in each[0] if all(finding in other for other in each[1:])] if len(each) > 1 else []


def _line(row: bulk.Judged, mine: Planned, of_pair: Collection[Finding]) -> Line:
    plan = mine.of(row.number, row.intent)
    said = {finding.text for finding in (*row.warnings, *of_pair)}
    counted = {finding.code for finding in row.warnings} & planned.COUNTED  # with the rows before it, as its turn will
    more = [one for one in plan.warnings if one.text not in said and one.code not in counted] if plan else []
    warnings, problems = _said((*row.warnings, *more)), row.problems
    if not row.intent:
        state = BAD
    elif not mine.done:
        state = PLANNING if mine.open else UNPLANNED
    elif plan is None:
        state, problems = UNPLANNED, (LAPSED,)
    elif plan.against:
        state, problems = BLOCKED, (plan.against,)
    else:
        state = WARNED if warnings else GOOD
    return Line(row.number, row.values, *state, row.becomes or _name(row.values), problems, None, warnings, plan)


def _said(findings: Iterable[Finding]) -> list[str]:
    return [f"{finding.text} {finding.hint}".strip() for finding in findings]


def _name(values: Mapping[str, str]) -> str:
    return values.get("name") or values.get("path") or values.get("volume") or ""
