"""The words spoken with `node/serve.pl` on an open channel: messages of length-prefixed fields. Pure.

Bytes in, bytes out: a node may print anything, so nothing here looks for a marker in its output.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Sequence
from pathlib import Path

from provisioning.steps import Command
from provisioning.transport.world import OUTPUT_CAP, READ_CAP, Result

Field = str | int | bytes
HALF = OUTPUT_CAP // 2  # bytes of a stream's head, and of its tail, that are kept
HALF_READ = READ_CAP // 2  # the same of a reading
FRAME_LIMIT = 3 * READ_CAP  # both streams and a note each; a node that announces more is not ours
_NODE = Path(__file__).parent / "node"
_COMMON = (_NODE / "common.pl").read_text()
SERVE = (_COMMON + (_NODE / "serve.pl").read_text()).encode()
STEP = (_COMMON + (_NODE / "step.pl").read_text()).encode()


class Garbled(ValueError):
    """Bytes that `serve.pl` does not send."""


def pack(*fields: Field) -> bytes:
    pieces = (field if isinstance(field, bytes) else str(field).encode("utf-8", "surrogateescape") for field in fields)
    return b"".join(struct.pack(">I", len(piece)) + piece for piece in pieces)


def unpack(body: bytes) -> list[bytes]:
    fields, at = [], 0
    while at < len(body):
        if at + 4 > len(body):
            raise Garbled("a field's length is cut off")
        (length,) = struct.unpack_from(">I", body, at)
        at += 4
        if at + length > len(body):
            raise Garbled("a field is cut off")
        fields.append(body[at : at + length])
        at += length
    return fields


def message(*fields: Field) -> bytes:
    body = pack(*fields)
    return struct.pack(">I", len(body)) + body


def command(given: Command) -> bytes:
    environment = (word for pair in given.environment for word in pair)
    return pack(
        given.timeout,
        ",".join(str(code) for code in given.exits),
        pack(*environment),
        pack(*given.argv),
    )


def text(raw: bytes) -> str:
    """Output as text that every database takes: what is not UTF-8, and NUL, become the replacement character."""
    return raw.decode("utf-8", "replace").replace("\0", "\ufffd")


def result(fields: Sequence[bytes]) -> Result:
    """From the fields of a `result` frame after its index: exit, seconds, truncated, standard output, standard error."""
    try:
        code, seconds, truncated, out, err = fields
        return Result(
            exit=int(code) if code else None,
            stdout=text(out),
            stderr=text(err),
            seconds=max(0.0, round(float(seconds), 2)),
            truncated=truncated == b"1",
        )
    except ValueError as error:
        raise Garbled("a result has other fields than expected") from error


class Decoder:
    """Live output of one stream: characters may be cut between two frames."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.received = 0  # bytes

    def feed(self, data: bytes) -> str:
        self.received += len(data)
        return self._decoder.decode(data).replace("\0", "\ufffd")
