"""A world in memory at the level of transport, and a report that keeps what it is told."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from provisioning.steps import Command
from provisioning.transport.world import FileChanged, NodeAddress, NodeError, Result, UnitKey

ALICE = NodeAddress("alice", "10.10.0.11", 22, "root", "ssh-ed25519 AAAA")
BOB = NodeAddress("bob", "10.10.0.12", 22, "root", "ssh-ed25519 AAAA")
OK = Result(0, "")
Answer = Callable[[str, str], Result]  # node name, command line


@dataclass
class FakeWorld:
    """Runs a unit once and reads it back afterwards, as the real one does. `answers` maps a command line to what it gives, in turn."""

    answers: dict[str, list[Result | NodeError]] = field(default_factory=lambda: defaultdict(list))
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)  # "alice$ mkfs": what changed something
    asked: list[str] = field(default_factory=list)
    running: list[bool | NodeError] = field(
        default_factory=list
    )  # what is answered when somebody asks for a step left behind
    units: dict[str, tuple[UnitKey, list[Result]]] = field(default_factory=dict)
    claims: list[tuple[int, int]] = field(default_factory=list)
    before_run: Callable[[UnitKey], None] = lambda unit: None
    after_run: Callable[[UnitKey], None] = lambda unit: None
    locks: dict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock)
    )  # by node, as links are

    def answer(self, command: Command) -> Result:
        line = str(command)
        queued = self.answers.get(line) or [OK]
        given = queued.pop(0) if len(queued) > 1 else queued[0]
        if isinstance(given, NodeError):
            raise given
        return given

    def read(self, node: NodeAddress, commands: Sequence[Command]) -> list[Result]:
        self.asked += [f"{node.name}? {command}" for command in commands]
        return [self.answer(command) for command in commands]

    def run(
        self,
        node: NodeAddress,
        commands: Sequence[Command],
        unit: UnitKey,
        *,
        on_output: Callable[[int, str], None] | None = None,
    ) -> list[Result]:
        with self.locks[node.name]:
            self.claims.append((unit.job, unit.claim))
            self.before_run(unit)
            key = f"{node.name} {replace(unit, claim=0)}"
            if key not in self.units:
                self.units[key] = (unit, self._run(node, commands, on_output))
            self.after_run(unit)
            return list(self.units[key][1])

    def _run(
        self, node: NodeAddress, commands: Sequence[Command], on_output: Callable[[int, str], None] | None
    ) -> list[Result]:
        results: list[Result] = []
        for index, command in enumerate(commands):
            self.executed.append(f"{node.name}$ {command}")
            if command.argv[:2] == ("rm", "--force"):
                self.files.pop((node.name, command.argv[-1]), None)
            results.append(self.answer(command))
            if on_output and results[-1].stdout:
                on_output(index, results[-1].stdout)
            if results[-1].exit not in command.exits:
                break
        return results

    def runs(self, node: NodeAddress, units: Sequence[UnitKey]) -> bool:
        self.asked.append(f"{node.name} still at {', '.join(f'{unit.job}.{unit.step}' for unit in units)}?")
        given = self.running.pop(0) if self.running else False
        if isinstance(given, NodeError):
            raise given
        return given

    def put(
        self, node: NodeAddress, path: str, content: bytes, unit: UnitKey, *, mode: str, owner: str, before: str | None
    ) -> str | None:
        there = self.files.get((node.name, path))
        if there == content:
            return None
        if (hashlib.sha256(there).hexdigest() if there is not None else None) != before:
            raise FileChanged(node.name, f"{path} is not what it was")
        self.executed.append(f"{node.name}> {path} {mode}")
        self.files[node.name, path] = content
        return f"/kept{path}" if there is not None else None

    def close(self) -> None: ...


@dataclass
class FakeTime:
    """A clock that moves only when somebody sleeps."""

    at: float = 1000.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Lines:
    """What a report was told: kind, command, exit, output."""

    lines: list[list[object]] = field(default_factory=list)
    lost_after: int | None = None

    def line(self, kind: str, command: str) -> int:
        self.lines.append([kind, command, "open", ""])
        return len(self.lines) - 1

    def told(self, position: int, text: str) -> None:
        self.lines[position][3] = str(self.lines[position][3]) + text

    def done(self, position: int, result: Result, *, kept: str | None = None, previous: str | None = None) -> None:
        self.lines[position][2] = result.exit

    def check(self) -> None: ...

    @property
    def short(self) -> list[tuple[object, ...]]:
        return [tuple(line[:3]) for line in self.lines]
