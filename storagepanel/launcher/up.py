"""`./panel up`: prepare, start the parts, say where, stay until stopped."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from urllib.parse import urlsplit

from storagepanel.launcher import running, supervise
from storagepanel.launcher.places import ROOT, Problem, environment, make_places, manage, var_dir

FIRST_PORT, LAST_PORT = 8000, 8099
READY_WITHIN = 60.0


@dataclass(frozen=True)
class Options:
    host: str = "127.0.0.1"
    port: int | None = None
    demo: bool = False


class Stopped(Exception):
    """Somebody pressed Ctrl-C, or `./panel stop` was run."""


def up(options: Options, announce: Callable[[str], None]) -> int:
    """Run the panel until it is stopped.

    1. Take the lock of this var directory; a panel that runs already is named and left alone.
    2. Make what the first start needs (directories, the web's secret key), find a free port.
    3. Start supervisord, and beside it let Django do the rest in one process: migrations, the workers' keys, static
       files, the first admin's link.
    4. Release the parts, wait until the panel answers, announce.
    5. Wait; start supervisord again if it dies; stop everything on SIGINT and SIGTERM.
    """
    make_places()
    lock = running.take_lock()
    if lock is None:
        announce(already(running.find()))
        return 0
    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        make_secret_key()
        port, remark = choose_port(options)
        address = os.environ.get("PANEL_URL", "") or f"http://{shown_host(options.host)}:{port}"
        os.environ["PANEL_HOSTS"] = with_host(os.environ.get("PANEL_HOSTS", ""), address)
        os.environ["PANEL_BIND"] = f"{options.host}:{port}"
        os.environ.setdefault("PANEL_MANIFEST_STATIC", "true")
        if options.demo:
            os.environ["PANEL_DEMO"] = "true"
        return stay(options, port, lambda prepared: announce(welcome(address, remark, prepared)), address)
    except Stopped:
        return 0
    finally:
        running.forget()
        os.close(lock)


def on_signal(number: int, _frame: FrameType | None) -> None:
    # The second one must not interrupt the orderly stop that the first one began.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def already(found: running.Running | None) -> str:
    if found is None or not found.address:
        return "storagepanel is just being started by another command; ask again with ./panel status."
    return f"storagepanel is already running: {found.address}/  (process {found.pid}; ./panel stop ends it)"


def make_secret_key() -> None:
    path = var_dir() / "keys" / "secret-key"
    if not path.exists() and not os.environ.get("SECRET_KEY") and not os.environ.get("SECRET_KEY_FILE"):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, secrets.token_urlsafe(50).encode())
        os.close(handle)


def choose_port(options: Options) -> tuple[int, str]:
    if options.port is not None:
        if not is_free(options.host, options.port):
            raise Problem(f"Port {options.port} on {options.host} is taken. Choose another with --port.", 69)
        return options.port, ""
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if is_free(options.host, port):
            return port, "" if port == FIRST_PORT else f"Port {FIRST_PORT} is taken by another program; using {port}."
    raise Problem(f"Every port from {FIRST_PORT} to {LAST_PORT} is taken. Choose one with --port.", 69)


def is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except PermissionError:
            raise Problem(
                f"Port {port} may not be used by this account; choose one from 1024 with --port.", 77
            ) from None
        except OSError:
            return False
    return True


def shown_host(host: str) -> str:
    return socket.getfqdn() if host in ("0.0.0.0", "[::]") else host  # noqa: S104 - compared, not bound


def with_host(hosts: str, address: str) -> str:
    """Add the printed address's host to those the web answers to: a link that answers 400 is none."""
    host = urlsplit(address).hostname or ""
    return ",".join(filter(None, [hosts, f"[{host}]" if ":" in host else host]))


def prepare() -> dict[str, str]:
    """Run the one management command of a start and return what it found out: {"link": …} while there is no admin."""
    done = subprocess.run(  # noqa: S603 - argv of our own
        manage("panel_prepare", "--json"),
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Problem(f"Preparing the database and files failed (status {done.returncode}); see the lines above.")
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def stay(options: Options, port: int, announce: Callable[[dict[str, str]], None], address: str) -> int:
    daemon = supervise.start()
    try:
        prepared = prepare()
        supervise.release(daemon)
        wait_until_ready(daemon, options.host, port)
        running.note(running.Running(os.getpid(), address))
        announce(prepared)
        while True:
            daemon.wait()
            print("panel: supervisord ended; starting it again", file=sys.stderr, flush=True)
            time.sleep(1)
            daemon = supervise.start()
            supervise.release(daemon)
    finally:
        if daemon.poll() is None:
            print("\nStopping ...", file=sys.stderr, flush=True)
            daemon.terminate()
            daemon.wait()


def wait_until_ready(daemon: subprocess.Popen[bytes], host: str, port: int) -> None:
    """Wait until the web answers and supervisor calls every other part running."""
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if daemon.poll() is not None:
            raise Problem(f"supervisord ended with {daemon.returncode}; see {supervise.log_file('supervisor')}.")
        if answers(host, port) and all_run():
            return
        time.sleep(0.1)
    logs = supervise.log_file("web")
    raise Problem(f"The panel did not answer within {READY_WITHIN:.0f} seconds. The reason is in {logs} or beside it.")


def answers(host: str, port: int) -> bool:
    local = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(local.strip("[]"), port, timeout=5)
    try:
        connection.request("GET", "/healthz/", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def all_run() -> bool:
    try:
        return all(part.state == "RUNNING" for part in supervise.states())
    except OSError:
        return False


def welcome(address: str, remark: str, prepared: dict[str, str]) -> str:
    lines = [remark] if remark else []
    lines += ["", f"  storagepanel is ready:  {address}/", ""]
    if path := prepared.get("link"):
        lines += ["  Nobody can sign in yet. Within 30 minutes, open this link to choose the first administrator's password:",
                  f"  {address}{path}", "  (./panel createadmin prints a new one)", ""]  # fmt: skip
    lines.append("  Ctrl-C or ./panel stop ends it.  ./panel status · ./panel logs · ./panel --help")
    return "\n".join(lines)
