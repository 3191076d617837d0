"""Exports and the NFS server's settings. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.export_access import NOBODY, access_of
from provisioning.desired import DesiredCluster, DesiredExport, ExportClient
from provisioning.render.managed import ManagedFile, header
from provisioning.render.paths import EXPORTS, NFS_CONF
from provisioning.steps import Text


def exports(desired: DesiredCluster) -> ManagedFile:
    """Render the exports, one line for each, the same on both nodes. `/etc/exports` is left to the administrator."""
    lines = [line(desired, export) for export in sorted(desired.exports, key=lambda e: e.path)]
    return ManagedFile(
        EXPORTS,
        Text.of(
            header(desired.name, "the NFS exports, the same on both nodes") + "".join(f"{line}\n" for line in lines)
        ),
    )


def settings(desired: DesiredCluster) -> ManagedFile:
    """Render threads, grace and lease: they must be the same on both nodes, or clients lose their locks at a failover."""
    nfs = desired.nfs
    return ManagedFile(
        NFS_CONF,
        Text.of(
            header(desired.name, "NFS server settings, the same on both nodes")
            + f"[nfsd]\nthreads={nfs.threads}\ngrace-time={nfs.grace_time}\nlease-time={nfs.lease_time}\n"
        ),
    )


def quoted(path: str) -> str:
    """Write a path as exports(5) wants it: blanks, quotes, backslashes and the comment sign as octal."""
    return "".join(f"\\{ord(c):03o}" if c in ' \t"\\#' else c for c in path)


def line(desired: DesiredCluster, export: DesiredExport) -> str:
    """The export as it stands in the file, without the end of the line."""
    return " ".join([quoted(export.path), *(entry(desired, export, client) for client in export.clients)])


def entry(desired: DesiredCluster, export: DesiredExport, client: ExportClient) -> str:
    return f"{client.client}({','.join(options_of(desired, export, client))})"


def options_of(desired: DesiredCluster, export: DesiredExport, client: ExportClient) -> tuple[str, ...]:
    """Add what the panel gives: the fsid, and `mountpoint`, so that an unmounted volume is not exported as an empty directory."""
    own = ("mountpoint", "mp", "fsid")
    options = [option for option in client.options if option.split("=")[0] not in own]
    volume = desired.volume(export.volume)
    if volume:
        options.append(
            "mountpoint" if volume.mount_point == export.path else f"mountpoint={quoted(volume.mount_point)}"
        )
    options.append(f"fsid={export.fsid}")
    return tuple(options)


MOST = 511  # characters of a client with its options that nfs-utils reads back from the table it wrote


def held(client: str, options: Sequence[str]) -> int:
    """Count the characters of a client in exportfs' table, where every option is written out.

    A longer one is written there and not read again: neither it nor any export below it is served, and exportfs ends with 0.
    """
    said = access_of(options)
    words = [
        "rw,sync,no_wdelay,nohide,nocrossmnt,insecure,no_root_squash,no_all_squash,no_subtree_check,insecure_locks,no_acl,no_pnfs"
    ]
    words += ["nordirplus"] * (not said.readdirplus) + ["security_label"] * said.labels + _panels(options)
    words += [f"anonuid={said.anonuid}", f"anongid={said.anongid}", f"sec={':'.join(said.sec)}"]
    words += ["rw,insecure,no_root_squash,no_all_squash", *said.others]
    return len(f"{client}({','.join(words)})")


def listed(options: Sequence[str]) -> str:
    """Write the options as `exportfs -v` shows them (nfs-utils 2.6.2); "" when there is one that nothing is known of."""
    said = access_of(options)
    if said.others:
        return ""
    words = [
        "sync" if said.sync else "async",
        "wdelay" if said.wdelay else "no_wdelay",
        "hide" if said.hide else "nohide",
    ]
    words += (
        ["crossmnt"] * said.crossmnt
        + ["no_subtree_check"] * (not said.subtree_check)
        + ["insecure_locks"] * (not said.locks)
    )
    words += ["nordirplus"] * (not said.readdirplus) + ["security_label"] * said.labels + ["no_acl"] * (not said.acl)
    words += _panels(options)
    words += [f"anonuid={said.anonuid}"] * (said.anonuid != NOBODY) + [f"anongid={said.anongid}"] * (
        said.anongid != NOBODY
    )
    words += [f"sec={':'.join(said.sec)}", "rw" if said.write else "ro", "secure" if said.secure else "insecure"]
    words += [
        "root_squash" if said.root_squash else "no_root_squash",
        "all_squash" if said.all_squash else "no_all_squash",
    ]
    return ",".join(words)


def _panels(options: Sequence[str]) -> list[str]:
    """What the panel gives, in exportfs' order."""
    return [word for name in ("fsid", "mountpoint") for word in options if word.partition("=")[0] == name]
