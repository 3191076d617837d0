"""Findings about files that somebody else wrote where the panel would write (row 20)."""

from __future__ import annotations

from collections.abc import Iterator

from clusters.findings import Finding, blocker, fine
from provisioning.checks.ours import exact, resource_is_ours, signed
from provisioning.desired import DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render.managed import is_ours
from provisioning.render.paths import (
    AUTHKEYS,
    AUTHORIZED_KEYS,
    EXPORTS,
    FENCE_HOSTS,
    FENCE_KEY,
    FENCE_PEER,
    FENCE_PUBLIC,
    HA_CF,
    HARESOURCES,
    LVM_LOCAL,
    MARK,
    NFS_CONF,
    OUTDATE_HERE,
    POLICY,
    resource_file,
)  # fmt: skip

SIGNED = (FENCE_PEER, OUTDATE_HERE, MARK, FENCE_PUBLIC, FENCE_HOSTS, EXPORTS, NFS_CONF, HA_CF, HARESOURCES)


def foreign(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    found = list(_foreign(desired, node))
    yield from found
    if not found:
        yield fine(
            "file.none-foreign", f"No file of somebody else is in the way on {node.node}", node=node.node, hazard=20
        )


def _foreign(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    for path in SIGNED:
        file = node.file(path)
        if file is not None and file.sha256 is not None and not is_ours(file.text, desired.name):
            yield _in_the_way(node, path)
    secrets = (
        (AUTHKEYS, signed(desired, node, HA_CF)),
        (FENCE_KEY, signed(desired, node, FENCE_PEER)),
        (resource_file(desired.resource.name), resource_is_ours(desired, node)),
    )
    for path, ours in secrets:
        file = node.file(path)
        if file is not None and file.sha256 is not None and not ours:
            yield _in_the_way(node, path)
    yield from _inexact(node)
    policy = node.file(POLICY)
    missing = [package for package, version in node.packages or () if version is None]
    if policy is not None and policy.sha256 is not None and missing and not is_ours(policy.text, desired.name):
        yield _in_the_way(node, POLICY)


def _inexact(node: NodeObserved) -> Iterator[Finding]:
    """Files with lines of others are written back whole, so they must have been read byte for byte."""
    for path in (AUTHORIZED_KEYS, LVM_LOCAL):
        file = node.file(path)
        if file is not None and file.sha256 is not None and exact(file) is None:
            yield blocker(
                "file.inexact",
                f"{path} on {node.node} could not be read byte for byte, and it holds lines of others.",
                hint="Look for bytes that are not UTF-8, or for a very large file.",
                fix=f"iconv --from-code UTF-8 --to-code UTF-8 {path} >/dev/null",
                node=node.node,
                hazard=20,
            )


def _in_the_way(node: NodeObserved, path: str) -> Finding:
    return blocker(
        "file.foreign",
        f"{path} on {node.node} was not written for this cluster.",
        hint="The panel overwrites nobody's file. Look whether it is still needed and put it aside.",
        fix=f"mv {path} {path}.before-storagepanel",
        node=node.node,
        hazard=20,
    )
