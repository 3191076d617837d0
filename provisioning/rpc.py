"""Calls of ONC RPC over TCP (RFC 5531), bounded in bytes and in time."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from provisioning.xdr import Reader, RpcError, numbers, opaque

LIMIT = 4 * 1024 * 1024  # bytes of an answer
_CALL, _REPLY, _LAST = 0, 1, 0x80000000
_NONE, _SYS = 0, 1  # ways to say who calls
_BAD_CREDENTIALS = 1
_PATIENCE = 5  # a connection may take so many times the time of one answer


class NotServed(RpcError):
    """There is a server, without this program or version."""


class Stranger(RpcError):
    """It takes no call from this address."""


class Line:
    """One connection. After an error it is of no use any more."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._sock, self._timeout, self._until = sock, timeout, time.monotonic() + _PATIENCE * timeout

    @property
    def own_address(self) -> str:
        """The address this machine has towards the other side."""
        return str(self._sock.getsockname()[0]).partition("%")[0]

    def call(
        self, program: int, version: int, procedure: int, arguments: bytes = b"", *, as_root: bool = False, limit: int = LIMIT
    ) -> bytes:  # fmt: skip
        number = secrets.randbits(31)
        body = numbers(number, _CALL, 2, program, version, procedure) + _who(as_root) + numbers(_NONE, 0) + arguments
        self._sock.settimeout(self._left())
        self._sock.sendall(numbers(_LAST | len(body)) + body)
        return _accepted(Reader(self._record(limit)), number, f"program {program} version {version}")

    def _record(self, limit: int) -> bytes:
        record, last = b"", False
        while not last:
            head = int.from_bytes(self._exactly(4))
            last = bool(head & _LAST)
            length = head & ~_LAST
            if length + len(record) > limit:
                raise RpcError("its answer is too long")
            record += self._exactly(length)
        return record

    def _exactly(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._sock.settimeout(self._left())
            if not (piece := self._sock.recv(length - len(data))):
                raise RpcError("it hung up")
            data += piece
        return bytes(data)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise RpcError("its answer takes too long")
        return min(left, self._timeout)


@contextmanager
def connected(host: str, port: int, timeout: float) -> Iterator[Line]:
    with socket.create_connection((host, port), timeout) as sock:
        yield Line(sock, timeout)


def _who(as_root: bool) -> bytes:
    """Nobody, or root of a machine without a name, which is what a client says while it mounts."""
    return numbers(_SYS) + opaque(numbers(0) + opaque(b"") + numbers(0, 0, 0)) if as_root else numbers(_NONE, 0)


def _accepted(reply: Reader, number: int, what: str) -> bytes:
    """Give the results of a reply that was accepted (RFC 5531, 9)."""
    if (reply.number(), reply.number()) != (number, _REPLY):
        raise RpcError("its answer belongs to another call")
    if reply.number() != 0:
        kind, reason = reply.number(), reply.number()
        if kind == 1 and reason == _BAD_CREDENTIALS:
            raise Stranger("it takes no call from this address")
        raise RpcError(f"it denies the call ({kind}, {reason})")
    reply.number()
    reply.opaque(400)
    if status := reply.number():
        refused = NotServed if status in (1, 2) else RpcError
        raise refused(f"it refuses {what} (status {status})")
    return reply.rest()
