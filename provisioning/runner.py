"""Run one step: guards first, then its commands, its files, its wait or its probe. What happens goes to `report`; failure is an exception.

Nothing here knows jobs or rows. A step that fails says what was seen; a step whose end was not seen is `Unreachable`, never a failure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from provisioning.masking import Flow, Mask
from provisioning.observer import Seen
from provisioning.steps import Command, Probe, Step, Text, Wait, WriteFile, cmd
from provisioning.transport.world import (
    FileChanged,
    NodeAddress,
    NodeError,
    NodeRefused,
    NodeRestarted,
    Result,
    Time,
    UnitKey,
    World,
)

AWAY = 120  # seconds a node that is waited for may be away
BOOT_ID = cmd("cat", "/proc/sys/kernel/random/boot_id", timeout=20)
WAY_BACK = 10_000  # added to a step's number: putting files back is a unit of its own
Look = Callable[[str], Seen]  # service IP → what is seen of it
ResolveSecret = Callable[[str], bytes]


class StepFailed(Exception):
    """The step did not do what it should; the text says what was seen."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class Report(Protocol):
    """Where a step's lines go while it runs."""

    def line(self, kind: str, command: str) -> int:
        """Begin a line and give its position."""
        ...

    def told(self, position: int, text: str) -> None:
        """More output of a line that runs."""
        ...

    def done(self, position: int, result: Result, *, kept: str | None = None, previous: str | None = None) -> None: ...

    def check(self) -> None:
        """Raise when the job is not ours any more."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step runs and with what: the node, its unit, secrets, clock, and the observer's eye for probes."""

    world: World
    address: NodeAddress | None  # None: the observer
    unit: UnitKey
    resolve_secret: ResolveSecret
    time: Time
    look: Look | None = None
    mask: Mask = field(default_factory=Mask)  # over all that the node prints, before a sentence cuts a secret in two

    @property
    def node(self) -> NodeAddress:
        if self.address is None:
            raise StepFailed("This step has no node to run on.")
        return self.address


def execute(place: Place, step: Step, report: Report) -> str:
    """Run the step; returns a note worth keeping ("" when there is none)."""
    _check_guards(place, step, report)
    if step.commands:
        _run_or_take_away(place, step, report)
    if step.files:
        _write_files(place, step, report)
    if step.wait and not step.load:
        _wait(place, step.wait, report)
    return _probe(place, step.probe, report) if step.probe else ""


def content_of(text: Text, resolve_secret: ResolveSecret) -> bytes:
    return b"".join(part.encode() if isinstance(part, str) else resolve_secret(part.name) for part in text.parts)


def sentences(first: str, more: str) -> str:
    """Put a sentence behind what a program printed, which has no full stop of its own."""
    first, more = first.rstrip(), more.strip()
    return f"{first}{'' if first.endswith('.') else '.'} {more}" if more else first


def seen(result: Result) -> str:
    """One line for people: what a command answered."""
    said = " ".join(f"{result.stdout} {result.stderr}".split())
    ended = "no end was seen" if result.exit is None else f"exit {result.exit}"
    return f"{ended}: {said[-300:]}" if said else ended


def _check_guards(place: Place, step: Step, report: Report) -> None:
    if not step.guards:
        return
    results = place.world.read(place.node, [guard.command for guard in step.guards])
    for guard, result in zip(step.guards, map(place.mask.result, results), strict=True):
        report.done(report.line("guard", str(guard.command)), result)
        if not guard.expect.holds(result.exit, result.stdout):
            raise StepFailed(
                f"Not done, because this is not true any more: {guard.says}. Seen: {seen(result)}",
                "Plan again to see what is true now.",
            )


def _run(place: Place, commands: tuple[Command, ...], unit: UnitKey, report: Report) -> None:
    lines = [report.line("run", str(command)) for command in commands]
    flows = [Flow(place.mask) for _ in commands]

    def told(index: int, text: str) -> None:
        report.told(lines[index], flows[index].more(text))

    report.check()
    results = [place.mask.result(result) for result in place.world.run(place.node, commands, unit, on_output=told)]
    for line, result in zip(lines, results, strict=False):
        report.done(line, result)
    for command, result in zip(commands, results, strict=False):
        if result.exit not in command.exits:
            raise StepFailed(f"{command} on {place.node.name}: {seen(result)}", "Read its output, mend it, plan again.")
    if len(results) < len(commands):
        raise StepFailed(
            f"The unit on {place.node.name} ended before {commands[len(results)]} began.",
            "Plan again to see what is left.",
        )


def _run_or_take_away(place: Place, step: Step, report: Report) -> None:
    try:
        _run(place, step.commands, place.unit, report)
    except StepFailed as failed:
        if step.if_it_fails is None:
            raise
        try:
            _run(place, (step.if_it_fails,), replace(place.unit, step=place.unit.step + WAY_BACK), report)
        except (StepFailed, NodeError) as again:
            more = f"This was to run then and failed, too: {step.if_it_fails}: {again.text}"
            raise StepFailed(sentences(failed.text, more), failed.hint) from failed
        raise


def _write_files(place: Place, step: Step, report: Report) -> None:
    kept: dict[str, str | None] = {}
    for file in step.files:
        try:
            kept[file.path] = _put(place, file, report)
        except (FileChanged, NodeRefused) as refused:
            _none_alone(place, step, kept, report, refused)
            raise
    if step.load is None:
        return
    try:
        _run(place, (step.load,), place.unit, report)
        if step.wait:  # a program may refuse a file and still end with 0: what is wanted of it is looked for before the file counts as taken
            _wait(place, step.wait, report)
    except StepFailed as refused:
        try:
            _put_back(place, step, kept, report)
        except (StepFailed, NodeError) as again:
            raise StepFailed(
                sentences(
                    refused.text,
                    f"The previous files were to be put back and loaded again, which failed, too: {again.text}",
                ),
                "Look at the node now: what it serves may not be what its files say.",
            ) from refused
        raise StepFailed(
            sentences(refused.text, "The previous files were put back and loaded again."),
            "Change what is wrong and plan again.",
        ) from refused


def _none_alone(
    place: Place, step: Step, kept: dict[str, str | None], report: Report, refused: FileChanged | NodeRefused
) -> None:
    """Files that are loaded together agree with each other: when one cannot be written, those before it go back."""
    written = tuple(file for file in step.files if file.path in kept)
    if step.load is None or not written:
        return
    try:
        _put_back(place, replace(step, files=written, load=None), kept, report)
    except (StepFailed, NodeError) as again:
        told = f"{', '.join(file.path for file in written)} could not be put back: {again}"
    else:
        told = f"{', '.join(file.path for file in written)} was put back."
    refused.text = sentences(refused.text, told)


def _put(place: Place, file: WriteFile, report: Report) -> str | None:
    report.check()
    content = content_of(file.content, place.resolve_secret)
    line = report.line("put", file.path)
    began = place.time.now()
    kept = place.world.put(
        place.node, file.path, content, place.unit, mode=file.mode, owner=file.owner, before=file.before
    )
    previous = None if file.content.secret_names else file.before_text
    report.done(line, Result(0, "", seconds=place.time.now() - began), kept=kept, previous=previous)
    return kept


def _put_back(place: Place, step: Step, kept: dict[str, str | None], report: Report) -> None:
    """The one way back there is: files that the node refused when they were loaded."""
    unit = replace(place.unit, step=place.unit.step + WAY_BACK)
    removals: list[Command] = []
    for file in step.files:
        if file.before is None:
            removals.append(cmd("rm", "--force", "--", file.path))
            continue
        ours = hashlib.sha256(content_of(file.content, place.resolve_secret)).hexdigest()
        line = report.line("put", file.path)
        previous = _previous(place, file, kept.get(file.path))
        place.world.put(place.node, file.path, previous, unit, mode=file.mode, owner=file.owner, before=ours)
        report.done(line, Result(0, "put back"))
    if commands := (*removals, step.load) if step.load else tuple(removals):
        _run(place, commands, unit, report)


def take_back(place: Place, step: Step, kept: dict[str, str | None], report: Report) -> None:
    """Put the files of a step that is done back to what they were, because the other node does not take its own."""
    for file in step.files:
        if file.before is not None and file.before_text is None and not kept.get(file.path):
            raise StepFailed(f"Nobody knows what {file.path} held before.")
    _put_back(place, step, kept, report)


def _previous(place: Place, file: WriteFile, kept: str | None) -> bytes:
    if file.before_text is not None:
        return file.before_text.encode()
    if kept is None:  # the content was there already, so nothing was replaced
        return content_of(file.content, place.resolve_secret)
    [result] = place.world.read(place.node, [cmd("cat", "--", kept)])
    if result.exit != 0 or result.truncated:
        raise StepFailed(f"{file.path} could not be put back. Its previous content is in {kept}.")
    return result.stdout.encode()


def _wait(place: Place, wait: Wait, report: Report) -> None:
    line = report.line("wait", f"{wait.says}: {wait.command}")
    began = place.time.now()
    last, shown = "nothing", ""
    away: float | None = None  # since when the node does not answer
    while True:
        report.check()
        result = _ask(place, wait.command)
        if isinstance(result, Result):
            if away is not None:
                _not_restarted(place)
                away = None
            if wait.expect.holds(result.exit, result.stdout):
                report.done(line, replace(result, seconds=place.time.now() - began))
                return
            last = seen(result)
        else:
            last, away = result, place.time.now() if away is None else away
        if last != shown:
            report.told(line, last + "\n")
            shown = last
        if place.time.now() - began >= wait.bound:
            report.done(line, Result(None, last, seconds=place.time.now() - began))
            if not wait.bound:
                raise StepFailed(
                    f"Not so on {place.node.name}: {wait.says}. Seen: {last}", "Nothing was changed by this step."
                )
            raise StepFailed(f"Waited {wait.bound} s in vain on {place.node.name}: {wait.says}. Seen last: {last}")
        if away is not None and place.time.now() - away >= AWAY:
            report.done(line, Result(None, last, seconds=place.time.now() - began))
            raise StepFailed(
                f"{place.node.name} has not answered for {AWAY} s. Waited for: {wait.says}. Seen last: {last}",
                "What was begun goes on by itself, here or on the other node. Plan again when both nodes answer.",
            )
        place.time.sleep(wait.every)


def _not_restarted(place: Place) -> None:
    """A node that was away and was not restarted goes on where it was; after a restart nothing is as it was planned."""
    if not place.unit.attempt:
        return
    boot = _ask(place, BOOT_ID)
    if isinstance(boot, Result) and boot.exit == 0 and boot.stdout.strip() != place.unit.attempt:
        raise NodeRestarted(place.node.name, "it restarted while this was waited for")


def _ask(place: Place, command: Command) -> Result | str:
    """A node that is away for a moment is something to wait for, too; a refusal is not."""
    try:
        return place.mask.result(place.world.read(place.node, [command])[0])
    except NodeError as error:
        if error.permanent:
            raise
        return place.mask(error.text)


def _probe(place: Place, probe: Probe, report: Report) -> str:
    if place.look is None:
        raise StepFailed("There is no place to look at the service from.")
    line = report.line("probe", f"NFS at {probe.service_ip} lists {', '.join(probe.exports) or 'its exports'}")
    began = place.time.now()
    while True:
        report.check()
        sight = place.look(probe.service_ip)
        took = place.time.now() - began
        if sight.proves(probe.exports, probe.gone, listed=probe.listed):
            report.done(line, Result(0, str(sight), seconds=took))
            return f"Seen from {sight.place}."
        if took >= probe.bound:
            report.done(line, Result(1, str(sight), seconds=took))
            raise StepFailed(f"The service was not seen in {probe.bound} s. Seen last: {sight}")
        place.time.sleep(1.0)
