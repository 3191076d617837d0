"""The line of an export as the renderer writes it, for a form that is still being filled in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clusters.findings import Severity
from clusters.models import Cluster, Volume
from provisioning.checks.export_line import line_itself
from provisioning.desired import DesiredExport
from provisioning.render import nfs
from provisioning.snapshot import Incomplete, desired_of


def line(cluster: str, export: DesiredExport, volume: Volume) -> str:
    return nfs.line_at(volume.mount_point, export)


BESIDE = frozenset(  # what the rows of clients by themselves do not tell
    {"export.nested", "export.too-long", "export.other-family", "nfs.state-directory", "nfs.state-exported"}
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the plan will say of the line, as far as nodes need not be read for it."""

    stops: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()


def said(cluster: Cluster, export: DesiredExport) -> Said:
    """Judge the line beside the pair's other exports; nothing for a draft that is not whole yet."""
    try:
        desired = desired_of(cluster)
    except Incomplete:
        return Said()
    volume = desired.volume(export.volume)
    if volume is None:
        return Said()
    others = tuple(each for each in desired.exports if each.path != export.path)
    found = [one for one in line_itself(replace(desired, exports=others), export, volume) if one.code in BESIDE]
    told = [(one.severity is Severity.BLOCKER, f"{one.text} {one.hint}") for one in found]
    return Said(tuple(text for stops, text in told if stops), tuple(text for stops, text in told if not stops))
