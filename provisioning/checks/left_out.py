"""What a pair serves and its description does not name: a pair that was forgotten and is described anew must not lose it (row 10)."""

from __future__ import annotations

from collections.abc import Iterator

from clusters.findings import Finding, blocker
from provisioning.checks.ours import signed
from provisioning.checks.placed import members
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render.paths import EXPORTS, HARESOURCES


def contents(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """The panel's own files are written whole, so whatever they name and the description lacks would go from them."""
    points = {volume.mount_point for volume in desired.volumes}
    for point in sorted(_mounted(desired, node) - points):
        yield _would_go("volume", point, HARESOURCES, node.node)
    for path in sorted(_exported(desired, node) - {export.path for export in desired.exports}):
        yield _would_go("export", path, EXPORTS, node.node)


def _would_go(kind: str, what: str, path: str, node: str) -> Finding:
    return blocker(
        f"{kind}.left-out",
        f"{what} is in {path} on {node}, and no {kind} here names it.",
        hint=f"Writing the file would take it from its clients. Describe the {kind} as it is there, or take its line out by hand.",
        fix=f"editor {path}",
        node=node,
    )


def _mounted(desired: DesiredCluster, node: NodeObserved) -> set[str]:
    """The mount points in the group's line: Filesystem::device::directory::type."""
    return {directory for _, directory in members(_text(desired, node, HARESOURCES))}


def _exported(desired: DesiredCluster, node: NodeObserved) -> set[str]:
    lines = (line.split() for line in _text(desired, node, EXPORTS).splitlines())
    return {words[0].strip('"') for words in lines if words and words[0].startswith(("/", '"/'))}


def _text(desired: DesiredCluster, node: NodeObserved, path: str) -> str:
    """The file's text if it is this cluster's; a foreign one is a reason of its own."""
    file = node.file(path) if signed(desired, node, path) else None
    return (file.text if file else None) or ""
