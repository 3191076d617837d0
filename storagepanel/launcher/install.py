"""The virtual environment: made without pip, filled by uv from a hashed lock, and left alone while the lock has not changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storagepanel.launcher.places import ROOT, Problem, venv_dir

LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}
STAMP = ".storagepanel-locks"


def ensure(kind: str) -> Path:
    """Return the Python that has everything of the lock `kind` ("run" or "dev"), installing what is missing.

    PANEL_PYTHON names an interpreter that somebody else keeps complete (an image, a package): nothing is installed then.
    """
    if given := os.environ.get("PANEL_PYTHON"):
        return Path(given)
    venv = venv_dir()
    python = venv / "bin" / "python"
    if wanted_stamp(kind) in stamps(venv):
        return python
    with only_installer():
        if wanted_stamp(kind) not in stamps(venv):
            fill(venv, kind)
    return python


def stamps(venv: Path) -> list[str]:
    try:
        return (venv / STAMP).read_text().split()
    except FileNotFoundError:
        return []


def wanted_stamp(kind: str) -> str:
    return f"{kind}={hashlib.sha256((ROOT / LOCKS[kind]).read_bytes()).hexdigest()}"


@contextmanager
def only_installer() -> Iterator[None]:
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def fill(venv: Path, kind: str) -> None:
    if sys.version_info[:2] != (3, 11):
        raise Problem(f"storagepanel needs Python 3.11 (Debian 12 has it); this is {sys.version.split()[0]}.", 69)
    python = venv / "bin" / "python"
    print(
        f"Installing {LOCKS[kind]} into {venv} (once, and again when the lock changes) ...", file=sys.stderr, flush=True
    )
    if not python.exists():
        call((sys.executable, "-m", "venv", "--without-pip", str(venv)))
    if not (venv / "bin" / "uv").exists():
        lock = ROOT / "requirements-uv.lock"
        call((sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--require-hashes",
              "--disable-pip-version-check", "--requirement", str(lock)))  # fmt: skip
    (venv / STAMP).unlink(missing_ok=True)
    call((str(venv / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(python), "--compile-bytecode",
          "--require-hashes", "--requirement", str(ROOT / LOCKS[kind])))  # fmt: skip
    # The development lock holds the other one's packages at the same versions.
    held = [wanted_stamp("run")] + ([wanted_stamp("dev")] if kind == "dev" else [])
    (venv / STAMP).write_text("\n".join(held) + "\n")


def call(command: tuple[str, ...]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)  # noqa: S603 - argv of our own
    if done.returncode:
        raise Problem(
            f"Installing failed: {' '.join(command[:4])} … ended with {done.returncode}. See the lines above.", 69
        )
