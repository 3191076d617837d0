"""Commands in a unit of a step's own, and waiting for what they bring about."""

from __future__ import annotations

from dataclasses import replace

from provisioning.masking import Flow
from provisioning.place import NoAnswer, Place, Report, StepFailed, seen
from provisioning.steps import Command, Wait, cmd
from provisioning.transport.world import NodeError, NodeRestarted, Result, UnitKey

AWAY = 120  # seconds a node that is waited for may be away
BOOT_ID = cmd("cat", "/proc/sys/kernel/random/boot_id", timeout=20)


def run(place: Place, commands: tuple[Command, ...], unit: UnitKey, report: Report) -> None:
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


def wait(place: Place, wait: Wait, report: Report) -> None:
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
                    f"Not so on {place.node.name}: {wait.says}. Seen: {last}",
                    wait.in_vain or "Nothing was changed by this step.",
                )
            text = f"Waited {wait.bound} s in vain on {place.node.name}: {wait.says}. Seen last: {last}"
            raise StepFailed(text, wait.in_vain) if away is None else NoAnswer(text)
        if away is not None and place.time.now() - away >= AWAY:
            report.done(line, Result(None, last, seconds=place.time.now() - began))
            raise NoAnswer(
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
