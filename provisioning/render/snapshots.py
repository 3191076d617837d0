"""Opened snapshots: where they are mounted, with which options, and the exports file that lists them. Pure.

They are read-only twice over: mounted so, without replaying a journal, and exported so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from provisioning.desired import DesiredCluster, DesiredExport, DesiredSnapshot, DesiredVolume, ExportClient
from provisioning.render import nfs
from provisioning.render.paths import SNAPSHOT_EXPORTS, SNAPSHOTS

MOUNT_OPTIONS = {"ext4": ("ro", "noload"), "xfs": ("ro", "nouuid", "norecovery")}
PLACE = nfs.Place(SNAPSHOT_EXPORTS, "snapshots opened for restoring files")
# The lines of `_export`, and of nobody else: somebody's own below the same directory reads otherwise.
_CLIENT = r" [^\s()]+\(ro,sync,no_subtree_check,(?:no_)?root_squash(?:,sec=[a-z0-9:]+)?,mountpoint,fsid=[0-9]+\)"
WRITTEN = re.compile(rf"{re.escape(SNAPSHOTS)}/[^/\s]+/[^/\s]+(?:{_CLIENT})+")


def path(snapshot: DesiredSnapshot) -> str:
    return f"{SNAPSHOTS}/{snapshot.volume}/{snapshot.name}"


def device(desired: DesiredCluster, snapshot: DesiredSnapshot) -> str:
    return f"/dev/{desired.resource.vg}/{snapshot.lv}"


def change(desired: DesiredCluster, opened: Iterable[DesiredSnapshot]) -> nfs.Change:
    """Give the exports of one node's opened snapshots. A line of an earlier one is not kept: `of_others` leaves it out."""
    after = exported(desired, opened)
    return nfs.Change.of(replace(after, exports=()), after, PLACE)


def exported(desired: DesiredCluster, opened: Iterable[DesiredSnapshot]) -> DesiredCluster:
    """Give the pair as one whose volumes are its opened snapshots: they are exported, tried and proven like any volume.

    So `mountpoint` keeps a line without effect while its snapshot is not mounted, as after a failover.
    """
    shown = [(path(snapshot), snapshot) for snapshot in opened]
    return replace(
        desired,
        volumes=tuple(DesiredVolume(at, snapshot.size, "", at) for at, snapshot in shown),
        exports=tuple(_export(at, snapshot) for at, snapshot in shown),
    )


def _export(at: str, snapshot: DesiredSnapshot) -> DesiredExport:
    options: tuple[str, ...] = (
        "ro",
        "sync",
        "no_subtree_check",
        "no_root_squash" if snapshot.as_root else "root_squash",
    )
    options += (f"sec={snapshot.sec}",) if snapshot.sec else ()
    return DesiredExport(at, snapshot.fsid or 0, tuple(ExportClient(c, options) for c in snapshot.clients), volume=at)


def of_others(standing: str | None) -> str:
    """Give what the file holds without the panel's own lines: which snapshots were opened on a node may have changed many times since."""
    return "".join(f"{line}\n" for line in nfs.lines_of(standing) if not WRITTEN.fullmatch(line))
