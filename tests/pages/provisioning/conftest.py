"""People signed in, a draft whose nodes have been read, and jobs in every state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from clusters.findings import Finding, fine, warning
from clusters.models import Cluster, Node, NodeState
from clusters.states import Danger, Inventory, JobStatus
from provisioning import codec, doorbell, jobs, preflight
from provisioning.desired import DesiredVolume
from provisioning.intents import CreateVolume
from provisioning.models import Inquiry, Job, JobCommand, JobStep, PanelPart
from provisioning.observed import Disk, DrbdVersion, Interface, NodeObserved
from provisioning.steps import OBSERVER, Impact, Kind, Plan, Probe, SecretRef, Stage, Step, Text, WriteFile, cmd
from tests import factories

GIB = 1024**3
EXPORTS = "/srv/www 10.10.0.0/24(ro,sync,fsid=1)\n"


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was rung for, in place of a broker."""
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr(doorbell, "ring", lambda *args: heard.append(args) or True)
    return heard


@pytest.fixture(autouse=True)
def _sealing(worker_keys: Any) -> None:
    """Pages seal what is typed; that needs the workers' public key."""


@pytest.fixture
def as_user() -> Callable[[Any], Client]:
    def sign_in(user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def ada_client(ada: Any, as_user: Callable[[Any], Client]) -> Client:
    return as_user(ada)


@pytest.fixture
def olga_client(olga: Any, as_user: Callable[[Any], Client]) -> Client:
    return as_user(olga)


@pytest.fixture
def vera_client(vera: Any, as_user: Callable[[Any], Client]) -> Client:
    return as_user(vera)


@pytest.fixture
def mallory_client(mallory: Any, as_user: Callable[[Any], Client]) -> Client:
    return as_user(mallory)


@pytest.fixture
def bare(db: None) -> Cluster:
    """A draft without nodes."""
    return Cluster.objects.create(slug="shop-files", created_by="ada")


@pytest.fixture
def draft(bare: Cluster) -> Cluster:
    """A draft whose two nodes are enrolled."""
    for position, name in enumerate(("alice", "bob")):
        Node.objects.create(
            cluster=bare, name=name, position=position, ssh_host=f"10.10.0.{11 + position}", key_installed=True,
            offered_host_key=factories.HOST_KEYS[name], host_key=factories.HOST_KEYS[name], host_key_pinned_by="ada",
            host_key_pinned_at=timezone.now(),
        )  # fmt: skip
    return bare


def reading(name: str, number: int) -> NodeObserved:
    system = Disk("/dev/vda", "disk", 32 * GIB, "SYSTEM SSD", f"sys-{name}", children=(
        Disk("/dev/vda1", "part", 31 * GIB, fstype="ext4", mountpoints=("/",)),
    ))  # fmt: skip
    used = Disk("/dev/vdc", "disk", 50 * GIB, "BACKUP HDD", f"bak-{name}", fstype="ext4", label="backup")
    empty = Disk("/dev/vdb", "disk", 100 * GIB, "DATA SSD", f"data-{name}")
    return NodeObserved(
        name, timezone.now().timestamp(), nodename=name, kernel="6.1.0-26-amd64", os_id="debian", os_version="12",
        disks=(system, empty, used), disk_links=((f"/dev/disk/by-id/virtio-data-{name}", "/dev/vdb"),),
        interfaces=(
            Interface("lo", "UNKNOWN", ("127.0.0.1/8", "::1/128")),
            Interface("ens3", "UP", (f"10.10.0.{number}/24", "fe80::1/64")),
            Interface("ens4", "UP", (f"192.168.77.{number}/24",)),
        ),
        drbd=DrbdVersion(None, "8.4.11", "9.22.0"), drbd_defined=(), listening=(("0.0.0.0", 22),),
    )  # fmt: skip


@pytest.fixture
def offered(draft: Cluster) -> Node:
    Node.objects.update(host_key="", key_installed=False)
    return Node.objects.get(name="alice")


@pytest.fixture
def read_draft(draft: Cluster) -> Cluster:
    """A draft whose preflight has answered."""
    answer_preflight(
        draft,
        [fine("os.known", "Debian 12 on both."), warning("ha.no-fencing", "There is no fencing.", hint="Know it.")],
    )
    return draft


def answer_preflight(cluster: Cluster, findings: list[Finding]) -> Inquiry:
    observed = {name: reading(name, 11 + number) for number, name in enumerate(("alice", "bob"))}
    return Inquiry.objects.create(
        cluster=cluster, kind=Inquiry.Kind.PREFLIGHT, status=Inquiry.Status.DONE, asked_by="ada", sent_at=timezone.now(),
        ended_at=timezone.now(), result=preflight.dump(findings, observed),
    )  # fmt: skip


NODES = {
    "a-name": "alice", "a-ssh_host": "10.10.0.11", "a-ssh_port": "22", "a-ssh_user": "root",
    "b-name": "bob", "b-ssh_host": "10.10.0.12", "b-ssh_port": "2202", "b-ssh_user": "sysop",
}  # fmt: skip
STORAGE = {
    "disk_0": "/dev/vdb", "disk_1": "/dev/vdb", "kind": "lv", "local_vg": "vg_local", "local_lv": "r0", "size": "80", "unit": "GiB",
    "resource": "r0", "vg": "vg_data", "first_source": "alice",
}  # fmt: skip
SERVICE = {
    "service_ip": "10.10.0.50", "service_prefix": "24", "service_0": "ens3 10.10.0.11", "service_1": "ens3 10.10.0.12",
    "replication_0": "ens4 192.168.77.11", "replication_1": "ens4 192.168.77.12", "keepalive": "1", "warntime": "5", "deadtime": "12",
    "initdead": "60", "udpport": "694", "nfs_grace": "45", "nfs_lease": "45", "nfs_threads": "8",
}  # fmt: skip


@pytest.fixture
def complete(read_draft: Cluster, ada_client: Client) -> Cluster:
    """A draft that lacks nothing."""
    assert ada_client.post("/c/shop-files/draft/storage/", STORAGE).status_code == 302
    assert ada_client.post("/c/shop-files/draft/service/", SERVICE).status_code == 302
    read_draft.refresh_from_db()
    return read_draft


def make_plan(danger: Danger = Danger.NONE, findings: tuple[Finding, ...] = (), **fields: Any) -> Plan:
    secret = WriteFile("/etc/ha.d/authkeys", Text.of("1 sha1 ", SecretRef("authkeys"), "\n"), mode="0600")
    line = "/srv/shop 10.10.0.0/24(rw,sync,fsid=2)\n"
    exports = WriteFile(
        "/etc/exports.d/storagepanel.exports", Text.of(EXPORTS + line), before="00", before_text=EXPORTS
    )
    steps = (
        Step("alice", "Read free space again", Kind.READS, Stage.VOLUMES, commands=(cmd("vgs", "vg_data"),)),
        Step(
            "bob",
            "Make the mount point",
            Kind.WRITES,
            Stage.MOUNTS,
            commands=(cmd("mkdir", "/srv/shop"),),
            unchanged="It is there.",
        ),
        Step(
            "alice",
            "Create the volume",
            Kind.WRITES,
            Stage.VOLUMES,
            commands=(cmd("lvcreate", "--name", "shop", "vg"),),
            note="Way back: remove it.",
        ),
        Step("bob", "Write the files", Kind.WRITES, Stage.MANAGER, files=(exports, secret)),
        Step(
            "alice", "Write the files", Kind.WRITES, Stage.MANAGER, files=(exports, secret), load=cmd("exportfs", "-r")
        ),
        Step(OBSERVER, "Look from outside", Kind.OBSERVES, Stage.PROVE, probe=Probe("10.10.0.50", ("/srv/shop",))),
    )
    return Plan(
        title="Create volume shop", summary="5 GiB, ext4, at /srv/shop.", now="alice holds the service group.", after="shop is mounted on alice.",
        steps=steps, findings=findings, danger=danger, button="Create shop", typed_name="web-files" if danger is Danger.DESTROYS else "",
        impact=Impact("nobody", "none; NFS is not restarted", "about a minute"), **fields,
    )  # fmt: skip


@pytest.fixture
def proposed(olga: Any, web_files: Cluster) -> Callable[..., Job]:
    """Draft a volume as olga and let the worker propose a plan for it."""

    def make(plan: Plan | None = None, **plan_fields: Any) -> Job:
        request = RequestFactory().post("/")
        request.user = olga
        request.request_id = "1"  # type: ignore[attr-defined]
        job = jobs.draft(
            request,
            "volume.create",
            web_files,
            CreateVolume("web-files", DesiredVolume("shop", 5 * GIB, "ext4", "/srv/shop")),
        )
        plan = plan or make_plan(**plan_fields)
        job.plan, job.title, job.danger, job.fingerprint = codec.dump(plan), plan.title, plan.danger, plan.fingerprint()
        job.status, job.planned_at = JobStatus.PROPOSED, timezone.now()
        job.save()
        return job

    return make


@pytest.fixture
def ran(proposed: Callable[..., Job]) -> Callable[..., Job]:
    """A job whose first steps are done, the next one in the given state."""

    def make(status: JobStatus, third: str = "running", output: str = "", **fields: Any) -> Job:
        job, now = proposed(), timezone.now()
        plan = make_plan()
        states = ["done", "unchanged", third, *["waiting"] * 3]
        for number, (step, state) in enumerate(zip(plan.steps, states, strict=True), start=1):
            row = JobStep.objects.create(
                job=job, number=number, node_name=step.node, title=step.title, kind=step.kind, digest=step.digest(), status=state,
                started_at=now if state != "waiting" else None, ended_at=now if state in ("done", "failed") else None,
            )  # fmt: skip
            if number == 1 or (number == 3 and output):
                text = output if number == 3 else "vg_data 41 GiB"
                JobCommand.objects.create(
                    step=row,
                    position=0,
                    kind="run",
                    command="vgs",
                    exit=0 if number == 1 else 5,
                    output=text,
                    seconds=0.4,
                )
        Job.objects.filter(pk=job.pk).update(
            status=status, approved_by="olga", approved_at=now, started_at=now, reason="Ticket 4412",
            ended_at=None if status in (JobStatus.RUNNING, JobStatus.INTERRUPTED) else now, **fields,
        )  # fmt: skip
        job.refresh_from_db()
        return job

    return make


@pytest.fixture
def worker(db: None) -> PanelPart:
    return PanelPart.objects.create(part="jobs", at=timezone.now(), note="pid 1")


@pytest.fixture
def draft_again(web_files: Cluster) -> Cluster:
    Cluster.objects.filter(pk=web_files.pk).update(inventory=Inventory.DRAFT)
    web_files.refresh_from_db()
    return web_files


@pytest.fixture
def room_for_volumes(web_files: Cluster) -> None:
    NodeState.objects.create(
        node=web_files.nodes.get(name="alice"),
        reachable=True,
        read_at=timezone.now(),
        vg_size=80 * GIB,
        vg_free=40 * GIB,
    )


@pytest.fixture
def tab() -> Client:
    """A browser: unlike Django's test client it is asked for the CSRF token."""
    return Client(enforce_csrf_checks=True)
