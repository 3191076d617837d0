"""`./panel lock`: resolve the requirements anew for Debian 12's own Python, with hashes."""

from __future__ import annotations

import argparse
import subprocess
import sys

from storagepanel.launcher.places import ROOT, Problem

# redis-py needs async-timeout below Python 3.11.3: a lock made for a later 3.11 lacks it and fails on Debian 12.
PYTHON = "/usr/bin/python3"
SETS = (
    ("requirements.in", "requirements.lock", ()),
    ("requirements-dev.in", "requirements-dev.lock", ("--constraint", "requirements.lock")),
    ("requirements-uv.in", "requirements-uv.lock", ()),
)


def run(_options: argparse.Namespace) -> int:
    for source, target, more in SETS:
        done = subprocess.run(  # noqa: S603 - argv of our own
            (f"{sys.prefix}/bin/uv", "pip", "compile", "--quiet", "--upgrade", "--generate-hashes", "--no-annotate",
             "--no-header", "--python", PYTHON, *more, "--output-file", target, source),
            cwd=ROOT, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Problem(f"{source} could not be resolved; {target} is as it was.")
        print(f"{target} written")
    return 0
