"""What a plan is made of. Pure data: nothing here runs anything.

A `Plan` prints as a transcript, is stored as JSON with the job (`codec.py`), and its fingerprint says what was approved.
A `Step` is one unit of work on one node and is exactly one of: commands, files, a wait, or a probe by the observer.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

from clusters.findings import Finding
from clusters.states import Danger

OBSERVER = "observer"  # Step.node of a step that is done from the observer's place, not on a node
MASK = "••••"
NUMBER = re.compile(r"[0-9]{1,20}")


class Kind(StrEnum):
    READS = "reads"
    WRITES = "writes"
    DESTROYS = "destroys"
    WAITS = "waits"
    OBSERVES = "observes"


class Stage(IntEnum):
    """The order of work, so that plans need no puzzle. Steps are sorted by stage; within a stage the planner's order holds."""

    PACKAGES = 10  # packages installed, their services kept from starting
    CLOCK = 20  # chrony
    QUIET = 30  # services that must not start by themselves: out of the boot sequence
    HANDLERS = 40  # fence-peer, split-brain mark, their keys; tried before any disk is written
    BACKING = 50  # local VG and LV below DRBD
    RESOURCE = 60  # the .res file, create-md, up
    CONNECT = 70  # wait for the connection
    PROMOTE = 80  # first sync direction
    LVM = 90  # filter, pvcreate, vgcreate
    VOLUMES = 100  # lvcreate, mkfs
    MOUNTS = 110  # mount points on both nodes
    EXPORTS = 120  # exports, nfs settings on both nodes
    MANAGER = 130  # ha.cf, authkeys, haresources
    LIVE = 140  # on a running pair: mount, exportfs
    HANDOVER = 150  # umount, deactivate, demote, so that the manager finds nothing active
    START = 160  # drbd and the manager enabled and started
    SERVE = 170  # wait until the group serves
    PROVE = 180  # the observer looks from outside
    TIDY = 190


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Stands where a secret will be; `name` is the key in the sealed store of the cluster, e.g. "authkeys" or "drbd-shared-secret"."""

    name: str

    def __str__(self) -> str:
        return MASK


@dataclass(frozen=True, slots=True)
class Text:
    """File content or standard input: literal pieces and secrets. `str()` shows secrets as dots."""

    parts: tuple[str | SecretRef, ...] = ()

    @classmethod
    def of(cls, *parts: str | SecretRef) -> Text:
        return cls(tuple(parts))

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts)

    @property
    def secret_names(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if isinstance(part, SecretRef))


@dataclass(frozen=True, slots=True)
class Command:
    """One program with its arguments. Never a shell line; quoting happens once, in transport."""

    argv: tuple[str, ...]
    timeout: int = 60  # seconds
    exits: tuple[int, ...] = (0,)  # exit codes that mean success
    environment: tuple[tuple[str, str], ...] = ()  # set with env(1); LC_ALL=C is always set
    fallback: bool = (
        False  # for when the command before it failed; refused, and so without effect, when that one did its work
    )

    def __str__(self) -> str:
        return shlex.join((*(f"{key}={value}" for key, value in self.environment), *self.argv))


def cmd(*argv: str, timeout: int = 60, exits: tuple[int, ...] = (0,), **environment: str) -> Command:
    return Command(tuple(argv), timeout, exits, tuple(sorted(environment.items())))


@dataclass(frozen=True, slots=True)
class Expect:
    """A condition on a command's result. All given parts must hold; text is compared with runs of blanks made one and ends stripped."""

    exits: tuple[int, ...] = (0,)
    one_of: tuple[str, ...] = ()  # whole output equals one of these
    contains: tuple[str, ...] = ()  # each occurs in the output
    lacks: tuple[str, ...] = ()  # none occurs
    matches: str = ""  # a regular expression that fits somewhere, for columns in their order
    at_least: int | None = None  # the whole output is one number, this or a larger one
    times: tuple[tuple[str, int], ...] = ()  # each occurs exactly so many times

    def holds(self, exit_code: int | None, output: str) -> bool:
        text = " ".join(output.split())
        if exit_code not in self.exits:
            return False
        if self.one_of and text not in self.one_of:
            return False
        if self.at_least is not None and not (NUMBER.fullmatch(text) and int(text) >= self.at_least):
            return False
        padded = f" {text} "  # so that a part with a blank in front begins at a word
        if self.matches and not re.search(self.matches, padded):
            return False
        return (
            all(part in padded for part in self.contains)
            and not any(part in padded for part in self.lacks)
            and all(padded.count(part) == many for part, many in self.times)
        )


@dataclass(frozen=True, slots=True)
class Guard:
    """Read again on the node in the moment before a dangerous step; the step runs only when it holds."""

    says: str  # "vdb is still the empty disk with serial data-alpha"
    command: Command
    expect: Expect


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again until the condition holds, at most `bound` seconds. A failure tells what was seen last."""

    says: str
    command: Command
    expect: Expect
    bound: int  # seconds; 0: asked once
    every: float = 1.0  # seconds between two questions
    in_vain: str = ""  # what it means that it does not hold in time, and what to do then


@dataclass(frozen=True, slots=True)
class Opening:
    """An export that is opened from outside as well: its clients and their options tell who may. Without clients nobody may any more."""

    path: str
    fsid: int
    clients: tuple[tuple[str, tuple[str, ...]], ...] = ()
    within: tuple[int, ...] = ()  # fsids of exports it lies in: who may mount one of those reaches it as a part of that

    def __str__(self) -> str:
        if not self.clients:
            return f"{self.path} does not open any more"
        return f"{self.path} opens with fsid {self.fsid} if the place that looks is a client of it"


@dataclass(frozen=True, slots=True)
class Probe:
    """What the observer must see through the service IP."""

    service_ip: str
    exports: tuple[str, ...]  # paths that must be listed
    bound: int = 60
    gone: tuple[str, ...] = ()  # paths that must not be listed any more
    listed: bool = (
        True  # whether the server surely tells its list: the part of it that does may be off when version 3 is
    )
    opens: tuple[Opening, ...] = ()  # of all exports the few that the plan touches
    network: str = ""  # the service IP's own: addresses in it are the ones the server sees


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A whole file. Written aside, synced, renamed; the previous content is kept on the node and with the job."""

    path: str
    content: Text
    mode: str = "0644"
    owner: str = "root:root"
    before: str | None = None  # SHA-256 (hex) of what stood there at plan time, None when there was no file
    before_text: str | None = None  # for the diff; None when absent or secret


@dataclass(frozen=True, slots=True)
class Step:
    node: str  # node name, or OBSERVER
    title: str  # "Make the mount point"
    kind: Kind
    stage: Stage
    commands: tuple[Command, ...] = ()
    files: tuple[WriteFile, ...] = ()
    load: Command | None = None  # with files: makes the node take them; if it refuses, the previous files are put back
    both: bool = (
        False  # when it fails, what earlier steps wrote to the same paths on the other node is put back there, too
    )
    way_back: tuple[Command, ...] = ()  # with load: run once the previous files are back, in the place of load
    if_it_fails: Command | None = (
        None  # takes away what was there only for this step, or ends what it was done in, once its files are back
    )
    wait: Wait | None = None
    probe: Probe | None = None
    guards: tuple[Guard, ...] = ()
    assumes: tuple[str, ...] = ()  # facts a destructive step was approved on; part of the fingerprint
    note: str = ""  # why, or the way back
    unchanged: str = ""  # when already true: the sentence that says so; the step does not run

    @property
    def runs(self) -> bool:
        return not self.unchanged

    def digest(self) -> str:
        """Identify what would be done, by canonical content. Two plans agree on a step exactly when the digests are equal."""
        body: dict[str, object] = {
            "node": self.node,
            "kind": self.kind,
            "commands": [[command.argv, command.environment, command.exits] for command in self.commands],
            "files": [[f.path, _digest(repr(f.content.parts)), f.mode, f.owner, f.before] for f in self.files],
            "load": self.load.argv if self.load else None,
            "wait": [self.wait.command.argv, repr(self.wait.expect)] if self.wait else None,
            "probe": [self.probe.service_ip, self.probe.exports, self.probe.gone] if self.probe else None,
            "guards": [[guard.command.argv, repr(guard.expect)] for guard in self.guards],
            "assumes": self.assumes,
        }
        if self.probe and self.probe.opens:
            body["opens"] = [[o.path, o.fsid, o.clients] for o in self.probe.opens]
        if self.if_it_fails:
            body["if it fails"] = self.if_it_fails.argv
        if self.way_back:
            body["way back"] = repr([command.argv for command in self.way_back])
        return _digest(json.dumps(body, sort_keys=True))


@dataclass(frozen=True, slots=True)
class FeltClient:
    """One client that will feel it, or may. Numbers are None where NFS does not tell them (version 3)."""

    address: str
    version: str = ""  # of NFS; "" when not known
    opens: int | None = None
    locks: int | None = None
    note: str = ""  # what is not sure about it


@dataclass(frozen=True, slots=True)
class Impact:
    """Who will feel it. `plans.parts.felt` fills it from what was read."""

    interrupted: str = "nobody"
    pause: str = "none"
    takes: str = ""
    notes: tuple[str, ...] = ()
    clients: tuple[FeltClient, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    title: str  # "Create volume web_files"
    summary: str  # one or two plain sentences
    now: str  # what is true on the nodes, one paragraph
    after: str  # what will be true
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...] = ()
    danger: Danger = Danger.NONE
    button: str = ""  # verb with its object: "Create web_files and export it"
    typed_name: str = ""  # what must be typed when danger is DESTROYS
    impact: Impact = field(default_factory=Impact)
    idle: bool = False  # a change that is none: nothing would run and nothing be written down, so nothing is approved

    def todo(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.runs)

    def fingerprint(self) -> str:
        return _digest("\n".join(step.digest() for step in self.todo()))


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Sort by stage, keeping the given order within one."""
    return tuple(sorted(steps, key=lambda step: step.stage))


def unchanged(step: Step, sentence: str) -> Step:
    """Mark a step as already true: it stays visible in the plan and does not run."""
    return replace(step, unchanged=sentence)


def transcript(plan: Plan) -> str:
    """Print a plan as a person would read it aloud: `alice$ command`, files with their size, waits with their condition."""
    lines: list[str] = []
    for number, step in enumerate(plan.steps, start=1):
        head = f"{number}. {step.node}: {step.title} [{step.kind}]"
        lines.append(head if step.runs else f"{head} unchanged: {step.unchanged}")
        if not step.runs:
            continue
        lines += [f"   ? {guard.says}: {guard.command}" for guard in step.guards]
        lines += [f"   $ {'if that fails: ' * command.fallback}{command}" for command in step.commands]
        if step.if_it_fails:
            lines.append(f"   $ if that fails: {step.if_it_fails}")
        for file in step.files:
            lines.append(f"   > {file.path} {file.mode} {file.owner}")
            lines += [f"   | {line}" for line in str(file.content).splitlines()]
        if step.load:
            lines.append(f"   $ {step.load}")
        lines += [f"   $ if that fails: {command}" for command in step.way_back]
        if step.wait:
            within = f"at most {step.wait.bound} s" if step.wait.bound else "looked at once"
            lines.append(f"   ~ {step.wait.says} ({within}): {step.wait.command}")
        if step.probe:
            gone = f", not {', '.join(step.probe.gone)}" if step.probe.gone else ""
            told = f" and lists {', '.join(step.probe.exports) or 'nothing'}{gone}"
            lines.append(f"   @ {step.probe.service_ip} answers{told}")
            lines += [f"   @ {opening}" for opening in step.probe.opens]
    return "\n".join(lines) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
