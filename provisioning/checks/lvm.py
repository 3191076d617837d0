"""Findings about LVM: names of volume groups, and whether LVM could see the replicated data beside DRBD (rows 5, 6)."""

from __future__ import annotations

from collections.abc import Iterator

from clusters.findings import Finding, blocker, fine, warning
from provisioning.checks.ours import disk_is_ours, early_lvm, pv_at
from provisioning.desired import BackingKind, DesiredCluster
from provisioning.observed import NodeObserved
from provisioning.render.lvm import foreign_patterns, own_patterns


def groups(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    backing = desired.node(node.node).backing
    r = desired.resource
    replicated = pv_at(node, r.device)
    if node.vg(r.vg) is not None and (replicated is None or replicated.vg != r.vg):
        yield _taken(node, r.vg)
    local = backing.vg if backing.kind is BackingKind.LV else ""
    if local and local == r.vg:
        yield blocker(
            "vg.same-name",
            f"{local} cannot be both the local group and the one on DRBD.",
            hint="Take two names.",
            node=node.node,
        )
    elif local and node.vg(local) is not None and not disk_is_ours(desired, node):
        yield _taken(node, local)


def _taken(node: NodeObserved, vg: str) -> Finding:
    return blocker(
        "vg.name-taken",
        f"{node.node} has a volume group {vg} already, and it is not this cluster's.",
        hint="Take another name.",
        fix=f"vgs {vg}",
        node=node.node,
    )


def visibility(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """LVM must see the replicated data through DRBD only; the set-up writes the filter, these are the reasons why that would not do."""
    name = node.node
    if node.lvm_devices_file:
        yield blocker(
            "lvm.devices-file",
            f"LVM on {name} uses a devices file; then no filter counts.",
            hint="The replicated disk could be activated beside DRBD.",
            fix="set use_devicesfile = 0 in the devices section of /etc/lvm/lvm.conf",
            node=name,
            hazard=5,
        )
    yield from _filter(node, own_patterns(desired, desired.node(name)))
    yield from _doubled(desired, node)
    if (why := early_lvm(desired, node)) and tuple(node.lvm_filter or ()) != own_patterns(desired, desired.node(name)):
        yield warning(
            "lvm.initramfs", f"The initramfs of {name} gets LVM's filter too: {why}.", node=name, hazard=5,
            hint="It is made anew with the filter. Nothing but what DRBD writes to is hidden; see the node boot once before it holds data.",
        )  # fmt: skip


def _filter(node: NodeObserved, own: tuple[str, ...]) -> Iterator[Finding]:
    """What somebody else set stays behind ours, unless it would let a disk in or keep DRBD out."""
    name = node.node
    foreign = foreign_patterns(node.lvm_filter or (), own)
    accepts = [pattern for pattern in foreign if pattern.startswith("a")]
    if accepts:
        yield blocker(
            "lvm.filter-foreign",
            f"LVM's filter on {name} accepts more by {', '.join(accepts)}: a disk is accepted as soon as one of its names is.",
            hint="Put this in front of it by hand, and see that no later pattern accepts the disk by another name.",
            fix=f"global_filter = [ {', '.join(f'{chr(34)}{p}{chr(34)}' for p in own)} ] in /etc/lvm/lvm.conf",
            node=name,
            hazard=5,
        )
    elif any("drbd" in pattern for pattern in foreign):
        yield blocker(
            "lvm.filter-hides-drbd",
            f"LVM's filter on {name} rejects DRBD devices ({', '.join(foreign)}): that is the rule for the other stacking.",
            hint="The volume group of this pair lies on DRBD.",
            fix="editor /etc/lvm/lvm.conf",
            node=name,
            hazard=6,
        )
    elif foreign:
        yield warning(
            "lvm.filter-kept", f"LVM on {name} has a filter of its own ({', '.join(foreign)}); it stays, behind ours.", node=name, hazard=5,
            hint="See that it does not hide a disk that is needed.",
        )  # fmt: skip
    elif node.lvm_filter is not None:
        state = (
            "keeps off what DRBD writes to"
            if tuple(node.lvm_filter) == own
            else "has no filter yet; the set-up writes it"
        )
        yield fine("lvm.filter", f"LVM on {name} {state}", node=name, hazard=5)


def _doubled(desired: DesiredCluster, node: NodeObserved) -> Iterator[Finding]:
    """The replicated group seen on its backing device means that LVM goes past DRBD."""
    backing = desired.node(node.node).backing
    device = backing.disk if backing.kind is BackingKind.DISK else backing.device  # LVM prints the kernel's name
    pv = pv_at(node, device)
    if pv is not None and pv.vg == desired.resource.vg:
        yield blocker(
            "lvm.past-drbd",
            f"LVM on {node.node} sees {pv.vg} on {device}, past DRBD.",
            hint="Deactivate the group there and write the filter before anything else.",
            fix=f"vgchange --activate n {pv.vg}",
            node=node.node,
            hazard=5,
        )
