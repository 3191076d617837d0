"""Opened snapshots: where they are mounted, with which options, and the exports file that lists them. Pure.

They are read-only twice over: mounted so, without replaying a journal, and exported so.
"""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.desired import DesiredCluster, DesiredSnapshot
from provisioning.render.managed import ManagedFile, header
from provisioning.render.nfs import quoted
from provisioning.render.paths import SNAPSHOT_EXPORTS, SNAPSHOTS
from provisioning.steps import Text

MOUNT_OPTIONS = {"ext4": ("ro", "noload"), "xfs": ("ro", "nouuid", "norecovery")}


def path(snapshot: DesiredSnapshot) -> str:
    return f"{SNAPSHOTS}/{snapshot.volume}/{snapshot.name}"


def device(desired: DesiredCluster, snapshot: DesiredSnapshot) -> str:
    return f"/dev/{desired.resource.vg}/{snapshot.lv}"


def exports(desired: DesiredCluster, opened: Iterable[DesiredSnapshot]) -> ManagedFile:
    """Render the exports of one node. `mountpoint` keeps a line without effect while its snapshot is not mounted, as after a failover."""
    lines = [_line(snapshot) for snapshot in sorted(opened, key=path)]
    return ManagedFile(
        SNAPSHOT_EXPORTS,
        Text.of(header(desired.name, "snapshots opened for restoring files") + "".join(f"{line}\n" for line in lines)),
    )


def _line(snapshot: DesiredSnapshot) -> str:
    squash = "no_root_squash" if snapshot.as_root else "root_squash"
    options = f"ro,sync,no_subtree_check,{squash},mountpoint,fsid={snapshot.fsid}"
    return " ".join([quoted(path(snapshot)), *(f"{client}({options})" for client in snapshot.clients)])
