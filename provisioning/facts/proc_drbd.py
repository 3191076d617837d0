"""/proc/drbd of DRBD 8.0 to 8.4 (proven: 8.4.11); of DRBD 9 only the header, which lists no devices although there may be some.

0: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
   ns:435816 nr:0 ... ep:1 wo:f oos:612692
       [=======>............] sync'ed: 41.8% (612692/1048508)K
       finish: 0:01:16 speed: 8,016 (7,920) K/sec
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from clusters.states import ConnectionState, DiskState, ReplicationState, Role
from provisioning.facts.answers import lines, number, refuse, state
from provisioning.observed import Progress

KIB = 1024
LONGEST = 10 * 365 * 86400  # seconds; a later finish is not worth showing
ROW = re.compile(r" {0,4}(\d{1,7}): cs:(\S{1,40})(?: |$)", re.ASCII)
VERSION = re.compile(r"version: {0,4}(\d{1,4}(?:\.\d{1,4}){1,3}[\w.-]{0,20})", re.ASCII)
DONE = re.compile(
    r"(?:sync'ed|verified): {0,8}(\d{1,9}(?:\.\d{1,9})?)%(?: {0,4}\((\d{1,12})/(\d{1,12})\) {0,2}([KM])?)?", re.ASCII
)
FINISH = re.compile(r"finish: {0,4}(\d{1,12}):(\d{1,2}):(\d{1,2})", re.ASCII)
SPEED = re.compile(r"speed: {0,4}(\d[\d,]{0,14})", re.ASCII)
COUNTERS = re.compile(r"\s{0,16}ns:")

# 8.4 prints the replication state in place of the connection state, and three connection states in its own words.
WORDS = {
    "WFConnection": (ConnectionState.CONNECTING, ReplicationState.OFF),
    "WFReportParams": (ConnectionState.CONNECTING, ReplicationState.OFF),
    "Connected": (ConnectionState.CONNECTED, ReplicationState.ESTABLISHED),
}


@dataclass(slots=True)
class Row:
    """One device as the kernel prints it. What was not printed is None."""

    minor: int
    line: str
    connection: ConnectionState | None = None
    replication: ReplicationState | None = None
    role: Role | None = None
    peer_role: Role | None = None
    disk: DiskState | None = None
    peer_disk: DiskState | None = None
    suspended: bool = False
    out_of_sync: int | None = None  # bytes
    rest: list[str] = field(default_factory=list)  # the lines below it


def connection_of(word: str, line: object) -> tuple[ConnectionState, ReplicationState]:
    """Split the one word of 8.4 into connection and replication state."""
    if word in WORDS:
        return WORDS[word]
    if word in set(ReplicationState) - {"Off", "Established"}:
        return ConnectionState.CONNECTED, ReplicationState(word)
    return state(ConnectionState, word, line), ReplicationState.OFF


def kernel_version(text: str) -> str | None:
    """Find the version of the loaded module in the header."""
    return next((match[1] for line in lines(text) if (match := VERSION.match(line))), None)


def parse(text: str) -> tuple[Row, ...]:
    """Read the devices; a minor that is not configured is left out."""
    found: dict[int, Row] = {}
    last: Row | None = None
    for line in lines(text):
        if (match := ROW.match(line)) is None:
            if last is not None:
                last.rest.append(line)
            continue
        last = _row(int(match[1]), match[2], line)
        if last.minor in found:
            raise refuse("a minor is listed twice", line)
        found[last.minor] = last
    for row in found.values():
        row.out_of_sync = _out_of_sync(row)
    return tuple(row for row in found.values() if row.connection is not None)


def _row(minor: int, word: str, line: str) -> Row:
    row = Row(minor, line)
    if word == "Unconfigured":
        return row
    row.connection, row.replication = connection_of(word, line)
    for token in line.split():
        key, _, value = token.partition(":")
        mine, slash, theirs = value.partition("/")
        if key in ("ro", "st") and slash:
            row.role, row.peer_role = state(Role, mine, line), state(Role, theirs, line)
        elif key == "ds" and slash:
            row.disk, row.peer_disk = state(DiskState, mine, line), state(DiskState, theirs, line)
    row.suspended = line.split()[-1].startswith("s")
    return row


def kib(text: str, line: object) -> int:
    """Read a number of KiB as bytes, refusing what no device can have."""
    if len(text) > 15:
        raise refuse("an impossible size", line)
    return number(text, line) * KIB


def _out_of_sync(row: Row) -> int | None:
    """Sum nothing up: only the counter line of this device counts, and a cut-off one leaves the figure unknown."""
    for line in row.rest:
        if COUNTERS.match(line):
            for token in line.split():
                if token.startswith("oos:"):
                    return kib(token.removeprefix("oos:"), line)
    return None


def progress(row: Row) -> Progress | None:
    """Read how far a resync or verify is; None when none is printed.

    Percent is the printed one: it is made from shifted bits and differs from left and total by up to a point. A stalled one has no ETA.
    """
    text = "\n".join(row.rest)
    done = next((line for line in row.rest if "sync'ed:" in line or "verified:" in line), None)
    if done is None:
        return None
    match = DONE.search(done)
    if match is None:
        raise refuse("no percentage", done.strip())
    unit = KIB * (KIB if match[4] == "M" else 1)
    if match[2] is None and row.out_of_sync is None:
        raise refuse("neither bytes left nor out of sync", done.strip())
    verifying = row.replication is not None and row.replication.verifying
    if match[2] is not None and row.out_of_sync and not verifying:
        unit = _true_unit(int(match[2]), row.out_of_sync, unit)
    left = int(match[2]) * unit if match[2] is not None else row.out_of_sync or 0
    total = int(match[3]) * unit if match[3] is not None else None
    stalled = "stalled" in text
    finish = FINISH.search(text)
    speed = SPEED.search(text)
    seconds = int(finish[1]) * 3600 + int(finish[2]) * 60 + int(finish[3]) if finish else LONGEST
    return Progress(
        percent=min(float(match[1]), 100.0),
        left=left,
        total=total,
        speed=int(speed[1].replace(",", "")) * KIB if speed else None,
        eta=seconds if not stalled and seconds < LONGEST else None,
        stalled=stalled,
    )


def _true_unit(left: int, out_of_sync: int, printed: int) -> int:
    """Some versions print M after a number of K and the other way round; what is out of sync decides."""
    return min((printed, KIB, KIB * KIB), key=lambda unit: abs(left * unit - out_of_sync))
