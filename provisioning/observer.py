"""What clients would see of the service IP: whether NFS answers, which paths it lists, and which of a few open there.

Asked from the worker itself with a few lines of ONC RPC (portmapper, NFS, MOUNT), or by SSH from another place, from where no path is opened.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioning import nfs_look
from provisioning.nfs_look import AskAgain, How, NoMinorVersion, Opened
from provisioning.rpc import Line, NotServed, Stranger, connected
from provisioning.steps import cmd
from provisioning.transport.world import NodeAddress, NodeError, World
from provisioning.xdr import Reader, RpcError, numbers, opaque

PORTMAPPER, NFS, MOUNT = 100000, 100003, 100005
_TCP = 6
_ASKS = 5  # times a server is asked again that waits for its own answer
_PAUSE = 0.3  # seconds between them


@dataclass(frozen=True, slots=True)
class Seen:
    """`exports` is None when the list could not be had; `why` says what was in the way, "" when nothing was."""

    place: str
    answers: bool
    exports: tuple[str, ...] | None
    why: str = ""
    address: str = ""  # of the place towards the service IP, "" when not known
    opened: tuple[tuple[str, Opened], ...] = ()  # path by path, what came of opening it; none from a place that cannot

    @property
    def where(self) -> str:
        return f"{self.place} ({self.address})" if self.address else self.place

    def missing(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        listed = set(self.exports or ())
        return tuple(path for path in wanted if path not in listed)

    def proves(self, wanted: tuple[str, ...], gone: tuple[str, ...] = (), *, listed: bool = True) -> bool:
        """Tell whether NFS answers and the list holds what it should; without a list nothing about it is proven, unless none is `listed`."""
        if self.answers and self.exports is None and not listed:
            return True
        if not self.answers or (self.exports is None and (wanted or gone)):
            return False
        return not self.missing(wanted) and not any(path in (self.exports or ()) for path in gone)

    def __str__(self) -> str:
        if not self.answers:
            return f"{self.where}: no answer ({self.why})"
        if self.exports is None:
            return f"{self.where}: NFS answers, its export list does not ({self.why})"
        return f"{self.where}: NFS answers and lists {', '.join(self.exports) or 'nothing'}"


def look(
    service_ip: str, paths: Sequence[str] = (), *, timeout: float = 3.0, place: str = "the panel's worker", port: int = 2049
) -> Seen:  # fmt: skip
    """Look from here. `paths` are opened one after the other: a handful, never all exports of a server."""
    try:
        with connected(service_ip, port, timeout) as line:
            address = line.own_address
            _null(line)
    except (OSError, RpcError) as error:
        return Seen(place, False, None, _why(error))
    exports, why = None, ""
    try:
        exports = export_list(service_ip, timeout)
    except (OSError, RpcError) as error:
        why = _why(error)
    opened = tuple((path, opens(service_ip, path, timeout, port=port)) for path in paths)
    return Seen(place, True, exports, why, address, opened)


def opens(service_ip: str, path: str, timeout: float = 3.0, *, port: int = 2049, mapper: int = 111) -> Opened:
    """Open a path as a client does before it mounts. What nobody expected is told, and is no answer."""
    try:
        return _walk(service_ip, path, timeout, port)
    except Stranger:
        return Opened(How.ABSENT)
    except (NotServed, NoMinorVersion):
        return _mount(service_ip, path, timeout, mapper)
    except (OSError, RpcError) as error:
        return Opened(How.UNTOLD, why=_why(error))


def _walk(service_ip: str, path: str, timeout: float, port: int) -> Opened:
    with connected(service_ip, port, timeout) as line:
        for _ in range(_ASKS):
            try:
                body = line.call(NFS, 4, 1, nfs_look.walk(path), as_root=True, limit=nfs_look.LIMIT)
                return nfs_look.walked(body, path)
            except AskAgain:
                time.sleep(_PAUSE)
    return Opened(How.UNTOLD, why="it asks to wait")


def _mount(service_ip: str, path: str, timeout: float, mapper: int) -> Opened:
    """Ask rpc.mountd, and tell it at once that nothing is mounted: it writes down who was given a handle."""
    at = opaque(path.encode())
    try:
        port = _mount_port(service_ip, 3, timeout, mapper)
        with connected(service_ip, port, timeout) as line:
            seen = nfs_look.mounted(line.call(MOUNT, 3, 1, at, as_root=True, limit=nfs_look.LIMIT))
            if seen.how in (How.OPENS, How.KERBEROS):
                line.call(MOUNT, 3, 3, at, as_root=True, limit=nfs_look.LIMIT)
            return seen
    except Stranger:
        return Opened(How.ABSENT)
    except (OSError, RpcError) as error:
        return Opened(How.UNTOLD, why=_why(error))


def look_from(world: World, node: NodeAddress, service_ip: str) -> Seen:
    """Ask from another machine, with the tools that every NFS client has."""
    try:
        *pings, listed = world.read(
            node,
            [
                *(cmd("rpcinfo", "-T", "tcp", service_ip, "nfs", version, timeout=10) for version in ("4", "3")),
                cmd("showmount", "--exports", "--no-headers", service_ip, timeout=10),
            ],
        )
    except NodeError as error:
        return Seen(node.name, False, None, error.text)
    if all(ping.exit != 0 for ping in pings):
        return Seen(node.name, False, None, _short(pings[0].stderr or pings[0].stdout or "no end seen"))
    if listed.exit != 0:
        return Seen(node.name, True, None, _short(listed.stderr or listed.stdout or "no end seen"))
    return Seen(node.name, True, tuple(line.rsplit(None, 1)[0] for line in listed.stdout.splitlines() if line.strip()))


def export_list(service_ip: str, timeout: float = 3.0, *, port: int = 111) -> tuple[str, ...]:
    """Ask in version 3, or in version 1, which rpc.mountd keeps when NFS version 3 is switched off: the list is the same."""
    try:
        return _list_in(3, service_ip, timeout, port)
    except RpcError:  # the port mapper names the port of any version: who listens there says that it has no version 3
        return _list_in(1, service_ip, timeout, port)


def _list_in(version: int, service_ip: str, timeout: float, port: int) -> tuple[str, ...]:
    mount_port = _mount_port(service_ip, version, timeout, port)
    with connected(service_ip, mount_port, timeout) as line:
        return tuple(_exports(Reader(line.call(MOUNT, version, 5), "export list")))


def _mount_port(service_ip: str, version: int, timeout: float, mapper: int) -> int:
    with connected(service_ip, mapper, timeout) as line:
        port = Reader(line.call(PORTMAPPER, 2, 3, numbers(MOUNT, version, _TCP, 0))).number()
    if not 0 < port < 65536:
        raise RpcError("its mount service is not registered")
    return port


def _null(line: Line) -> None:
    """NFS 4 or 3 answers a call that does nothing."""
    try:
        line.call(NFS, 4, 0)
    except RpcError:
        line.call(NFS, 3, 0)


def _exports(body: Reader) -> Iterator[str]:
    """Yield the paths of `exports`: (1, path, (1, group)* 0)* 0."""
    while body.number():
        yield body.text()
        while body.number():
            body.text()


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
