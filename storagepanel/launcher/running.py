"""Which panel runs on this var directory: a lock that its launcher holds, and a note with its address."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from storagepanel.launcher.places import var_dir


@dataclass(frozen=True)
class Running:
    pid: int
    address: str


def lock_path() -> Path:
    return var_dir() / "run" / "lock"


def note_path() -> Path:
    return var_dir() / "run" / "running.json"


def take_lock() -> int | None:
    """Return the held lock's descriptor, or None when another panel (or a restore) holds it. It ends with this process."""
    lock_path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(lock_path(), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def is_locked() -> bool:
    if not lock_path().exists():
        return False
    handle = take_lock()
    if handle is None:
        return True
    os.close(handle)
    return False


def find() -> Running | None:
    """Return the running panel, or None; one that has not printed its address yet counts as running with pid 0."""
    if not is_locked():
        return None
    try:
        return Running(**json.loads(note_path().read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return Running(0, "")


def note(running: Running) -> None:
    note_path().write_text(json.dumps(asdict(running)))


def forget() -> None:
    note_path().unlink(missing_ok=True)
