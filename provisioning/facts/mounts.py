"""What is mounted and how full it is: the kernel's table, df for sizes, /etc/fstab. Proven with coreutils 9.1."""

from __future__ import annotations

from dataclasses import replace

from provisioning.facts.answers import lines, number, refuse, unescape
from provisioning.observed import Mount

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


def fstab(text: str) -> tuple[tuple[str, str], ...]:
    """Read source and mount point of each entry, comments and half lines left out (mount passes over them too)."""
    found = []
    for line in lines(text):
        fields = line.split()
        if len(fields) >= 2 and not fields[0].startswith("#"):
            found.append((unescape(fields[0]), unescape(fields[1])))
    return tuple(found)
