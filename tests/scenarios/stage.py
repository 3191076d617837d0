"""A stage for scenarios: a simulated pair under the real door, planner, worker and monitor, with a clock that jumps.

A scenario is a folder: README (what happens, in a few sentences), script (one verb per line), log.expect (what must then be told).
`./panel test tests/scenarios --rewrite-golden` writes the logs anew; review the difference.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from clusters import connected
from clusters.models import Backing, Cluster, ClusterState, Node, Replica, Resource, StateChange
from clusters.states import Inventory, JobStatus
from provisioning import jobs, worker
from provisioning.desired import DesiredExport, DesiredVolume, ExportClient, NfsSettings
from provisioning.intents import (
    ConfigureNfs,
    CreateVolume,
    EditExport,
    Intent,
    ProvisionCluster,
    PublishExport,
    WithdrawExport,
)
from provisioning.models import Job, JobStep
from provisioning.monitor import names, sweep
from provisioning.monitor.record import record
from provisioning.render.paths import EXPORTS
from provisioning.simulator import nfs_words, store
from provisioning.simulator.state import Client
from provisioning.snapshot import desired_of
from tests import factories
from tests.scenarios.care_verbs import CareVerbs
from tests.scenarios.key_verbs import KeyVerbs, request_of
from tests.scenarios.snapshot_verbs import SnapshotVerbs
from tests.scenarios.volume_verbs import VolumeVerbs

GIB = 1024**3
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()


@dataclass
class JumpingTime:
    at: float = START

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


class WorkerKilled(BaseException):
    """Not an error the worker could catch: the process is gone."""


@dataclass
class Stage(CareVerbs, KeyVerbs, SnapshotVerbs, VolumeVerbs):
    ada: Any
    clock: JumpingTime
    monkeypatch: Any
    log: list[str] = field(default_factory=list)
    last: int = 0  # history rows told so far
    job: Job | None = None
    typed: str = ""  # name typed for the job, typed again when it is planned again

    def __post_init__(self) -> None:
        self.cluster = draft_pair()
        with store.opened(self.cluster.pk):
            pass  # made bare, at the clock's time

    # ── what a script may say ────────────────────────────────
    def play(self, line: str) -> None:
        verb, *words = line.split()
        self.say(f"> {line}")
        getattr(self, f"do_{verb.replace('-', '_')}")(*words)

    def say(self, text: str) -> None:
        self.log.append(text)

    def do_provision(self) -> None:
        self.change("cluster.provision", ProvisionCluster(self.cluster.slug), typed_name=self.cluster.slug)

    def do_volume(self, name: str, size: str) -> None:
        volume = DesiredVolume(name, int(size) * GIB, "ext4", f"/srv/{name}")
        self.change("volume.create", CreateVolume(self.cluster.slug, volume))

    def do_export(self, volume: str, client: str, fsid: str) -> None:
        export = DesiredExport(f"/srv/{volume}", int(fsid), (ExportClient(client),), volume)
        self.change("export.publish", PublishExport(self.cluster.slug, export))

    def do_edit_export(self, path: str, *clients: str) -> None:
        """`client` or `client(options)`: who may mount it from now on."""
        known = next(export for export in desired_of(self.cluster).exports if export.path == path)
        named = (client.partition("(") for client in clients)
        wanted = tuple(
            ExportClient(n, tuple(o.removesuffix(")").split(","))) if b else ExportClient(n) for n, b, o in named
        )
        self.change("export.edit", EditExport(self.cluster.slug, replace(known, clients=wanted)))

    def do_withdraw(self, path: str) -> None:
        known = next(export for export in desired_of(self.cluster).exports if export.path == path)
        self.change("export.withdraw", WithdrawExport(self.cluster.slug, path, known.fsid))

    def do_append(self, node: str, path: str, *line: str) -> None:
        """Somebody adds a line to a file by hand."""
        with store.opened(self.cluster.pk) as pair:
            pair.machines[node].files[path].text += " ".join(line) + "\n"

    def do_unappend(self, node: str, path: str) -> None:
        """Somebody takes the last line out again."""
        with store.opened(self.cluster.pk) as pair:
            file = pair.machines[node].files[path]
            file.text = "".join(file.text.splitlines(keepends=True)[:-1])

    def do_take_out(self, node: str, path: str, *text: str) -> None:
        """Somebody takes every line out that has this in it."""
        with store.opened(self.cluster.pk) as pair:
            file = pair.machines[node].files[path]
            file.text = "".join(line for line in file.text.splitlines(keepends=True) if " ".join(text) not in line)

    def do_meanwhile(self, after: str, *words: str) -> None:
        """`meanwhile 2 append alice …`: the moment a step is recorded as done, somebody does something else."""
        original = JobStep.save

        def save(row: JobStep, *args: Any, **kwargs: Any) -> None:
            original(row, *args, **kwargs)
            if row.number == int(after) and row.status == JobStep.Status.DONE:
                self.monkeypatch.setattr(JobStep, "save", original)
                getattr(self, f"do_{words[0]}")(*words[1:])

        self.monkeypatch.setattr(JobStep, "save", save)

    def do_lines(self, path: str) -> None:
        """What a file says on each node, comments left out."""
        with store.opened(self.cluster.pk) as pair:
            for machine in pair.machines.values():
                for line in machine.files[path].text.splitlines():
                    if not line.startswith("#"):
                        self.say(f"  {machine.name}: {line}")

    def do_exported(self) -> None:
        """What is served, and whether both nodes have the same file."""
        with store.opened(self.cluster.pk) as pair:
            for machine in pair.machines.values():
                for path, client, options in machine.exported:
                    self.say(f"  {machine.name} serves {path} to {client} ({options})")
            texts = {machine.files[EXPORTS].text for machine in pair.machines.values()}
            self.say(f"  the files are {'the same' if len(texts) == 1 else 'not the same'}")

    def do_power(self, verb: str, node: str) -> None:
        self.say("  " + store.control(self.cluster.pk, f"power-{verb}", node, now=self.clock.now()))

    def do_link(self, verb: str) -> None:
        self.say("  " + store.control(self.cluster.pk, f"{verb}-link", now=self.clock.now()))

    def do_unreachable(self, node: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            pair.machines[node].reachable = False

    def do_reachable(self, node: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            pair.machines[node].reachable = True

    def do_occupy(self, node: str, disk: str) -> None:
        """Somebody puts an LVM volume group on a disk."""
        with store.opened(self.cluster.pk) as pair:
            machine = pair.machines[node]
            machine.vgs["backup"] = store_vg(disk)

    def do_fail(self, node: str, program: str, *text: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            pair.faults[f"{node} {program}"] = " ".join(text)

    def do_client(self, address: str, version: str, mount: str, opens: str, locks: str) -> None:
        """A client out there mounts something."""
        with store.opened(self.cluster.pk) as pair:
            pair.clients.append(Client(address, version, mount, int(opens), int(locks)))

    def do_locks(self, address: str, locks: str) -> None:
        """A client out there takes locks, or gives some back."""
        with store.opened(self.cluster.pk) as pair:
            next(client for client in pair.clients if client.address == address).locks = int(locks)

    def do_keeps(self, node: str) -> None:
        """Where nfsdcld of a node keeps its list of clients, when it runs."""
        with store.opened(self.cluster.pk) as pair:
            machine = pair.machines[node]
            runs = machine.units["nfsdcld"][0] == "active"
            where = machine.keeps or "a directory of its own"
            self.say(f"  {node}: " + (f"kept in {where}" if runs else "not running"))

    def do_clients(self) -> None:
        self.cluster.refresh_from_db()
        seen = connected.load(self.cluster, datetime.fromtimestamp(self.clock.at, UTC))
        if not seen.rows:
            self.say("  nobody" if seen.known else "  not known")
        for row in seen.rows:
            held = f"{row.opens} open, {row.locks} locked" if row.told else f"mounted {', '.join(row.paths)}"
            old = "" if seen.fresh else " (old)"
            self.say(f"  {row.client.address} ({row.name or row.unnamed}) {row.version}: {held}{old}")

    def do_gone(self, client: str) -> None:
        """A host leaves the name service, and stays where it stands in exports."""
        self.monkeypatch.setattr(nfs_words, "is_gone", lambda name: name == client)

    def do_lookups_hang(self) -> None:
        """The name service takes every question and answers none; the questions are asked as for real pairs."""
        want, hangs = names.want, threading.Event()
        self.monkeypatch.setattr(names, "lookup", lambda address: (hangs.wait(), ("", ""))[1])
        self.monkeypatch.setattr(names, "want", lambda addresses, **_: want(addresses))
        self.monkeypatch.setattr(names.timezone, "now", lambda: datetime.fromtimestamp(self.clock.at, UTC))

    def do_nfs(self, *words: str) -> None:
        wanted: dict[str, Any] = dict(word.split("=", 1) for word in words)
        versions = {"versions": tuple(wanted.pop("versions").split(","))} if "versions" in wanted else {}
        wanted = {name: int(value) if value.isdecimal() else value for name, value in wanted.items()}
        settings = NfsSettings(**wanted, **versions)
        self.change("nfs.configure", ConfigureNfs(self.cluster.slug, settings))

    def do_nfs_runs(self, node: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            machine = pair.machines[node]
            times = f"grace {machine.nfs.get('nfsv4gracetime')} s, lease {machine.nfs.get('nfsv4leasetime')} s"
            text = machine.files["/etc/nfs.conf.d/storagepanel.conf"].text
            said = " ".join(line for line in text.splitlines() if "=" in line)
            self.say(f"  {node} runs {machine.nfsd} threads, {times}; its file says {said}")

    def do_mend(self) -> None:
        with store.opened(self.cluster.pk) as pair:
            pair.faults.clear()

    def do_wait(self, seconds: str) -> None:
        """Let time pass; the monitor sweeps every five seconds, and less often while a long time passes."""
        for _ in range(min(int(seconds) // 5, 14)):
            self.clock.at += max(5, int(seconds) // 14)
            self.sweep()

    def do_sweep(self) -> None:
        self.sweep()

    def do_show(self) -> None:
        state = ClusterState.objects.filter(cluster=self.cluster).first()
        if state:
            self.say(f"  {state.health}: {state.sentence}")
        for replica in (
            Replica.objects.filter(node__cluster=self.cluster).exclude(percent=None).order_by("node__position")
        ):
            self.say(f"  {replica.node}: {replica.replication} {replica.percent:.0f} %")

    def do_kill_worker(self, after: str) -> None:
        """The next worker dies when it is about to record the end of this step."""
        self.kill_after = int(after)
        original = JobStep.save

        def save(row: JobStep, *args: Any, **kwargs: Any) -> None:
            if row.number == self.kill_after and row.status == JobStep.Status.DONE:
                self.monkeypatch.setattr(JobStep, "save", original)
                raise WorkerKilled
            original(row, *args, **kwargs)

        self.monkeypatch.setattr(JobStep, "save", save)

    def do_deliver(self, times: str) -> None:
        """The queue delivers the job's message again and again."""
        assert self.job
        for _ in range(int(times)):
            worker.run(self.job.pk)
        self.tell_job()

    def do_lapse(self) -> None:
        """The lease of the lost worker runs out and another worker is rung for."""
        assert self.job
        Job.objects.filter(pk=self.job.pk).update(lease_until=datetime(2000, 1, 1, tzinfo=UTC))
        worker.run(self.job.pk)
        self.tell_job()

    def do_again(self) -> None:
        assert self.job
        self.job = jobs.plan_again(request_of(self.ada), self.job)
        self.carry_through(self.typed or self.cluster.slug)

    def do_acknowledge(self) -> None:
        assert self.job
        jobs.acknowledge(request_of(self.ada), self.job)

    # ── how ──────────────────────────────────────────────────
    def change(self, action: str, intent: Intent, typed_name: str = "") -> None:
        self.cluster.refresh_from_db()
        try:
            self.job = jobs.draft(request_of(self.ada), action, self.cluster, intent)
        except jobs.Refused as refused:
            self.say(f"  refused: {refused}")
            return
        self.typed = typed_name
        self.carry_through(typed_name)

    def carry_through(self, typed_name: str) -> None:
        assert self.job
        worker.propose(self.job.pk)
        self.job.refresh_from_db()
        if self.job.status != JobStatus.PROPOSED:
            self.tell_job()
            return
        self.tell_findings()
        try:
            self.job = jobs.approve(
                request_of(self.ada), self.job, reason="scenario", typed_name=typed_name, password=factories.PASSWORD
            )
        except jobs.Refused as refused:
            self.say(f"  refused: {refused}")
            return
        try:
            worker.run(self.job.pk)
        except WorkerKilled:
            self.say("  the worker was killed")
        ended = Job.objects.filter(pk=self.job.pk).exclude(ended_at=None)
        ended.update(ended_at=datetime.fromtimestamp(self.clock.at, UTC))  # the worker's clock does not jump
        self.tell_job()

    def tell_findings(self) -> None:
        assert self.job
        for finding in (self.job.plan or {}).get("findings", []):
            if finding["severity"] == "blocker" or finding["code"].startswith("export.lines-"):
                self.say(f"  {finding['severity']} {finding['code']}: {finding['text']}")

    def tell_job(self) -> None:
        assert self.job
        self.job.refresh_from_db()
        counts: dict[str, int] = {}
        for status in self.job.steps.values_list("status", flat=True):
            counts[status] = counts.get(status, 0) + 1
        steps = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
        self.say(f"  {self.job.title}: {self.job.status}" + (f" ({steps})" if steps else ""))
        if self.job.problem:
            self.say(f"    {self.job.problem}")
        if self.job.hint:
            self.say(f"    {self.job.hint}")

    def sweep(self) -> None:
        cluster = Cluster.objects.select_related("resource").get(pk=self.cluster.pk)
        if cluster.inventory not in sweep.WATCHED:
            return
        desired = desired_of(cluster)
        answers = {node.name: sweep.read_node(cluster, node, desired) for node in cluster.nodes.order_by("position")}
        record(cluster, desired, answers, datetime.fromtimestamp(self.clock.at, UTC))
        for change in StateChange.objects.filter(cluster=cluster, pk__gt=self.last).order_by("pk"):
            self.last = change.pk
            where = f" {change.node_name}" if change.node_name else ""
            extra = f" [{change.cause}]" if change.cause else ""
            pause = f" after {change.pause:.0f} s" if change.pause is not None else ""
            self.say(
                f"  {self.elapsed()}{where} {change.subject}: {change.old or '-'} → {change.new or '-'}{extra}{pause}"
            )

    def elapsed(self) -> str:
        return f"+{int(self.clock.at - START) // 60}:{int(self.clock.at - START) % 60:02}"


def store_vg(disk: str) -> Any:
    from provisioning.simulator.state import Vg

    return Vg(disk, 99 * GIB)


def draft_pair(slug: str = "web-files") -> Cluster:
    """The draft a person has filled in for the two bare simulated machines."""
    cluster = Cluster.objects.create(
        slug=slug, inventory=Inventory.DRAFT, simulated=True, service_ip="10.10.0.50", first_source="alice"
    )
    for position, name in enumerate(("alice", "bob")):
        node = Node.objects.create(
            cluster=cluster, name=name, position=position, ssh_host=f"10.10.1.{11 + position}", key_installed=True,
            host_key=store.host_key_of(cluster.pk, name) or "", replication_address=f"10.10.8.{1 + position}",
            replication_interface="eth2", service_address=f"10.10.0.{11 + position}", service_interface="eth1",
        )  # fmt: skip
        Backing.objects.create(
            node=node, disk="/dev/vdb", disk_serial=f"S-{name}-1", disk_model="SAMSUNG PM893", disk_size=100 * GIB,
            vg="vg_local", lv="r0", size=60 * GIB,
        )  # fmt: skip
    Resource.objects.create(cluster=cluster, resync_rate="100M")
    volume = factories.make_volume(cluster, "homes", inventory=Inventory.DRAFT)
    factories.make_export(volume, inventory=Inventory.DRAFT)
    return cluster
