"""Whom the NFS server knows: sessions of version 4, what version 3 clients once mounted, connections, how busy the threads were.

One process on the node, however many clients there are: awk counts what each holds, so that a client with a hundred thousand open
files costs as little on the wire as one with three. Proven with kernel 6.1, nfs-utils 2.6.2 and mawk 1.3.4.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from provisioning.facts.answers import Answer, lines, number, refuse, stdout, unescape
from provisioning.observed import NfsClient, NfsPool, NfsUse

CLIENTS = "/proc/fs/nfsd/clients"
RMTAB = "/var/lib/nfs/rmtab"
MONITORED = "/var/lib/nfs/sm"  # clients of version 3 that asked for a lock since the server started
MOUNTINFO = "/proc/self/mountinfo"
POOLS = "/proc/fs/nfsd/pool_stats"
NAMES = 5  # files that are named of what one client holds on one file system
MOST = 5000  # lines of one kind that are fetched
# A lock state outlives its lock until the file is closed: it counts only while the kernel lists a lock on that file.
PROGRAM = r"""
BEGIN {
  while ((getline l < "/proc/locks") > 0) { split(l, w, " "); for (i in w) if (w[i] ~ /^[0-9a-f]+:[0-9a-f]+:[0-9]+$/) locked[w[i]] = 1 }
  for (a = 1; a < ARGC; a++) {
    f = ARGV[a]; n = 0; split("", count); split("", named); split("", seen)
    while ((getline l < f) > 0) {
      if (f ~ /\/states$/) {
        if (!match(l, /type: [a-z]+/)) continue
        kind = substr(l, RSTART + 6, RLENGTH - 6); on = "?"; where = ""
        if (match(l, /superblock: "[0-9a-f]+:[0-9a-f]+:[0-9]+"/)) {
          where = substr(l, RSTART + 13, RLENGTH - 14); on = where; sub(/:[0-9]+$/, "", on)
        }
        if (kind == "lock" && !(where in locked)) continue
        count[kind " " on]++
        if (kind != "lock" && named[on] < NAMES && match(l, /filename: "[^"]*"/)) {
          name = on " " substr(l, RSTART + 11, RLENGTH - 12)
          if (!(name in seen)) { seen[name] = 1; named[on]++; print f ":+" name }
        }
      } else if (f ~ /^\/proc\/net\/tcp/) {
        split(l, w, " "); if (w[2] ~ /:0801$/ && w[4] == "01" && n++ < MOST) print f ":" w[3]
      } else if (f ~ /mountinfo$/) {
        split(l, w, " "); if (w[3] !~ /^0:/) print f ":" w[3] " " w[5]
      } else if (n++ < MOST) print f ":" l
    }
    for (k in count) print f ":=" k " " count[k]
    close(f)
  }
}
""".replace("NAMES", str(NAMES)).replace("MOST", str(MOST))
SHELL = (
    f'exec awk "$1" {CLIENTS}/*/info {CLIENTS}/*/states {RMTAB} {MONITORED}/* /proc/net/tcp /proc/net/tcp6 '
    f"{MOUNTINFO} {POOLS}"
)
ASK = ("sh", "-c", SHELL, "sh", PROGRAM)

INFO = re.compile(re.escape(CLIENTS) + r"/(\d{1,18})/(info|states)")
HELD = re.compile(r"=([a-z]+) (\?|[0-9a-f]+:[0-9a-f]+) (\d+)", re.ASCII)
NAMED = re.compile(r"\+(\?|[0-9a-f]+:[0-9a-f]+) (.*)", re.ASCII | re.DOTALL)
LOCKING = "locking"  # state of a version 3 client that asked for a lock
SHOWN = 120  # characters of a text that a client chose


@dataclass
class _Session:
    info: dict[str, str] = field(default_factory=dict)
    held: list[tuple[str, str, int]] = field(default_factory=list)  # kind, device, how many
    files: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class _Told:
    sessions: dict[str, _Session] = field(default_factory=dict)
    once: list[tuple[str, str]] = field(default_factory=list)  # rmtab: host, path
    locking: set[str] = field(default_factory=set)  # addresses that statd watches
    connected: list[str] = field(default_factory=list)  # one for each connection
    mounts: dict[str, str] = field(default_factory=dict)  # device as the NFS server spells it: mount point
    pools: list[str] = field(default_factory=list)


def parse(answer: Answer) -> tuple[NfsClient, ...]:
    """Give every client once, those of version 4 first."""
    told = _told(answer)
    found = [client for session in told.sessions.values() if (client := _session(session, told.mounts))]
    connections = Counter(told.connected)
    sessions = Counter(client.address for client in found)
    found = [replace(client, connected=connections[client.address] > 0) for client in found]
    hosts = dict.fromkeys((*(host for host, _ in told.once), *sorted(told.locking)))
    for host in hosts:
        paths = tuple(dict.fromkeys(path for other, path in told.once if other == host))
        # A session has a connection of its own: what is more than those is version 3.
        more = connections[host] > sessions[host]
        found.append(NfsClient(host, "3", state=LOCKING if host in told.locking else "", connected=more, paths=paths))
    known = {*sessions, *hosts}
    found += [NfsClient(address, "", connected=True) for address in sorted(connections) if address not in known]
    return tuple(found)


def pool(answer: Answer) -> NfsPool | None:
    """Add up what the pools of threads counted since the server started; None when it does not run."""
    rows = [row.split() for row in _told(answer).pools if not row.startswith("#")]
    if not rows:
        return None
    if any(len(row) < 4 for row in rows):
        raise refuse("not the statistics of a pool", " ".join(rows[0]))
    arrived, woken = (sum(number(row[column], row) for row in rows) for column in (1, 3))
    return NfsPool(arrived, max(0, arrived - woken))


def _told(answer: Answer) -> _Told:
    told = _Told()
    for line in lines(stdout(answer, "awk")):
        path, colon, rest = line.partition(":")
        if match := INFO.fullmatch(path):
            _of_session(told.sessions.setdefault(match[1], _Session()), match[2], rest)
        elif path == RMTAB:
            host, _, where = rest.partition(":")
            if host:
                told.once.append((_plain(host), unescape(where.rsplit(":0x", 1)[0])))
        elif path.startswith(f"{MONITORED}/"):
            words = rest.split()
            told.locking.add(_plain(words[5]) if len(words) > 5 else path.removeprefix(f"{MONITORED}/")[:SHOWN])
        elif path in ("/proc/net/tcp", "/proc/net/tcp6"):
            told.connected.append(_address(rest))
        elif path == MOUNTINFO:
            device, _, target = rest.partition(" ")
            told.mounts.setdefault(_device(device), unescape(target))  # bind mounts come later
        elif path == POOLS:
            told.pools.append(rest)
        elif colon and line.startswith("/"):
            raise refuse("a line of no file", line)
    return told


def _of_session(session: _Session, kind: str, rest: str) -> None:
    """Take one line. A file's name may hold anything, a line break too: what then looks like no line of ours is passed over."""
    if kind == "info":
        key, _, value = rest.partition(": ")
        session.info.setdefault(key, value.strip().removeprefix('"').removesuffix('"'))
    elif match := HELD.fullmatch(rest):
        session.held.append((match[1], match[2], number(match[3], rest)))
    elif match := NAMED.fullmatch(rest):
        session.files.setdefault(match[1], []).append(match[2][:SHOWN])


def _session(session: _Session, mounts: dict[str, str]) -> NfsClient | None:
    info = session.info
    if "address" not in info:
        return None  # it went while it was read
    renewed = info.get("seconds from last renew", "")
    minor = info.get("minor version", "")
    return NfsClient(
        address=_host(info["address"]),
        version=f"4.{number(minor, minor)}" if minor else "4",
        name=info.get("name", "")[:SHOWN],
        state=info.get("status", "")[:SHOWN],
        idle=float(number(renewed, renewed)) if renewed else None,
        uses=tuple(_uses(session, mounts)),
    )


def _uses(session: _Session, mounts: dict[str, str]) -> Iterator[NfsUse]:
    for device in dict.fromkeys(device for _, device, _ in session.held):
        held = {kind: count for kind, at, count in session.held if at == device}
        files = tuple(dict.fromkeys(session.files.get(device, ())))
        yield NfsUse(mounts.get(device, ""), held.get("open", 0), held.get("lock", 0), held.get("deleg", 0), files)


def _host(text: str) -> str:
    """Take the port off `192.0.2.1:825` and `[2001:db8::1]:825`."""
    return _plain(text[1:].partition("]")[0] if text.startswith("[") else text.rpartition(":")[0])


def _address(text: str) -> str:
    """Read `0A4DA8C0:033B` of /proc/net/tcp: words of four bytes in the machine's own order, which is little-endian where Debian is."""
    digits = text.partition(":")[0]
    if not re.fullmatch(r"[0-9A-F]{8}|[0-9A-F]{32}", digits):
        raise refuse("not an address", text)
    raw = b"".join(bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    return _plain(str(ipaddress.ip_address(raw)))


def _plain(text: str) -> str:
    """Write an address one way; an IPv4 address that came over an IPv6 socket as IPv4."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text[:SHOWN]
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _device(text: str) -> str:
    """Spell `253:2` of mountinfo as the NFS server does: `fd:02`."""
    major, _, minor = text.partition(":")
    return f"{number(major, text):02x}:{number(minor, text):02x}"
