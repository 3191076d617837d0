"""Sealed by the web, opened by workers only; keys made once."""

from __future__ import annotations

import base64
import stat
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from nacl.public import PrivateKey

from clusters.models import Cluster
from provisioning import sealed, unseal
from provisioning.models import SealedSecret

pytestmark = pytest.mark.django_db


def test_only_the_workers_key_opens_it(web_files: Cluster, worker_keys: Path, settings: Any) -> None:
    row = sealed.seal("authkeys", b"hush", cluster=web_files)
    assert b"hush" not in bytes(row.box)
    assert unseal.open_secret("authkeys", cluster=web_files) == unseal.resolver(web_files)("authkeys") == b"hush"
    worker_keys.write_text(base64.b64encode(bytes(PrivateKey.generate())).decode())
    with pytest.raises(unseal.SecretMissing, match="another key"):
        unseal.open_secret("authkeys", cluster=web_files)
    settings.WORKER_PRIVATE_KEY_FILE = Path("/nowhere/worker.key")
    with pytest.raises(unseal.SecretMissing, match="cannot be read"):
        unseal.open_secret("authkeys", cluster=web_files)


def test_scopes_do_not_mix(web_files: Cluster, worker_keys: Path) -> None:
    alice, bob = web_files.nodes.all()
    sealed.seal("password", b"one", node=alice)
    sealed.seal("password", b"two", node=bob)
    assert unseal.open_secret("password", node=bob) == b"two"
    for wrong in ({"cluster": web_files}, {}):
        with pytest.raises(unseal.SecretMissing):
            unseal.open_secret("password", **wrong)


def test_a_password_is_deleted_on_use_and_after_five_minutes(web_files: Cluster, worker_keys: Path) -> None:
    alice, bob = web_files.nodes.all()
    with time_machine.travel(datetime(2026, 11, 22, 12, 0, tzinfo=UTC), tick=False) as clock:
        for node in (alice, bob):
            sealed.seal(sealed.PASSWORD, b"typed", node=node, ttl=sealed.PASSWORD_LIFE)
        assert unseal.take_secret(sealed.PASSWORD, node=alice) == b"typed"
        with pytest.raises(unseal.SecretMissing, match="no secret"):
            unseal.take_secret(sealed.PASSWORD, node=alice)
        clock.shift(timedelta(minutes=5))
        with pytest.raises(unseal.SecretMissing, match="expired"):
            unseal.open_secret(sealed.PASSWORD, node=bob)
        sealed.seal(sealed.PASSWORD, b"typed", node=bob, ttl=sealed.PASSWORD_LIFE)
        assert unseal.purge() == 0
        clock.shift(timedelta(minutes=6))
        assert unseal.purge() == 1
    assert not SealedSecret.objects.exists()


def test_a_clusters_secrets_are_made_once(web_files: Cluster, worker_keys: Path) -> None:
    sealed.make_cluster_secrets(web_files, ["alice", "bob"])
    first = {row.name: bytes(row.box) for row in SealedSecret.objects.all()}
    assert set(first) == {"authkeys", "drbd-shared-secret", "fence-key-alice", "fence-key-bob"}
    sealed.make_cluster_secrets(web_files, ["alice", "bob"])
    assert {row.name: bytes(row.box) for row in SealedSecret.objects.all()} == first
    private = load_ssh_private_key(unseal.open_secret("fence-key-bob", cluster=web_files), password=None)
    public = sealed.public_half("fence-key-bob", cluster=web_files).split()
    assert public[0] == "ssh-ed25519"
    assert base64.b64decode(public[1]).endswith(private.public_key().public_bytes_raw())
    assert unseal.open_secret("authkeys", cluster=web_files) != unseal.open_secret(
        "drbd-shared-secret", cluster=web_files
    )


def test_the_panels_keys_are_made_once_and_kept_private(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR, settings.WORKER_PUBLIC_KEY = tmp_path / "var", ""
    settings.WORKER_PRIVATE_KEY_FILE = tmp_path / "var/keys/worker.key"
    said = StringIO()
    call_command("panel_keys", stdout=said)
    keys = tmp_path / "var/keys"
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    assert set(before) == {"secret-key", "worker.key", "worker.pub"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()} == {0o600}
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert said.getvalue().startswith("ssh-ed25519 ")
    assert unseal.open_secret(sealed.PANEL_SSH_KEY).startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")

    settings.WORKER_PUBLIC_KEY = ""
    again = StringIO()
    call_command("panel_keys", stdout=again)
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before
    assert again.getvalue() == said.getvalue()


def test_a_lost_public_half_is_made_again(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR, settings.WORKER_PUBLIC_KEY = tmp_path, ""
    settings.WORKER_PRIVATE_KEY_FILE = tmp_path / "keys/worker.key"
    call_command("panel_keys", stdout=StringIO())
    public = tmp_path / "keys/worker.pub"
    before = public.read_text()
    public.unlink()
    settings.WORKER_PUBLIC_KEY = ""
    call_command("panel_keys", stdout=StringIO())
    assert public.read_text() == before


def test_without_the_workers_public_key_nothing_is_sealed(web_files: Cluster, settings: Any) -> None:
    settings.WORKER_PUBLIC_KEY = ""
    with pytest.raises(ImproperlyConfigured):
        sealed.seal("authkeys", b"hush", cluster=web_files)
