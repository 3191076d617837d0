"""States of DRBD: `drbdsetup events2 --now --statistics` is the source on 8.4 and 9, /proc/drbd adds what only it tells.

Proven with DRBD 8.4.11 and drbd-utils 9.22.0. The words of DRBD 9 are read too, but this is not proven on real nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from clusters.states import ConnectionState, DiskState, ReplicationState, Role
from provisioning.facts import proc_drbd
from provisioning.facts.answers import lines, number, refuse, state
from provisioning.facts.proc_drbd import Row, connection_of, kib
from provisioning.observed import Progress, ReplicaReading

EVENTS = ("drbdsetup", "events2", "--now", "--statistics")

Keys = dict[str, str]


@dataclass(slots=True)
class Seen:
    """What a dump of events2 holds, by the keys that identify each object."""

    resources: dict[str, Keys] = field(default_factory=dict)
    connections: dict[tuple[str, str], Keys] = field(default_factory=dict)  # resource, peer
    devices: dict[tuple[str, str], Keys] = field(default_factory=dict)  # resource, volume
    peer_devices: dict[tuple[str, str, str], Keys] = field(default_factory=dict)  # resource, peer, volume
    ended: bool = False


def events(text: str) -> Seen:
    """Read a dump. A dump without its last line `exists -` was cut off and is refused."""
    seen = Seen()
    for line in lines(text):
        verb, _, rest = line.strip().partition(" ")
        if not verb:
            continue
        if verb != "exists":
            raise refuse("not a line of events2 --now", line)
        what, _, rest = rest.partition(" ")
        if what == "-":
            seen.ended = True
            break
        keys = dict(_pair(token) for token in rest.split())
        _file(seen, what, keys, line)
    if not seen.ended:
        raise refuse("the dump of events2 has no end")
    return seen


def _pair(token: str) -> tuple[str, str]:
    key, _, value = token.partition(":")  # values contain colons themselves: local:ipv4:10.0.0.1:7789
    return key, value


def _file(seen: Seen, what: str, keys: Keys, line: str) -> None:
    name = keys.get("name", "")
    if what in ("resource", "connection", "device", "peer-device") and not name:
        raise refuse("an object without a name", line)
    keys["_line"] = line
    peer, volume = keys.get("peer-node-id", ""), keys.get("volume", "")
    match what:
        case "resource":
            known = seen.resources.setdefault(name, keys)
        case "connection":
            known = seen.connections.setdefault((name, peer), keys)
        case "device":
            known = seen.devices.setdefault((name, volume), keys)
        case "peer-device":
            known = seen.peer_devices.setdefault((name, peer, volume), keys)
        case _:
            return
    if known is not keys:
        raise refuse("an object is listed twice", line)


def replicas(dump: str, proc: str | None) -> tuple[ReplicaReading, ...]:
    """Make one reading per device. `proc` is /proc/drbd read in the same round trip, None when there is none.

    A pair has one peer; of several the one with the lowest node id is shown. What events2 did not print is taken from /proc/drbd.
    """
    seen = events(dump)
    rows = {row.minor: row for row in proc_drbd.parse(proc)} if proc is not None else {}
    links: dict[str, Keys] = {}
    for (name, _), keys in sorted(seen.connections.items(), key=lambda item: item[0]):
        links.setdefault(name, keys)
    found = []
    for (name, volume), device in seen.devices.items():
        line = device["_line"]
        minor = number(device.get("minor", ""), line)
        link = links.get(name, {})
        peer_device = seen.peer_devices.get((name, link.get("peer-node-id", ""), volume), {})
        reading = _reading(name, minor, seen.resources.get(name, {}), link, device, peer_device)
        found.append(with_row(reading, rows.get(minor)))
    return tuple(found)


def _reading(name: str, minor: int, resource: Keys, link: Keys, device: Keys, peer_device: Keys) -> ReplicaReading:
    connection, implied = _connection(link)
    replication = _replication(peer_device)
    suspended = resource.get("suspended", "no").split(",")
    return ReplicaReading(
        resource=name,
        minor=minor,
        role=_role(resource),
        disk=_disk(device, "disk"),
        connection=connection,
        replication=replication or implied,
        peer_role=_role(link),
        peer_disk=_disk(peer_device, "peer-disk"),
        out_of_sync=_kib(peer_device, "out-of-sync"),
        size=_kib(device, "size"),
        suspended=suspended != ["no"],
    )


def _connection(keys: Keys) -> tuple[ConnectionState | None, ReplicationState | None]:
    if "connection" not in keys:
        return None, None
    connection, replication = connection_of(keys["connection"], keys["_line"])
    return connection, None if replication is ReplicationState.ESTABLISHED else replication


def _replication(keys: Keys) -> ReplicationState | None:
    return state(ReplicationState, keys["replication"], keys["_line"]) if "replication" in keys else None


def _role(keys: Keys) -> Role | None:
    return state(Role, keys["role"], keys["_line"]) if "role" in keys else None


def _disk(keys: Keys, key: str) -> DiskState | None:
    return state(DiskState, keys[key], keys["_line"]) if key in keys else None


def _kib(keys: Keys, key: str) -> int | None:
    return kib(keys[key], keys["_line"]) if key in keys else None


def with_row(reading: ReplicaReading, row: Row | None) -> ReplicaReading:
    """Add progress, which only /proc/drbd has on 8.4, and fill what events2 left out. Its states were read a moment apart: events2 wins."""
    if row is None:
        return reading
    filled = replace(
        reading,
        role=reading.role or row.role,
        disk=reading.disk or row.disk,
        connection=reading.connection or row.connection,
        replication=reading.replication or row.replication,
        peer_role=reading.peer_role or row.peer_role,
        peer_disk=reading.peer_disk or row.peer_disk,
        out_of_sync=row.out_of_sync if reading.out_of_sync is None else reading.out_of_sync,
    )
    return replace(filled, progress=_moving(filled.replication, row))


def _moving(replication: ReplicationState | None, row: Row) -> Progress | None:
    if replication is None or not (replication.resyncing or replication.verifying):
        return None
    return proc_drbd.progress(row)


def replicas_of_proc(proc: str, names: Mapping[int, str]) -> tuple[ReplicaReading, ...]:
    """Read /proc/drbd alone, where drbdsetup is missing. `names` are resource names by minor, from the .res files; else drbd<minor>."""
    return tuple(
        with_row(
            ReplicaReading(
                resource=names.get(row.minor, f"drbd{row.minor}"),
                minor=row.minor,
                role=None,
                disk=None,
                connection=None,
                replication=None,
                suspended=row.suspended,
            ),
            row,
        )
        for row in proc_drbd.parse(proc)
    )


def names_by_minor(defined: Iterable[tuple[str, int, int]]) -> dict[int, str]:
    return {minor: name for name, minor, _ in defined}
