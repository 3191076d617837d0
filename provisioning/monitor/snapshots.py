"""What a full reading tells of snapshots, written where the volume group was seen. The only writer of `SnapshotState`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from clusters.models import Cluster, Snapshot, SnapshotState
from clusters.states import Inventory
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render.snapshots import path
from provisioning.transport.world import NodeError


def write_snapshots(
    cluster: Cluster, desired: DesiredCluster, answers: Mapping[str, NodeObserved | NodeError], now: datetime
) -> None:
    """Only those are looked for that were present when the nodes were asked; one that a job takes away is its job's affair."""
    wanted = {(s.volume, s.name): s for s in desired.snapshots if not s.removing}
    node = _owner(desired, answers)
    if node is None or not wanted:
        return
    rows = Snapshot.objects.filter(volume__cluster=cluster, inventory=Inventory.PRESENT).select_related("volume")
    for row in rows:
        snapshot = wanted.get((row.volume.name, row.name))
        if snapshot is None:
            continue
        lv = node.lv(desired.resource.vg, snapshot.lv)
        values = {
            "read_at": now,
            "there": lv is not None,
            "percent": lv.filled
            if lv and not lv.pool
            else None,  # a thin one has no room of its own that could run full
            "valid": lv.valid if lv else True,
            "mounted": node.mount(path(snapshot)) is not None,
        }
        SnapshotState.objects.update_or_create(snapshot=row, defaults=values)


def _owner(desired: DesiredCluster, answers: Mapping[str, NodeObserved | NodeError]) -> NodeObserved | None:
    """The node where LVM shows the group on DRBD; a reading that did not ask LVM tells nothing."""
    seen = [answer for answer in answers.values() if isinstance(answer, NodeObserved)]
    return next((node for node in seen if node.lvs is not None and node.vg(desired.resource.vg)), None)
