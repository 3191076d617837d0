"""`python -m tests.on_postgresql …` is pytest with a private PostgreSQL as the database: what `./panel test --postgresql` runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests import services

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server ends with us
    with services.postgresql() as url:
        argv = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        status = subprocess.call(argv, env={**os.environ, "DATABASE_URL": url}, stdin=subprocess.DEVNULL)
    sys.exit(status)
