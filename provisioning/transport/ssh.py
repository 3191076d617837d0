"""The world of real nodes. One kept connection per node with one open channel; a batch of readings is one round trip.

Nothing is installed on a node: `node/serve.pl` is sent over the channel and lives as long as it. Mutating commands run
in a transient systemd unit that outlives the channel; its directory under /var/lib/storagepanel/jobs is read back afterwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from paramiko import PKey

from provisioning.steps import Command
from provisioning.transport import frames
from provisioning.transport.link import Link, LinkLost, connect
from provisioning.transport.world import (
    ClaimRefused,
    EndNotSeen,
    FileChanged,
    HostKeyChanged,
    LoginRefused,
    NodeAddress,
    NodeError,
    NodeRefused,
    NodeRestarted,
    Result,
    SudoRefused,
    UnitKey,
    Unreachable,
)

STATE_DIR = "/var/lib/storagepanel"
LAUNCHER = ("systemd-run", "--quiet", "--collect", "--no-ask-password", "--service-type=exec")
LINGER = 60  # seconds a unit waits for the job's next step on its node
_ERRORS: dict[bytes, type[NodeError]] = {
    b"claim": ClaimRefused,
    b"changed": FileChanged,
    b"rebooted": NodeRestarted,
    b"refused": NodeRefused,
    b"unseen": EndNotSeen,
    b"other": NodeRefused,
}
OnOutput = Callable[[int, str], None]
Fields = Sequence[frames.Field]
Take = Callable[[list[bytes]], None]


@dataclass
class _Line:
    """The kept link to a node and the lock that makes its use one at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    link: Link | None = None


class SshWorld:
    """`launcher` and `state_dir` are what the nodes have; tests without systemd give their own. `linger` is in seconds."""

    side_by_side = True  # two nodes can work at the same time, each on its own link

    def __init__(
        self,
        key: PKey,
        *,
        state_dir: str = STATE_DIR,
        launcher: Sequence[str] = LAUNCHER,
        reattach_for: float = 60.0,
        linger: int = LINGER,
    ) -> None:
        self._key = key
        self._state_dir = state_dir
        self._launcher = tuple(launcher)
        self._reattach_for = reattach_for
        self._linger = linger
        self._lines: dict[NodeAddress, _Line] = {}
        self._lines_lock = threading.Lock()

    def read(self, node: NodeAddress, commands: Sequence[Command]) -> list[Result]:
        fields: Fields = ("read", frames.HALF_READ, *(frames.command(command) for command in commands))
        results: dict[int, Result] = {}

        def take(answer: list[bytes]) -> None:
            if answer[0] == b"result":
                results[int(answer[1])] = frames.result(answer[2:])

        self._ask_kept_or_fresh(node, fields, take)
        nothing = Result(None, "", "no answer")
        return [results.get(index, nothing) for index in range(len(commands))]

    def runs(self, node: NodeAddress, units: Sequence[UnitKey]) -> bool:
        running: list[bytes] = []
        steps = (f"j{unit.job}-s{unit.step}" for unit in units)
        self._ask_kept_or_fresh(node, ("runs", self._state_dir, units[0].cluster, *steps), running.extend)
        return running[-1:] == [b"1"]  # of two answers, when the first one broke off, the last

    def run(
        self, node: NodeAddress, commands: Sequence[Command], unit: UnitKey, *, on_output: OnOutput | None = None
    ) -> list[Result]:
        following = _Following(on_output)
        give_up = time.monotonic() + self._reattach_for
        with self._line(node) as line:
            line.link = line.link or connect(node, self._key)
            while True:
                began = time.monotonic()
                try:
                    self._ask(line, node, self._run_fields(commands, unit, following.cursor), following.take)
                    return following.results
                except (LinkLost, Unreachable, LoginRefused, SudoRefused, HostKeyChanged) as error:
                    # The unit goes on without us: come back to it, for a while counted from when it was last heard.
                    if following.heard_after(began):
                        give_up = time.monotonic() + self._reattach_for
                    # Logins are refused while a node boots; another host key will not go away, and nothing is sent to it.
                    if time.monotonic() > give_up or isinstance(error, HostKeyChanged):
                        text = "the connection broke in the middle of the step and did not come back"
                        raise EndNotSeen(node.name, f"{text}: {error}") from error
                    time.sleep(2)

    def put(
        self, node: NodeAddress, path: str, content: bytes, unit: UnitKey, *, mode: str, owner: str, before: str | None
    ) -> str | None:
        user, _, group = owner.partition(":")
        fields = ("put", *self._unit_fields(unit), path, content, mode, user, group or user, before or "")
        kept: list[str] = []

        def take(answer: list[bytes]) -> None:
            if answer[0] == b"put":
                kept.append(frames.text(answer[1]))

        with self._line(node) as line:
            try:
                self._ask(line, node, fields, take)
            except LinkLost:  # asking again is safe: content that is there already is success
                try:
                    self._ask_or_unreachable(line, node, fields, take)
                except NodeError as silent:
                    silent.sent = True
                    raise
        return (kept[-1] or None) if kept else None

    def close(self) -> None:
        with self._lines_lock:
            lines, self._lines = list(self._lines.values()), {}
        for line in lines:
            if line.link:
                line.link.close()

    @contextmanager
    def _line(self, node: NodeAddress) -> Iterator[_Line]:
        with self._lines_lock:
            line = self._lines.setdefault(node, _Line())
        with line.lock:
            yield line

    def _ask_kept_or_fresh(self, node: NodeAddress, fields: Fields, take: Take) -> None:
        with self._line(node) as line:
            kept = line.link is not None
            try:
                self._ask(line, node, fields, take)
            except LinkLost as error:
                # A kept channel may have died since it was used last; a fresh one that dies is not asked again.
                if not kept or "sign of life" in str(error):
                    raise Unreachable(node.name, str(error)) from error
                self._ask_or_unreachable(line, node, fields, take)

    def _ask_or_unreachable(self, line: _Line, node: NodeAddress, fields: Fields, take: Take) -> None:
        try:
            self._ask(line, node, fields, take)
        except LinkLost as error:
            raise Unreachable(node.name, str(error)) from error

    def _ask(self, line: _Line, node: NodeAddress, fields: Fields, take: Take) -> None:
        """Send one message and hand over the frames of its answer. A link that failed in any way is not used again."""
        if line.link is None:
            line.link = connect(node, self._key)
        whole = False
        try:
            line.link.send(*fields)
            while (answer := line.link.frame())[0] != b"done":
                if answer[0] == b"error":
                    whole = True
                    raise _error(node, answer)
                take(answer)
            whole = True
        except (frames.Garbled, IndexError, ValueError) as error:
            raise LinkLost("the answer makes no sense") from error
        finally:
            if not whole:
                line.link.close()
                line.link = None

    def _unit_fields(self, unit: UnitKey) -> tuple[str | int, ...]:
        return (self._state_dir, unit.cluster, unit.job, unit.step, unit.claim)

    def _run_fields(self, commands: Sequence[Command], unit: UnitKey, cursor: tuple[int, int, int]) -> Fields:
        launcher = (*self._launcher, f"--unit={unit.name}")
        packed = (frames.command(command) for command in commands)
        return (
            "run", *self._unit_fields(unit), unit.attempt, frames.HALF, self._linger, frames.STEP,
            frames.pack(*launcher), frames.pack(*cursor), *packed,
        )  # fmt: skip


class _Following:
    """What was heard of a running unit, across reconnections: results, and how far the live output was passed on."""

    def __init__(self, on_output: OnOutput | None) -> None:
        self.results: list[Result] = []
        self._on_output = on_output
        self._index = 0
        self._decoders = (frames.Decoder(), frames.Decoder())
        self._heard = 0.0

    @property
    def cursor(self) -> tuple[int, int, int]:
        return self._index, self._decoders[0].received, self._decoders[1].received

    def heard_after(self, moment: float) -> bool:
        return self._heard > moment

    def take(self, answer: list[bytes]) -> None:
        self._heard = time.monotonic()
        if answer[0] == b"result":
            if int(answer[1]) == 0:
                self.results.clear()
            self.results.append(frames.result(answer[2:]))
        elif answer[0] == b"live":
            self._live(int(answer[1]), int(answer[2]), answer[3])

    def _live(self, index: int, stream: int, data: bytes) -> None:
        if index != self._index:
            self._index, self._decoders = index, (frames.Decoder(), frames.Decoder())
        text = self._decoders[stream].feed(data)
        if self._on_output and text:
            self._on_output(index, text)


def _error(node: NodeAddress, answer: list[bytes]) -> NodeError:
    return _ERRORS.get(answer[1], NodeRefused)(node.name, frames.text(answer[2]).strip())
