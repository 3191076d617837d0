"""The only writer of snapshot rows and of schedules: what `inventory` is to volumes. Asks and touches no node.

creating (approved) → present (taken) → removing (deleted, or rolled back to) → gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from clusters import audit
from clusters.inventory import Taken
from clusters.models import AuditEntry, Cluster, Snapshot, SnapshotSchedule, SnapshotState, Volume
from clusters.states import Inventory

FIRST_FSID = (
    2_000_000  # far above those of exports, and above those that snapshots were given in turn by earlier versions
)
HELD = (Inventory.PRESENT, Inventory.REMOVING)


def of(cluster: Cluster, volume: str, name: str) -> QuerySet[Snapshot]:
    return Snapshot.objects.filter(volume__cluster=cluster, volume__name=volume, name=name)


def begin(
    cluster: Cluster, *, volume: str, name: str, lv: str, size: int, schedule: SnapshotSchedule | None = None
) -> Snapshot:
    """Write the row of a snapshot that is about to be taken; one that was begun before is taken up again."""
    home = Volume.objects.filter(cluster=cluster, name=volume).first()
    if home is None:
        raise Taken(f"{cluster} has no volume {volume}.")
    values = {"inventory": Inventory.CREATING, "lv": lv, "size": size, "schedule": schedule}
    row, made = Snapshot.objects.get_or_create(volume=home, name=name, defaults=values)
    if not made and not Snapshot.objects.filter(pk=row.pk, inventory=Inventory.CREATING).update(**values):
        raise Taken(f"{volume} has a snapshot {name} already.")
    return row


def finish(cluster: Cluster, volume: str, name: str) -> None:
    """It was taken: now is its moment, as well as the panel knows it."""
    of(cluster, volume, name).filter(inventory=Inventory.CREATING).update(
        inventory=Inventory.PRESENT, created_at=timezone.now()
    )


def give_back(cluster: Cluster, volume: str, name: str, *, partly_made: bool) -> None:
    """Given up. When something ran it may be there: then it counts as present, and a reading says whether it is."""
    rows = of(cluster, volume, name).filter(inventory=Inventory.CREATING)
    if partly_made:
        rows.update(inventory=Inventory.PRESENT)
    else:
        rows.delete()


def begin_removal(cluster: Cluster, volume: str, name: str) -> None:
    if not of(cluster, volume, name).filter(inventory__in=HELD).update(inventory=Inventory.REMOVING):
        raise Taken(f"{volume} has no snapshot {name}.")


def finish_removal(cluster: Cluster, volume: str, name: str) -> None:
    of(cluster, volume, name).filter(inventory=Inventory.REMOVING).delete()


def dropped(cluster: Cluster, volume: str, name: str) -> None:
    """A schedule let it go. One that a person has opened was left alone, and so is its row."""
    rows = of(cluster, volume, name).filter(inventory=Inventory.PRESENT, fsid=None)
    rows.exclude(schedule=None).delete()


def give_back_removal(cluster: Cluster, volume: str, name: str, *, partly: bool) -> None:
    """Nothing ran: it is as it was. Something did: it stays on its way out, and the page offers to go on."""
    if not partly:
        of(cluster, volume, name).filter(inventory=Inventory.REMOVING).update(inventory=Inventory.PRESENT)


def opening(
    cluster: Cluster, volume: str, name: str, *, fsid: int, clients: Iterable[str], as_root: bool, sec: str = ""
) -> None:
    of(cluster, volume, name).update(fsid=fsid, clients=" ".join(clients), as_root=as_root, sec=sec)


def opened(cluster: Cluster, volume: str, name: str) -> None:
    """It was opened to the end: only a reading that is newer may say that it is closed."""
    of(cluster, volume, name).update(opened_at=timezone.now())


def closed(cluster: Cluster, volume: str, name: str) -> None:
    of(cluster, volume, name).update(fsid=None, opened_at=None, clients="", sec="")
    SnapshotState.objects.filter(snapshot__in=of(cluster, volume, name)).update(mounted=False)


def fsid_of(row: Snapshot) -> int:
    """Give the number it is exported with whenever it is opened, and which no other ever gets: a client that still has a closed one mounted
    must never read the files of another."""
    return row.fsid or FIRST_FSID + row.pk


@transaction.atomic
def set_schedule(
    request: HttpRequest,
    volume: Volume,
    *,
    hourly: int,
    daily: int,
    weekly: int,
    size: int,
    enabled: bool,
    due: datetime,
) -> SnapshotSchedule:
    """Decide when snapshots are taken and how many are kept. Whoever decides this approves every run of it."""
    before = _told(SnapshotSchedule.objects.filter(volume=volume).first())
    values = {"hourly": hourly, "daily": daily, "weekly": weekly, "size": size, "enabled": enabled}
    schedule, _ = SnapshotSchedule.objects.update_or_create(
        volume=volume,
        defaults=values | {"next_run": due if enabled else None, "set_by": request.user.get_username(), "said": ""},
    )
    text = f"{volume}: {_words(schedule)}" if enabled else f"{volume}: no snapshots by schedule any more"
    audit.record(
        request=request, action="snapshot.schedule", text=text, outcome=AuditEntry.Outcome.DONE, cluster=volume.cluster,
        object=volume.name, before=before, after=_told(schedule),
    )  # fmt: skip
    return schedule


def said(schedule: SnapshotSchedule, why: str) -> None:
    """Keep why a run took none, for the volume's page; "" when it did."""
    SnapshotSchedule.objects.filter(pk=schedule.pk).update(said=why[:300], said_at=timezone.now())


def unsaid(schedule: int) -> None:
    """A run took its snapshot: what an earlier one said is past."""
    SnapshotSchedule.objects.filter(pk=schedule).update(said="")


def due_at(schedule: SnapshotSchedule, moment: datetime) -> bool:
    """Move the next run on; False when somebody else did already."""
    rows = SnapshotSchedule.objects.filter(pk=schedule.pk, next_run=schedule.next_run, enabled=True)
    return bool(rows.update(next_run=moment))


def _words(schedule: SnapshotSchedule) -> str:
    counts = [("hourly", schedule.hourly), ("daily", schedule.daily), ("weekly", schedule.weekly)]
    return "keeps " + ", ".join(f"{count} {word}" for word, count in counts if count) + " snapshots by schedule"


def _told(schedule: SnapshotSchedule | None) -> dict[str, object] | None:
    if schedule is None:
        return None
    return {name: getattr(schedule, name) for name in ("hourly", "daily", "weekly", "size", "enabled")}
