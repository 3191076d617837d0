"""What a start makes and checks before its parts run, and what it leaves alone because it costs time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storagepanel.launcher import parts
from tests.launcher.checkout import ROOT

PREPARE = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("panel_prepare", skip_checks=False)
print("pages loaded:", "storagepanel.urls" in sys.modules)
"""


@pytest.fixture
def var(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text("long enough for ada")
    (tmp_path / "keys").mkdir(mode=0o700)
    return tmp_path


def prepare(var: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "PANEL_VAR": str(var), "DJANGO_SETTINGS_MODULE": "storagepanel.settings"}
    env["PANEL_ADMIN_PASSWORD_FILE"] = str(var / "password")
    return subprocess.run((sys.executable, "-c", PREPARE), cwd=ROOT, env=env, capture_output=True, text=True)


def test_preparing_loads_no_page(var: Path) -> None:
    done = prepare(var)
    assert "pages loaded: False" in done.stdout, done.stderr
    assert (var / "panel.sqlite3").exists()


def test_preparing_refuses_a_key_that_others_can_read(var: Path) -> None:
    key = var / "keys" / "secret-key"
    key.write_text("s" * 60)
    key.chmod(0o644)
    done = prepare(var)
    assert done.returncode
    assert "storagepanel.E001" in done.stderr
    assert not (var / "panel.sqlite3").exists()


def test_no_part_repeats_djangos_checks() -> None:
    assert {parts.part_environment(part)["CELERY_SKIP_CHECKS"] for part in parts.names()} == {"true"}
