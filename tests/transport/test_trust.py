"""Whom the panel speaks to: the pinned host key or nobody, its own key and no other."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paramiko import AuthenticationException

from provisioning.steps import cmd
from provisioning.transport.link import mapped, private_key, refusal
from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import (
    HostKeyChanged,
    HostKeyMissing,
    LoginRefused,
    NodeAddress,
    NodeError,
    SudoRefused,
    Unreachable,
)
from tests.transport.sshd import Sshd, new_key

pytestmark = pytest.mark.services


def test_another_host_key_gets_nothing(sshd: Sshd, world: SshWorld, alice: NodeAddress) -> None:
    world.read(alice, [cmd("true")])
    assert "userauth-request" in sshd.log
    world.close()
    sshd.stop()
    sshd.new_host_key()
    sshd.run()
    with pytest.raises(HostKeyChanged, match="another host key than the pinned one"):
        world.read(alice, [cmd("touch", "/never")])
    assert "kex:" in sshd.log and "userauth-request" not in sshd.log


def test_another_type_of_host_key_gets_nothing(sshd: Sshd, world: SshWorld, alice: NodeAddress) -> None:
    sshd.stop()
    key = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    sshd.write("host_key", key.decode())
    sshd.run()
    with pytest.raises(HostKeyChanged):
        world.read(alice, [cmd("true")])
    assert "kex:" in sshd.log and "userauth-request" not in sshd.log


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "nonsense AAAAC3NzaC1lZDI1NTE5AAAAIAAA"])
def test_without_a_pinned_key_no_connection_is_made(sshd: Sshd, world: SshWorld, line: str) -> None:
    with pytest.raises(HostKeyMissing):
        world.read(sshd.address(host_key=line), [cmd("true")])
    assert "kex:" not in sshd.log


def test_a_refused_key(sshd: Sshd, world: SshWorld, alice: NodeAddress) -> None:
    sshd.write("authorized_keys", new_key()[1] + "\n")
    with pytest.raises(LoginRefused) as raised:
        world.read(alice, [cmd("true")])
    assert raised.value.permanent and "public key" in raised.value.hint


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Authentication failed.", LoginRefused),
        ("Authentication timeout.", Unreachable),
        ("Authentication failed: transport shut down or saw EOF", Unreachable),
    ],
)
def test_a_login_that_nobody_answered_is_not_called_refused(
    alice: NodeAddress, said: str, kind: type[NodeError]
) -> None:
    """A node that shuts down, or is slow, is asked again; a refusal is a person's to mend."""
    with pytest.raises(kind), mapped(alice):
        raise AuthenticationException(said)


def test_the_ssh_configuration_of_the_user_is_not_used(
    sshd: Sshd, world: SshWorld, alice: NodeAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host *\n  Hostname 127.0.0.9\n  User nobody\n  ProxyCommand false\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert world.read(alice, [cmd("echo", "direct")])[0].stdout == "direct\n"


def test_no_other_key_than_the_panel_s_is_tried(
    sshd: Sshd, alice: NodeAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").write_bytes(sshd.client_key)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(LoginRefused):
        SshWorld(private_key(new_key()[0])).read(alice, [cmd("true")])
    assert "Accepted publickey" not in sshd.log


@pytest.mark.parametrize("said", ["sudo: a password is required\n", "sh: 1: exec: sudo: not found\n"])
def test_sudo_that_does_not_let_us(said: str) -> None:
    error = refusal(NodeAddress("alice", "10.10.0.11", 22, "olga", ""), said)
    assert isinstance(error, SudoRefused) and "NOPASSWD" in error.hint


def test_a_node_without_the_interpreter() -> None:
    error = refusal(NodeAddress("alice", "10.10.0.11", 22, "root", ""), "sh: 1: exec: /usr/bin/perl: not found\n")
    assert isinstance(error, Unreachable) and "perl: not found" in error.text


def test_something_that_is_not_ssh(world: SshWorld, alice: NodeAddress) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            connection.close()

        threading.Thread(target=speak, daemon=True).start()
        address = NodeAddress("alice", "127.0.0.1", server.getsockname()[1], "root", alice.host_key)
        with pytest.raises(Unreachable):
            world.read(address, [cmd("true")])


def test_a_server_that_is_busy_with_other_logins(sshd: Sshd, alice: NodeAddress) -> None:
    with (sshd.directory / "sshd_config").open("a") as config:
        config.write("MaxStartups 3:40:8\n")
    sshd.reload()

    def login(_: int) -> str:
        world = sshd.world()
        try:
            return world.read(alice, [cmd("echo", "in")])[0].stdout
        finally:
            world.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(login, range(6))) == ["in\n"] * 6
