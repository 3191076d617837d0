"""What a preflight answered, as it is stored with its inquiry: the findings of `checks`, and each node's reading without its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clusters.findings import Finding
from provisioning import codec
from provisioning.observed import NodeObserved


@dataclass(frozen=True, slots=True)
class Preflight:
    findings: tuple[Finding, ...]
    nodes: tuple[NodeObserved, ...]

    def node(self, name: str) -> NodeObserved | None:
        return next((node for node in self.nodes if node.node == name), None)


def dump(findings: Iterable[Finding], observed: Mapping[str, NodeObserved]) -> dict[str, Any]:
    """Give what goes into `Inquiry.result`."""
    return {
        "findings": [codec.dump(finding) for finding in findings],
        "nodes": {name: codec.dump(replace(node, files=())) for name, node in observed.items()},
    }


def load(result: Mapping[str, Any] | None) -> Preflight | None:
    """Read `Inquiry.result`; None when there is none, or when another version of the panel wrote it: then it is asked again."""
    if not result:
        return None
    try:
        return Preflight(
            tuple(codec.load(Finding, finding) for finding in result["findings"]),
            tuple(codec.load(NodeObserved, node) for node in result["nodes"].values()),
        )
    except (codec.Unreadable, KeyError, AttributeError, TypeError):
        return None
