"""A plan as its page shows it: steps in two lanes under headings, file differences, findings by weight. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from clusters.findings import Finding, Severity
from clusters.nodetext import clean
from provisioning.pages import diffs
from provisioning.steps import OBSERVER, Command, Kind, Plan, Stage, Step

STAGES = {
    Stage.PACKAGES: "Packages", Stage.CLOCK: "Clock", Stage.QUIET: "Out of the boot sequence", Stage.HANDLERS: "Fencing and handlers",
    Stage.BACKING: "Backing device", Stage.RESOURCE: "DRBD resource", Stage.CONNECT: "Connect", Stage.PROMOTE: "First copy",
    Stage.LVM: "LVM on DRBD", Stage.VOLUMES: "Volumes", Stage.MOUNTS: "Mount points", Stage.EXPORTS: "NFS exports",
    Stage.MANAGER: "Heartbeat", Stage.LIVE: "On the running pair", Stage.HANDOVER: "Hand over", Stage.START: "Start",
    Stage.SERVE: "Serve", Stage.PROVE: "Prove it from outside", Stage.TIDY: "Tidy up",
}  # fmt: skip
MOST_PATHS = 6  # that a note names
HEADINGS_FROM = 12  # a short plan needs none
WEIGHT = {Severity.BLOCKER: 0, Severity.WARNING: 1, Severity.OK: 2}


@dataclass(frozen=True, slots=True)
class CommandLine:
    text: str
    css: str = ""  # "put" for a file
    when: str = ""  # it does something in this case only


@dataclass(frozen=True, slots=True)
class WayBack:
    """What runs when the step fails, and when."""

    when: str
    commands: tuple[CommandLine, ...]


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    node: str
    lane: str  # a: left, b: right, o: from the observer's place
    title: str
    kind: str
    commands: tuple[CommandLine, ...]
    notes: tuple[str, ...]
    ways_back: tuple[WayBack, ...]
    unchanged: str
    heading: str = ""

    @property
    def destroys(self) -> bool:
        return self.kind == Kind.DESTROYS and not self.unchanged


@dataclass(frozen=True, slots=True)
class PlanView:
    plan: Plan
    rows: tuple[Row, ...]
    files: tuple[diffs.FileDiff, ...]
    findings: tuple[Finding, ...]
    counts: dict[str, int]

    @property
    def blockers(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.BLOCKER]

    @property
    def to_settle(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is not Severity.OK]

    @property
    def checked(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.OK]

    @property
    def work(self) -> int:
        return sum(1 for row in self.rows if not row.unchanged)


def view(plan: Plan, lanes: Sequence[str]) -> PlanView:
    """Show a plan; `lanes` are the names of the two nodes, left first."""
    findings = tuple(sorted(plan.findings, key=lambda finding: WEIGHT[finding.severity]))
    counts = {severity.value: sum(f.severity is severity for f in findings) for severity in Severity}
    return PlanView(plan, tuple(_rows(plan, lanes)), tuple(diffs.of_steps(plan.steps)), findings, counts)


def _rows(plan: Plan, lanes: Sequence[str]) -> list[Row]:
    rows, stage = [], None
    headings = len(plan.steps) >= HEADINGS_FROM
    for number, step in enumerate(plan.steps, start=1):
        heading = STAGES[step.stage] if headings and step.stage != stage else ""
        stage = step.stage
        rows.append(
            Row(
                number,
                step.node,
                _lane(step.node, lanes),
                step.title,
                step.kind,
                commands(step),
                notes(step),
                tuple(ways_back(step)),
                step.unchanged,
                heading,
            )
        )
    return rows


def _lane(node: str, lanes: Sequence[str]) -> str:
    if node == OBSERVER or node not in lanes:
        return "o"
    return "ab"[list(lanes).index(node)]


def commands(step: Step) -> tuple[CommandLine, ...]:
    """Every command of a step as it would be typed, guards first."""
    found = [CommandLine(str(guard.command)) for guard in step.guards]
    found += [CommandLine(str(one), when="If that fails:" if one.fallback else "") for one in step.commands]
    found += [CommandLine(f"put {file.path}", "put") for file in step.files]
    if step.load:
        found.append(CommandLine(str(step.load)))
    if step.wait:
        found.append(CommandLine(str(step.wait.command)))
    return tuple(replace(line, text=clean(line.text)) for line in found)


def notes(step: Step) -> tuple[str, ...]:
    found = [f"Runs only if {guard.says}." for guard in step.guards]
    if step.wait:
        once = f"Goes on only if {step.wait.says}."
        found.append(f"Waits until {step.wait.says}, at most {_span(step.wait.bound)}." if step.wait.bound else once)
    if step.probe:
        listed = f" and lists {_some(step.probe.exports)}" if step.probe.exports else ""
        listed += f", not {_some(step.probe.gone)}" if step.probe.gone else ""
        found.append(f"{step.probe.service_ip} answers{listed}, within {_span(step.probe.bound)}.")
        found += [f"{opening}." for opening in step.probe.opens]
    if step.note:
        found.append(step.note)
    return tuple(clean(text) for text in found)


def ways_back(step: Step) -> Iterator[WayBack]:
    if step.if_it_fails:
        yield WayBack("If it fails, this runs:", _typed([step.if_it_fails]))
    if step.way_back:
        yield WayBack("If it fails and the previous files are back, this runs:", _typed(step.way_back))


def _typed(commands: Iterable[Command]) -> tuple[CommandLine, ...]:
    return tuple(CommandLine(clean(str(command))) for command in commands)


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:MOST_PATHS]) + (f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else "")


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
