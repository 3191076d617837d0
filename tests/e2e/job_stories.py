"""Drafts and jobs in each state for the browser: shop-files is being described, web-files has one job of every kind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from clusters.findings import blocker, fine, warning
from clusters.models import Backing, Cluster, Node, NodeState, Replica, Resource
from clusters.states import JobStatus
from provisioning import codec
from provisioning.desired import DesiredVolume
from provisioning.intents import CreateVolume, ProvisionCluster
from provisioning.models import Inquiry, Job, JobCommand, JobStep, PanelPart
from provisioning.steps import Plan
from tests import factories
from tests.pages.provisioning.conftest import answer_preflight
from tests.plans.given import plan_of

PLANS = Path(__file__).parent.parent / "plans"
GIB = 2**30
MKFS = """meta-data=/dev/vg_data/shop      isize=512    agcount=4, agsize=2621440 blks
         =                       sectsz=4096  attr=2, projid32bit=1
         =                       crc=1        finobt=1, sparse=1, rmapbt=0
data     =                       bsize=4096   blocks=10485760, imaxpct=25
Discarding blocks..."""


def draft(slug: str = "shop-files") -> Cluster:
    """bob's key waits to be compared; the preflight of an earlier moment is there."""
    cluster = Cluster.objects.create(slug=slug, created_by="ada", labels="berlin prod")
    for position, name in enumerate(("alice", "bob")):
        known = name == "alice"
        Node.objects.create(
            cluster=cluster, name=name, position=position, ssh_host=f"10.10.0.{11 + position}", key_installed=known,
            offered_host_key=factories.HOST_KEYS[name], host_key=factories.HOST_KEYS[name] if known else "", host_key_pinned_by="ada",
            host_key_pinned_at=timezone.now() if known else None,
        )  # fmt: skip
    return cluster


def described(slug: str = "mail-files") -> Cluster:
    """Read, disks and service chosen: ready for the plan."""
    cluster = draft(slug)
    Node.objects.filter(cluster=cluster).update(host_key=factories.HOST_KEYS["bob"], key_installed=True)
    answer_preflight(
        cluster,
        [
            fine("os.known", "Both run Debian 12."), fine("name.same", "alice and bob call themselves so.", hazard=20),
            warning("ha.no-fencing", "Nothing can cut the power of a node that hangs.", hint="A full partition still makes two Primaries.", hazard=3),
            warning("clock.not-synchronised", "bob's clock is not synchronised.", hint="It will be, once chrony runs.", node="bob", hazard=15),
            blocker("nfs.at-boot", "The NFS server starts by itself on bob.", hint="It must be started by the cluster only.",
                    fix="systemctl disable --now nfs-server", node="bob", hazard=17),
        ],
    )  # fmt: skip
    for number, node in enumerate(cluster.nodes.order_by("position")):
        Backing.objects.create(
            node=node,
            disk="/dev/vdb",
            disk_serial=f"data-{node}",
            disk_model="DATA SSD",
            disk_size=100 * GIB,
            vg="vg_local",
            lv="r0",
            size=80 * GIB,
        )
        Node.objects.filter(pk=node.pk).update(
            service_address=f"10.10.0.{11 + number}",
            service_interface="ens3",
            replication_address=f"192.168.77.{11 + number}",
            replication_interface="ens4",
        )
    Resource.objects.create(cluster=cluster)
    Cluster.objects.filter(pk=cluster.pk).update(service_ip="10.10.0.50", first_source="alice")
    factories.make_volume(cluster, "mail", inventory="draft")
    return cluster


def job(cluster: Cluster, status: JobStatus, plan: Plan, **fields: Any) -> Job:
    now = timezone.now()
    intent = fields.pop("intent", None) or codec.dump(
        CreateVolume(cluster.slug, DesiredVolume("web", 5 * GIB, "ext4", "/srv/web"))
    )
    return Job.objects.create(
        cluster=cluster, action=fields.pop("action", "volume.create"), status=status, title=plan.title, intent=intent, plan=codec.dump(plan),
        danger=plan.danger, fingerprint=plan.fingerprint(), idempotency_key=f"{cluster}-{status}-{fields.get('problem', '')}"[:64],
        created_by="olga", planned_at=now - timedelta(seconds=40), **fields,
    )  # fmt: skip


def volume_plan() -> Plan:
    return plan_of(PLANS / "volume" / "ext4" / "given.toml")


def provision_plan() -> Plan:
    return plan_of(PLANS / "provision" / "bare" / "given.toml")


def run(job: Job, upto: int, state: str, output: str = "") -> Job:
    """The first steps are done, step `upto` is in this state, the others wait."""
    plan, now = codec.load(Plan, job.plan), timezone.now()
    for number, step in enumerate(plan.steps, start=1):
        done = "unchanged" if step.unchanged else "done"
        status = done if number < upto else state if number == upto else "waiting"
        row = JobStep.objects.create(
            job=job, number=number, node_name=step.node, title=step.title, kind=step.kind, digest=step.digest(), status=status,
            started_at=now - timedelta(seconds=7) if number <= upto else None, ended_at=now if number < upto else None,
        )  # fmt: skip
        if number <= upto:
            for position, command in enumerate(step.commands):
                text = output if number == upto else ""
                exit_code = None if state == "running" and number == upto else 5 if number == upto else 0
                JobCommand.objects.create(
                    step=row,
                    position=position,
                    kind="run",
                    command=str(command),
                    exit=exit_code,
                    output=text,
                    seconds=0.4,
                )
    Job.objects.filter(pk=job.pk).update(
        approved_by="olga",
        approved_at=now - timedelta(seconds=12),
        started_at=now - timedelta(seconds=10),
        reason="Ticket 4412, shop assets",
    )
    job.refresh_from_db()
    return job


def everything() -> dict[str, str]:
    """Make all of it and give the pages to look at."""
    PanelPart.objects.create(part="jobs", at=timezone.now(), note="2 processes")
    PanelPart.objects.create(part="beat", at=timezone.now() - timedelta(minutes=4))
    pairs = {
        name: factories.make_cluster(name)
        for name in ("web-files", "web-b", "web-c", "web-d", "web-e", "web-f", "web-g", "web-h")
    }
    alice = pairs["web-files"].nodes.get(name="alice")
    NodeState.objects.create(node=alice, reachable=True, read_at=timezone.now(), vg_size=80 * GIB, vg_free=50 * GIB)
    for node, role in ((alice, "Primary"), (pairs["web-files"].nodes.get(name="bob"), "Secondary")):
        Replica.objects.create(
            resource=pairs["web-files"].resource,
            node=node,
            role=role,
            disk="UpToDate",
            connection="Connected",
            replication="Established",
        )
    draft()
    described()
    plan = volume_plan()
    failed = {
        "problem": "lvcreate on alice ended with exit 5: insufficient free space.",
        "hint": "Free some space in vg_data, then plan the rest again.",
    }
    intent = codec.dump(ProvisionCluster("mail-files"))
    mail = Cluster.objects.get(slug="mail-files")
    set_up = job(mail, JobStatus.PROPOSED, provision_plan(), action="cluster.provision", intent=intent)
    jobs = {
        "job-proposed": job(pairs["web-files"], JobStatus.PROPOSED, plan),
        "job-destroys": set_up,
        "job-running": run(job(pairs["web-b"], JobStatus.RUNNING, plan), 4, "running", MKFS),
        "job-failed": run(job(pairs["web-c"], JobStatus.FAILED, plan, **failed, ended_at=timezone.now()), 4, "failed", "  insufficient free space\n"),
        "job-drafting": job(pairs["web-d"], JobStatus.DRAFTING, plan),
        "job-succeeded": run(job(pairs["web-e"], JobStatus.SUCCEEDED, plan, ended_at=timezone.now()), len(plan.steps) + 1, "done"),
        "job-stale": job(pairs["web-f"], JobStatus.STALE, plan, problem="haresources on bob was changed meanwhile.", ended_at=timezone.now()),
        "job-interrupted": run(job(pairs["web-g"], JobStatus.INTERRUPTED, plan, problem="bob was booted again while step 4 ran."), 4, "unknown"),
    }  # fmt: skip
    Job.objects.filter(pk=jobs["job-drafting"].pk).update(plan=None, planned_at=None)
    Inquiry.objects.create(
        cluster=Cluster.objects.get(slug="shop-files"),
        node=Node.objects.filter(name="bob").first(),
        kind="host-key",
        asked_by="ada",
    )
    pages = {name: f"/jobs/{row.pk}/" for name, row in jobs.items()}
    drafts = {
        f"draft-{step}": f"/c/mail-files/draft/{step}/"
        for step in ("preflight", "storage", "service", "volumes", "plan")
    }
    return {
        **pages, **drafts, "draft-new": "/new/", "draft-nodes": "/c/shop-files/draft/nodes/", "draft-nothing-read": "/c/shop-files/draft/storage/",
        "draft-export": "/c/mail-files/draft/volumes/?add=export", "jobs": "/jobs/", "volume-new": "/c/web-files/volumes/new/",
        "export-new": "/c/web-files/exports/new/", "forget": "/c/web-files/forget/",
    }  # fmt: skip
