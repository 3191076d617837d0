"""What is written on both nodes, the standby node first, is two halves of one change: neither stays without the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clusters.models import Cluster
from provisioning.lease import Lease
from provisioning.models import JobStep
from provisioning.place import Place, StepFailed
from provisioning.putting import take_back
from provisioning.recording import BEGUN, SETTLED, StepRecord
from provisioning.resuming import Numbered
from provisioning.steps import Step, cmd
from provisioning.transport.world import NodeError

Status = JobStep.Status


@dataclass(frozen=True, slots=True)
class Halves:
    steps: Sequence[Numbered]  # those that the approved plan runs
    rows: Mapping[int, JobStep]
    place: Callable[[int, Step], Place]
    lease: Lease
    cluster: Cluster

    def others(self, number: int, step: Step) -> Iterator[Numbered]:
        """Give what this job wrote on the other node to the paths of a step that is for both, or was writing when its worker was lost."""
        paths = {file.path for file in step.files} if step.both else set()
        for earlier, was in reversed(self.steps):
            theirs = {file.path for file in was.files}
            begun = self.rows[earlier].status in BEGUN
            if earlier < number and was.node != step.node and paths & theirs and begun:
                paths -= theirs  # what an even earlier step made of them stays
                yield earlier, was

    def open(self) -> Numbered | None:
        """Give the step that is still to write what the other node has. The approved one, whole: what a lost worker left of it may have no file."""
        for number, step in self.steps:
            ended = self.rows[number].status in SETTLED
            if not ended and any(self.others(number, step)):
                return number, step
        return None

    def back(self, at: int | None = None, *, reached: bool = True) -> str:
        """The job ends, and what a step was to write is not on its node: so it does not stay on the other one either, where a failover would take
        it. `at`: the step that failed; `reached`: whether its node answered."""
        half = self.open()
        if half is None:
            return ""
        if half[0] != at and self.rows[half[0]].status != Status.WAITING:
            return self.left()  # a lost worker may have written it: then both have it
        halves = list(self.others(*half))
        stays = self._stays(halves[0], half[1], reached)
        return stays or "".join(self._back(number, was, half[1].node) for number, was in halves)

    def left(self) -> str:
        """Say what stays on one node, for a job that ends without knowing what the other one has."""
        half = self.open()
        if half is None:
            return ""
        node = half[1].node
        return f" What was written on {next(self.others(*half))[1].node} stays there, and {node} may not have it: look whether their files differ."

    def _back(self, number: int, was: Step, lacking: str) -> str:
        row = self.rows[number]
        kept = {line.command: line.kept for line in row.commands.filter(kind="put").exclude(kept="")}
        record = StepRecord.more(row, self.lease)
        try:
            take_back(self.place(number, was), was, kept, record)
        except (StepFailed, NodeError) as problem:
            return f" On {was.node} it could not be put back, so the nodes' files differ: {problem}"
        record.end(Status.DONE, f"Put back to what it was, because {lacking} does not have it.")
        return f" On {was.node} it was put back."

    def _stays(self, other: Numbered, step: Step, reached: bool) -> str:
        """Who serves may have read its files already. With a way back the step names what is only there once its load ran: until then
        the other node could start nothing with its half, whatever it is about to do."""
        if step.way_back:
            return ""
        place = self.place(*other)
        try:
            [result] = place.world.read(place.node, [cmd("drbdadm", "role", self.cluster.resource.name)])
        except NodeError as silent:
            return f" What was written on {place.node.name} stays there: {silent}"
        role = result.stdout.strip()
        if role.startswith("Primary"):
            return f" What was written on {place.node.name} stays there: it serves, or is about to."
        if role == "Secondary/Primary" or (reached and role):
            return ""
        return f" What was written on {place.node.name} stays there: it may be taking over."
