"""XDR (RFC 4506), as far as ONC RPC and NFS need it here: numbers and bytes with a length. Pure.

What is read comes from whoever listens at an address: every length is compared with what is there before it is believed.
"""

from __future__ import annotations

import struct


class RpcError(Exception):
    """The other side does not speak ONC RPC, or refuses the call."""


def padded(length: int) -> int:
    return (length + 3) & ~3


def opaque(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data + b"\0" * (padded(len(data)) - len(data))


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


class Reader:
    """Take one value after the other; `of` names what is read, for the sentence when it ends too early."""

    def __init__(self, body: bytes, of: str = "answer") -> None:
        self._body, self._of, self._at = body, of, 0

    def number(self) -> int:
        return int.from_bytes(self._take(4))

    def long(self) -> int:
        return int.from_bytes(self._take(8))

    def opaque(self, limit: int | None = None) -> bytes:
        length = self.number()
        if limit is not None and length > limit:
            raise RpcError(f"its {self._of} holds {length} bytes where at most {limit} belong")
        return self._take(padded(length))[:length]

    def text(self) -> str:
        return self.opaque().decode("utf-8", "replace")

    def rest(self) -> bytes:
        return self._take(len(self._body) - self._at)

    def _take(self, length: int) -> bytes:
        if length > len(self._body) - self._at:
            raise RpcError(f"its {self._of} is cut off")
        self._at += length
        return self._body[self._at - length : self._at]
