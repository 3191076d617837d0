"""The line of an export as the renderer writes it, for a form that is still being filled in."""

from __future__ import annotations

from clusters.models import Volume
from provisioning.desired import DesiredExport


def line(cluster: str, export: DesiredExport, volume: Volume) -> str:
    mount = "mountpoint" if volume.mount_point == export.path else f"mountpoint={volume.mount_point}"
    clients = (f"{c.client}({','.join([*c.options, mount, f'fsid={export.fsid}'])})" for c in export.clients)
    return " ".join([export.path, *clients])
