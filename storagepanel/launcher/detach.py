"""`./panel up -d`: the same start in a session of its own; this command waits only for its first words."""

from __future__ import annotations

import os
import subprocess
import sys

from storagepanel.launcher.places import ROOT, Problem, environment, make_places, var_dir


def detached(arguments: list[str]) -> int:
    """Start `up` without a terminal and pass on what it announces; its exit status when it ends before that."""
    make_places()
    read, write = os.pipe()
    path = var_dir() / "log" / "up.log"
    with path.open("ab") as log:
        begin = log.tell()
        child = subprocess.Popen(  # noqa: S603 - argv of our own
            (sys.executable, "-m", "storagepanel.launcher", *arguments, "--announce-to", str(write)),
            cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=(write,), start_new_session=True,
        )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    if said:
        print(said, flush=True)
        return 0
    status = child.wait()
    with path.open("rb") as log:
        log.seek(begin)
        sys.stderr.write(log.read().decode(errors="replace"))
    raise Problem("The panel did not start.", status or 1)
