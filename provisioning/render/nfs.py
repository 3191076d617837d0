"""Exports and the NFS server's settings. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from clusters.export_access import NOBODY, access_of
from provisioning.desired import NFS_VERSIONS, DesiredCluster, DesiredExport, ExportClient
from provisioning.render.managed import SIGN, ManagedFile, header
from provisioning.render.paths import EXPORTS, IDMAPD, NFS_CONF, NFSD, NFSDCLD
from provisioning.steps import Text

STATE = ".nfs-state"  # directory at the top of the volume that carries it


@dataclass(frozen=True, slots=True)
class Place:
    """A file of export lines that is the panel's, and what its first line says it holds."""

    path: str
    holds: str


SERVED = Place(EXPORTS, "the NFS exports, the same on both nodes")


def exports(desired: DesiredCluster, place: Place = SERVED) -> ManagedFile:
    """Render the exports, one line for each. `/etc/exports` is left to the administrator."""
    places = {volume.name: volume.mount_point for volume in desired.volumes}
    lines = [line_at(places.get(export.volume, ""), export) for export in sorted(desired.exports, key=lambda e: e.path)]
    head = header(desired.name, place.holds)
    return ManagedFile(place.path, Text.of(head + "".join([f"{line}\n" for line in lines])))


@dataclass(frozen=True, slots=True)
class Change:
    """The exports before and after a change. Their file is rendered once, for everybody who compares it with what stands on a node."""

    before: DesiredCluster
    after: DesiredCluster
    file: ManagedFile
    lines: frozenset[str]  # of the file
    place: Place

    @classmethod
    def of(cls, before: DesiredCluster, after: DesiredCluster, place: Place = SERVED) -> Change:
        file = exports(after, place)
        return cls(before, after, file, frozenset(lines_of(str(file.content))), place)

    def among(self, standing: str | None) -> ManagedFile:
        """Render the exports into the file as it stands on a node: lines of others stay where they are, byte for byte."""
        strange = set(self.strange(standing))
        if not strange:
            return self.file
        after = self.after
        head = lines_of(str(exports(replace(after, exports=()), self.place).content))
        ours = {quoted(export.path): line(after, export) for export in sorted(after.exports, key=lambda e: e.path)}
        kept: list[str] = []
        for stands in lines_of(standing):
            if stands in strange or SIGN in stands or stands in head:
                kept.append(stands)
            elif replaced := ours.pop(stands.partition(" ")[0], ""):
                kept.append(replaced)
        return replace(self.file, content=Text.of("".join(f"{each}\n" for each in (*kept, *ours.values()))))

    def strange(self, standing: str | None) -> list[str]:
        """Give the lines of the file that the panel did not write, neither before the change nor after it."""
        others = [each for each in lines_of(standing) if each not in self.lines and SIGN not in each]
        if not others:
            return []
        paths = {each.partition(" ")[0] for each in others}
        then = {line(self.before, export) for export in self.before.exports if quoted(export.path) in paths}
        return [each for each in others if each not in then]


def lines_of(text: str | None) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def settings(desired: DesiredCluster) -> ManagedFile:
    """Render threads, grace and lease: they must be the same on both nodes, or clients lose their locks at a failover."""
    nfs = desired.nfs
    return ManagedFile(
        NFS_CONF,
        Text.of(
            header(desired.name, "NFS server settings, the same on both nodes")
            + f"[nfsd]\nthreads={nfs.threads}\ngrace-time={nfs.grace_time}\nlease-time={nfs.lease_time}\n"
            + "".join(f"vers{version}=n\n" for version in NFS_VERSIONS if version not in nfs.versions)
            + _held(desired)
            + "".join(f"[{section}]\nport={port}\n" for section, port in _pinned(desired))
            + (f"udp-port={nfs.lockd_port}\n" if nfs.lockd_port else "")
        ),
    )


def _pinned(desired: DesiredCluster) -> list[tuple[str, int]]:
    """Give the sections with a fixed port, lockd's last: it has a second line."""
    nfs = desired.nfs
    every = (("mountd", nfs.mountd_port), ("statd", nfs.statd_port), ("lockd", nfs.lockd_port))
    return [(section, port) for section, port in every if port]


def _held(desired: DesiredCluster) -> str:
    """What clients held moves with the service."""
    directory = state_directory(desired)
    return f"[nfsdcld]\nstoragedir={directory}\n" if directory else ""


def state_directory(desired: DesiredCluster) -> str:
    """Where what clients held is kept; "" when each node keeps its own."""
    volume = desired.volume(desired.nfs.state_volume) if desired.nfs.state_volume else None
    return f"{volume.mount_point}/{STATE}" if volume else ""


def idmapd(desired: DesiredCluster) -> ManagedFile:
    """Render the domain of names in version 4. Without one the file is empty, so that the nodes' own holds again."""
    lines = f"[General]\nDomain={desired.nfs.domain}\n" if desired.nfs.domain else ""
    return ManagedFile(
        IDMAPD, Text.of(header(desired.name, "the domain of NFSv4 names, the same on both nodes") + lines)
    )


def nfsd(desired: DesiredCluster) -> ManagedFile:
    """Render that both nodes go by one name: a client of version 4.1 and later that finds another server behind the address gives its locks up.

    The kernel takes the name from the host name at the moment of the start. nfs-utils 2.6.2 has no setting for it (`scope` came later), so
    rpc.nfsd is started with a host name of its own.
    """
    start = f"/usr/bin/unshare --uts /bin/sh -c 'hostname {desired.name} && exec /usr/sbin/rpc.nfsd'"
    text = f"[Service]\nExecStart=\nExecStart={start}\n" if state_directory(desired) else ""
    return ManagedFile(NFSD, Text.of(header(desired.name, "the NFS server goes by one name on both nodes") + text))


def threads(desired: DesiredCluster) -> tuple[str, ...]:
    """Give the command that sets the number of threads of a running server. It sets the name anew, too."""
    count = str(desired.nfs.threads)
    if not state_directory(desired):
        return ("rpc.nfsd", count)
    return ("unshare", "--uts", "sh", "-c", 'hostname "$1" && exec rpc.nfsd "$2"', "sh", desired.name, count)


def nfsdcld(desired: DesiredCluster) -> ManagedFile:
    """Render that the keeper of clients stops and starts with the NFS server: left running it would hold the volume, and on a takeover it
    would go on with what this node knew long ago."""
    lines = "[Unit]\nPartOf=nfs-server.service\n" if state_directory(desired) else ""
    return ManagedFile(
        NFSDCLD, Text.of(header(desired.name, "the keeper of NFS clients moves with the NFS server") + lines)
    )


ODD = frozenset(' \t"\\#')


def quoted(path: str) -> str:
    """Write a path as exports(5) wants it: blanks, quotes, backslashes and the comment sign as octal."""
    return path if ODD.isdisjoint(path) else "".join(f"\\{ord(c):03o}" if c in ODD else c for c in path)


def line(desired: DesiredCluster, export: DesiredExport) -> str:
    """The export as it stands in the file, without the end of the line."""
    return line_at(_mount_point(desired, export), export)


def line_at(mount_point: str, export: DesiredExport) -> str:
    """The same, for a volume that is mounted there; "" when there is none."""
    top = mount_point == export.path
    said = quoted(export.path)
    for each in export.clients:
        said += f" {each.client}({_joined(each.options, mount_point, top)}fsid={export.fsid})"
    return said


def options_of(desired: DesiredCluster, export: DesiredExport, client: ExportClient) -> tuple[str, ...]:
    place = _mount_point(desired, export)
    return (*_options(client.options, place, place == export.path), f"fsid={export.fsid}")


def _mount_point(desired: DesiredCluster, export: DesiredExport) -> str:
    volume = desired.volume(export.volume)
    return volume.mount_point if volume else ""


@lru_cache(maxsize=256)
def _joined(options: tuple[str, ...], mount_point: str, top: bool) -> str:
    """A pair may have a thousand exports, and most of them have the same options."""
    return "".join(f"{option}," for option in _options(options, mount_point, top))


def _options(options: tuple[str, ...], mount_point: str, top: bool) -> tuple[str, ...]:
    """Add `mountpoint`, so that an unmounted volume is not exported as an empty directory. The fsid, which the panel gives, too, comes last."""
    theirs = tuple(option for option in options if option.split("=")[0] not in ("mountpoint", "mp", "fsid"))
    given = "mountpoint" if top else f"mountpoint={quoted(mount_point)}"
    return (*theirs, given) if mount_point else theirs


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
