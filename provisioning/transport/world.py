"""The outside world as five verbs, and a clock. Implemented by `ssh.py` for real nodes and by `simulator` for simulated ones.

read   several readings in one round trip; never changes anything
run    a step's commands in a transient unit on the node; the step's key is the idempotency key
runs   whether a step that was left behind still runs there
put    one whole file, written aside and renamed, the previous content kept
close  let go of the connections
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from provisioning.steps import Command

OUTPUT_CAP = 256 * 1024  # characters kept of one command's output: head and tail
READ_CAP = (
    2 * 1024 * 1024
)  # of a reading's: a thousand exports for two clients each are half a megabyte in exportfs' table


@dataclass(frozen=True, slots=True)
class Result:
    """`exit` is None when the command's end was not seen (time-out, lost connection, reboot)."""

    exit: int | None
    stdout: str
    stderr: str = ""
    seconds: float = 0.0
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class UnitKey:
    """Names one step of one job on a node. A node refuses a job and claim lower than the last ones it saw for this cluster."""

    cluster: str
    job: int
    step: int  # number in the approved plan
    claim: int
    attempt: str = ""  # boot id the step was planned on, so that a reboot gives a new unit

    @property
    def name(self) -> str:
        return f"storagepanel-j{self.job}-s{self.step}"


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where and how to reach a node. `host_key` is the pinned public key line ("ssh-ed25519 AAAA..."); without it nothing is sent."""

    name: str
    host: str
    port: int
    user: str
    host_key: str


class NodeError(Exception):
    """The world said no. `permanent`: trying again will not help. `hint`: what a person can do."""

    permanent = False
    hint = ""
    sent = False  # what was asked for may have happened all the same: the answer was lost

    def __init__(self, node: str, text: str) -> None:
        super().__init__(f"{node}: {text}")
        self.node = node
        self.text = text


class Unreachable(NodeError):
    hint = "Check that the node is on and that its SSH address and port are right."


class EndNotSeen(Unreachable):
    """The connection broke in the middle of a step: the node may still be at it."""

    hint = "Plan again when the node answers: what the step has done will be seen."


class HostKeyChanged(NodeError):
    """Another key than the pinned one: nothing was sent."""

    permanent = True
    hint = "Find out why the key changed before you trust it again, on its card on the cluster's page: it may be another machine."


class HostKeyMissing(NodeError):
    """No key is pinned yet: nothing was sent."""

    permanent = True
    hint = "Confirm the node's host key first."


class LoginRefused(NodeError):
    permanent = True
    hint = "Install the panel's public key for this user on the node."


class SudoRefused(NodeError):
    permanent = True
    hint = "Let the user run everything with sudo and without a password (NOPASSWD), or use root."


class ClaimRefused(NodeError):
    """The node has seen a newer claim: another worker has this job."""

    permanent = True


class NodeRestarted(NodeError):
    """The node booted after the step was planned: what it was planned on may not be true any more."""

    hint = "Plan again to see what is left."


class NodeRefused(NodeError):
    """The node is there and could not do it: no room, read-only file system, no such user, a lock that is held."""

    hint = "Mend that on the node, then plan again."


class FileChanged(NodeError):
    """The file is not what it was when the plan was made."""

    permanent = True
    hint = "Somebody changed the file by hand. Plan again to see the difference."


class World(Protocol):
    def read(self, node: NodeAddress, commands: Sequence[Command]) -> list[Result]: ...

    def run(
        self,
        node: NodeAddress,
        commands: Sequence[Command],
        unit: UnitKey,
        *,
        on_output: Callable[[int, str], None] | None = None,
    ) -> list[Result]:
        """Run the commands in order, stopping after the first whose exit is not in its `exits`; results of those that ran.

        Called again with the same unit it reads back what happened instead of running anything twice.
        `on_output(index, text)` is told new output of command `index` while it runs.
        """
        ...

    def runs(self, node: NodeAddress, units: Sequence[UnitKey]) -> bool:
        """Whether one of these steps of one job was begun on the node since it booted, has not ended and lives."""
        ...

    def put(
        self, node: NodeAddress, path: str, content: bytes, unit: UnitKey, *, mode: str, owner: str, before: str | None
    ) -> str | None:
        """Write a whole file; `before` is the SHA-256 that must stand there now (None: no file), else FileChanged.

        Already holding `content` is success. Returns the path of the kept previous content on the node, or None.
        """
        ...

    def close(self) -> None: ...


class Time(Protocol):
    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...
