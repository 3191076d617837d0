"""Where the installation keeps things, and the environment every part of it is started with."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A Unix socket's path ends at 107 bytes; the longest of ours is supervisor's, which adds its process id while it binds.
SOCKET_PATH_LIMIT = 107
LONGEST_SOCKET = "/supervisor.sock.4194304"


class Problem(Exception):
    """Something the person at the terminal can settle. The launcher prints it and ends with `status`."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def var_dir() -> Path:
    return Path(os.path.abspath(os.environ.get("PANEL_VAR") or ROOT / "var"))


def venv_dir() -> Path:
    return Path(os.path.abspath(os.environ.get("PANEL_VENV") or ROOT / ".venv"))


def run_dir() -> Path:
    """Return the directory of sockets: var/run, or a private short one when var's path is too long for a socket."""
    run = var_dir() / "run"
    if len(os.fsencode(run)) + len(LONGEST_SOCKET) <= SOCKET_PATH_LIMIT:
        return run
    mark = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"storagepanel-{os.getuid()}-{mark}"


def redis_socket() -> Path:
    return run_dir() / "redis.sock"


def make_places() -> None:
    """Make var and what is in it, readable by nobody else."""
    os.umask(0o077)
    var = var_dir()
    for path in (var, var / "keys", var / "log", var / "queue", var / "backups", var / "run"):
        path.mkdir(parents=True, exist_ok=True)
    private(var)
    if (run := run_dir()) != var / "run":
        run.mkdir(exist_ok=True)
        private(run)


def private(path: Path) -> None:
    """Refuse a directory of somebody else (a trap in /tmp); take away what others may do in one of ours."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Problem(f"{path} belongs to somebody else or is no directory. Move it away, or run as its owner.")
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.chmod(0o700)


def own_redis() -> bool:
    """Say whether the panel runs its own Redis: not when REDIS_URL, REDIS_URL_FILE or var/redis-url names another."""
    named = os.environ.get("REDIS_URL", "")
    if named == own_redis_url():  # set by ourselves, for a part
        return True
    return not named and not os.environ.get("REDIS_URL_FILE") and not (var_dir() / "redis-url").exists()


def own_redis_url() -> str:
    return f"unix://{redis_socket()}"


def environment() -> dict[str, str]:
    """Return the environment of everything the launcher starts."""
    env = dict(os.environ)
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env["PYTHONPATH"] = str(ROOT)
    env["PANEL_VAR"] = str(var_dir())
    env["DJANGO_SETTINGS_MODULE"] = "storagepanel.settings"
    if own_redis():
        env["REDIS_URL"] = own_redis_url()
    return env


def manage(*args: str) -> tuple[str, ...]:
    return (sys.executable, str(ROOT / "manage.py"), *args)
