"""Whole files on a real sshd: written aside and renamed, the previous content kept, a change by hand respected."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import FileChanged, NodeAddress, NodeRefused, UnitKey

pytestmark = pytest.mark.services
UNIT = UnitKey("web-files", 7, 3, 1)


def put(world: SshWorld, node: NodeAddress, path: Path, content: bytes, before: bytes | None, **how: str) -> str | None:
    digest = hashlib.sha256(before).hexdigest() if before is not None else None
    given = {"mode": "0640", "owner": "root:root", **how}
    return world.put(node, str(path), content, UNIT, mode=given["mode"], owner=given["owner"], before=digest)


def test_a_new_file_with_its_directory(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    path = tmp_path / "etc" / "exports.d" / "web-files.exports"
    assert put(world, alice, path, b"a\0b\xff no newline", None) is None
    assert path.read_bytes() == b"a\0b\xff no newline"
    assert oct(path.stat().st_mode & 0o7777) == "0o640"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_previous_content_is_kept(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    path = tmp_path / "exports"
    path.write_bytes(b"old")
    kept = put(world, alice, path, b"new", b"old")
    assert kept and Path(kept).read_bytes() == b"old" and kept.startswith(str(tmp_path / "sshd" / "state" / "kept"))
    assert oct(os.stat(kept).st_mode & 0o7777) == "0o600"
    assert path.read_bytes() == b"new"
    assert put(world, alice, path, b"new", b"old") == kept, "told again after a lost answer"
    assert Path(kept).read_bytes() == b"old"


def test_a_file_changed_by_hand_stays(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    path = tmp_path / "exports"
    path.write_bytes(b"by hand")
    for before in (b"old", None):
        with pytest.raises(FileChanged):
            put(world, alice, path, b"new", before)
    path.unlink()
    with pytest.raises(FileChanged):
        put(world, alice, path, b"new", b"old")
    assert not path.exists()


def test_equal_content_gets_its_mode(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    path = tmp_path / "authkeys"
    path.write_bytes(b"secret")
    assert put(world, alice, path, b"secret", None, mode="0600") is None
    assert oct(path.stat().st_mode & 0o7777) == "0o600"


def test_megabytes(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    put(world, alice, tmp_path / "big", content, None)
    assert (tmp_path / "big").read_bytes() == content


def test_a_directory_that_cannot_be_made(world: SshWorld, alice: NodeAddress) -> None:
    with pytest.raises(NodeRefused, match="cannot write /dev/full/x: Not a directory|cannot make the directory"):
        put(world, alice, Path("/dev/full/x"), b"new", None)


def test_what_is_not_a_plain_file_is_left_alone(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for path in (tmp_path / "link", tmp_path):
        with pytest.raises(NodeRefused, match="not a plain file"):
            put(world, alice, path, b"new", b"old")
    assert (tmp_path / "real").read_bytes() == b"old"


def test_an_unknown_owner(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    with pytest.raises(NodeRefused, match="no user nobody-here"):
        put(world, alice, tmp_path / "x", b"new", None, owner="nobody-here:root")
    assert not (tmp_path / "x").exists()


def test_a_full_disk_leaves_what_was_there(world: SshWorld, alice: NodeAddress, tmp_path: Path) -> None:
    """A file system of 64 KiB of its own: what does not fit is refused with the reason, and nothing half-written stays."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)], check=True)
    try:
        (small / "exports").write_bytes(b"old")
        with pytest.raises(NodeRefused, match="No space left on device"):
            put(world, alice, small / "exports", b"x" * 200_000, b"old")
        assert (small / "exports").read_bytes() == b"old"
        assert [entry.name for entry in small.iterdir()] == ["exports"]
    finally:
        subprocess.run(["umount", str(small)], check=True)
