"""A network namespace that holds the whole lab, so that the host's own interfaces, routes and ports are never touched.

QEMU, the panel under test and its browser all live in it. A tap device joins it to the machines' service network as the observer.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.lab.places import NAMESPACE, OBSERVER_ADDRESS, RUN

TUNSETIFF, IFF_TAP, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x2, 0x1000, 0x40000000


def enter() -> None:
    """Move this process into the lab's namespace, made on first use. Later threads and children inherit it."""
    handle = Path("/run/netns") / NAMESPACE
    if not handle.exists():
        subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
        subprocess.run(["ip", "netns", "exec", NAMESPACE, "ip", "link", "set", "lo", "up"], check=True)
    if handle.stat().st_ino == Path("/proc/self/ns/net").stat().st_ino:
        return
    if threading.active_count() > 1:
        raise RuntimeError("The lab's network must be entered before threads are started.")
    with handle.open() as opened:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(opened.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "The lab's network namespace cannot be entered: root is needed.")


def observe() -> None:
    """Give the namespace its foot on the service network: a tap whose frames go to and from the switch."""
    if "tap0" in (name for _, name in socket.if_nameindex()):  # it lives as long as its carrier
        return
    carrier = subprocess.Popen(
        [sys.executable, "-m", "tests.lab.network"],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(RUN / "observer.log").open("w"),  # an inherited pipe would keep whoever reads our output waiting
        start_new_session=True,
        text=True,
    )
    assert carrier.stdout is not None
    if carrier.stdout.readline().strip() != "ready":
        raise RuntimeError("No tap device could be made: root and /dev/net/tun are needed.")
    (RUN / "observer.pid").write_text(str(carrier.pid))
    subprocess.run(["ip", "address", "add", OBSERVER_ADDRESS, "dev", "tap0"], check=True)
    subprocess.run(["ip", "link", "set", "tap0", "up"], check=True)


def carry(tap: int, switch: socket.socket) -> None:
    """Copy whole frames both ways until the switch goes away. On the switch each has its length in front (4 bytes)."""
    os.set_blocking(tap, False)
    pending = bytearray()
    selector = selectors.DefaultSelector()
    selector.register(tap, selectors.EVENT_READ)
    selector.register(switch, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is switch:
                data = switch.recv(1 << 16)
                if not data:
                    return
                pending += data
                _to_tap(tap, pending)
            else:
                _to_switch(tap, switch)


def _to_tap(tap: int, pending: bytearray) -> None:
    while len(pending) >= 4 and len(pending) >= 4 + (size := int.from_bytes(pending[:4], "big")):
        with suppress(OSError):  # the kernel refuses runts, and any frame while the device is down: networks lose those
            os.write(tap, bytes(pending[4 : 4 + size]))
        del pending[: 4 + size]


def _to_switch(tap: int, switch: socket.socket) -> None:
    try:
        frame = os.read(tap, 1 << 16)
    except BlockingIOError:
        return
    switch.sendall(len(frame).to_bytes(4, "big") + frame)


def _main() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    switch = socket.socket(socket.AF_UNIX)
    switch.connect(str(RUN / "lan.sock"))
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", b"tap0", IFF_TAP | IFF_NO_PI))
    print("ready", flush=True)
    carry(tap, switch)


if __name__ == "__main__":
    _main()
