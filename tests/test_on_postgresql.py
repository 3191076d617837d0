"""What depends on the database runs on PostgreSQL too: the same tests in a second pytest with DATABASE_URL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.services
def test_the_log_and_the_door_hold_on_postgresql(postgresql_url: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-m",
            "not services",
            "-p",
            "no:cacheprovider",
            "tests/clusters",
            "tests/jobs",
            "tests/running",
            "tests/enrolment",
            "tests/monitor",
            "tests/usage",
            "tests/snapshots",
            "tests/batches",
            "tests/pages",
            "tests/faults/test_audit_unwritable.py",
        ],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": postgresql_url},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
