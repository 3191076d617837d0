"""`./panel backup` and `./panel restore`: the locks and the files; what is in an archive is storagepanel/archive.py."""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from pathlib import Path

from storagepanel.launcher import running
from storagepanel.launcher.places import ROOT, Problem, environment, make_places, manage, var_dir


def backup(options: argparse.Namespace) -> int:
    make_places()
    named = options.file or var_dir() / "backups" / time.strftime("panel-%Y%m%d-%H%M%S.tar", time.gmtime())
    path = Path(os.path.abspath(named))
    if path.exists():
        raise Problem(f"{path} exists already; a backup is never written over another.")
    if status := call("panel_backup", str(path)):
        path.unlink(missing_ok=True)
        return status
    print(f"Saved database and keys to {path} ({path.stat().st_size / 1024:.0f} KiB).")
    print("Who has this file has every node: keep it as you would keep root's password.")
    return 0


def restore(options: argparse.Namespace) -> int:
    make_places()
    path = Path(os.path.abspath(options.file))
    if not path.is_file():
        raise Problem(f"There is no file {path}.")
    lock = running.take_lock()
    if lock is None:
        raise Problem("The panel runs. Stop it first: ./panel stop")
    try:
        return call("panel_restore", str(path), *(["--replace"] if options.replace else []))
    finally:
        os.close(lock)


def call(*arguments: str) -> int:
    done = subprocess.run(  # noqa: S603 - argv of our own
        manage(*arguments), cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, check=False
    )
    return 1 if done.returncode else 0
