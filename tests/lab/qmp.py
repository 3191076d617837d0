"""QEMU's control socket: one command per connection."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Refused(Exception):
    """QEMU did not do what it was asked."""


def command(path: Path, name: str, **arguments: object) -> Any:
    """Run one command and return what it answers; None when QEMU ended instead (`quit`)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(300)
        connection.connect(str(path))
        stream = connection.makefile("rw")
        stream.readline()  # the greeting
        answer = None
        for request in ({"execute": "qmp_capabilities"}, {"execute": name, "arguments": arguments}):
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            answer = _answer(stream.readline, name)
            if answer is None:
                return None
        return answer["return"]


def _answer(readline: Any, name: str) -> dict[str, Any] | None:
    while line := readline():
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise Refused(f"{name}: {reply['error']['desc']}")
        if "return" in reply:
            return reply
    return None


def monitor(path: Path, line: str) -> None:
    """Run a line of the human monitor; it prints something only when it fails."""
    answer = command(path, "human-monitor-command", **{"command-line": line})
    if answer and answer.strip():
        raise Refused(f"{line}: {answer.strip()}")
