"""`./panel test`: pytest, with what the tests need on the system seen to first."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile

from storagepanel.launcher.needs import Need, missing, packages
from storagepanel.launcher.places import ROOT

LACKING = 69
ON_POSTGRESQL = "tests.on_postgresql"


def run(options: argparse.Namespace) -> int:
    """Run the tests that were asked for; pytest's own summary is the last thing printed when none had to be left out."""
    # The lab drives the panel through its pages, so it needs a browser, too.
    lab, browser = ("lab", {"lab", "browser"}, ["tests/lab"]), ("browser", {"browser"}, ["tests"])
    for (mark, needed, paths), asked in ((lab, options.lab), (browser, options.browser)):
        if asked:
            if absent := missing(needed | ({"services"} if options.postgresql else set())):
                tell(absent)
                return LACKING
            told = (
                ["--capture=no"] if mark == "lab" else []
            )  # minutes at a time: its laps and figures are told as they come
            program = ON_POSTGRESQL if options.postgresql else "pytest"
            return pytest(["-m", mark, *told, *(options.paths or paths), *options.extra], program)
    if options.postgresql:
        return on_postgresql(options)
    absent = missing({"browser", "services"})
    left_out = sorted({need.mark for need in absent} | {"lab", "bench"})
    marks = " and ".join(f"not {mark}" for mark in left_out)
    # Two at a time: many of these tests wait for processes, and a file's tests stay together.
    both = [] if options.paths or options.extra else ["-n", "2", "--dist", "loadfile"]
    status = pytest(["-m", marks, *both, *(options.paths or ["tests"]), *options.extra])
    tell(absent)
    return status


def on_postgresql(options: argparse.Namespace) -> int:
    """Run on a private PostgreSQL what needs neither browser nor lab; what is asked for twice there is asked for once."""
    if absent := missing({"services"}):
        tell(absent)
        return LACKING
    both = [] if options.paths or options.extra else ["-n", "2", "--dist", "loadfile"]
    marks = "not bench and not browser and not lab"
    again = "--ignore=tests/test_on_postgresql.py"
    return pytest(["-m", marks, again, *both, *(options.paths or ["tests"]), *options.extra], ON_POSTGRESQL)


def pytest(arguments: list[str], program: str = "pytest") -> int:
    # A var of their own: nothing of an installation in this checkout is read or written.
    with tempfile.TemporaryDirectory(prefix="storagepanel-test-") as var:
        env = {**os.environ, "PANEL_VAR": var}
        for name in ("DJANGO_SETTINGS_MODULE", "REDIS_URL", "DATABASE_URL"):
            env.pop(name, None)
        argv = (sys.executable, "-m", program, "--durations=10", *arguments)
        return subprocess.call(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL)  # noqa: S603 - argv of our own


def tell(absent: list[Need]) -> None:
    for mark in sorted({need.mark for need in absent}):
        names = packages([need for need in absent if need.mark == mark])
        print(f"NOT RUN: the tests marked {mark!r}. As root: apt-get install {' '.join(names)}", file=sys.stderr)
