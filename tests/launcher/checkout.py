"""Run `./panel` as a person would, on a var directory and a port of the test's own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """One var directory; commands run with the Python of the tests, so nothing is installed."""

    def __init__(self, var: Path, host: str = "127.0.0.1", **env: str) -> None:
        self.var = var
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.env = {**kept, "PANEL_VAR": str(var), "PANEL_PYTHON": sys.executable, **env}
        self.port = free_port()
        self.host = host
        self.address = f"http://{host}:{self.port}"
        self.first_words = ""
        self.foreground: subprocess.Popen[str] | None = None

    def panel(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ROOT / "panel"), *arguments],
            env={**self.env, **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    def up(self) -> str:
        done = self.panel("up", "--detach", "--host", self.host, "--port", str(self.port))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def up_in_foreground(self) -> str:
        """Start without -d in a session of its own; returns what was printed until it was ready."""
        self.foreground = subprocess.Popen(
            [str(ROOT / "panel"), "up", "--port", str(self.port)],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        assert self.foreground.stdout
        said = ""
        for line in self.foreground.stdout:
            said += line
            if "Ctrl-C" in line:
                return said
        raise AssertionError(said)

    def press_ctrl_c(self) -> int:
        """As a terminal does: the signal goes to the whole process group."""
        assert self.foreground and self.foreground.stdout
        os.killpg(self.foreground.pid, signal.SIGINT)
        status = self.foreground.wait(60)
        self.foreground.stdout.close()
        return status

    def parts(self) -> dict[str, int]:
        """The process id of each part that `./panel status` calls running."""
        found = re.findall(r"^  (\w+) +RUNNING +pid (\d+)", self.panel("status").stdout, re.MULTILINE)
        return {name: int(pid) for name, pid in found}

    def wait_for_parts(self, seconds: float = 30) -> dict[str, int]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if set(found := self.parts()) == {"redis", "web", "jobs", "probes", "beat"}:
                return found
            time.sleep(0.3)
        raise AssertionError(self.panel("status").stdout + self.panel("logs").stdout)

    def stop(self) -> None:
        self.panel("stop")
        if self.foreground and self.foreground.poll() is None:
            self.foreground.kill()


def processes_of(var: Path) -> list[str]:
    """Command lines of every process that was started for this var directory."""
    return list(started_for(var).values())


def started_for(var: Path) -> dict[int, str]:
    """The same by process id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environ = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        # Redis writes its title over its environment; the title names its socket.
        if f"PANEL_VAR={var}".encode() in environ.split(b"\0") or f"{var}/" in command:
            found[int(entry.name)] = command
    return found
