"""The line of an export as the renderer writes it, for a form that is still being filled in."""

from __future__ import annotations

from clusters.models import Volume
from provisioning.desired import DesiredExport
from provisioning.render import nfs


def line(cluster: str, export: DesiredExport, volume: Volume) -> str:
    return nfs.line_at(volume.mount_point, export)
