"""A cluster that is being described. Its rows are written here while it is a draft, each step in one transaction with its audit entry.

A draft whose set-up was tried and failed may be changed again; one that is present, or that a job holds, may not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from clusters import allocation, audit
from clusters.models import AuditEntry, Backing, Cluster, Node, Resource, Volume
from clusters.models import Export as ExportRow
from clusters.models import ExportClient as ClientRow
from provisioning.desired import DesiredExport, DesiredVolume
from provisioning.draft_progress import members, observer
from provisioning.forms.nodes import NodeForm, ObserverForm
from provisioning.forms.service import ServiceForm
from provisioning.forms.storage import StorageForm
from provisioning.preflight import Preflight


@transaction.atomic
def create(request: HttpRequest, slug: str, labels: str) -> Cluster:
    name = request.user.get_username()
    cluster = Cluster.objects.create(slug=slug, labels=labels, created_by=name, simulated=settings.DEMO)
    _note(request, cluster, "cluster.draft", f"Began to describe the pair {slug}.", after={"labels": labels})
    return cluster


@transaction.atomic
def save_nodes(request: HttpRequest, cluster: Cluster, forms: Sequence[NodeForm], watcher: ObserverForm) -> list[Node]:
    """Write the nodes and give those whose host key must be asked for: new ones, and ones that moved to another address."""
    before = [_node_facts(node) for node in cluster.nodes.all()]
    rows = members(cluster)
    if len(rows) == 2 and [rows[0].name, rows[1].name] == [forms[1].text("name"), forms[0].text("name")]:
        rows.reverse()  # the two were swapped: the rows follow their names
    kept = dict(enumerate(rows))
    # Names and addresses are unique within the cluster: put both aside first, so that they can be exchanged.
    for number, row in kept.items():
        Node.objects.filter(pk=row.pk).update(name=f"-{number}", ssh_host=f"-{number}")
    changed = [
        node for number, form in enumerate(forms) if (node := _save_node(cluster, kept.get(number), form, number))
    ]
    present = observer(cluster)
    if watcher.given:
        node = _save_node(cluster, present, watcher, 0, kind=Node.Kind.OBSERVER)
        changed += [node] if node else []
    elif present:
        present.delete()
    after = [_node_facts(node) for node in cluster.nodes.all()]
    if before != after:
        _note(request, cluster, "cluster.draft", "Described the nodes.", before=before, after=after)
    return changed


def _save_node(
    cluster: Cluster, row: Node | None, form: NodeForm, position: int, kind: str = Node.Kind.MEMBER
) -> Node | None:
    values = {
        "name": form.text("name"), "ssh_host": form.text("ssh_host"), "ssh_port": form.cleaned_data["ssh_port"],
        "ssh_user": form.text("ssh_user"), "position": position, "kind": kind,
    }  # fmt: skip
    if row is None:
        return Node.objects.create(cluster=cluster, **values)
    moved = (row.ssh_host, row.ssh_port) != (values["ssh_host"], values["ssh_port"])
    other_person = row.ssh_user != values["ssh_user"]
    if moved:
        values |= {"offered_host_key": "", "host_key": "", "host_key_pinned_by": "", "host_key_pinned_at": None}
    if moved or other_person:
        values["key_installed"] = False
    if row.name != values["name"]:
        Cluster.objects.filter(pk=cluster.pk, first_source=row.name).update(first_source=values["name"])
    Node.objects.filter(pk=row.pk).update(**values)
    return Node.objects.get(pk=row.pk) if moved else None


def _node_facts(node: Node) -> dict[str, Any]:
    return {"node": node.name, "ssh": f"{node.ssh_user}@{node.ssh_host}:{node.ssh_port}", "kind": node.kind}


@transaction.atomic
def pin(request: HttpRequest, node: Node, key: str, *, text: str = "", reason: str = "") -> bool:
    """Trust the key that was on the page, if it still is the one the node shows."""
    name = request.user.get_username()
    done = (
        Node.objects.filter(pk=node.pk, offered_host_key=key)
        .exclude(offered_host_key="")
        .update(host_key=key, host_key_pinned_by=name, host_key_pinned_at=timezone.now(), key_installed=False)
    )
    if done:
        _note(
            request, node.cluster, "node.pin-host-key", text or f"Confirmed the host key of {node}.", reason=reason,
            subject=node.name, before={"host_key": node.host_key}, after={"host_key": key},
        )  # fmt: skip
    return bool(done)


@transaction.atomic
def save_storage(request: HttpRequest, cluster: Cluster, form: StorageForm, found: Preflight) -> None:
    nodes = members(cluster)
    before = _storage_facts(cluster)
    lv = form.text("kind") == Backing.Kind.LV
    for number, node in enumerate(nodes):
        disk = form.chosen(number)
        if disk is None:
            continue
        values = {
            "kind": form.text("kind"), "disk": disk.path, "disk_link": disk.link, "disk_serial": disk.serial, "disk_model": disk.model,
            "disk_size": disk.size, "vg": form.text("local_vg") if lv else "", "lv": form.text("local_lv") if lv else "",
            "size": form.backing_size() if lv else 0,
        }  # fmt: skip
        Backing.objects.update_or_create(node=node, defaults=values)
    defined = [entry for node in found.nodes for entry in node.drbd_defined or ()]
    minor, port = allocation.minor_and_port(
        cluster,
        [minor for _, minor, _ in defined],
        [port for _, _, port in defined] + [port for node in found.nodes for _, port in node.listening or ()],
        [node.ssh_host for node in nodes],
    )
    names = {"name": form.text("resource"), "vg": form.text("vg")}
    Resource.objects.update_or_create(
        cluster=cluster, defaults=names, create_defaults={**names, "minor": minor, "port": port}
    )
    Cluster.objects.filter(pk=cluster.pk).update(first_source=form.text("first_source"))
    cluster.refresh_from_db()
    _changed(request, cluster, "Chose disks and replication.", before, _storage_facts(cluster))


def _storage_facts(cluster: Cluster) -> dict[str, Any]:
    backings = Backing.objects.filter(node__cluster=cluster).select_related("node").order_by("node__position")
    resource = Resource.objects.filter(cluster=cluster).values("name", "minor", "port", "vg").first()
    disks = {
        b.node.name: {"disk": b.disk, "serial": b.disk_serial, "kind": b.kind, "vg": b.vg, "lv": b.lv, "size": b.size}
        for b in backings
    }
    return {"disks": disks, "resource": resource, "first_source": cluster.first_source}


SERVICE_FIELDS = (
    "service_ip", "service_prefix", "keepalive", "warntime", "deadtime", "initdead", "udpport", "nfs_grace", "nfs_lease", "nfs_threads",
)  # fmt: skip


@transaction.atomic
def save_service(request: HttpRequest, cluster: Cluster, form: ServiceForm) -> None:
    before = _service_facts(cluster)
    for name in SERVICE_FIELDS:
        setattr(cluster, name, form.cleaned_data[name])
    cluster.save(update_fields=SERVICE_FIELDS)
    for number, node in enumerate(members(cluster)):
        service, replication = form.address("service", number), form.address("replication", number)
        if service and replication:
            Node.objects.filter(pk=node.pk).update(
                service_address=service.address, service_interface=service.interface,
                replication_address=replication.address, replication_interface=replication.interface,
            )  # fmt: skip
    _changed(request, cluster, "Chose service IP, networks and times.", before, _service_facts(cluster))


def _service_facts(cluster: Cluster) -> dict[str, Any]:
    facts: dict[str, Any] = {name: getattr(cluster, name) for name in (*SERVICE_FIELDS, "nfs_state_volume")}
    for node in members(cluster):
        facts[node.name] = [
            node.service_address,
            node.service_interface,
            node.replication_address,
            node.replication_interface,
        ]
    return facts


@transaction.atomic
def add_volume(request: HttpRequest, cluster: Cluster, volume: DesiredVolume) -> Volume:
    row = Volume.objects.create(
        cluster=cluster, name=volume.name, size=volume.size, fstype=volume.fstype, mount_point=volume.mount_point,
        mount_options=",".join(volume.mount_options), owner=volume.owner, mode=volume.mode,
    )  # fmt: skip
    _note(
        request,
        cluster,
        "cluster.draft",
        f"Added volume {row} to the draft.",
        subject=row.name,
        after={"size": row.size},
    )
    return row


@transaction.atomic
def add_export(request: HttpRequest, cluster: Cluster, export: DesiredExport) -> ExportRow:
    volume = Volume.objects.get(cluster=cluster, name=export.volume)
    row = ExportRow.objects.create(
        cluster=cluster, volume=volume, path=export.path, fsid=export.fsid, owner=export.owner, mode=export.mode
    )
    for position, client in enumerate(export.clients):
        ClientRow.objects.create(export=row, position=position, client=client.client, options=",".join(client.options))
    clients = [client.client for client in export.clients]
    _note(
        request,
        cluster,
        "cluster.draft",
        f"Added export {row} to the draft.",
        subject=row.path,
        after={"clients": clients},
    )
    return row


@transaction.atomic
def remove(request: HttpRequest, row: Volume | ExportRow) -> None:
    """Take a volume (with its exports) or an export out of the draft. Nothing of it exists on a node yet."""
    if isinstance(row, Volume):
        row.exports.all().delete()
        Cluster.objects.filter(pk=row.cluster_id, nfs_state_volume=row.name).update(nfs_state_volume="")
    row.delete()
    _note(request, row.cluster, "cluster.draft", f"Took {row} out of the draft.", subject=str(row))


def as_of(cluster: Cluster, step: str) -> str:
    """Name what is saved for a step now; a form that began with something else was overtaken by somebody."""
    facts: object = [_node_facts(node) for node in cluster.nodes.order_by("kind", "position")]
    if step != "nodes":
        facts = _storage_facts(cluster) if step == "storage" else _service_facts(cluster)
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _changed(
    request: HttpRequest, cluster: Cluster, text: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    if before != after:
        _note(request, cluster, "cluster.draft", text, before=before, after=after)


def _note(
    request: HttpRequest,
    cluster: Cluster,
    action: str,
    text: str,
    *,
    subject: str = "",
    before: object = None,
    after: object = None,
    reason: str = "",
) -> None:
    audit.record(
        request=request, action=action, text=text, outcome=AuditEntry.Outcome.DONE, cluster=cluster,
        object=subject or cluster.slug, before=before, after=after, reason=reason,
    )  # fmt: skip
