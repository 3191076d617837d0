"""The two things done before a node is trusted: look at its host key, and put the panel's public key there with a password typed once."""

from __future__ import annotations

import shlex
import socket

from paramiko import SSHException, Transport

from provisioning.transport.link import CONNECT_TIMEOUT, connection_to, mapped
from provisioning.transport.world import LoginRefused, NodeAddress, NodeRefused, Unreachable

# For the user that logs in, idempotent: the line is added once, after a last line that may lack its end.
_INSTALL = """set -eu
umask 077
mkdir -p "$HOME/.ssh"
file=$HOME/.ssh/authorized_keys
touch "$file"
grep -qxF -- "$1" "$file" && exit 0
[ -z "$(tail -c 1 "$file")" ] || echo >> "$file"
printf '%s\\n' "$1" >> "$file"
"""


def fetch_host_key(node: NodeAddress) -> str:
    """Give the public host key a node shows, ed25519 if it has one. Nobody logs in: the connection ends after the key exchange."""
    try:
        with socket.create_connection((node.host, node.port), CONNECT_TIMEOUT) as sock:
            transport = Transport(sock)
            try:
                options = transport.get_security_options()
                kinds = sorted(options.key_types, key=lambda kind: not kind.startswith("ssh-ed25519"))
                options.key_types = kinds
                transport.start_client(timeout=CONNECT_TIMEOUT)
                key = transport.get_remote_server_key()
            finally:
                transport.close()
    except (OSError, EOFError, SSHException) as error:
        why = str(error) or type(error).__name__
        raise Unreachable(node.name, f"no SSH server answers at {node.host} port {node.port}: {why}") from error
    return f"{key.get_name()} {key.get_base64()}"


def install_key(node: NodeAddress, password: str, public_key: str) -> None:
    """Log in once with a password and add the panel's key to the user's authorized keys."""
    connection = connection_to(node, password=password)
    try:
        with mapped(node):
            connection.open()
            channel = connection.create_session()
            channel.settimeout(30)
            channel.exec_command(shlex.join(("sh", "-c", _INSTALL, "sh", public_key)))
            channel.shutdown_write()
            said = channel.makefile_stderr("rb").read(2000).decode("utf-8", "replace")
            code = channel.recv_exit_status()
    except LoginRefused as refused:
        error = LoginRefused(node.name, f"it refused this password for user {node.user}")
        error.hint = (
            "Check user and password, or whether the server allows logins with a password; or install the key by hand."
        )
        raise error from refused
    finally:
        connection.close()
    if code != 0:
        raise NodeRefused(node.name, f"the key could not be added: {' '.join(said.split())[:200]}")
