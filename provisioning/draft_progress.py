"""How far a draft is: what each step still lacks, in words. Reads rows, writes none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clusters.findings import blockers
from clusters.models import Cluster, Node, Resource
from clusters.states import LOCKING, Inventory
from provisioning import inquiries, preflight
from provisioning.models import Inquiry, Job
from provisioning.preflight import Preflight

STEPS = ("nodes", "preflight", "storage", "service", "volumes", "plan")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of the draft and what it still lacks."""

    step: str
    title: str
    missing: tuple[str, ...]

    @property
    def done(self) -> bool:
        return not self.missing


def editable(cluster: Cluster) -> bool:
    if cluster.inventory not in (Inventory.DRAFT, Inventory.CREATING):
        return False
    return not Job.objects.filter(cluster=cluster, status__in=LOCKING).exists()


def members(cluster: Cluster) -> list[Node]:
    return list(cluster.nodes.filter(kind=Node.Kind.MEMBER).select_related("backing").order_by("position", "pk"))


def observer(cluster: Cluster) -> Node | None:
    return cluster.nodes.filter(kind=Node.Kind.OBSERVER).first()


def seen(cluster: Cluster) -> Preflight | None:
    """Give the newest preflight that still is about the nodes as they are called now."""
    inquiry = inquiries.last_answered(Inquiry.Kind.PREFLIGHT, cluster)
    nodes = members(cluster)
    if (
        inquiry is None
        or not nodes
        or any(n.host_key_pinned_at and n.host_key_pinned_at > inquiry.asked_at for n in nodes)
    ):
        return None
    found = preflight.load(inquiry.result)
    return found if found and {node.name for node in nodes} <= {node.node for node in found.nodes} else None


def progress(cluster: Cluster) -> list[Progress]:
    nodes = members(cluster)
    return [
        Progress("nodes", "Nodes", tuple(_nodes_missing(cluster, nodes))),
        Progress("preflight", "Preflight", tuple(_preflight_missing(cluster))),
        Progress("storage", "Disks", tuple(_storage_missing(cluster, nodes))),
        Progress("service", "Service", tuple(_service_missing(cluster, nodes))),
        Progress("volumes", "Volumes", ()),
    ]


def missing(cluster: Cluster) -> list[str]:
    return [text for step in progress(cluster) for text in step.missing]


def _nodes_missing(cluster: Cluster, nodes: Sequence[Node]) -> list[str]:
    lacks = [] if len(nodes) == 2 else ["Two nodes are needed."]
    everybody = [*nodes, *([watcher] if (watcher := observer(cluster)) else [])]
    lacks += [f"The host key of {node} is not confirmed." for node in everybody if not node.host_key]
    lacks += [f"No login on {node} was seen to work." for node in everybody if node.host_key and not node.key_installed]
    return lacks


def _preflight_missing(cluster: Cluster) -> list[str]:
    found = seen(cluster)
    if found is None:
        return ["The nodes have not been read."]
    return [finding.text for finding in blockers(found.findings)]


def _storage_missing(cluster: Cluster, nodes: Sequence[Node]) -> list[str]:
    lacks = [f"No disk is chosen on {node}." for node in nodes if not hasattr(node, "backing")]
    if not Resource.objects.filter(cluster=cluster).exists():
        lacks.append("The DRBD resource has no name.")
    if cluster.first_source not in [node.name for node in nodes]:
        lacks.append("The direction of the first copy is not chosen.")
    return lacks


def _service_missing(cluster: Cluster, nodes: Sequence[Node]) -> list[str]:
    lacks = [] if cluster.service_ip else ["There is no service IP."]
    lacks += [f"No address to the clients is chosen on {node}." for node in nodes if not node.service_address]
    return lacks + [
        f"No address for replication is chosen on {node}." for node in nodes if not node.replication_address
    ]


def nodes_missing_before_reading(cluster: Cluster) -> list[str]:
    return _nodes_missing(cluster, members(cluster))
