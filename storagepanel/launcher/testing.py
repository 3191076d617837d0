"""`./panel test`: pytest, with what the tests need around it; once more on PostgreSQL for what touches the database."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile

from storagepanel.launcher import private_postgresql
from storagepanel.launcher.places import ROOT
from storagepanel.launcher.needs import Need, missing, packages

NOTHING_COLLECTED = 5


def run(options: argparse.Namespace) -> int:
    """Run the tests that were asked for; pytest's own summary is the last thing that is printed when all of them ran."""
    for mark, asked, paths in (("lab", options.lab, ["tests/lab"]), ("browser", options.browser, ["tests"])):
        if asked:
            if absent := missing({mark}):
                return report(69, absent)
            return pytest(["-m", mark, *(options.paths or paths), *options.extra])
    absent = missing({"browser", "services"})
    left_out = sorted({need.mark for need in absent} | {"lab", "bench"})
    marks = " and ".join(f"not {mark}" for mark in left_out)
    if options.paths or options.extra:
        return report(pytest(["-m", marks, *options.paths, *options.extra]), absent)
    if not any("postgresql" in need.packages for need in absent):
        with private_postgresql.server() as url:
            print("Tests of the database, on PostgreSQL:", flush=True)
            quick = "django_db and not lab and not bench and not browser and not services"
            status = pytest(["-m", quick, "tests"], DATABASE_URL=url)
        if status not in (0, NOTHING_COLLECTED):
            return status
    print("All tests, on SQLite:", flush=True)
    return report(pytest(["-m", marks, "tests"]), absent)


def pytest(arguments: list[str], **more: str) -> int:
    # The tests' own var: nothing of an installation in this checkout is read or written.
    with tempfile.TemporaryDirectory(prefix="storagepanel-test-") as var:
        env = {**os.environ, "PANEL_VAR": var, "PYTHONPATH": str(ROOT), **more}
        for name in ("DJANGO_SETTINGS_MODULE", "REDIS_URL", *(() if more else ("DATABASE_URL",))):
            env.pop(name, None)
        argv = (sys.executable, "-m", "pytest", "-ra", "--durations=5", *arguments)
        return subprocess.call(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL)  # noqa: S603 - argv of our own


def report(status: int, absent: list[Need]) -> int:
    for mark in sorted({need.mark for need in absent}):
        names = packages([need for need in absent if need.mark == mark])
        print(f"NOT RUN: the tests marked {mark!r}. As root: apt-get install {' '.join(names)}", file=sys.stderr)
    return status
