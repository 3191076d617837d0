"""What can be done about quotas. The limits themselves live in the file system, and no row here repeats them."""

from __future__ import annotations

from clusters import inventory
from clusters.models import Cluster
from clusters.states import AccessLevel, Inventory
from provisioning import inquiries
from provisioning.actions.action import Action, not_running
from provisioning.desired import DesiredCluster
from provisioning.facts import Asked
from provisioning.intents import EditQuota
from provisioning.models import Inquiry, Job
from provisioning.plans import quota_edit


def _refuses(cluster: Cluster, intent: EditQuota) -> str:
    if why := not_running(cluster):
        return why
    there = cluster.volumes.filter(name=intent.volume, inventory=Inventory.PRESENT).exists()
    return "" if there else f"{cluster} has no volume {intent.volume}."


def _asks(intent: EditQuota, desired: DesiredCluster) -> Asked:
    volume = desired.volume(intent.volume)
    return Asked(quotas=volume.mount_point, accounts=quota_edit.accounts(intent)) if volume else Asked()


def _settle(cluster: Cluster, intent: EditQuota) -> None:
    """ext4 is mounted with quotas from now on; of XFS that is no option, since every mount has them."""
    row = cluster.volumes.filter(name=intent.volume, inventory=Inventory.PRESENT).first()
    if row is None or row.fstype != "ext4":
        return
    options = [option for option in row.mount_options.split(",") if option]
    missing = [option for option in quota_edit.OPTIONS["ext4"] if option not in options]
    if missing:
        inventory.edit_volume(
            cluster, row.name, new_name=row.name, mount_point=row.mount_point, mount_options=[*options, *missing]
        )


def _learns(job: Job, intent: EditQuota) -> None:
    """What stands on the page is old now."""
    inquiries.ask(Inquiry.Kind.QUOTAS, job.cluster, asked_by=job.approved_by)


ROWS = (
    Action(
        name="quota.edit",
        title="Set quota on",
        intent=EditQuota,
        planner=quota_edit.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: intent.volume,
        refuses=_refuses,
        begin=lambda *_: None,
        settle=_settle,
        give_back=lambda *_: None,
        left="plan again to finish it",
        asks=_asks,
        learns=_learns,
    ),
)
