"""What clients would see of the service IP: whether NFS answers and which paths it lists.

Asked from the worker itself with a few lines of ONC RPC (RFC 5531; portmapper, NFS NULL, MOUNT EXPORT), or by SSH from another place.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from provisioning.steps import cmd
from provisioning.transport.world import NodeAddress, NodeError, World

PORTMAPPER, NFS, MOUNT = 100000, 100003, 100005
_CALL, _REPLY, _TCP, _LAST = 0, 1, 6, 0x80000000
_LIMIT = 4 * 1024 * 1024  # bytes of an answer


@dataclass(frozen=True, slots=True)
class Seen:
    """`exports` is None when the list could not be had; `why` says what was in the way, "" when nothing was."""

    place: str
    answers: bool
    exports: tuple[str, ...] | None
    why: str = ""

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
            return f"{self.place}: no answer ({self.why})"
        if self.exports is None:
            return f"{self.place}: NFS answers, its export list does not ({self.why})"
        return f"{self.place}: NFS answers and lists {', '.join(self.exports) or 'nothing'}"


class RpcError(Exception):
    """The other side does not speak ONC RPC, or refuses the call."""


def look(service_ip: str, timeout: float = 3.0, *, place: str = "the panel's worker", port: int = 2049) -> Seen:
    try:
        with _connected(service_ip, port, timeout) as sock:
            _null(sock)
    except (OSError, RpcError) as error:
        return Seen(place, False, None, str(error) or type(error).__name__)
    try:
        return Seen(place, True, export_list(service_ip, timeout))
    except (OSError, RpcError) as error:
        return Seen(place, True, None, str(error) or type(error).__name__)


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
    with _connected(service_ip, port, timeout) as sock:
        answer = _call(sock, PORTMAPPER, 2, 3, struct.pack(">4I", MOUNT, version, _TCP, 0))
    (mount_port,) = struct.unpack_from(">I", answer) if len(answer) >= 4 else (0,)
    if not 0 < mount_port < 65536:
        raise RpcError("its mount service is not registered")
    with _connected(service_ip, mount_port, timeout) as sock:
        return tuple(_exports(_call(sock, MOUNT, version, 5)))


def _null(sock: socket.socket) -> None:
    """NFS 4 or 3 answers a call that does nothing."""
    try:
        _call(sock, NFS, 4, 0)
    except RpcError:
        _call(sock, NFS, 3, 0)


@contextmanager
def _connected(host: str, port: int, timeout: float) -> Iterator[socket.socket]:
    with socket.create_connection((host, port), timeout) as sock:
        sock.settimeout(timeout)
        yield sock


def _call(sock: socket.socket, program: int, version: int, procedure: int, arguments: bytes = b"") -> bytes:
    number = secrets.randbits(31)
    body = struct.pack(">6I", number, _CALL, 2, program, version, procedure) + struct.pack(">4I", 0, 0, 0, 0)
    body += arguments
    sock.sendall(struct.pack(">I", _LAST | len(body)) + body)
    answer = _record(sock)
    try:
        got, kind, accepted, _flavour, length = struct.unpack_from(">5I", answer)
        (status,) = struct.unpack_from(">I", answer, 20 + _padded(length))
    except struct.error as error:
        raise RpcError("its answer is cut off") from error
    if (got, kind, accepted, status) != (number, _REPLY, 0, 0):
        raise RpcError(f"it refuses program {program} version {version} (status {status})")
    return answer[24 + _padded(length) :]


def _record(sock: socket.socket) -> bytes:
    record, last = b"", False
    while not last:
        (head,) = struct.unpack(">I", _exactly(sock, 4))
        last = bool(head & _LAST)
        length = head & ~_LAST
        if length + len(record) > _LIMIT:
            raise RpcError("its answer is too long")
        record += _exactly(sock, length)
    return record


def _exactly(sock: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        if not (piece := sock.recv(length - len(data))):
            raise RpcError("it hung up")
        data += piece
    return bytes(data)


def _exports(body: bytes) -> Iterator[str]:
    """Yield the paths of `exports`: (1, path, (1, group)* 0)* 0."""
    at = 0

    def number() -> int:
        nonlocal at
        at += 4
        if at > len(body):
            raise RpcError("its export list is cut off")
        return int(struct.unpack_from(">I", body, at - 4)[0])

    def text() -> str:
        nonlocal at
        length = number()
        at += _padded(length)
        return body[at - _padded(length) : at - _padded(length) + length].decode("utf-8", "replace")

    while number():
        yield text()
        while number():
            text()


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
