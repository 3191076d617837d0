"""The simulated pair behind the verbs of `transport.world`. Its state is a row, so that every worker sees the same machines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from django.conf import settings

from provisioning.observer import Seen
from provisioning.simulator import answers, commands, opening
from provisioning.simulator.physics import settle
from provisioning.simulator.state import Answer, Did, File, Machine, Pair, Ran
from provisioning.simulator.store import opened
from provisioning.steps import Command
from provisioning.transport.world import (
    ClaimRefused,
    FileChanged,
    HostKeyChanged,
    NodeAddress,
    NodeRefused,
    Result,
    Time,
    UnitKey,
    Unreachable,
)

COMMAND_SECONDS = (
    settings.SIMULATED_COMMAND_SECONDS
)  # what one changing command takes, so that a person can watch a job
JOURNAL = 1000  # changes a machine remembers


class RealTime:
    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


clock: Time = RealTime()  # scenarios put one here that jumps


class SimulatedWorld:
    """One per cluster and process; holds nothing but the cluster's key."""

    def __init__(self, cluster: int) -> None:
        self.cluster, self.time, self.pace = cluster, clock, COMMAND_SECONDS

    def now(self) -> float:
        return self.time.now()

    def read(self, node: NodeAddress, commands_: Sequence[Command]) -> list[Result]:
        with opened(self.cluster) as pair:
            machine = self._reach(pair, node)
            now = self.now()
            settle(pair, now)
            return [_result(commands.change(pair, machine, command.argv, now)) for command in commands_]

    def run(
        self,
        node: NodeAddress,
        commands_: Sequence[Command],
        unit: UnitKey,
        *,
        on_output: Callable[[int, str], None] | None = None,
    ) -> list[Result]:
        with opened(self.cluster) as pair:
            machine = self._reach(pair, node)
            _claim(machine, unit)
            done = [_stored(row) for row in machine.results.get(unit.name, [])]
        results: list[Result] = done[:]
        for index, command in list(enumerate(commands_))[len(done) :]:
            if results and results[-1].exit not in commands_[index - 1].exits:
                break
            self.time.sleep(self.pace)
            with opened(self.cluster) as pair:
                machine = self._reach(pair, node)
                _claim(machine, unit)  # a worker that slept between two commands finds another one at it
                exit_code, out, err = commands.change(pair, machine, command.argv, self.now())
                row = Ran(exit_code, out, err, self.pace)
                machine.results.setdefault(unit.name, []).append(row)
                _note(machine, unit, index, str(command), self.now())
            if on_output and (out or err):
                on_output(index, out + err)
            results.append(_stored(row))
        return results

    def opened(self, node: NodeAddress, service_ip: str, paths: Sequence[str], seen: Seen) -> Seen:
        """Open exports from a machine, which on real ones only the panel's worker does."""
        with opened(self.cluster) as pair:
            address = self._reach(pair, node).service.partition("/")[0]
            found = tuple((path, opening.opened(pair, service_ip, address, path)) for path in paths)
        return replace(seen, address=address, opened=found) if seen.answers else seen

    def runs(self, node: NodeAddress, units: Sequence[UnitKey]) -> bool:
        """Never: the commands of a simulated step run in the worker and end with it."""
        with opened(self.cluster) as pair:
            self._reach(pair, node)
        return False

    def put(
        self, node: NodeAddress, path: str, content: bytes, unit: UnitKey, *, mode: str, owner: str, before: str | None
    ) -> str | None:
        self.time.sleep(self.pace / 2)
        with opened(self.cluster) as pair:
            machine = self._reach(pair, node)
            _claim(machine, unit)
            if fault := pair.faults.get(f"{machine.name} put"):
                raise NodeRefused(node.name, f"cannot write {path}: {fault}")
            text = content.decode()
            old = machine.files.get(path)
            if old is not None and old.text == text:
                return None
            if (answers.digest(old.text) if old else None) != before:
                raise FileChanged(node.name, f"{path} is not what it was when the plan was made.")
            machine.files[path] = File(text, mode, owner, self.now())
            _note(machine, unit, 0, f"put {path} {mode} {owner}", self.now())
            if pair.faults.pop(f"{machine.name} cut-after-put", ""):
                machine.reachable = False
            if old is None:
                return None
            kept = f"/var/lib/storagepanel/kept/{unit.name}{path}"
            machine.files[kept] = old
            return kept

    def close(self) -> None:
        """Nothing is held open."""

    def _reach(self, pair: Pair, node: NodeAddress) -> Machine:
        machine = pair.machines.get(node.name)
        if machine is None or not machine.power or not machine.reachable:
            raise Unreachable(node.name, "No route to host (simulated: the machine is off or its cable is out).")
        if node.host_key != machine.host_key:
            raise HostKeyChanged(node.name, "It shows another host key than the pinned one; nothing was sent.")
        return machine


def _claim(machine: Machine, unit: UnitKey) -> None:
    order = unit.job * 10_000 + unit.claim  # a later job's first claim is newer than an earlier job's second
    if order < machine.claims.get(unit.cluster, 0):
        raise ClaimRefused(machine.name, f"A newer claim than {unit.claim} of job {unit.job} was seen.")
    machine.claims[unit.cluster] = order


def _note(machine: Machine, unit: UnitKey, index: int, command: str, now: float) -> None:
    machine.journal.append(Did(now, unit.name, unit.job, unit.claim, index, command))
    del machine.journal[:-JOURNAL]


def _result(answer: Answer) -> Result:
    return Result(*answer)


def _stored(row: Ran) -> Result:
    return Result(row.exit, row.stdout, row.stderr, row.seconds)
