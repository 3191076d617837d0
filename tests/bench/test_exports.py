"""What one more export costs on a pair that has 10, and on one that has 1,000: rendering, planning, the door, and the rows of a CSV.

Prints processor time, which a busy machine hardly changes. What the simulated nodes take is counted apart: it says nothing of real ones. What is
loaded is out of the collector's reach, as in a worker.

pytest tests/bench/test_exports.py -m bench -s
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clusters.models import Export, ExportClient
from clusters.states import JobStatus
from provisioning import codec, inquiries, jobs, worker
from provisioning.desired import DesiredCluster, DesiredExport
from provisioning.desired import ExportClient as Client
from provisioning.ha import BACKENDS
from provisioning.intents import PublishExport
from provisioning.models import Batch, Inquiry, Job, RowPlan
from provisioning.observing import observe
from provisioning.plans import export
from provisioning.render import nfs
from provisioning.render.paths import EXPORTS
from provisioning.simulator import store
from provisioning.simulator.world import SimulatedWorld
from provisioning.snapshot import desired_of
from provisioning.transport.choose import world_for
from tests.scenarios.stage import Stage, request_of
from tests.scenarios.test_scenarios import stage

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]
RUNS = 5
FEW, MANY = 10, 1000
__all__ = ["stage"]


def milliseconds(do: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        do()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


@pytest.fixture
def nodes_took(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Milliseconds of each call to a simulated node."""
    took: list[float] = []

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return call(*given, **named)
            finally:
                took.append((time.thread_time() - began) * 1000)

        return counted

    for verb in ("read", "run", "put"):
        monkeypatch.setattr(SimulatedWorld, verb, timed(getattr(SimulatedWorld, verb)))
    return took


def with_exports(stage: Stage, count: int) -> DesiredCluster:
    """Rows, files and tables of a pair that serves so many exports."""
    volume = stage.cluster.volumes.get()
    have = stage.cluster.exports.count()
    rows = Export.objects.bulk_create(
        Export(cluster=stage.cluster, volume=volume, path=f"{volume.mount_point}/{n:04}", fsid=n + 1, inventory="present") for n in range(have, count)
    )  # fmt: skip
    options = ",".join(Client("x").options)
    ExportClient.objects.bulk_create(ExportClient(export=row, client="10.10.0.0/24", options=options) for row in rows)
    wanted = desired_of(stage.cluster)
    with store.opened(stage.cluster.pk) as pair:
        for machine in pair.machines.values():
            machine.files[EXPORTS].text = str(nfs.exports(wanted).content)
        pair.machines["alice"].exported = [
            [e.path, c.client, ",".join(nfs.options_of(wanted, e, c))] for e in wanted.exports for c in e.clients
        ]
    return wanted


def test_one_more_export(stage: Stage, nodes_took: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    stage.do_provision()
    stage.do_wait("1400")
    stage.cluster.refresh_from_db()
    gc.collect()
    gc.freeze()
    figures: dict[str, list[float]] = {}
    for count in (FEW, MANY):
        wanted = with_exports(stage, count)
        new = DesiredExport("/srv/homes/new", 5000 + count, (Client("10.10.0.0/24"),), "homes")
        observed = observe(world_for(stage.cluster), stage.cluster, wanted)
        after = replace(wanted, exports=(*wanted.exports, new))
        intent = PublishExport(stage.cluster.slug, new)
        backend = BACKENDS["heartbeat"]
        plan = export.plan(intent, wanted, observed, backend)
        assert [f.text for f in plan.findings if f.severity == "blocker"] == []

        def through_the_door(intent: PublishExport = intent) -> tuple[float, float, int]:
            """Draft, plan, approve, run, all of it in this process; what was made is taken back afterwards, off the clock.

            Gives the panel's time, the nodes', and how often they were asked.
            """
            nodes_took.clear()
            began = time.process_time()
            job = jobs.draft(request_of(stage.ada), "export.publish", stage.cluster, intent)
            worker.propose(job.pk)
            job.refresh_from_db()
            assert job.status == JobStatus.PROPOSED, job.problem
            jobs.approve(request_of(stage.ada), job, reason="bench")
            worker.run(job.pk)
            job.refresh_from_db()
            assert job.status == JobStatus.SUCCEEDED, job.problem
            nodes, trips = sum(nodes_took), len(nodes_took)
            panel = (time.process_time() - began) * 1000 - nodes
            Job.objects.filter(pk=job.pk).delete()
            stage.cluster.exports.filter(path=intent.export.path).delete()
            with_exports(stage, count)
            return panel, nodes, trips

        for name, do in (
            ("render", lambda: nfs.exports(after)),
            ("inventory", lambda: desired_of(stage.cluster)),
            ("plan", lambda: export.plan(intent, wanted, observed, backend)),
            ("store the plan", lambda: codec.dump(plan)),
            ("read the plan", lambda: codec.load(type(plan), codec.dump(plan))),
        ):
            figures.setdefault(name, []).append(milliseconds(do))
        panel, nodes, trips = zip(*(through_the_door() for _ in range(RUNS)), strict=True)
        figures.setdefault("draft to served", []).append(statistics.median(panel))
        figures.setdefault("  simulated nodes", []).append(statistics.median(nodes))
        figures.setdefault("  round trips", []).append(statistics.median(trips))
    with capsys.disabled():
        print(f"\n{'one more export':<18} {'of 10, ms':>10} {'of 1,000, ms':>13} {'ratio':>7}")
        for name, (few, many) in figures.items():
            print(f"{name:<18} {few:10.1f} {many:13.1f} {many / few:7.1f}")
    assert figures["  round trips"][0] == figures["  round trips"][1]


def test_every_row_of_a_batch(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """What planning the rows of a CSV costs before anybody approves them: each as if it were the only one."""
    stage.do_provision()
    stage.do_wait("1400")
    stage.cluster.refresh_from_db()
    head, slug, rows = "cluster,volume,path,clients", stage.cluster.slug, 100
    with capsys.disabled():
        print(f"\n{'rows of a batch':<18} {'ms a row':>10} {'KiB a row':>13}")
        for count in (FEW, MANY):
            with_exports(stage, count)
            lines = [f"{slug},homes,/srv/homes/row{n},10.10.0.0/24" for n in range(rows)]
            batch = Batch.objects.create(kind=Batch.Kind.EXPORTS, text="\n".join([head, *lines]), created_by="ada")
            asked = inquiries.ask(Inquiry.Kind.PLANS, stage.cluster, asked_by="ada", batch=batch)
            began = time.process_time()
            worker.inquire(asked.pk)
            took = (time.process_time() - began) * 1000
            kept = [len(json.dumps(row.view)) / 1024 for row in RowPlan.objects.filter(inquiry=asked)]
            assert len(kept) == rows
            print(f"of {count:<15} {took / rows:10.1f} {statistics.mean(kept):13.1f}")
