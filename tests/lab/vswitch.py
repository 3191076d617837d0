"""A tiny Ethernet switch for QEMU's `-netdev stream` over unix sockets: `vswitch.py DIR SEGMENT [SEGMENT...]`.

Listens on DIR/SEGMENT.sock. A frame goes to the learnt owner of its destination address, else to all other members.
Members come and go freely (a machine without power just disappears). Needs no privileges; nothing leaves this process.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

MAX_BACKLOG = 8 << 20  # bytes queued for one slow member before frames are dropped


class Segment:
    def __init__(self) -> None:
        self.members: set[asyncio.StreamWriter] = set()
        self.owner: dict[bytes, asyncio.StreamWriter] = {}  # by MAC address

    def forward(self, sender: asyncio.StreamWriter, frame: bytes) -> None:
        destination, source = frame[4:10], frame[10:16]
        self.owner[source] = sender
        target = None if destination[0] & 1 else self.owner.get(destination)
        for member in [target] if target in self.members else list(self.members):
            if member is not None and member is not sender and member.transport.get_write_buffer_size() < MAX_BACKLOG:
                member.write(frame)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.members.add(writer)
        try:
            while True:
                head = await reader.readexactly(4)
                body = await reader.readexactly(int.from_bytes(head, "big"))
                if len(body) >= 14:
                    self.forward(writer, head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the member is gone
        finally:
            self.members.discard(writer)
            writer.close()


async def main(directory: Path, names: list[str]) -> None:
    for name in names:
        path = directory / f"{name}.sock"
        path.unlink(missing_ok=True)
        await asyncio.start_unix_server(Segment().serve, path, limit=1 << 20)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print("ready", flush=True)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
