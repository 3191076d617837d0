"""What the panel refuses to run with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from storagepanel import checks


@pytest.fixture
def safe(settings: Any, tmp_path: Path, worker_keys: Path) -> Any:
    """Settings of a worker as it should be."""
    settings.VAR_DIR = tmp_path
    settings.SECRET_KEY = "s" * 60
    settings.ROLE = "jobs"
    worker_keys.chmod(0o600)
    return settings


def codes() -> set[str]:
    return {str(found.id) for found in checks.panel_checks()}


def test_a_worker_as_it_should_be_may_start(safe: Any) -> None:
    assert codes() == set()
    checks.refuse_unsafe_start()


def test_a_key_that_others_can_read(safe: Any) -> None:
    (safe.VAR_DIR / "keys").mkdir()
    key = safe.VAR_DIR / "keys" / "secret-key"
    key.write_text("x")
    key.chmod(0o640)
    assert codes() == {"storagepanel.E001"}


def test_a_secret_of_a_container_may_be_shared_with_a_group_but_not_with_all(safe: Any) -> None:
    safe.WORKER_PRIVATE_KEY_FILE.chmod(0o440)
    assert codes() == set()
    safe.WORKER_PRIVATE_KEY_FILE.chmod(0o444)
    assert codes() == {"storagepanel.E001"}


def test_the_fallback_secret_key(safe: Any) -> None:
    safe.SECRET_KEY = checks.FALLBACK_KEY
    assert codes() == {"storagepanel.E002"}


def test_a_web_that_can_read_the_workers_key(safe: Any) -> None:
    safe.ROLE = "web"
    assert codes() == {"storagepanel.E003"}
    with pytest.raises(ImproperlyConfigured, match="private key"):
        checks.refuse_unsafe_start()


def test_a_worker_without_its_key(safe: Any) -> None:
    safe.WORKER_PRIVATE_KEY_FILE.unlink()
    assert codes() == {"storagepanel.E004"}


def test_a_part_without_the_public_key(safe: Any) -> None:
    safe.WORKER_PUBLIC_KEY = ""
    assert codes() == {"storagepanel.E005"}


def test_a_time_zone_that_does_not_exist(safe: Any) -> None:
    safe.DISPLAY_TIME_ZONE = "Europe/Atlantis"
    assert codes() == {"storagepanel.E006"}


def test_plain_http_is_a_warning_and_no_refusal(safe: Any) -> None:
    safe.BASE_URL, safe.HTTPS = "http://panel.example", False
    assert codes() == {"storagepanel.W007"}
    checks.refuse_unsafe_start()


def test_management_commands_run_without_a_role(safe: Any) -> None:
    safe.ROLE, safe.SECRET_KEY = "", checks.FALLBACK_KEY
    checks.refuse_unsafe_start()
