"""Looking at a host key and installing the panel's key, against a real sshd."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provisioning.transport import enrol
from provisioning.transport.world import HostKeyChanged, LoginRefused, NodeAddress, Unreachable
from tests.transport.conftest import alice, sshd  # noqa: F401 - fixtures
from tests.transport.sshd import Sshd

pytestmark = pytest.mark.services


def test_the_host_key_is_seen_without_a_login(sshd: Sshd, alice: NodeAddress) -> None:  # noqa: F811
    assert enrol.fetch_host_key(sshd.address(host_key="", user="nobody")) == sshd.host_key
    assert "kex:" in sshd.log and "userauth-request" not in sshd.log


def test_nobody_there(sshd: Sshd) -> None:  # noqa: F811
    sshd.stop()
    with pytest.raises(Unreachable, match="no SSH server answers at 127.0.0.1"):
        enrol.fetch_host_key(sshd.address())


def test_a_password_is_never_sent_to_another_host_key(sshd: Sshd) -> None:  # noqa: F811
    sshd.stop()
    address = sshd.address()
    sshd.new_host_key()
    sshd.run()
    with pytest.raises(HostKeyChanged):
        enrol.install_key(address, "secret", "ssh-ed25519 AAAA storagepanel")
    assert "userauth-request" not in sshd.log


def test_a_refused_password(sshd: Sshd, alice: NodeAddress) -> None:  # noqa: F811
    with pytest.raises(LoginRefused, match="refused this password for user root") as raised:
        enrol.install_key(alice, "wrong", "ssh-ed25519 AAAA storagepanel")
    assert "by hand" in raised.value.hint


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "KEY\n"), ("", "KEY\n"), ("other", "other\nKEY\n"), ("KEY\nother\n", "KEY\nother\n")],
)
def test_the_key_is_added_once(tmp_path: Path, before: str | None, after: str) -> None:
    key = "ssh-ed25519 AAAA story'$(touch x)`panel"
    file = tmp_path / ".ssh" / "authorized_keys"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before.replace("KEY", key))
    for _ in range(2):
        subprocess.run(["sh", "-c", enrol._INSTALL, "sh", key], env={"HOME": str(tmp_path)}, cwd=tmp_path, check=True)
    assert file.read_text() == after.replace("KEY", key)
    assert oct(file.stat().st_mode & 0o777) in ("0o600", "0o644") and not (tmp_path / "x").exists()
