"""Exports and the NFS server's settings. Pure."""

from __future__ import annotations

from provisioning.desired import DesiredCluster, DesiredExport, ExportClient
from provisioning.render.managed import ManagedFile, header
from provisioning.render.paths import EXPORTS, NFS_CONF
from provisioning.steps import Text


def exports(desired: DesiredCluster) -> ManagedFile:
    """Render the exports, one line for each, the same on both nodes. `/etc/exports` is left to the administrator."""
    lines = [_line(desired, export) for export in sorted(desired.exports, key=lambda e: e.path)]
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


def _line(desired: DesiredCluster, export: DesiredExport) -> str:
    return " ".join([quoted(export.path), *(_client(desired, export, client) for client in export.clients)])


def _client(desired: DesiredCluster, export: DesiredExport, client: ExportClient) -> str:
    """Add what the panel gives: the fsid, and `mountpoint`, so that an unmounted volume is not exported as an empty directory."""
    own = ("mountpoint", "mp", "fsid")
    options = [option for option in client.options if option.split("=")[0] not in own]
    volume = desired.volume(export.volume)
    if volume:
        options.append(
            "mountpoint" if volume.mount_point == export.path else f"mountpoint={quoted(volume.mount_point)}"
        )
    options.append(f"fsid={export.fsid}")
    return f"{client.client}({','.join(options)})"
