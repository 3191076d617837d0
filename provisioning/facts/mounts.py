"""What is mounted, how full it is and how much was written to it: the kernel's tables, df for sizes, /etc/fstab.

Proven with coreutils 9.1 and kernel 6.1.
"""

from __future__ import annotations

from dataclasses import replace

from provisioning.facts.answers import lines, number, refuse, unescape
from provisioning.observed import Mount

SECTOR = 512  # bytes; the kernel counts in these whatever the device has
DF = ("df", "--local", "--block-size=1", "--output=size,used,itotal,iused,target")


def parse(text: str) -> tuple[Mount, ...]:
    """Read /proc/self/mounts, in the order of mounting."""
    found = []
    for line in lines(text):
        if not line:
            continue
        fields = line.split(" ")
        if len(fields) < 4:
            raise refuse("not a mount", line)
        source, target, fstype, options = (unescape(each) for each in fields[:4])
        found.append(Mount(source, target, fstype, tuple(options.split(","))))
    return tuple(found)


def with_usage(mounts: tuple[Mount, ...], df: str) -> tuple[Mount, ...]:
    """Add sizes. Of several mounts on one target only the last is visible, and only it has a size."""
    usage = _usage(df)
    last = {mount.target: at for at, mount in enumerate(mounts)}
    return tuple(
        _sized(mount, usage[mount.target]) if last[mount.target] == at and mount.target in usage else mount
        for at, mount in enumerate(mounts)
    )


def _sized(mount: Mount, columns: list[int | None]) -> Mount:
    size, used, inodes, inodes_used = columns
    return replace(mount, size=size, used=used, inodes=inodes, inodes_used=inodes_used)


def _usage(df: str) -> dict[str, list[int | None]]:
    """Read df's columns by mount point; `-` is what a file system does not tell. Warnings go to standard error."""
    found: dict[str, list[int | None]] = {}
    for line in lines(df):
        fields = line.split(None, 4)
        if len(fields) < 5 or fields[0] == "1B-blocks":
            continue
        found[fields[4]] = [None if each == "-" else number(each, line) for each in fields[:4]]
    return found


def with_writes(mounts: tuple[Mount, ...], mountinfo: str, diskstats: str) -> tuple[Mount, ...]:
    """Add the bytes that were written to the block device of each visible mount since the kernel made the device."""
    devices, sectors = _devices(mountinfo), _sectors(diskstats)
    last = {mount.target: at for at, mount in enumerate(mounts)}
    return tuple(
        replace(mount, written=sectors[device] * SECTOR)
        if last[mount.target] == at and (device := devices.get(mount.target)) in sectors
        else mount
        for at, mount in enumerate(mounts)
    )


def _devices(mountinfo: str) -> dict[str, str]:
    """Read `major:minor` by mount point, of several mounts on one the last."""
    found = {}
    for line in filter(None, lines(mountinfo)):
        fields = line.split(" ", 5)
        if len(fields) < 6:
            raise refuse("not a line of mountinfo", line)
        found[unescape(fields[4])] = fields[2]
    return found


def _sectors(diskstats: str) -> dict[str, int]:
    """Read the sectors written by `major:minor`: flushes without data are not among them."""
    found = {}
    for line in filter(None, lines(diskstats)):
        fields = line.split()
        if len(fields) < 14:
            raise refuse("not a line of diskstats", line)
        found[f"{fields[0]}:{fields[1]}"] = number(fields[9], line)
    return found


def fstab(text: str) -> tuple[tuple[str, str], ...]:
    """Read source and mount point of each entry, comments and half lines left out (mount passes over them too)."""
    found = []
    for line in lines(text):
        fields = line.split()
        if len(fields) >= 2 and not fields[0].startswith("#"):
            found.append((unescape(fields[0]), unescape(fields[1])))
    return tuple(found)
