"""What a node exports, and to whom. Pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActiveExport:
    path: str
    client: str
    options: tuple[str, ...]

    @property
    def fsid(self) -> str | None:
        return next((o.removeprefix("fsid=") for o in self.options if o.startswith("fsid=")), None)


@dataclass(frozen=True, slots=True)
class NfsUse:
    """What one NFSv4 client holds on one file system."""

    mount: str  # mount point; "" when the file system is none that is mounted
    opens: int = 0
    locks: int = 0
    delegations: int = 0
    files: tuple[str, ...] = ()  # a few of them, as the kernel tells them: the last two parts of the path


@dataclass(frozen=True, slots=True)
class NfsClient:
    """A client the NFS server knows. Version 4 keeps a session; version 3 has none, so all that is known is what it once mounted (`paths`)
    and whether it is connected."""

    address: str
    version: str  # "4.2", "4.0", "3"; "" for a connection that nothing else is known of
    name: str = ""  # what it calls itself; free text from the client
    state: str = ""  # version 4: confirmed, courtesy, unconfirmed
    idle: float | None = None  # version 4: seconds since it renewed its lease, None when the kernel does not tell
    connected: bool | None = None  # a TCP connection to the server was seen
    uses: tuple[NfsUse, ...] | None = ()  # version 4: by file system; None when they were too many to read
    paths: tuple[str, ...] = ()  # version 3: exports it asked for and was not seen to give back


@dataclass(frozen=True, slots=True)
class NfsPool:
    """How busy the NFS server's threads were since it was started."""

    arrived: int  # pieces of work that came in
    waited: int  # of them, how many found every thread busy


@dataclass(frozen=True, slots=True)
class NfsRunning:
    """What the running NFS server was started with; a change in its file takes effect at its next start only."""

    versions: tuple[str, ...]  # "3", "4.0", "4.1", "4.2": those it answers
    grace: int  # seconds
    lease: int


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One client of one line in a file of exports that somebody else wrote."""

    file: str
    number: int  # of the line
    path: str
    client: str
    options: tuple[str, ...]
    blank: bool = False  # `host (rw)`: these options stand alone, and mean everybody
