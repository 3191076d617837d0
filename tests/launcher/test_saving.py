"""`./panel backup` and `./panel restore`: what is brought back opens."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import services
from tests.launcher.checkout import ROOT, Installation

SEAL = "from provisioning.sealed import seal; seal('probe', b'the secret of the fleet')"
OPEN = "from provisioning.unseal import open_secret; print(open_secret('probe'))"


def prepared(installation: Installation) -> Installation:
    """The first set-up without starting anything, and a sealed secret."""
    (installation.var / "keys").mkdir(parents=True, mode=0o700)
    key = installation.var / "keys" / "secret-key"
    key.write_text("k" * 60)
    key.chmod(0o600)
    done = installation.panel("manage", "panel_prepare")
    assert done.returncode == 0, done.stderr
    shell(installation, SEAL)
    return installation


def shell(installation: Installation, code: str) -> str:
    done = installation.panel("manage", "shell", "--verbosity", "0", "--command", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def backup(installation: Installation, path: Path) -> Path:
    done = installation.panel("backup", str(path))
    assert done.returncode == 0, done.stderr
    return path


@dataclass(frozen=True)
class Saved:
    installation: Installation
    file: Path


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """An installation that does not run, and its backup; tests only read both."""
    place = tmp_path_factory.mktemp("saved")
    installation = prepared(Installation(place / "var"))
    return Saved(installation, backup(installation, place / "fleet.tar"))


def test_a_sealed_secret_opens_after_the_round_trip(saved: Saved, tmp_path: Path) -> None:
    assert stat.S_IMODE(saved.file.stat().st_mode) == 0o600

    new = Installation(tmp_path / "new")
    done = new.panel("restore", str(saved.file))

    assert done.returncode == 0, done.stderr
    said = shell(new, f"{OPEN}; from clusters.models import AuditEntry as A; print(*A.objects.values_list('action'))")
    assert "the secret of the fleet" in said
    assert "panel.restore" in said and "panel.backup" in said
    assert stat.S_IMODE((new.var / "keys" / "worker.key").stat().st_mode) == 0o600
    assert (new.var / "keys" / "secret-key").read_text().strip() == "k" * 60
    # Nodes know steps by their job's number: none may come twice.
    with sqlite3.connect(new.var / "panel.sqlite3") as database:
        row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'provisioning_job'").fetchone()
    assert row[0] > 3_000_000


def test_it_refuses_a_place_that_holds_something(saved: Saved) -> None:
    before = (saved.installation.var / "panel.sqlite3").read_bytes()

    refused = saved.installation.panel("restore", str(saved.file))

    assert refused.returncode == 1 and "--replace" in refused.stderr
    assert (saved.installation.var / "panel.sqlite3").read_bytes() == before


def test_replacing_moves_aside_what_was_there(saved: Saved, tmp_path: Path) -> None:
    other = Installation(tmp_path / "other")
    shutil.copytree(saved.installation.var, other.var)
    shell(other, "from provisioning.models import SealedSecret as S; S.objects.all().delete()")

    done = other.panel("restore", str(saved.file), "--replace")

    assert done.returncode == 0, done.stderr
    assert "the secret of the fleet" in shell(other, OPEN)
    aside = list((other.var / "backups").glob("replaced-*"))
    assert len(aside) == 1
    assert {"panel.sqlite3", "secret-key", "worker.key"} <= {path.name for path in aside[0].iterdir()}


def with_keys_elsewhere(place: Path, keys: Path) -> Installation:
    """An installation whose keys are secrets mounted by somebody else, as in containers."""
    return Installation(
        place / "var", SECRET_KEY_FILE=str(keys / "secret-key"), WORKER_PUBLIC_KEY_FILE=str(keys / "worker.pub"),
        WORKER_PRIVATE_KEY_FILE=str(keys / "worker.key"),
    )  # fmt: skip


def test_it_refuses_to_come_back_under_other_keys(saved: Saved, tmp_path: Path) -> None:
    stranger = prepared(Installation(tmp_path / "stranger"))
    new = with_keys_elsewhere(tmp_path, stranger.var / "keys")
    (stranger.var / "keys" / "secret-key").write_bytes((saved.installation.var / "keys" / "secret-key").read_bytes())

    refused = new.panel("restore", str(saved.file), "--replace")

    assert refused.returncode == 1 and "are back" not in refused.stdout
    assert "WORKER_PUBLIC_KEY_FILE" in refused.stderr and "WORKER_PRIVATE_KEY_FILE" in refused.stderr
    assert "SECRET_KEY_FILE" not in refused.stderr  # this one is the backup's
    assert "tar --extract" in refused.stderr
    assert not (new.var / "panel.sqlite3").exists() and list((new.var / "keys").iterdir()) == []


def test_it_refuses_while_a_configured_key_is_not_there(saved: Saved, tmp_path: Path) -> None:
    new = Installation(tmp_path / "var", WORKER_PRIVATE_KEY_FILE=str(tmp_path / "nowhere"))
    refused = new.panel("restore", str(saved.file))
    assert refused.returncode == 1 and "WORKER_PRIVATE_KEY_FILE names a file that cannot be read" in refused.stderr
    assert list((new.var / "keys").iterdir()) == []


def test_it_comes_back_under_its_own_keys_elsewhere_and_leaves_none_in_var(saved: Saved, tmp_path: Path) -> None:
    keys = tmp_path / "secrets"
    keys.mkdir()
    take_out = ("tar", "--extract", "--file", saved.file, "--directory", keys, "--strip-components", "1", "keys")
    subprocess.run(take_out, check=True)  # as docs/production.md tells
    new = with_keys_elsewhere(tmp_path, keys)

    done = new.panel("restore", str(saved.file))

    assert done.returncode == 0, done.stderr
    assert "the secret of the fleet" in shell(new, OPEN)
    assert list((new.var / "keys").iterdir()) == []


def test_a_backup_is_never_written_over_another(saved: Saved) -> None:
    again = saved.installation.panel("backup", str(saved.file))
    assert again.returncode == 1 and "exists already" in again.stderr


@pytest.mark.parametrize("damage", ["not a tar file", "no worker key", "cut short"])
def test_a_damaged_archive_touches_nothing(saved: Saved, tmp_path: Path, damage: str) -> None:
    bad = tmp_path / "bad.tar"
    if damage == "not a tar file":
        bad.write_bytes(os.urandom(4096))
    elif damage == "cut short":
        bad.write_bytes(saved.file.read_bytes()[:9000])
    else:
        with tarfile.open(saved.file) as whole, tarfile.open(bad, "w") as less:
            for member in whole.getmembers():
                if member.name != "keys/worker.key":
                    less.addfile(member, whole.extractfile(member))
    new = Installation(tmp_path / "new")

    refused = new.panel("restore", str(bad))

    assert refused.returncode == 1 and refused.stderr
    assert not (new.var / "panel.sqlite3").exists()
    assert list((new.var / "keys").iterdir()) == []


def test_there_is_nothing_to_save_before_the_first_start(installation: Installation, tmp_path: Path) -> None:
    done = installation.panel("backup", str(tmp_path / "fleet.tar"))
    assert done.returncode == 1
    assert list(tmp_path.glob("*.tar")) == []


@pytest.mark.services
def test_the_round_trip_holds_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    with services.postgresql() as second_url:
        first = prepared(Installation(tmp_path / "first", DATABASE_URL=postgresql_url))
        file = backup(first, tmp_path / "fleet.tar")
        second = Installation(tmp_path / "second", DATABASE_URL=second_url)

        done = second.panel("restore", str(file))

        assert done.returncode == 0, done.stderr
        assert "the secret of the fleet" in shell(second, OPEN)
        assert second.panel("restore", str(file)).returncode == 1


def test_the_launcher_needs_no_more_than_a_shell_and_python() -> None:
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "panel"), "--help"], env={"PATH": "/usr/bin:/bin", "PANEL_PYTHON": "/usr/bin/python3"},
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for verb in ("up", "stop", "status", "logs", "createadmin", "backup", "restore", "manage", "test", "lint", "lock"):
        assert f"\n    {verb}" in done.stdout
