"""docker-compose.yml: it fits the Compose schema, keeps the workers' key from the web, and each command line really runs.

There is no container engine here: every service's command, environment, secrets and health check are taken from the file and
run on this machine, with the paths and names inside the containers put in for the ones outside.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from storagepanel.launcher import parts, queue
from tests.launcher.checkout import ROOT, free_port
from tests.services import POSTGRESQL

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_it_fits_the_schema() -> None:
    # The schema of the Compose specification (Apache-2.0), as the npm package dclint 3.1.0 ships it.
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    fits = jsonschema.Draft7Validator(schema)
    assert [error.message for error in fits.iter_errors(COMPOSE)] == []
    assert not fits.is_valid({**COMPOSE, "services": {"web": {"comand": "x"}}})


def test_it_has_every_part() -> None:
    assert set(SERVICES) == {"setup", "web", "jobs", "probes", "beat", "redis", "postgres"}
    assert all("healthcheck" in service for name, service in SERVICES.items() if name != "setup")


def test_only_the_workers_get_the_private_key() -> None:
    holders = {name for name, service in SERVICES.items() if "worker-key" in service["secrets"]}
    assert holders == {"jobs", "probes"}
    assert SERVICES["web"]["environment"]["WORKER_PRIVATE_KEY_FILE"] == parts.NO_KEY


def test_every_secret_and_volume_that_is_used_is_declared() -> None:
    for service in SERVICES.values():
        assert set(service["secrets"]) <= set(COMPOSE["secrets"])
        named = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert named <= set(COMPOSE["volumes"])


class Host:
    """This machine in the containers' place: one directory, and the names of services as ports on the loopback address."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.ports = {"web": free_port(), "redis": free_port(), "postgres": free_port()}
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "panel_secrets", str(place / "secrets")],
            env={"PATH": os.environ["PATH"], "PANEL_VAR": str(place)}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for name, inside in (("database-url", "postgres:5432"), ("redis-url", "redis:6379")):
            path = place / "secrets" / name
            service = inside.split(":")[0]
            path.chmod(0o600)
            path.write_text(path.read_text().replace(inside, f"127.0.0.1:{self.ports[service]}"))

    def outside(self, text: str) -> str:
        """Put this machine's paths and ports in for the containers'."""
        for name, secret in COMPOSE["secrets"].items():
            text = text.replace(f"/run/secrets/{name}", str(self.place / secret["file"]))
        text = text.replace("http://web:8000", f"http://127.0.0.1:{self.ports['web']}")
        return text.replace("0.0.0.0:8000", f"127.0.0.1:{self.ports['web']}").replace(
            "127.0.0.1:8000", f"127.0.0.1:{self.ports['web']}"
        )

    def environment(self, service: str) -> dict[str, str]:
        given = SERVICES[service].get("environment", {})
        # What Compose itself puts in: ${NAME:-default}.
        values = {
            name: value.split(":-")[-1].rstrip("}") if value.startswith("${") else value
            for name, value in given.items()
        }
        base = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PANEL_VAR": str(self.place / "var"),
            "HOME": str(self.place),
        }
        return {name: self.outside(str(value)) for name, value in {**base, **values, "PYTHONPATH": str(ROOT)}.items()}

    def command(self, service: str) -> list[str]:
        return [self.outside(word) for word in SERVICES[service]["command"]]

    def health(self, service: str) -> int:
        test = SERVICES[service]["healthcheck"]["test"]
        assert test[0] == "CMD"
        argv = [self.outside(word) for word in test[1:]]
        return subprocess.run(argv, env=self.environment(service), cwd=ROOT, capture_output=True, timeout=30).returncode

    @contextmanager
    def run(self, argv: list[str], env: dict[str, str], name: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
        with (self.place / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def said(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text()[-3000:]}" for path in self.place.glob("*.log"))


@contextmanager
def postgres(host: Host) -> Iterator[None]:
    """The postgres service: what the image's entry point does (initdb with the password file), then the file's command."""
    data = host.place / "pgdata"
    data.mkdir()
    password = host.place / "pgpassword"
    shutil.copy(host.place / "secrets" / "postgres-password", password)
    user = "postgres" if os.getuid() == 0 else None
    for path in (data, password):
        if user:
            shutil.chown(path, user)
    if user:
        temp = Path(tempfile.gettempdir())
        for parent in host.place.parents:
            if parent != temp and parent.is_relative_to(temp):
                parent.chmod(0o711)
        host.place.chmod(0o711)
    init = [
        POSTGRESQL / "initdb",
        "-D",
        data,
        "-U",
        "panel",
        "--auth",
        "scram-sha-256",
        "--pwfile",
        password,
        "--no-sync",
    ]
    subprocess.run([str(word) for word in init], user=user, check=True, capture_output=True, cwd="/")
    argv = [str(POSTGRESQL / "postgres"), *host.command("postgres")[1:]]
    env = {"PGDATA": str(data), "PGPORT": str(host.ports["postgres"]), "PATH": "/usr/bin:/bin"}
    more = ["-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
    with host.run([*argv, *more], env, "postgres", user=user, cwd="/") as running:
        # Its own health check, by TCP: the socket answers already while the image fills its first data directory.
        test = SERVICES["postgres"]["healthcheck"]["test"]
        assert test[:2] == ["CMD", "pg_isready"] and "--host" in test
        healthy = [str(POSTGRESQL / "pg_isready"), *test[2:], "--port", env["PGPORT"]]
        until(lambda: subprocess.run(healthy, capture_output=True).returncode == 0, running, host)
        subprocess.run([str(POSTGRESQL / "createdb"), "-h", "127.0.0.1", "-p", env["PGPORT"], "-U", "panel", "panel"],
                       env={"PGPASSWORD": password.read_text().strip()}, check=True)  # fmt: skip
        yield


def until(holds: Any, process: subprocess.Popen[bytes] | None, host: Host, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert process is None or process.poll() is None, host.said()
        assert time.monotonic() < deadline, host.said()
        time.sleep(0.3)


@pytest.mark.services
def test_each_service_runs_as_it_is_written(tmp_path: Path) -> None:
    host = Host(tmp_path)
    (tmp_path / "var").mkdir()
    redis = [
        str(queue.binary()),
        *host.command("redis")[1:],
        "--port",
        str(host.ports["redis"]),
        "--dir",
        str(tmp_path),
    ]
    with postgres(host), host.run(redis, {"PATH": "/usr/bin:/bin"}, "redis"):
        setup = subprocess.run(
            host.command("setup"), env=host.environment("setup"), cwd=ROOT, capture_output=True, text=True
        )
        assert setup.returncode == 0, setup.stderr
        assert "/first-admin/" in setup.stdout
        names = ("web", "jobs", "probes", "beat")
        running = [host.run(host.command(name), host.environment(name), name, cwd=ROOT) for name in names]
        with running[0] as web, running[1] as jobs, running[2] as probes, running[3] as beat:
            for name, process in zip(names, (web, jobs, probes, beat), strict=True):
                until(lambda name=name: host.health(name) == 0, process, host)


@pytest.mark.services
def test_the_web_refuses_to_run_where_it_can_read_the_key(tmp_path: Path) -> None:
    host = Host(tmp_path)
    env = host.environment("web") | {
        "WORKER_PRIVATE_KEY_FILE": str(tmp_path / "secrets" / "worker.key"),
        "PANEL_ROLE": "web",
    }
    done = subprocess.run(
        [sys.executable, "-c", "import storagepanel.wsgi"], env=env, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "The web can read the workers' private key" in done.stderr


def test_secrets_are_made_once_and_for_their_readers_only(tmp_path: Path) -> None:
    host = Host(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert set(modes) == {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert all(mode in (0o400, 0o600) for mode in modes.values())
    again = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "panel_secrets", str(tmp_path / "secrets")],
        env={"PATH": os.environ["PATH"], "PANEL_VAR": str(host.place)}, capture_output=True, text=True,
    )  # fmt: skip
    assert again.returncode == 1 and "not empty" in again.stderr
