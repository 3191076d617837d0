"""What can be done to a snapshot."""

from __future__ import annotations

from clusters import inventory, snapshots
from clusters.models import Cluster, Snapshot, SnapshotSchedule, SnapshotState
from clusters.states import AccessLevel, Inventory
from provisioning import codec
from provisioning.actions.action import Action, not_running
from provisioning.desired import DesiredSnapshot
from provisioning.facts.reading import Asked
from provisioning.intents import (
    CloseSnapshot,
    CreateSnapshot,
    DeleteSnapshot,
    KeepSnapshots,
    OpenSnapshot,
    RestoreSnapshot,
)
from provisioning.models import Job
from provisioning.plans import snapshot_delete, snapshot_open, snapshot_restore, snapshot_take
from provisioning.render.paths import SNAPSHOTS
from provisioning.render.snapshots import path
from provisioning.steps import Plan

Named = DeleteSnapshot | RestoreSnapshot | CloseSnapshot


def _refuses_new(cluster: Cluster, wanted: DesiredSnapshot) -> str:
    if why := not_running(cluster):
        return why
    if not cluster.volumes.filter(name=wanted.volume, inventory=Inventory.PRESENT).exists():
        return f"{cluster} has no volume {wanted.volume}."
    rows = Snapshot.objects.filter(volume__cluster=cluster, volume__name=wanted.volume)
    if rows.filter(name=wanted.name).exclude(inventory=Inventory.CREATING).exists():
        return f"{wanted.volume} has a snapshot {wanted.name} already."
    if rows.exclude(name=wanted.name).filter(lv=wanted.lv).exists():
        return f"{wanted.lv} is the volume of another snapshot."
    return ""


def _refuses_known(cluster: Cluster, volume: str, name: str) -> str:
    if why := not_running(cluster):
        return why
    row = snapshots.of(cluster, volume, name).first()
    return "" if row and row.inventory in snapshots.HELD else f"{volume} has no snapshot {name}."


def _refuses_delete(cluster: Cluster, intent: DeleteSnapshot) -> str:
    """One that is opened is in use; one that was read as not mounted since, as after a failover, is for the plan to look at."""
    if why := _refuses_known(cluster, intent.volume, intent.name):
        return why
    row = snapshots.of(cluster, intent.volume, intent.name).select_related("state").get()
    state: SnapshotState | None = getattr(row, "state", None)
    let_go = state and not state.mounted and (row.opened_at is None or state.read_at > row.opened_at)
    if row.fsid is None or let_go:
        return ""
    return f"{intent.name} is opened for restoring files. Close it first: press “Close it” on its page, then delete it."


def _refuses_restore(cluster: Cluster, intent: RestoreSnapshot) -> str:
    if why := _refuses_known(cluster, intent.volume, intent.name):
        return why
    opened = snapshots.of(cluster, intent.volume, intent.name).exclude(fsid=None).exists()
    told = "counts as opened, with an export. Close it first: press “Close it” on its page, then roll back."
    return f"{intent.name} {told}" if opened else ""


def _refuses_open(cluster: Cluster, intent: OpenSnapshot) -> str:
    wanted = intent.snapshot
    if why := _refuses_known(cluster, wanted.volume, wanted.name):
        return why
    others = Snapshot.objects.filter(volume__cluster=cluster, fsid=wanted.fsid)
    if other := others.exclude(volume__name=wanted.volume, name=wanted.name).first():
        return f"fsid {wanted.fsid} belongs to {other} already."
    return ""


def _begin(cluster: Cluster, wanted: DesiredSnapshot, schedule: int | None = None) -> None:
    by = SnapshotSchedule.objects.filter(pk=schedule, volume__cluster=cluster).first() if schedule else None
    snapshots.begin(
        cluster, volume=wanted.volume, name=wanted.name, lv=wanted.lv, size=wanted.size, schedule=by
    )  # fmt: skip


def _settle_keep(cluster: Cluster, intent: KeepSnapshots) -> None:
    snapshots.finish(cluster, intent.take.volume, intent.take.name)
    snapshots.unsaid(intent.schedule)


def _keep_learns(job: Job, intent: KeepSnapshots) -> None:
    """Take off the list what its plan removes, or found gone; one that somebody mounted by hand stays, on the node and here."""
    steps = codec.load(Plan, job.plan or {}).steps
    gone = {
        command.argv[-1].rpartition("/")[2]
        for step in steps
        for command in step.commands
        if command.argv[0] == "lvremove"
    }
    for name in intent.drop:
        row = snapshots.of(job.cluster, intent.take.volume, name).first()
        if row is not None and row.lv in gone:
            snapshots.dropped(job.cluster, intent.take.volume, name)


def _settle_restore(cluster: Cluster, intent: RestoreSnapshot) -> None:
    """A thin volume gets the size back that it had when the snapshot was taken."""
    row = snapshots.of(cluster, intent.volume, intent.name).select_related("volume").first()
    if row is not None and row.volume.pool:
        inventory.resize_volume(cluster, intent.volume, row.size)
    snapshots.finish_removal(cluster, intent.volume, intent.name)


def _give_back_open(cluster: Cluster, intent: OpenSnapshot, partly: bool) -> None:
    row = snapshots.of(cluster, intent.snapshot.volume, intent.snapshot.name).select_related("state").first()
    seen = getattr(row, "state", None)
    if not partly and not (seen and seen.mounted):
        snapshots.closed(cluster, intent.snapshot.volume, intent.snapshot.name)


def _begin_open(cluster: Cluster, intent: OpenSnapshot) -> None:
    wanted = intent.snapshot
    snapshots.opening(
        cluster,
        wanted.volume,
        wanted.name,
        fsid=wanted.fsid or 0,
        clients=wanted.clients,
        as_root=wanted.as_root,
        sec=wanted.sec,
    )


def _settle_open(cluster: Cluster, intent: OpenSnapshot) -> None:
    _begin_open(cluster, intent)
    snapshots.opened(cluster, intent.snapshot.volume, intent.snapshot.name)


def _named(intent: Named) -> str:
    return f"{intent.volume}@{intent.name}"


def _object(wanted: DesiredSnapshot) -> str:
    return f"{wanted.volume}@{wanted.name}"


ROWS = (
    Action(
        name="snapshot.create",
        title="Snapshot",
        intent=CreateSnapshot,
        planner=snapshot_take.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: _object(intent.snapshot),
        alone=True,
        refuses=lambda cluster, intent: _refuses_new(cluster, intent.snapshot),
        begin=lambda cluster, intent: _begin(cluster, intent.snapshot),
        settle=lambda cluster, intent: snapshots.finish(cluster, intent.snapshot.volume, intent.snapshot.name),
        give_back=lambda cluster, intent, partly: snapshots.give_back(
            cluster, intent.snapshot.volume, intent.snapshot.name, partly_made=partly
        ),
    ),
    Action(
        name="snapshot.keep",
        title="Snapshot by schedule",
        intent=KeepSnapshots,
        planner=snapshot_take.keep,
        level=AccessLevel.OPERATOR,
        object=lambda intent: _object(intent.take),
        alone=True,
        refuses=lambda cluster, intent: _refuses_new(cluster, intent.take),
        begin=lambda cluster, intent: _begin(cluster, intent.take, intent.schedule),
        settle=_settle_keep,
        learns=_keep_learns,
        give_back=lambda cluster, intent, partly: snapshots.give_back(
            cluster, intent.take.volume, intent.take.name, partly_made=partly
        ),
    ),
    Action(
        name="snapshot.delete",
        title="Delete snapshot",
        intent=DeleteSnapshot,
        planner=snapshot_delete.plan,
        level=AccessLevel.OPERATOR,
        object=_named,
        alone=True,
        refuses=_refuses_delete,
        begin=lambda cluster, intent: snapshots.begin_removal(cluster, intent.volume, intent.name),
        settle=lambda cluster, intent: snapshots.finish_removal(cluster, intent.volume, intent.name),
        give_back=lambda cluster, intent, partly: snapshots.give_back_removal(
            cluster, intent.volume, intent.name, partly=partly
        ),
    ),
    Action(
        name="snapshot.restore",
        title="Roll back to",
        intent=RestoreSnapshot,
        planner=snapshot_restore.plan,
        level=AccessLevel.ADMIN,
        object=_named,
        refuses=_refuses_restore,
        begin=lambda cluster, intent: snapshots.begin_removal(cluster, intent.volume, intent.name),
        settle=_settle_restore,
        give_back=lambda cluster, intent, partly: snapshots.give_back_removal(
            cluster, intent.volume, intent.name, partly=partly
        ),
    ),
    Action(
        name="snapshot.open",
        title="Open snapshot",
        intent=OpenSnapshot,
        planner=snapshot_open.plan,
        level=AccessLevel.OPERATOR,
        object=lambda intent: _object(intent.snapshot),
        refuses=_refuses_open,
        asks=lambda intent, desired: Asked((SNAPSHOTS, path(intent.snapshot)), kerberos=bool(intent.snapshot.sec)),
        begin=_begin_open,  # from here on every file that is written says that it is opened, also when the job stops half way
        settle=_settle_open,
        give_back=_give_back_open,
        left="the snapshot itself is as it was",
        binds=lambda step: not step.title.startswith(snapshot_open.MAKES),
    ),
    Action(
        name="snapshot.close",
        title="Close snapshot",
        intent=CloseSnapshot,
        planner=snapshot_open.close,
        level=AccessLevel.OPERATOR,
        object=_named,
        refuses=lambda cluster, intent: _refuses_known(cluster, intent.volume, intent.name),
        begin=lambda *_: None,
        settle=lambda cluster, intent: snapshots.closed(cluster, intent.volume, intent.name),
        give_back=lambda *_: None,
    ),
)
