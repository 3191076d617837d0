"""What can be done for the file system of a volume: check it, repair it, trim it."""

from __future__ import annotations

import re

from clusters import care, fsck
from clusters.models import Care, Cluster
from clusters.states import AccessLevel, Inventory
from provisioning.actions.action import Action, not_running
from provisioning.facts import Asked
from provisioning.intents import CheckVolume, RepairVolume, TrimVolume
from provisioning.models import Job, JobCommand
from provisioning.plans import volume_check, volume_trim

TRIMMED = re.compile(r"\((\d{1,19}) bytes\) trimmed")
AFTERWARDS = "the volume's page says whether it is served"


def _refuses(cluster: Cluster, intent: CheckVolume | RepairVolume | TrimVolume) -> str:
    if why := not_running(cluster):
        return why
    there = cluster.volumes.filter(name=intent.name, inventory=Inventory.PRESENT).exists()
    return "" if there else f"{cluster} has no volume {intent.name}."


def _refuses_trim(cluster: Cluster, intent: TrimVolume) -> str:
    """A damaged file system may take blocks for free that hold something, and a discard of those is for good."""
    if why := _refuses(cluster, intent):
        return why
    damaged = cluster.volumes.filter(name=intent.name).exclude(damaged_at=None).exists()
    return (
        f"The file system of {intent.name} is damaged: repair it first, a trim could discard what it holds."
        if damaged
        else ""
    )


def _check_learns(job: Job, intent: CheckVolume | RepairVolume) -> None:
    """Keep what the last look found. It changed nothing, so its exit is about the file system and nothing else."""
    ran = [row for row in _ran(job) if row.command.startswith(("e2fsck ", "xfs_repair "))]
    if not ran:
        return
    kind = Care.Kind.REPAIR if isinstance(intent, RepairVolume) else Care.Kind.CHECK
    last, program = ran[-1], ran[-1].command.partition(" ")[0]
    care.note(
        job.cluster, intent.name, kind, verdict=fsck.verdict(program, last.exit), seconds=sum(row.seconds or 0 for row in ran),
        output="\n".join(f"$ {row.command}\n{row.output}" for row in ran), by=job.approved_by, job=job.pk,
    )  # fmt: skip


def _trim_learns(job: Job, intent: TrimVolume) -> None:
    care.unsaid(intent.schedule)
    ran = [row for row in _ran(job) if row.command.startswith("fstrim ")]
    for row in ran[-1:]:
        found = TRIMMED.search(row.output)
        care.note(
            job.cluster, intent.name, Care.Kind.TRIM, freed=int(found[1]) if found else None, seconds=row.seconds,
            output=row.output, by=job.approved_by, job=job.pk,
        )  # fmt: skip


def _ran(job: Job) -> list[JobCommand]:
    rows = JobCommand.objects.filter(step__job=job, kind="run").exclude(exit=None)
    return list(rows.order_by("step__number", "position"))


ROWS = (
    Action(
        name="volume.check",
        title="Check file system of",
        intent=CheckVolume,
        planner=volume_check.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.name,
        refuses=_refuses,
        begin=lambda *_: None,
        settle=lambda *_: None,
        give_back=lambda *_: None,
        left=AFTERWARDS,
        learns=_check_learns,
    ),
    Action(
        name="volume.repair",
        title="Repair file system of",
        intent=RepairVolume,
        planner=volume_check.repair,
        level=AccessLevel.ADMIN,
        object=lambda intent: intent.name,
        refuses=_refuses,
        begin=lambda *_: None,
        settle=lambda *_: None,
        give_back=lambda *_: None,
        left=AFTERWARDS,
        learns=_check_learns,
    ),
    Action(
        name="volume.trim",
        title="Trim",
        intent=TrimVolume,
        planner=volume_trim.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.name,
        refuses=_refuses_trim,
        begin=lambda *_: None,
        settle=lambda *_: None,
        give_back=lambda *_: None,
        left="a trim that broke off does no harm",
        asks=lambda intent, desired: Asked(discards=True),
        learns=_trim_learns,
    ),
)
