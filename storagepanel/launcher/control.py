"""The verbs about a panel that runs: stop, status, logs, createadmin."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time

from storagepanel.launcher import parts, running, supervise
from storagepanel.launcher.places import ROOT, Problem, environment, manage, var_dir

STOP_WITHIN = 60.0
NOT_RUNNING = 3


def stop(_options: argparse.Namespace) -> int:
    """End the running panel and wait until it is gone; nothing to do is success."""
    deadline = time.monotonic() + STOP_WITHIN
    told = 0
    while (found := running.find()) is not None:
        if found.pid and found.pid != told:
            os.kill(found.pid, signal.SIGTERM)
            told = found.pid
        if time.monotonic() > deadline:
            raise Problem(f"Process {found.pid} did not end within {STOP_WITHIN:.0f} seconds.")
        time.sleep(0.1)
    print("storagepanel is stopped." if told else "storagepanel does not run.")
    return 0


def status(_options: argparse.Namespace) -> int:
    found = running.find()
    if found is None:
        print(f"storagepanel does not run on {var_dir()}. ./panel up starts it.")
        return NOT_RUNNING
    print(f"storagepanel: {found.address or 'starting'}  (process {found.pid})")
    try:
        states = supervise.states()
    except OSError:
        print("  supervisord does not answer; it is starting or stopping.")
        return 1
    for part in states:
        print(f"  {part.name:<8} {part.state:<9} {part.description}")
    return 0 if all(part.state == "RUNNING" for part in states) else 1


def logs(options: argparse.Namespace) -> int:
    known = ["up", "supervisor", "redis", *(name for name in parts.names() if name != "redis")]
    if options.part and options.part not in known:
        raise Problem(f"There is no log of {options.part!r}; there are {', '.join(known)}.", 2)
    files = [supervise.log_file(part) for part in ([options.part] if options.part else known)]
    files = [path for path in files if path.exists()]
    if not files:
        raise Problem(f"There is no log in {var_dir() / 'log'} yet.", NOT_RUNNING)
    follow = ["--follow=name", "--retry"] if options.follow else []
    sys.stdout.flush()
    return subprocess.call(("tail", "-n", str(options.lines), *follow, "--", *map(str, files)))  # noqa: S603, S607


def createadmin(options: argparse.Namespace) -> int:
    """Print a fresh link. The panel need not run, but only a running one has an address to put before the path."""
    name = [options.name] if options.name else []
    done = subprocess.run(  # noqa: S603 - argv of our own
        manage("panel_createadmin", *name),
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return 1
    found = running.find()
    address = os.environ.get("PANEL_URL", "") or (found.address if found else "")
    print("Open this within 30 minutes to set the administrator's password; earlier links no longer work:")
    print(f"  {address or '<address of the panel>'}{done.stdout.strip()}")
    if not found:
        print("  (the panel does not run; ./panel up starts it)")
    return 0
