"""Run one step: guards first, then its commands, its files, its wait or its probe. What happens goes to `report`; failure is an exception.

Nothing here knows jobs or rows. A step that fails says what was seen; a step whose end was not seen is `Unreachable`, never a failure.
"""

from __future__ import annotations

from dataclasses import replace

from provisioning.acting import run, wait
from provisioning.opening import judged
from provisioning.place import TAKE_AWAY, NotPutBack, Place, Report, StepFailed, seen, sentences
from provisioning.putting import write_files
from provisioning.steps import Probe, Step
from provisioning.transport.world import FileChanged, NodeError, NodeRefused, Result


def execute(place: Place, step: Step, report: Report) -> str:
    """Run the step; returns a note worth keeping ("" when there is none)."""
    try:
        _check_guards(place, step, report)
        if step.commands:
            run(place, step.commands, place.unit, report)
        if step.files:
            write_files(place, step, report)
        if step.wait and not step.load:
            wait(place, step.wait, report)
    except (StepFailed, FileChanged, NodeRefused) as failed:
        _take_away(place, step, report, failed)
        raise
    return _probe(place, step.probe, report) if step.probe else ""


def _check_guards(place: Place, step: Step, report: Report) -> None:
    if not step.guards:
        return
    results = place.world.read(place.node, [guard.command for guard in step.guards])
    for guard, result in zip(step.guards, map(place.mask.result, results), strict=True):
        report.done(report.line("guard", str(guard.command)), result)
        if not guard.expect.holds(result.exit, result.stdout):
            raise StepFailed(
                f"Not done, because this is not true now: {guard.says}. Seen: {seen(result)}",
                "Plan again to see what is true now.",
            )


def _take_away(place: Place, step: Step, report: Report, failed: StepFailed | FileChanged | NodeRefused) -> None:
    if not isinstance(failed, NotPutBack):
        failed.text = sentences(failed.text, take_away(place, step, report))


def take_away(place: Place, step: Step, report: Report) -> str:
    """Run what a step says for its failure; the sentence to be said when that failed, too."""
    if step.if_it_fails is None:
        return ""
    try:
        run(place, (step.if_it_fails,), replace(place.unit, step=place.unit.step + TAKE_AWAY), report)
    except (StepFailed, NodeError) as again:
        return f"This was to run then and failed, too: {step.if_it_fails}: {again.text}"
    return ""


def _probe(place: Place, probe: Probe, report: Report) -> str:
    if place.look is None:
        raise StepFailed("There is no place to look at the service from.")
    line = report.line("probe", f"NFS at {probe.service_ip} lists {', '.join(probe.exports) or 'its exports'}")
    began = place.time.now()
    while True:
        report.check()
        sight = place.look(probe.service_ip, tuple(opening.path for opening in probe.opens))
        took = place.time.now() - began
        found = list(judged(probe, sight.address, sight.opened)) if sight.answers else []
        said = "; ".join((str(sight), *(each.text for each in found)))
        if sight.proves(probe.exports, probe.gone, listed=probe.listed) and all(each.holds for each in found):
            report.done(line, Result(0, said, seconds=took))
            return " ".join(
                f"{text}." for text in (f"Seen from {sight.where}", *(_capital(each.text) for each in found))
            )
        if took >= probe.bound:
            report.done(line, Result(1, said, seconds=took))
            raise StepFailed(f"The service was not seen as wanted in {probe.bound} s. Seen last: {said}")
        place.time.sleep(1.0)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
