"""The panel under test: started by `./panel up` with a var directory and a port of its own, inside the lab's network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Panel:
    address: str  # http://127.0.0.1:8000
    link: str  # for the first administrator, once
    var: Path

    def backup(self, path: Path) -> None:
        subprocess.run([str(ROOT / "panel"), "backup", str(path)], env=_environment(self.var), check=True, timeout=120)

    def manage(self, *arguments: str) -> str:
        """Run one of Django's management commands in this panel; what it printed."""
        command = [str(ROOT / "panel"), "manage", *arguments]
        done = subprocess.run(
            command, env=_environment(self.var), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{arguments[0]}: {done.stdout}{done.stderr}"
        return done.stdout

    def log(self, part: str) -> str:
        """The end of a part's log, for the message of a test that failed."""
        found = sorted((self.var / "log").glob(f"{part}*"))
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in found)


def _environment(var: Path) -> dict[str, str]:
    environment = {**os.environ, "PANEL_VAR": str(var), "PANEL_PYTHON": sys.executable}
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"):
        environment.pop(name, None)
    return environment


@contextmanager
def panel_up(var: Path, archive: Path | None = None) -> Iterator[Panel]:
    """Start a panel; with a backup, one that knows what it knew then. The first administrator's link is "" in that case."""
    environment = _environment(var)
    if archive:
        subprocess.run([str(ROOT / "panel"), "restore", str(archive)], env=environment, check=True, timeout=120)
    command = [str(ROOT / "panel"), "up", "--detach"]
    started = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    try:
        assert started.returncode == 0, f"./panel up: {started.stdout}{started.stderr}"
        address = re.search(r"http://[^\s/]+", started.stdout)
        link = re.search(r"http://\S+/first-admin/\S+", started.stdout)
        assert address and (link or archive), started.stdout
        yield Panel(address[0], link[0] if link else "", var)
    finally:
        subprocess.run([str(ROOT / "panel"), "stop"], env=environment, capture_output=True, timeout=60, check=False)
