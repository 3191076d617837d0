"""Whether static files were collected since they last changed: collecting costs seconds, looking costs a moment."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders


def current() -> str:
    """Digest the name, size and time of every static file, and the way they are stored."""
    seen = hashlib.sha256(str(settings.STORAGES["staticfiles"]["BACKEND"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            seen.update(f"\0{path}\0{found.st_size}\0{found.st_mtime_ns}".encode())
    return seen.hexdigest()


def stamp_path() -> Path:
    return Path(settings.STATIC_ROOT).with_name("static.stamp")


def differs() -> bool:
    return not stamp_path().exists() or stamp_path().read_text() != current()


def write() -> None:
    stamp_path().write_text(current())
