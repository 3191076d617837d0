"""supervisord: its configuration, its start, and the questions we ask it over its socket."""

from __future__ import annotations

import ctypes
import http.client
import shlex
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from storagepanel.launcher import parts
from storagepanel.launcher.places import ROOT, Problem, environment, run_dir, var_dir

ORDER = ("redis", "web", "jobs", "probes", "beat")
PR_SET_PDEATHSIG = 1

HEAD = """\
[supervisord]
nodaemon=true
silent=true
umask=077
logfile={log}/supervisor.log
logfile_maxbytes=1MB
logfile_backups=1
loglevel=info
pidfile={run}/supervisord.pid
childlogdir={log}

[unix_http_server]
file={run}/supervisor.sock
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

# The parts of a group end at the same time; the queue goes after those that use it.
GROUP = """
[group:panel]
programs={programs}
priority=20
"""

# A part that dies comes back however often it does (supervisor waits one second longer each time it fails at once).
# setpriv ends it when supervisord is killed, so that no second set of parts ever runs beside the first.
PROGRAM = """
[program:{part}]
command={command}
directory={root}
priority=10
autostart={autostart}
autorestart=true
startsecs=1
startretries=1000
stopwaitsecs={wait}
stdout_logfile={log}/{part}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=2
redirect_stderr=true
"""


def configuration() -> str:
    log = escaped(var_dir() / "log")
    text = HEAD.format(log=log, run=escaped(run_dir()))
    for part in parts.names():
        argv = ("/usr/bin/setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "storagepanel.launcher.parts", part)
        text += PROGRAM.format(
            part=part,
            command=escaped(shlex.join(argv)),
            root=escaped(ROOT),
            # The others wait for the database: `release` starts them. Until then supervisord can already come up.
            autostart="true" if part == "redis" else "false",
            log=log,
            # A running job outlives its worker: the node finishes the step, the next start takes the job up again.
            wait=10,
        )
    return text + GROUP.format(programs=",".join(part for part in parts.names() if part != "redis"))


def escaped(text: object) -> str:
    return str(text).replace("%", "%%")


def start() -> subprocess.Popen[bytes]:
    """Start supervisord so that a Ctrl-C at the terminal does not reach it, and so that it ends when we are killed."""
    path = run_dir() / "supervisor.conf"
    path.write_text(configuration())
    (run_dir() / "supervisor.sock").unlink(missing_ok=True)
    libc = ctypes.CDLL(None, use_errno=True)
    return subprocess.Popen(  # noqa: S603 - argv of our own
        (sys.executable, "-m", "supervisor.supervisord", "--configuration", str(path)),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
    )


@dataclass(frozen=True)
class PartState:
    name: str
    state: str
    """As supervisor spells it: RUNNING, STARTING, BACKOFF, STOPPED, EXITED, FATAL."""
    pid: int
    description: str


class SocketConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(5)
        self.sock.connect(str(run_dir() / "supervisor.sock"))


class SocketTransport(xmlrpc.client.Transport):
    def make_connection(self, host: object) -> SocketConnection:
        return SocketConnection("localhost")


def ask(question: str, *arguments: object) -> object:
    server = xmlrpc.client.ServerProxy("http://localhost", transport=SocketTransport())
    return getattr(server.supervisor, question)(*arguments)


def release(daemon: subprocess.Popen[bytes]) -> None:
    """Start every part that does not run yet, as soon as supervisord listens."""
    while daemon.poll() is None:
        try:
            ask("startAllProcesses", False)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Problem(f"supervisord ended with {daemon.returncode}; see {log_file('supervisor')}.")


def states() -> list[PartState]:
    """Ask supervisord how its parts are; raises OSError when there is none."""
    rows = cast(list[dict[str, object]], ask("getAllProcessInfo"))
    found = {
        str(row["name"]): PartState(
            str(row["name"]), str(row["statename"]), int(str(row["pid"])), str(row["description"])
        )
        for row in rows
    }
    return [found[name] for name in ORDER if name in found]


def log_file(part: str) -> Path:
    return var_dir() / "log" / f"{part}.log"
