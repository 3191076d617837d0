"""The pair before and after a plan, drawn from the inventory and what was last seen. What the plan brings is drawn as new."""

from __future__ import annotations

from dataclasses import replace

from django.utils.safestring import SafeString

from clusters.figures import size_text
from clusters.models import Backing, Cluster, ClusterState, Export, Node, Replica, Volume
from clusters.pictures import Slice, SliceVolume, slice_of
from clusters.states import DiskState, Inventory, JobStatus
from provisioning import actions, codec
from provisioning.intents import CreateVolume, Intent, ProvisionCluster, PublishExport
from provisioning.models import Job
from provisioning.pages import space

EXISTS = (Inventory.PRESENT, Inventory.REMOVING)


def pictures(job: Job) -> list[tuple[str, SafeString]]:
    """Draw both; nothing when the pair is not described far enough or the plan moves nothing, as one that mends a pair in service."""
    nodes = list(
        job.cluster.nodes.filter(kind=Node.Kind.MEMBER)
        .select_related("backing", "replica", "state")
        .order_by("position", "pk")
    )
    try:
        intent = actions.intent_of(job)
    except codec.Unreadable:
        return []
    if len(nodes) != 2 or job.status not in (JobStatus.PROPOSED, JobStatus.DRAFTING, JobStatus.QUEUED):
        return []
    pair = _sides(job.cluster, nodes)
    match intent:
        case ProvisionCluster() if job.cluster.inventory != Inventory.PRESENT:
            before, after = _set_up(job.cluster, *pair)
        case CreateVolume() | PublishExport():
            before, after = _on_a_running_pair(job.cluster, intent, *pair)
        case _:
            return []
    return [("Before", slice_of(before)), ("After", slice_of(after))]


def _sides(cluster: Cluster, nodes: list[Node]) -> tuple[Node, Node]:
    """Give the node that serves, or will, first."""
    state = ClusterState.objects.filter(cluster=cluster).select_related("active_node").first()
    serving = state.active_node.name if state and state.active_node else cluster.first_source
    return (nodes[1], nodes[0]) if nodes[1].name == serving else (nodes[0], nodes[1])


def _set_up(cluster: Cluster, node: Node, peer: Node) -> tuple[Slice, Slice]:
    bare = Slice(
        node=node.name, peer=peer.name, says=f"Before: {node} and {peer} are two servers of their own", address=node.service_address or "",
        service=False, drbd=False, backing=_backing(node), peer_backing=_disk(peer), peer_note="a server of its own",
    )  # fmt: skip
    exported = set(Export.objects.filter(cluster=cluster).values_list("volume_id", flat=True))
    volumes = tuple(SliceVolume(v.name, _line(v.size, v.pk in exported), True) for v in cluster.volumes.order_by("pk"))
    size, used = _room(node, peer), sum(space.rounded_up(v.size) for v in cluster.volumes.all())
    resource = cluster.resource if hasattr(cluster, "resource") else None
    names = ", ".join(v.name for v in volumes) or "no volume yet"
    made = replace(
        bare, says=f"After: {node} serves {names} at {cluster.service_ip}; {peer} has or gets a complete copy and is ready to take over",
        service=True, service_new=True, service_ip=cluster.service_ip or "", volumes=volumes, vg=resource.vg if resource else "", vg_new=True,
        free_line=_free(size - used, size) if size else "", free_new=bool(size), resource=resource.name if resource else "r0", drbd=True,
        drbd_new=True, drbd_line="Primary", peer_line="first copy", peer_new="takes over", peer_note="gets a copy",
    )  # fmt: skip
    return bare, made


def _on_a_running_pair(cluster: Cluster, intent: Intent, node: Node, peer: Node) -> tuple[Slice, Slice]:
    before = _running(cluster, node, peer)
    if isinstance(intent, CreateVolume):
        wanted = intent.volume
        new = SliceVolume(wanted.name, size_text(wanted.size), True)
        free, size = _seen_space(node)
        left = max(0, free - wanted.size) if free is not None else None
        after = replace(
            before, volumes=(*before.volumes, new), free_line=_free(left, size), free_new=left is not None, peer_new="mount point",
            says=f"After: {wanted.name}, {size_text(wanted.size)}, is mounted on {node}; {peer} has the mount point",
        )  # fmt: skip
        return before, after
    if not isinstance(intent, PublishExport):
        return before, before
    line = "exported" if intent.export.path.count("/") < 3 else "exported below"
    volumes = tuple(
        replace(volume, line=f"{volume.line.split(',')[0]}, {line}", new=True)
        if volume.name == intent.export.volume
        else volume
        for volume in before.volumes
    )
    return before, replace(before, volumes=volumes, says=f"After: {intent.export.path} is exported", peer_new="exports")


def _running(cluster: Cluster, node: Node, peer: Node) -> Slice:
    exported = set(Export.objects.filter(cluster=cluster, inventory__in=EXISTS).values_list("volume_id", flat=True))
    present = list(Volume.objects.filter(cluster=cluster, inventory__in=EXISTS).order_by("pk"))
    volumes = tuple(SliceVolume(v.name, _line(v.size, v.pk in exported)) for v in present)
    resource = cluster.resource if hasattr(cluster, "resource") else None
    mine, theirs = _replica(node), _replica(peer)
    ready = theirs is not None and theirs.disk == DiskState.UP_TO_DATE
    return Slice(
        node=node.name, peer=peer.name, says=f"Before: {node} serves {', '.join(v.name for v in volumes) or 'no volume'}",
        address=node.service_address or "", service_ip=cluster.service_ip or "", volumes=volumes, free_line=_free(*_seen_space(node)),
        vg=resource.vg if resource else "", resource=resource.name if resource else "r0",
        drbd_line=f"{mine.role} · {mine.disk}" if mine and mine.disk else "not seen", drbd_kind=_kind(mine),
        peer_line=theirs.disk if theirs and theirs.disk else "not seen", peer_kind=_kind(theirs), backing=_backing(node), peer_backing=_disk(peer),
        peer_note="ready to take over" if ready else "cannot take over now" if theirs else "not seen",
    )  # fmt: skip


def _replica(node: Node) -> Replica | None:
    return getattr(node, "replica", None)


def _kind(replica: Replica | None) -> str:
    if replica is None or not replica.disk:
        return "unknown"
    return "ok" if replica.disk == DiskState.UP_TO_DATE else "risk"


def _seen_space(node: Node) -> tuple[int | None, int | None]:
    state = getattr(node, "state", None)
    return (state.vg_free, state.vg_size) if state else (None, None)


def _free(free: int | None, size: int | None) -> str:
    return f"{size_text(free)} of {size_text(size)} free" if free is not None and size else ""


def _line(size: int, exported: bool) -> str:
    return size_text(size) + (", exported" if exported else "")


def _backing(node: Node) -> str:
    backing: Backing | None = getattr(node, "backing", None)
    return f"{_disk(node)} · {size_text(backing.disk_size)}" if backing else ""


def _disk(node: Node) -> str:
    backing: Backing | None = getattr(node, "backing", None)
    return backing.disk.removeprefix("/dev/") if backing else ""


def _room(node: Node, peer: Node) -> int:
    sizes = [one.backing.size or one.backing.disk_size for one in (node, peer) if hasattr(one, "backing")]
    return space.for_volumes(min(sizes)) if sizes else 0
