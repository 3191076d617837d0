"""What the kernel's NFS server exports, from the table exportfs keeps (the same that `exportfs -v` prints), and its threads.

Proven with nfs-utils 2.6.2. The table stands for what was asked of the kernel; without threads nobody serves it.
"""

from __future__ import annotations

from provisioning.facts.answers import lines, number, refuse, unescape
from provisioning.observed import ActiveExport, NfsRunning

MOST_THREADS = 1_000_000


def exports(text: str) -> tuple[ActiveExport, ...]:
    """Read `path client(options)` lines of /var/lib/nfs/etab or `exportfs -v`, which puts the client of a long path on a line of its own."""
    found = []
    path = ""
    for line in lines(text):
        fields = line.split()
        if not fields:
            continue
        if not line[0].isspace():
            path, fields = unescape(fields[0]), fields[1:]
        if not path:
            raise refuse("an export without a path", line)
        for field in fields:
            found.append(_export(path, field, line))
    return tuple(found)


def _export(path: str, field: str, line: str) -> ActiveExport:
    client, bracket, options = field.partition("(")
    if not bracket or not options.endswith(")"):
        raise refuse("an export without options", line)
    return ActiveExport(path, "*" if client in ("", "<world>") else unescape(client), tuple(options[:-1].split(",")))


def threads(text: str) -> int:
    read = number(text.strip(), text.strip())
    if read > MOST_THREADS:
        raise refuse("an impossible number of threads", text.strip())
    return read


def running(versions: str, grace: str, lease: str) -> NfsRunning:
    """Read /proc/fs/nfsd/versions, `-2 +3 +4 -4.0 +4.1 +4.2`, and the two times. `+4` alone switches the minor ones, it is none itself."""
    words = versions.split()
    if not words or any(word[0] not in "+-" for word in words):
        raise refuse("not the NFS server's versions", versions.strip())
    on = {word[1:] for word in words if word[0] == "+"}
    off = {word[1:] for word in words if word[0] == "-"}
    if "4" in on and "4.0" not in off:
        on.add("4.0")  # not listed by every kernel
    answered = tuple(sorted(on - {"2", "4"})) if "4" in on else tuple(sorted(v for v in on if v == "3"))
    return NfsRunning(answered, number(grace.strip(), grace), number(lease.strip(), lease))
