"""What a script may say about snapshots."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clusters import snapshots
from clusters.models import ClusterState, Snapshot
from provisioning.desired import DesiredSnapshot
from provisioning.intents import CloseSnapshot, CreateSnapshot, DeleteSnapshot, OpenSnapshot, RestoreSnapshot
from provisioning.monitor import sweep
from provisioning.simulator import snapshots as simulated
from provisioning.simulator import store

MIB = 1024**2


class SnapshotVerbs:
    clock: Any
    cluster: Any
    change: Any
    say: Any
    sweep: Any

    def do_snapshot(self, volume: str, name: str, mib: str) -> None:
        wanted = DesiredSnapshot(volume, name, f"{volume}-{name}", int(mib) * MIB)
        self.change("snapshot.create", CreateSnapshot(self.cluster.slug, wanted))

    def do_snapshot_delete(self, volume: str, name: str) -> None:
        self.change("snapshot.delete", DeleteSnapshot(self.cluster.slug, volume, name), typed_name=name)

    def do_snapshot_restore(self, volume: str, name: str) -> None:
        self.change("snapshot.restore", RestoreSnapshot(self.cluster.slug, volume, name), typed_name=volume)

    def do_snapshot_open(self, volume: str, name: str, client: str) -> None:
        row = snapshots.of(self.cluster, volume, name).get()
        others = snapshots.Snapshot.objects.exclude(fsid=None).count()
        fsid = row.fsid or 1_000_001 + others  # the panel's own come from keys, which differ from run to run
        wanted = DesiredSnapshot(volume, name, row.lv, row.size, fsid, (client,))
        self.change("snapshot.open", OpenSnapshot(self.cluster.slug, wanted))
        opened = snapshots.Snapshot.objects.filter(pk=row.pk).exclude(opened_at=None)
        opened.update(opened_at=datetime.fromtimestamp(self.clock.now(), UTC))  # by the clock that readings go by

    def do_snapshot_close(self, volume: str, name: str) -> None:
        self.change("snapshot.close", CloseSnapshot(self.cluster.slug, volume, name))

    def do_overwrite(self, volume: str, mib: str) -> None:
        """Clients change so much of a volume for the first time since its snapshots were taken."""
        with store.opened(self.cluster.pk) as pair:
            simulated.overwrite(pair, volume, int(mib) * MIB)

    def do_remove_by_hand(self, lv: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            del pair.inside.lvs[lv]

    def do_look(self) -> None:
        """Read everything, LVM too, as happens once a minute; tell the snapshots and what it makes of the pair."""
        sweep._full_at.clear()
        self.sweep()
        for row in (
            Snapshot.objects.filter(volume__cluster=self.cluster).select_related("state", "volume").order_by("pk")
        ):
            seen = getattr(row, "state", None)
            what = "not read" if seen is None else _told(seen)
            self.say(f"  {row}: {row.inventory}, {what}{', fsid ' + str(row.fsid) if row.fsid else ''}")
        state = ClusterState.objects.get(cluster=self.cluster)
        for reason in state.reasons:
            if reason["code"].startswith("snapshot."):
                self.say(f"  {reason['code']}: {reason['text']}")

    def do_opened(self, volume: str, name: str) -> None:
        """Tell what the panel knows of who may mount it."""
        row = snapshots.of(self.cluster, volume, name).get()
        self.say(f"  {row}: {f'fsid {row.fsid}, for {row.clients}' if row.fsid else 'closed'}")

    def do_mounts(self) -> None:
        """Tell what of snapshots is mounted and exported where."""
        with store.opened(self.cluster.pk) as pair:
            for name, machine in pair.machines.items():
                mounted = [point for point in machine.mounts if "/.snapshots" in point]
                exported = [path for path, *_ in machine.exported if "/.snapshots" in path]
                self.say(f"  {name}: mounted {', '.join(mounted) or 'none'}; exported {', '.join(exported) or 'none'}")


def _told(seen: Any) -> str:
    if not seen.there:
        return "not there"
    return f"{seen.percent:.0f} %{'' if seen.valid else ', lost'}{', mounted' if seen.mounted else ''}"
