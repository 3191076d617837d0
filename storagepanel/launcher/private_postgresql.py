"""A PostgreSQL server for one run of the tests: private, on the loopback address, gone afterwards."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storagepanel.launcher.places import Problem

START_WITHIN = 30.0


def binaries() -> Path | None:
    """Return the directory of the newest PostgreSQL's programs, or None."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


@contextmanager
def server() -> Iterator[str]:
    """Run a fresh server and yield its DATABASE_URL."""
    programs = binaries()
    if programs is None:
        raise Problem("PostgreSQL is missing: apt-get install postgresql", 69)
    place = Path(tempfile.mkdtemp(prefix="storagepanel-pg-"))
    password = secrets.token_hex(16)
    drop = account(place)
    (place / "password").write_text(password)
    (place / "password").chmod(0o644)
    port = free_port()
    try:
        subprocess.run(  # noqa: S603 - argv of our own
            (*drop, str(programs / "initdb"), "--pgdata", str(place / "data"), "--username", "panel", "--auth", "scram-sha-256",
             "--pwfile", str(place / "password"), "--encoding", "UTF8", "--no-locale", "--no-sync"),
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        with (place / "log").open("wb") as log:
            running = subprocess.Popen(  # noqa: S603 - argv of our own
                (*drop, str(programs / "postgres"), "-D", str(place / "data"), "-h", "127.0.0.1", "-p", str(port),
                 "-k", str(place), "-c", "fsync=off", "-c", "max_connections=40"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        try:
            wait_for(port, running, place / "log")
            yield f"postgres://panel:{password}@127.0.0.1:{port}/postgres"
        finally:
            running.terminate()
            running.wait(timeout=30)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def account(place: Path) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: let it run as its own account then, or as nobody."""
    if os.getuid() != 0:
        return ()
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    os.chown(place, entry.pw_uid, entry.pw_gid)
    return ("/usr/bin/setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        if running.poll() is not None:
            raise Problem(f"PostgreSQL ended with {running.returncode}: {log.read_text()[-800:]}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise Problem(f"PostgreSQL did not answer within {START_WITHIN:.0f} seconds.")
