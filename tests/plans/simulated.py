"""Plans carried out on simulated machines, without database, worker or transport: what a step does, and what a reading sees afterwards."""

from __future__ import annotations

from dataclasses import replace

from provisioning.desired import DesiredCluster
from provisioning.facts import Asked, Wanted, assemble, full_readings
from provisioning.intents import ProvisionCluster
from provisioning.observed import NodeObserved
from provisioning.plans import provision
from provisioning.render.paths import EXPORTS, PACKAGES, read_files, secret_files
from provisioning.simulator.commands import change
from provisioning.simulator.make import bare_pair
from provisioning.simulator.state import File, Pair
from provisioning.steps import OBSERVER, Command, Step
from provisioning.transport.world import Result
from tests.pair import GIB, HEARTBEAT, MIB, desired

START = 1_760_000_000.0


class Machines:
    def __init__(self) -> None:
        self.pair: Pair = bare_pair(START)
        self.now = START

    def wanted(self) -> DesiredCluster:
        """The pair of tests.pair on these machines: their addresses, disks and serial numbers."""
        base = desired()
        nodes = []
        for node in base.nodes:
            machine = self.pair.machines[node.name]
            disk = machine.disks[1]
            backing = replace(node.backing, disk_serial=disk.serial, disk_size=disk.size, size=80 * GIB)
            nodes.append(
                replace(
                    node,
                    service_address=machine.service.split("/")[0],
                    replication_address=machine.replication.split("/")[0],
                    service_interface=self.interface(node.name, machine.service),
                    replication_interface=self.interface(node.name, machine.replication),
                    backing=backing,
                )
            )
        volumes = (replace(base.volumes[0], size=10 * GIB), replace(base.volumes[1], size=10 * GIB + MIB))
        return replace(base, nodes=(nodes[0], nodes[1]), service_ip="10.10.0.50", volumes=volumes)

    def interface(self, name: str, address: str) -> str:
        node = self.read_node(None, name)
        return next(i.name for i in node.interfaces or () if address in i.addresses)

    def withdraw(self, *paths: str) -> None:
        """Take exports out of both nodes' files and of the running table, as withdrawing them does."""
        for machine in self.pair.machines.values():
            file = machine.files[EXPORTS]
            kept = [line for line in file.text.splitlines() if not line.startswith(tuple(f"{path} " for path in paths))]
            file.text = "".join(f"{line}\n" for line in kept)
            machine.exported = [row for row in machine.exported if row[0] not in paths]

    def run(self, node: str, command: Command) -> Result:
        self.now += 1.0
        return Result(*change(self.pair, self.pair.machines[node], command.argv, self.now))

    def read_node(self, wanted: DesiredCluster | None, name: str, asked: Asked | None = None) -> NodeObserved:
        self.now += 1.0
        readings = full_readings(
            Wanted(
                name,
                files=read_files(wanted),
                secret_files=secret_files(wanted),
                packages=PACKAGES,
                service_ip=wanted.service_ip if wanted else None,
                service_interface=wanted.node(name).service_interface if wanted else None,
                mount_points=tuple(v.mount_point for v in wanted.volumes) if wanted else (),
                asked=asked or Asked(),
            )
        )
        machine = self.pair.machines[name]
        results = [Result(*change(self.pair, machine, r.command.argv, self.now)) for r in readings]
        return assemble(name, readings, results, self.now)

    def read(self, wanted: DesiredCluster, asked: Asked | None = None) -> dict[str, NodeObserved]:
        return {node.name: self.read_node(wanted, node.name, asked) for node in wanted.nodes}

    def do(self, step: Step) -> None:
        """Carry one step out, guards first; anything a real node would refuse fails the test."""
        if step.node == OBSERVER:
            return
        for guard in step.guards:
            result = self.run(step.node, guard.command)
            assert guard.expect.holds(result.exit, result.stdout), (step.title, str(guard.command), result)
        for file in step.files:
            self.pair.machines[step.node].files[file.path] = File(str(file.content), file.mode, file.owner, self.now)
        for command in (*step.commands, *([step.load] if step.load else [])):
            result = self.run(step.node, command)
            assert result.exit in command.exits, (step.title, str(command), result)
        if step.wait:
            self._wait(step)

    def _wait(self, step: Step) -> None:
        assert step.wait
        for _ in range(max(1, step.wait.bound)):
            result = self.run(step.node, step.wait.command)
            if step.wait.expect.holds(result.exit, result.stdout):
                return
        raise AssertionError((step.title, str(step.wait.command), result))


def provisioned() -> tuple[Machines, DesiredCluster]:
    """Set the pair up and let the first copy end."""
    machines = Machines()
    wanted = machines.wanted()
    for step in provision.plan(ProvisionCluster(wanted.name), wanted, machines.read(wanted), HEARTBEAT).todo():
        machines.do(step)
    machines.now += 3600
    machines.read(wanted)
    return machines, wanted
