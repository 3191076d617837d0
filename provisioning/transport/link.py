"""One open channel to one node: the connection's handshake, then messages out and frames in.

The only thing sent before the host key is known to be the pinned one is SSH's own greeting and key exchange.
"""

from __future__ import annotations

import contextlib
import io
import random
import secrets
import shlex
import socket
import struct
import time
from collections.abc import Iterator

from fabric import Config, Connection
from paramiko import (
    AuthenticationException,
    BadHostKeyException,
    Channel,
    Ed25519Key,
    MissingHostKeyPolicy,
    PKey,
    SSHClient,
    SSHException,
)
from paramiko.config import SSHConfig
from paramiko.hostkeys import HostKeyEntry

from provisioning.transport import frames
from provisioning.transport.world import (
    HostKeyChanged,
    HostKeyMissing,
    LoginRefused,
    NodeAddress,
    NodeError,
    SudoRefused,
    Unreachable,
)

CONNECT_TIMEOUT = 10  # seconds
SILENCE = 15  # seconds without a frame or an acknowledged packet: the connection is dead
_GREETING_LIMIT = 64 * 1024
# Reads the program from the channel, so that neither sudo's log nor the process list carry it. $ARGV[0] is its length.
_BOOTSTRAP = (
    "my $n=shift; my $p='';"
    "while(length($p)<$n){sysread(STDIN,$p,$n-length $p,length $p) or exit 1}"
    "eval $p; die $@ if $@"
)


class LinkLost(Exception):
    """The channel ended while an answer was expected."""


class _NothingElse(MissingHostKeyPolicy):
    """Fabric trusts every unknown key by default; here only the pinned one will do."""

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:
        raise BadHostKeyException(hostname, key, key)


def private_key(raw: bytes) -> PKey:
    return Ed25519Key.from_private_key(io.StringIO(raw.decode()))


def pinned(node: NodeAddress) -> PKey:
    try:
        entry = HostKeyEntry.from_line(f"pinned {' '.join(node.host_key.split()[:2])}")
    except (SSHException, ValueError):
        entry = None
    if entry is None or entry.key is None:
        raise HostKeyMissing(node.name, "its host key is not pinned, so nothing was sent")
    return entry.key


def connection_to(node: NodeAddress, *, key: PKey | None = None, password: str | None = None) -> Connection:
    """A connection, not opened yet, that will take no other host key than the pinned one and try nothing but what is given."""
    host_key = pinned(node)
    connection = Connection(
        node.host,
        user=node.user,
        port=node.port,
        config=Config(ssh_config=SSHConfig(), lazy=True),  # no ~/.ssh/config, no /etc/ssh/ssh_config, no fabric.yml
        connect_timeout=CONNECT_TIMEOUT,
        forward_agent=False,
        connect_kwargs={
            "pkey": key,
            "password": password,
            "allow_agent": False,
            "look_for_keys": False,
            "banner_timeout": CONNECT_TIMEOUT,
            "auth_timeout": CONNECT_TIMEOUT,
            "channel_timeout": CONNECT_TIMEOUT,
        },
    )
    connection.client.set_missing_host_key_policy(_NothingElse())
    known_as = node.host if node.port == 22 else f"[{node.host}]:{node.port}"
    connection.client.get_host_keys().add(known_as, host_key.get_name(), host_key)
    return connection


# paramiko calls these a failed authentication, too: the server said nothing, or hung up before it could.
UNANSWERED = ("Authentication timeout", "saw EOF")


@contextlib.contextmanager
def mapped(node: NodeAddress) -> Iterator[None]:
    """Say in the panel's words why a connection could not be made."""
    try:
        yield
    except BadHostKeyException as error:
        shown = f"{error.key.get_name()} {error.key.fingerprint}"
        raise HostKeyChanged(node.name, f"it showed another host key than the pinned one: {shown}") from error
    except AuthenticationException as error:
        if any(words in str(error) for words in UNANSWERED):
            said = f"it hung up on the login of user {node.user}, or did not answer it: {error}"
            raise Unreachable(node.name, f"{said}; a locked account looks the same") from error
        raise LoginRefused(node.name, f"it refused the login of user {node.user}") from error
    except (OSError, EOFError, SSHException, LinkLost) as error:
        why = str(error) or type(error).__name__
        raise Unreachable(node.name, f"no SSH connection to {node.host} port {node.port}: {why}") from error


# How paramiko tells that the server hung up before or during the exchange of keys.
QUICK = 3.0  # seconds
TURNED_AWAY = ("reset by peer", "protocol banner", "No existing session")


def connect(node: NodeAddress, key: PKey, *, tries: int = 4) -> Link:
    """Connect; a server that is busy with other logins (MaxStartups) turns some away at random, so ask again a little later."""
    while True:
        tries -= 1
        began = time.monotonic()
        try:
            return Link(node, key)
        except Unreachable as error:
            turned_away = isinstance(error.__cause__, (ConnectionResetError, EOFError))
            # The same words after a long silence mean that nobody is there.
            hung_up = time.monotonic() - began < QUICK and any(words in error.text for words in TURNED_AWAY)
            if not (turned_away or hung_up) or tries <= 0:
                raise
            time.sleep(random.uniform(0.2, 1.2))  # noqa: S311 - jitter, not a secret


def refusal(node: NodeAddress, said: str) -> NodeError:
    """Why a login that worked led to no program, from what it printed."""
    said = " ".join(said.split())[:200]
    if node.user != "root" and "sudo" in said:
        return SudoRefused(node.name, f"sudo refused the user {node.user}: {said}")
    return Unreachable(node.name, f"the login worked, but no program could be started: {said or 'nothing was said'}")


class Link:
    """A connection with one open channel on which `serve.pl` answers. Not thread-safe: its owner holds a lock."""

    def __init__(self, node: NodeAddress, key: PKey) -> None:
        self.node = node
        self._buffer = bytearray()
        self._connection = connection_to(node, key=key)
        try:
            with mapped(node):
                self._connection.open()
                self._tune()
                self._channel: Channel = self._connection.create_session()
                self._start()
            self.boot_id = self._hello()
        except BaseException:
            self.close()
            raise

    def _tune(self) -> None:
        """No Nagle (48 ms per command otherwise); a dead peer is noticed in 15 s, in silence and in the middle of sending."""
        transport = self._connection.transport
        transport.set_keepalive(5)
        sock = transport.sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1000)

    def _start(self) -> None:
        self._marker = secrets.token_hex(16).encode()
        argv: tuple[str, ...] = ("/usr/bin/perl", "-e", _BOOTSTRAP, str(len(frames.SERVE)), self._marker.decode())
        if self.node.user != "root":
            argv = ("sudo", "-n", "--", *argv)
        self._channel.settimeout(SILENCE)
        self._channel.exec_command(f"exec {shlex.join(argv)}")
        self._channel.sendall(frames.SERVE)

    def _hello(self) -> str:
        """Skip what a login script may print, up to the marker; without it, say why not."""
        try:
            while (at := self._buffer.find(self._marker)) < 0:
                if len(self._buffer) > _GREETING_LIMIT:
                    raise Unreachable(self.node.name, "its login shell prints without end")
                self._receive()
            del self._buffer[: at + len(self._marker)]
            return frames.text(self.frame()[1])
        except LinkLost as error:
            raise refusal(self.node, frames.text(self._said())) from error

    def _said(self) -> bytes:
        with contextlib.suppress(OSError, SSHException):
            self._channel.settimeout(1)
            return self._channel.recv_stderr(2000)
        return b""

    def send(self, *fields: str | int | bytes) -> None:
        try:
            self._channel.sendall(frames.message(*fields))
        except (OSError, EOFError, SSHException) as error:
            raise LinkLost(str(error) or "the connection ended") from error

    def frame(self) -> list[bytes]:
        (length,) = struct.unpack(">I", self._take(4))
        if not 0 < length <= frames.FRAME_LIMIT:
            raise LinkLost("the answer makes no sense")
        try:
            return frames.unpack(self._take(length))
        except frames.Garbled as error:
            raise LinkLost(str(error)) from error

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._receive()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _receive(self) -> None:
        try:
            data = self._channel.recv(65536)
        except TimeoutError as error:
            raise LinkLost(f"no sign of life for {SILENCE} seconds") from error
        except (OSError, EOFError, SSHException) as error:
            raise LinkLost(str(error) or "the connection ended") from error
        if not data:
            raise LinkLost("the connection ended")
        self._buffer += data

    def close(self) -> None:
        with contextlib.suppress(OSError, EOFError, SSHException):
            self._connection.close()
