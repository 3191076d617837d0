"""`./panel lint`: every rail of the project, one after the other; all of them run even if one finds something."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from storagepanel.launcher.places import ROOT, manage

PACKAGES = ("storagepanel", "clusters", "provisioning")


def rails() -> list[tuple[str, tuple[str, ...]]]:
    scripts = Path(sys.executable).parent
    return [
        ("shell syntax", ("/bin/sh", "-n", "panel", ".ci/run")),
        ("ruff check", (str(scripts / "ruff"), "check", ".")),
        ("ruff format", (str(scripts / "ruff"), "format", "--check", ".")),
        ("mypy", (str(scripts / "mypy"), *PACKAGES, "manage.py")),
        ("import-linter", (str(scripts / "lint-imports"),)),
        ("djlint", (str(scripts / "djlint"), "--lint", "--quiet", "templates")),
        ("migrations", manage("makemigrations", "--check", "--dry-run")),
        ("system checks", manage("check", "--fail-level", "WARNING")),
        ("deployment checks", manage("check", "--deploy", "--fail-level", "WARNING")),
    ]


def production() -> dict[str, str]:
    """An environment as the manual tells a production installation to have it."""
    return {
        "PANEL_URL": "https://panel.example",
        "PANEL_HOSTS": "panel.example",
        "PANEL_BEHIND_PROXY": "true",
        "SECRET_KEY": secrets.token_urlsafe(50),
    }


def run(_options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="storagepanel-lint-") as var:
        failed = failing({**os.environ, "DJANGO_SETTINGS_MODULE": "storagepanel.settings", "PANEL_VAR": var})
    print(f"{len(failed)} of {len(rails())} failed: {', '.join(failed)}" if failed else "All rails hold.")
    return 1 if failed else 0


def failing(env: dict[str, str]) -> list[str]:
    failed = []
    for name, command in rails():
        begin = time.monotonic()
        more = production() if name == "deployment checks" else {}
        done = subprocess.run(  # noqa: S603 - argv of our own
            command, cwd=ROOT, env=env | more, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        )  # fmt: skip
        print(f"{'ok    ' if not done.returncode else 'FAILED'} {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout, flush=True)
    return failed
