"""What is written on both nodes, the standby node first, is two halves of one change: neither stays without the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clusters.models import Cluster
from provisioning.lease import Lease
from provisioning.models import JobStep
from provisioning.place import Place, StepFailed
from provisioning.putting import take_back
from provisioning.recording import StepRecord
from provisioning.resuming import Numbered
from provisioning.steps import Step, cmd
from provisioning.transport.world import NodeError

DONE = JobStep.Status.DONE


@dataclass(frozen=True, slots=True)
class Halves:
    steps: Sequence[Numbered]  # those that the approved plan runs
    rows: Mapping[int, JobStep]
    place: Callable[[int, Step], Place]
    lease: Lease
    cluster: Cluster

    def others(self, number: int, step: Step) -> Iterator[Numbered]:
        """Give what this job wrote on the other node to the paths of a step that is for both."""
        paths = {file.path for file in step.files} if step.both else set()
        for earlier, was in reversed(self.steps):
            theirs = {file.path for file in was.files}
            done = self.rows[earlier].status == DONE
            if earlier < number and was.node != step.node and paths & theirs and done:
                paths -= theirs  # what an even earlier step made of them stays
                yield earlier, was

    def back(self, number: int, step: Step) -> str:
        """What this step was to write is not on its node, so it does not stay on the other one either, where a failover would take it."""
        told = ""
        for earlier, was in self.others(number, step):
            row = self.rows[earlier]
            kept = {line.command: line.kept or None for line in row.commands.filter(kind="put")}
            record = StepRecord.more(row, self.lease)
            try:
                take_back(self.place(earlier, was), was, kept, record)
            except (StepFailed, NodeError) as problem:
                told += f" On {was.node} it could not be put back, so the nodes' files differ: {problem}"
            else:
                record.end(DONE, f"Put back to what it was, because {step.node} does not have it.")
                told += f" On {was.node} it was put back."
        return told

    def back_unless_it_takes_over(self, number: int, step: Step) -> str:
        """Only while it sees the other one Primary: else it may have read its files already and be starting what they say."""
        half = next(self.others(number, step), None)
        if half is None:
            return ""
        place = self.place(*half)
        try:
            [role] = place.world.read(place.node, [cmd("drbdadm", "role", self.cluster.resource.name)])
        except NodeError as silent:
            return f"What was written on {place.node.name} stays there: {silent}"
        if role.stdout.strip() != "Secondary/Primary":
            return f"What was written on {place.node.name} stays there: it may be taking over."
        return self.back(number, step)
