"""The exports of a volume that gets another mount point: tried, written, taken and proven by the parts that publishing uses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from provisioning.checks.served import served
from provisioning.desired import DesiredExport
from provisioning.observed import NodeObserved
from provisioning.plans.parts import exporting, naming, places, serving
from provisioning.plans.parts.writing import stands, write
from provisioning.render import nfs
from provisioning.render.managed import ManagedFile
from provisioning.steps import Kind, Stage, Step, Wait, cmd, unchanged


@dataclass(frozen=True, slots=True)
class Moved:
    change: nfs.Change
    exports: tuple[DesiredExport, ...]  # those that move, as they will be
    was: str  # mount point
    now: str
    observed: Mapping[str, NodeObserved]
    order: tuple[str, str]  # the node that serves last

    @property
    def active(self) -> str:
        return self.order[-1]

    @property
    def node(self) -> NodeObserved:
        return self.observed[self.active]

    @property
    def live(self) -> bool:
        return all(served(self.change.after, self.node, export.path) for export in self.exports)

    @property
    def stand(self) -> bool:
        files = {name: self.file(name) for name in self.order}
        return all(stands(file, self.observed[name].file(file.path), False) for name, file in files.items())

    def text(self, name: str) -> str | None:
        return exporting.text_of(self.observed[name])

    def file(self, name: str) -> ManagedFile:
        return self.change.among(self.text(name))

    def tried(self) -> Iterator[Step]:
        """Before anything has another name or another place: what the lines name is at the new place in the trial only."""
        if self.exports:
            moved = (self.was, self.now) if self.node.mount(self.was) else ()
            step = exporting.trial(self.change, self.active, self.text(self.active), self.exports, moved)
            tried = {client.client for export in self.exports for client in export.clients}
            for each in (*naming.asked(self.active, naming.names(self.change.after) - tried), step):
                yield unchanged(each, "they are served there already") if self.live and self.stand else each

    def written(self, node: NodeObserved, group: ManagedFile) -> Iterator[Step]:
        """The exports and the service group in one step: a failover needs both to name the same place, and what is refused goes back together."""
        files = [self.file(node.node), group]
        if node.node != self.active:
            title, note = "Write the moved exports and the service group", "The standby node first."
            yield write(node, files, title=title, stage=Stage.EXPORTS, note=note)
            return
        note = (
            "With the fsid they had, so that what clients have open stays open. If the node refuses them or its table is not as wanted then, "
            "the previous files are put back, on both nodes."
        )
        title = "Move the exports and write the service group"
        step = write(node, files, title=title, stage=Stage.EXPORTS, load=serving.take(), both=True, note=note)
        away = places.let_the_second_go(self.node, self.was, self.now)
        yield replace(step, wait=self._there(), if_it_fails=away) if step.runs else step
        if not step.runs and not self.live:
            yield serving.taken(node.node)

    def proof(self) -> Iterator[Step]:
        if not self.exports:
            return
        see = Step(self.active, "See the moved exports", Kind.WAITS, Stage.SERVE, wait=self._there())
        stand = [exporting.stands(self.file(name), name) for name in self.order]
        done = self.live and self.stand and self.node.mount(self.was) is None
        for step in (*stand, see):
            yield unchanged(step, "they are active there") if done else step

    def _there(self) -> Wait:
        """Each client of each moved export with its options, and no row of the old place."""
        after = set(self.change.after.exports)
        old = [f" {export.path} " for export in self.change.before.exports if export not in after]
        return Wait(
            "the exports are active at the new place, to their clients and with their options",
            cmd("exportfs", "-v"),
            exporting.table(self.change.after, self.exports, lacks=old),
            bound=10,
        )
