"""LVM's local settings: which devices it must look at and which never. Pure.

The rule differs with the stacking. Above a whole disk, the label of the physical volume is visible on the disk itself, so LVM must be kept off the
disk, by a name that no other disk can have after the next boot. Above an LV, the local group lives on the disk, so the disk must stay visible and
only the backing LV is rejected.
"""

from __future__ import annotations

from provisioning.desired import BackingKind, DesiredCluster, DesiredNode
from provisioning.render.managed import with_block

# Fits no device. `pvscan --cache /dev/vdb`, with which udev reports a disk, looks for the disk's other names only when an accepted pattern has
# /dev/disk/ in it (seen with LVM 2.03.16: without this one the disk passed a filter that rejects its stable name).
OTHER_NAMES = "a|^/dev/disk/other-names-count$|"
ACCEPT_ALL = ("a|.*|", "a|.*/|", "a/.*/", "a|.|")


def mapper(vg: str, lv: str) -> str:
    """Name an LV as device mapper does: a hyphen inside a name is doubled."""
    return f"/dev/mapper/{vg.replace('-', '--')}-{lv.replace('-', '--')}"


def in_group(vg: str, source: str) -> bool:
    """Whether a device is named as a volume of the group, by either of its names."""
    mapped = f"/dev/mapper/{vg.replace('-', '--')}-"
    return source.startswith(f"/dev/{vg}/") or (source.startswith(mapped) and source[len(mapped) :][:1] != "-")


def own_patterns(desired: DesiredCluster, node: DesiredNode) -> tuple[str, ...]:
    """Give the cluster's part of `global_filter`; LVM takes the first pattern that fits a name."""
    accept = f"a|^{desired.resource.device}$|"
    backing = node.backing
    if backing.kind is BackingKind.LV:
        return accept, f"r|^/dev/{backing.vg}/{backing.lv}$|", f"r|^{mapper(backing.vg, backing.lv)}$|"
    aliases = (OTHER_NAMES,) if backing.device.startswith(("/dev/disk/", "/dev/mapper/")) else ()
    return accept, *aliases, f"r|^{backing.device}$|"


def foreign_patterns(effective: tuple[str, ...], own: tuple[str, ...]) -> tuple[str, ...]:
    """Give what somebody else set: the effective filter without ours and without the default that accepts everything."""
    return tuple(p for p in effective if p not in own and p not in ACCEPT_ALL)


def patterns(desired: DesiredCluster, node: DesiredNode, effective: tuple[str, ...]) -> tuple[str, ...]:
    """Give the whole filter: ours first, then what was there.

    "Accept everything" must not follow: a device counts as accepted as soon as one of its names is, and every disk has more names.
    """
    own = own_patterns(desired, node)
    return own + foreign_patterns(effective, own)


def local_settings(text: str | None, cluster: str, filter_: tuple[str, ...]) -> str:
    """Render `/etc/lvm/lvmlocal.conf`: its settings override those of lvm.conf, which stays as the package shipped it."""
    listed = ", ".join(f'"{pattern}"' for pattern in filter_)
    says = "# LVM sees the replicated data through DRBD only.\n"
    if OTHER_NAMES in filter_:
        says += "# No device has the name in the second pattern; with it LVM asks for every disk's other names, when udev reports one as well.\n"
    return with_block(text, cluster, f"{says}devices {{\n\tglobal_filter = [ {listed} ]\n}}\n")
