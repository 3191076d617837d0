"""A private OpenSSH server on loopback: a real node as far as transport is concerned, without systemd."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from provisioning.transport.link import private_key
from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import NodeAddress

# Stands for systemd-run: refuses a name that is in use, starts the program detached, and ends before it does.
LAUNCHER = """#!/bin/sh
set -eu
for word in "$@"; do case "$word" in --unit=*) unit="${word#--unit=}" ;; --*) ;; *) break ;; esac; done
while [ "${1#--}" != "$1" ]; do shift; done
echo "$unit" >> "$(dirname "$0")/launched"
setsid "$@" </dev/null >/dev/null 2>&1 &
"""


def new_key() -> tuple[bytes, str]:
    """Give an ed25519 key as OpenSSH keeps it, and its public line."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@dataclass
class Sshd:
    directory: Path
    options: tuple[str, ...] = ()
    port: int = 0
    host_key: str = ""
    user: str = field(default_factory=lambda: pwd.getpwuid(os.getuid()).pw_name)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.client_key, public = new_key()
        self.write("authorized_keys", public + "\n")
        self.write("launcher", LAUNCHER, 0o755)
        self.new_host_key()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.run()

    def new_host_key(self) -> None:
        private, self.host_key = new_key()
        self.write("host_key", private.decode())

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        path = self.directory / name
        path.write_text(text)
        path.chmod(mode)

    def run(self) -> None:
        Path(self.directory / "log").write_text("")
        settings = [
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {self.directory}/host_key", "LogLevel DEBUG1",
            f"AuthorizedKeysFile {self.directory}/authorized_keys", "PidFile none", "StrictModes no", "UsePAM no",
            "PasswordAuthentication no", "PermitRootLogin yes", *self.options,
        ]  # fmt: skip
        self.write("sshd_config", "\n".join(settings) + "\n")
        Path("/run/sshd").mkdir(exist_ok=True)
        self._serve()

    def _serve(self) -> None:
        argv = ["/usr/sbin/sshd", "-D", "-f", str(self.directory / "sshd_config"), "-E", str(self.directory / "log")]
        self.process = subprocess.Popen(argv, start_new_session=True)
        for _ in range(200):
            with socket.socket() as probe:
                # A socket may meet itself on a port nobody listens on yet.
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and probe.getsockname() != probe.getpeername():
                    return
            time.sleep(0.02)
        raise AssertionError(f"sshd did not start: {self.log}")

    def reload(self) -> None:
        """Take a changed sshd_config."""
        assert self.process
        self.process.terminate()
        self.process.wait(10)
        self._serve()

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    @property
    def sessions(self) -> list[int]:
        """Processes of the server that serve a connection."""
        assert self.process
        listed = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        return [int(word) for word in listed.stdout.split()]

    def drop_connections(self) -> None:
        self._signal(signal.SIGKILL)

    def freeze_connections(self) -> None:
        """As a network that swallows everything: no answer, and no end either."""
        self._signal(signal.SIGSTOP)

    def _signal(self, number: int) -> None:
        for pid in self.sessions:
            children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
            for each in (pid, *map(int, children)):
                try:
                    os.kill(each, number)
                except ProcessLookupError:
                    continue

    def stop(self) -> None:
        if self.process:
            self.drop_connections()
            self.process.terminate()
            self.process.wait(10)

    def address(self, **changes: object) -> NodeAddress:
        fields = {
            "name": "alice", "host": "127.0.0.1", "port": self.port, "user": self.user, "host_key": self.host_key,
        }  # fmt: skip
        return NodeAddress(**{**fields, **changes})  # type: ignore[arg-type]

    def world(self, **options: object) -> SshWorld:
        given = {
            "state_dir": str(self.directory / "state"), "launcher": [str(self.directory / "launcher")], **options
        }  # fmt: skip
        return SshWorld(private_key(self.client_key), **given)  # type: ignore[arg-type]

    @property
    def launched(self) -> list[str]:
        path = self.directory / "launched"
        return path.read_text().split() if path.exists() else []
