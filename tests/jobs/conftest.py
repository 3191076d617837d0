"""A person's request, a volume to ask for, and what the worker does between draft and approval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from clusters.findings import Finding
from clusters.models import Cluster
from clusters.states import Danger, JobStatus
from provisioning import codec, doorbell, jobs
from provisioning.desired import DesiredVolume
from provisioning.intents import CreateVolume
from provisioning.models import Job
from provisioning.steps import Kind, Plan, SecretRef, Stage, Step, Text, WriteFile, cmd


def request_of(user: Any) -> HttpRequest:
    request = RequestFactory().post("/", REMOTE_ADDR="10.10.0.9")
    request.user = user
    request.request_id = "b1f2-90c4"  # type: ignore[attr-defined]
    return request


def make_plan(
    title: str = "Create volume shop", *, danger: Danger = Danger.NONE, findings: tuple[Finding, ...] = ()
) -> Plan:
    secret = WriteFile("/etc/ha.d/authkeys", Text.of("1 sha1 ", SecretRef("authkeys"), "\n"), mode="0600")
    return Plan(
        title=title,
        summary="A volume.",
        now="There is room.",
        after="shop is mounted on alice.",
        steps=(
            Step("alice", "Read free space", Kind.READS, Stage.VOLUMES, commands=(cmd("vgs"),)),
            Step("alice", "Create the volume", Kind.WRITES, Stage.VOLUMES, commands=(cmd("lvcreate", "--name", "shop", "vg data"),)),
            Step("bob", "Make the mount point", Kind.WRITES, Stage.MOUNTS, commands=(cmd("mkdir", "/srv/shop"),), unchanged="there"),
            Step("bob", "Write authkeys", Kind.WRITES, Stage.MANAGER, files=(secret,), load=cmd("systemctl", "reload", "heartbeat")),
        ),
        findings=findings,
        danger=danger,
        typed_name="web-files" if danger is Danger.DESTROYS else "",
    )  # fmt: skip


def volume_intent(name: str = "shop", cluster: str = "web-files") -> CreateVolume:
    return CreateVolume(cluster, DesiredVolume(name, 5 * 1024**3, "ext4", f"/srv/{name}", ("noatime",)))


def propose(job: Job, plan: Plan | None = None) -> Job:
    """What the worker does with a draft."""
    plan = plan or make_plan(job.title)
    job.plan, job.title, job.danger, job.fingerprint = codec.dump(plan), plan.title, plan.danger, plan.fingerprint()
    job.status, job.planned_at = JobStatus.PROPOSED, timezone.now()
    job.save()
    return job


def end(job: Job, status: JobStatus) -> Job:
    """What the worker does when a job stops."""
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(status=status, started_at=now, ended_at=now, problem="It broke.")
    job.refresh_from_db()
    return job


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was rung for, in place of a broker."""
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr(doorbell, "ring", lambda *args: heard.append(args) or True)
    return heard


@pytest.fixture
def proposed(olga: Any, web_files: Cluster) -> Callable[..., Job]:
    """Draft a volume as olga and let the worker propose a plan for it."""

    def make(name: str = "shop", **plan: Any) -> Job:
        job = jobs.draft(request_of(olga), "volume.create", web_files, volume_intent(name))
        return propose(job, make_plan(f"Create volume {name}", **plan))

    return make
