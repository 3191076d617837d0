"""`./panel test`: pytest with what the tests need around it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from storagepanel.launcher.places import ROOT


def run(options: argparse.Namespace) -> int:
    marks = "lab" if options.lab else "browser" if options.browser else "not lab"
    paths = options.paths or (["tests/lab"] if options.lab else ["tests"])
    argv = (sys.executable, "-m", "pytest", "-m", marks, *paths, *options.extra)
    return subprocess.call(argv, cwd=ROOT, env=dict(os.environ))  # noqa: S603 - argv of our own
