"""What a lost worker may have left running: a node finishes what was started, whoever started it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.lease import Lease
from provisioning.place import TAKE_AWAY, WAY_BACK
from provisioning.steps import Plan, Step
from provisioning.transport.world import NodeAddress, NodeError, Time, UnitKey, World

LATER = 20_000  # per command that is done: the rest of a begun step is a unit of its own, whose results are its own commands'
UNHEARD = 30  # seconds a node may not answer when it is asked for the step that was left


def number_of(number: int, step: Step, approved: Plan) -> int:
    """Give the unit's number of a step, or of what is left of it when an earlier worker had run some of its commands."""
    had_run = len(approved.steps[number - 1].commands) - len(step.commands)
    return number + LATER * max(0, had_run)


def numbers_of(number: int, step: Step) -> list[int]:
    """Give the numbers of every unit that carrying out an approved step may have begun."""
    numbers = [number + LATER * had_run for had_run in range(max(1, len(step.commands)))]
    numbers += [number + WAY_BACK] if step.load else []
    return numbers + ([number + TAKE_AWAY] if step.if_it_fails else [])


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Units of one step that may still run on a node."""

    node: NodeAddress
    step: Step
    units: Sequence[UnitKey]

    def await_end(self, world: World, time: Time, lease: Lease) -> None:
        """Planning on a half-done step would mislead, so wait for it: as long as its commands may take, and while the node answers."""
        heard = time.now()
        commands = (*self.step.commands, self.step.load, *self.step.way_back, self.step.if_it_fails)
        give_up = heard + sum(command.timeout for command in commands if command) + 60
        while time.now() < give_up:
            lease.check()
            try:
                if not world.runs(self.node, self.units):
                    return
                heard = time.now()
            except NodeError as error:  # no answer is no "no": the step may be at it all the same
                if error.permanent or time.now() - heard > UNHEARD:
                    return  # reading the nodes comes next and says why
            time.sleep(1)
