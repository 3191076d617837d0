"""Where a step runs, where its lines go, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from provisioning.masking import Mask
from provisioning.observer import Seen
from provisioning.transport.world import NodeAddress, Result, Time, UnitKey, World

WAY_BACK = 10_000  # added to a step's number: putting files back is a unit of its own
TAKE_AWAY = 15_000  # and so is what runs when a step fails
Look = Callable[[str, tuple[str, ...]], Seen]  # service IP, paths to open → what is seen of it
ResolveSecret = Callable[[str], bytes]


class StepFailed(Exception):
    """The step did not do what it should; the text says what was seen."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class NotPutBack(StepFailed):
    """What stands on the node now is not what stood there before."""


class NoAnswer(StepFailed):
    """The node was silent when the time was up."""


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


def sentences(first: str, more: str) -> str:
    """Put a sentence behind what a program printed, which has no full stop of its own."""
    first, more = first.rstrip(), more.strip()
    return f"{first}{'' if first.endswith('.') else '.'} {more}" if more else first


def seen(result: Result) -> str:
    """One line for people: what a command answered."""
    said = " ".join(f"{result.stdout} {result.stderr}".split())
    ended = "no end was seen" if result.exit is None else f"exit {result.exit}"
    return f"{ended}: {said[-300:]}" if said else ended
